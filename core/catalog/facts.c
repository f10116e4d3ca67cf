/* SPDX-License-Identifier: MIT */
/*
 * Reading facts, and packing them: a message of protocol buffers (metrics/wire.h). Texts have their
 * NUL with them, so that they can be pointed to where they are.
 */
#include "catalog/facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/event_files.h"
#include "metrics/info.h"
#include "metrics/wire.h"
#include "run/annotate.h"
#include "run/attr.h"

enum field {
	FLAGS = 1,
	ATTRS = 2,
	PROBLEM = 3,
	N_SCALARS = 4, /* before the first one */
	SCALAR = 5,
	RUN_TAG = 6,
};

enum scalar_field {
	PREFIX = 1,
	TAG = 2,
	COUNT = 3, /* 1 when it is not there: then last is all that there is */
	TOTAL = 4,
	FIRST = 5,
	LAST = 6,
	MIN = 7,
	MAX = 8,
};

enum point_field {
	STEP = 1,
	VALUE = 2, /* a float where that is the same, else a double */
};

/* --- packing -------------------------------------------------------------- */

static void pack_text(struct buf *b, uint32_t number, const char *text)
{
	wire_put_bytes(b, number, text, strlen(text) + 1);
}

static void pack_point(struct buf *b, uint32_t number, const struct series_point *point)
{
	_cleanup_buf_ struct buf message = BUF_INIT;

	wire_put_varint(&message, STEP, (uint64_t)point->step);
	if ((double)(float)point->value == point->value)
		wire_put_float(&message, VALUE, (float)point->value);
	else
		wire_put_double(&message, VALUE, point->value);
	wire_put_message(b, number, &message);
}

static void pack_scalar(struct buf *b, const struct scalar *scalar)
{
	const struct series_summary *s = &scalar->series->summary;
	_cleanup_buf_ struct buf message = BUF_INIT;

	pack_text(&message, PREFIX, scalar->prefix);
	pack_text(&message, TAG, scalar->series->tag);
	pack_point(&message, LAST, &s->last);
	if (s->count > 1) {
		wire_put_varint(&message, COUNT, s->count);
		wire_put_double(&message, TOTAL, s->total);
		pack_point(&message, FIRST, &s->first);
		pack_point(&message, MIN, &s->min);
		pack_point(&message, MAX, &s->max);
	}
	wire_put_message(b, SCALAR, &message);
}

static void pack_map(struct buf *b, uint32_t number, const struct value *map)
{
	_cleanup_buf_ struct buf message = BUF_INIT;

	facts_pack_value(&message, map);
	wire_put_message(b, number, &message);
}

/* Root, .guild, then by path: as event files are looked for. */
static int compare_scalars(const void *a, const void *b)
{
	const struct scalar *x = *(const struct scalar *const *)a;
	const struct scalar *y = *(const struct scalar *const *)b;
	int r = event_dir_compare(x->prefix, y->prefix);

	return r ? r : strcmp(x->series->tag, y->series->tag);
}

static int pack_scalars(struct buf *b, const struct scalars *scalars)
{
	size_t n;
	const struct scalar *all = scalars_list(scalars, &n);
	_cleanup_free_ const struct scalar **sorted = calloc(n + 1, sizeof(*sorted));

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		sorted[i] = &all[i];
	if (n > 1)
		qsort(sorted, n, sizeof(*sorted), compare_scalars);
	wire_put_varint(b, N_SCALARS, n);
	for (size_t i = 0; i < n; i++)
		pack_scalar(b, sorted[i]);
	return 0;
}

static int pack_all(int run_fd, const struct scalars *scalars, struct buf *ret)
{
	_cleanup_value_ struct value *flags = NULL, *attrs = NULL;
	_cleanup_strv_ struct strv problems = STRV_INIT, tags = STRV_INIT;
	int r = scalars_problems(scalars, &problems);

	if (r < 0)
		return r;
	attrs = info_attributes(run_fd, scalars);
	flags = attr_read_or_empty(run_fd, "flags", VALUE_MAP);
	if (!attrs || !flags || annotate_get_tags(run_fd, &tags) == -ENOMEM)
		return -ENOMEM;
	pack_map(ret, FLAGS, flags);
	pack_map(ret, ATTRS, attrs);
	for (size_t i = 0; i < tags.n; i++)
		wire_put_text(ret, RUN_TAG, tags.v[i]);
	for (size_t i = 0; i < problems.n; i++)
		wire_put_text(ret, PROBLEM, problems.v[i]);
	r = pack_scalars(ret, scalars);
	return r < 0 ? r : buf_error(ret);
}

int facts_read(int run_fd, struct scalars **kept, struct buf *ret)
{
	_cleanup_scalars_ struct scalars *own = NULL;
	struct scalars **scalars = kept ? kept : &own;
	int r = *scalars ? 0 : scalars_new(SCALARS_SUMMARIES, scalars);

	if (r == 0)
		r = scalars_refresh(*scalars, run_fd, NULL);
	return r < 0 ? r : pack_all(run_fd, *scalars, ret);
}

int facts_read_given(int run_fd, struct buf *ret)
{
	_cleanup_scalars_ struct scalars *none = NULL;
	int r = scalars_new(SCALARS_SUMMARIES, &none);

	return r < 0 ? r : pack_all(run_fd, none, ret);
}

/* --- unpacking ------------------------------------------------------------ */

/* NULL: it has no NUL at its end. */
static const char *text_of(struct wire bytes)
{
	return wire_len(bytes) && bytes.end[-1] == '\0' ? (const char *)bytes.p : NULL;
}

static int unpack_point(struct wire w, struct series_point *ret)
{
	struct wire_field field;
	int r;

	while ((r = wire_next(&w, &field)) > 0) {
		if (field.key == WIRE_KEY(STEP, VARINT))
			ret->step = (int64_t)field.value;
		else if (field.key == WIRE_KEY(VALUE, FIXED32))
			ret->value = (double)wire_float(field.value);
		else if (field.key == WIRE_KEY(VALUE, FIXED64))
			ret->value = wire_double(field.value);
	}
	return r;
}

static int unpack_scalar(struct wire w, struct compare_scalar *ret, struct series_summary *s)
{
	struct wire_field field;
	int r;

	*s = (struct series_summary){.count = 1};
	while ((r = wire_next(&w, &field)) > 0) {
		switch (field.key) {
		case WIRE_KEY(PREFIX, BYTES):
			ret->prefix = text_of(field.bytes);
			break;
		case WIRE_KEY(TAG, BYTES):
			ret->tag = text_of(field.bytes);
			break;
		case WIRE_KEY(COUNT, VARINT):
			s->count = field.value;
			break;
		case WIRE_KEY(TOTAL, FIXED64):
			s->total = wire_double(field.value);
			break;
		case WIRE_KEY(FIRST, BYTES):
			r = unpack_point(field.bytes, &s->first);
			break;
		case WIRE_KEY(LAST, BYTES):
			r = unpack_point(field.bytes, &s->last);
			break;
		case WIRE_KEY(MIN, BYTES):
			r = unpack_point(field.bytes, &s->min);
			break;
		case WIRE_KEY(MAX, BYTES):
			r = unpack_point(field.bytes, &s->max);
			break;
		}
		if (r < 0)
			return r;
	}
	if (r < 0 || !ret->prefix || !ret->tag || !s->count)
		return -EUCLEAN;
	if (s->count == 1) {
		s->first = s->min = s->max = s->last;
		s->total = s->last.value;
	}
	ret->summary = s;
	return 0;
}

/* Room for all of them; each takes some bytes, so that the number cannot be any. */
static int make_room(struct run_facts *f, uint64_t n, size_t len)
{
	if (f->scalars || n > len)
		return -EUCLEAN;
	f->scalars = calloc(n + 1, sizeof(*f->scalars));
	f->summaries = calloc(n + 1, sizeof(*f->summaries));
	return f->scalars && f->summaries ? 0 : -ENOMEM;
}

static int unpack_map(struct wire bytes, struct value **ret)
{
	int r = *ret ? -EUCLEAN : facts_unpack_value(bytes.p, wire_len(bytes), ret);

	return r < 0 ? r : (*ret)->type == VALUE_MAP ? 0 : -EUCLEAN;
}

static int take_field(
	struct run_facts *f, const struct wire_field *field, size_t len, uint64_t *left)
{
	struct compare_scalar *next = f->scalars + f->n_scalars;

	switch (field->key) {
	case WIRE_KEY(FLAGS, BYTES):
		return unpack_map(field->bytes, &f->flags);
	case WIRE_KEY(ATTRS, BYTES):
		return unpack_map(field->bytes, &f->attrs);
	case WIRE_KEY(RUN_TAG, BYTES):
		return strv_add_len(&f->tags, (const char *)field->bytes.p, wire_len(field->bytes));
	case WIRE_KEY(PROBLEM, BYTES):
		return strv_add_len(
			&f->problems, (const char *)field->bytes.p, wire_len(field->bytes));
	case WIRE_KEY(N_SCALARS, VARINT):
		*left = field->value;
		return make_room(f, field->value, len);
	case WIRE_KEY(SCALAR, BYTES):
		if (!*left)
			return -EUCLEAN;
		--*left;
		return unpack_scalar(field->bytes, next, f->summaries + f->n_scalars++);
	default:
		return -EUCLEAN;
	}
}

int facts_unpack(const void *bytes, size_t len, struct run_facts *ret)
{
	_cleanup_facts_ struct run_facts f = {.bytes = malloc(len + 1)};
	struct wire_field field;
	uint64_t left = 0;
	struct wire w;
	int r;

	if (!f.bytes)
		return -ENOMEM;
	memcpy(f.bytes, bytes, len);
	w = wire_of(f.bytes, len);
	while ((r = wire_next(&w, &field)) > 0) {
		r = take_field(&f, &field, len, &left);
		if (r < 0)
			return r == -EBADMSG ? -EUCLEAN : r;
	}
	if (r < 0 || left || !f.flags || !f.attrs || !f.scalars)
		return -EUCLEAN;
	*ret = f;
	f = (struct run_facts){0};
	return 0;
}

void facts_release(struct run_facts *f)
{
	value_free(f->flags);
	value_free(f->attrs);
	free(f->scalars);
	free(f->summaries);
	strv_release(&f->tags);
	strv_release(&f->problems);
	free(f->bytes);
	*f = (struct run_facts){0};
}

void facts_compare(const struct run_facts *f, struct compare_run *run)
{
	run->flags = f->flags;
	run->attrs = f->attrs;
	run->scalars = f->scalars;
	run->n_scalars = f->n_scalars;
}

/* --- what tells that they are out of date ---------------------------------- */

int facts_watch(int run_fd, struct strv *ret)
{
	_cleanup_event_files_ struct event_files found = {0};
	int r = event_files_find(run_fd, EVENT_LINKS_RUNS, &found);

	for (size_t i = 0; r == 0 && i < found.n; i++) {
		const struct event_dir *dir = &found.dirs[i];

		r = strv_add(ret, *dir->path ? dir->path : ".");
		for (size_t j = 0; r == 0 && j < dir->n; j++)
			r = strv_addf(ret, "%s%s%s", dir->path, *dir->path ? "/" : "",
				dir->files[j].name);
	}
	for (size_t i = 0; r == 0 && i < found.others.n && i < FACTS_WATCH_DIRS; i++)
		r = strv_add(ret, *found.others.v[i] ? found.others.v[i] : ".");
	return r;
}
