/* SPDX-License-Identifier: MIT */
/* Reading, for one run after the other. */
#include "catalog/run_facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/event_files.h"
#include "metrics/info.h"
#include "project/guildfile.h"
#include "run/attr.h"

/* --- what an operation wants compared -------------------------------------- */

struct facts_reader {
	/* Operations that were asked about. */
	struct wishes {
		char *dir, *spec;
		bool has_columns;
		struct columns columns;
	} * v;
	size_t n;
	struct guildfile *file; /* the last one that was loaded; NULL: none */
};

struct facts_reader *facts_reader_new(void)
{
	return calloc(1, sizeof(struct facts_reader));
}

void facts_reader_free(struct facts_reader *reader)
{
	if (!reader)
		return;
	for (size_t i = 0; i < reader->n; i++) {
		free(reader->v[i].dir);
		free(reader->v[i].spec);
		columns_release(&reader->v[i].columns);
	}
	free(reader->v);
	if (reader->file)
		guildfile_unref(reader->file);
	free(reader);
}

/* A list of column specs, or one. */
static int parse_compare(const struct value *v, struct columns *to, struct strv *warnings)
{
	int r = 0;

	size_t n = v->type == VALUE_LIST ? v->list.n : 1;

	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct value *item = v->type == VALUE_LIST ? v->list.items[i] : v;
		const char *spec = item->source ? item->source : value_str(item);
		struct err err = ERR_INIT;

		if (spec && columns_parse(spec, to, &err) < 0)
			r = strv_add(warnings, err_text(&err));
	}
	return r;
}

static const struct value *compare_of_guildfile(
	struct facts_reader *reader, const char *dir, const struct opref *ref)
{
	_cleanup_buf_ struct buf spec = BUF_INIT;
	const struct operation *op;

	if (!reader->file || strcmp(reader->file->dir, dir) != 0) {
		if (reader->file)
			guildfile_unref(reader->file);
		reader->file = NULL;
		if (guildfile_load(dir, &reader->file, NULL) < 0)
			return NULL;
	}
	buf_printf(&spec, "%s:%s", ref->model, ref->op);
	if (guildfile_find_operation(
		    reader->file, *ref->model ? buf_str(&spec) : ref->op, &op, NULL) < 0)
		return NULL;
	return value_get(op->data, "compare");
}

static struct wishes *find_wishes(struct facts_reader *reader, const char *dir, const char *spec)
{
	struct wishes *grown;

	for (size_t i = 0; i < reader->n; i++)
		if (strcmp(reader->v[i].dir, dir) == 0 && strcmp(reader->v[i].spec, spec) == 0)
			return &reader->v[i];
	grown = reallocarray(reader->v, reader->n + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	reader->v = grown;
	reader->v[reader->n] = (struct wishes){.dir = strdup(dir), .spec = strdup(spec)};
	return reader->v[reader->n].dir && reader->v[reader->n].spec ? &reader->v[reader->n++]
								     : NULL;
}

/* As its Guild file is now. *ret is NULL when it has no wishes. */
static int columns_of(struct facts_reader *reader, const struct opref *ref,
	const struct columns **ret, struct strv *warnings)
{
	_cleanup_buf_ struct buf dir = BUF_INIT, spec = BUF_INIT;
	const struct value *compare = NULL;
	size_t before = reader->n;
	struct wishes *e;
	int r = 0;

	opref_project_dir(&dir, ref);
	opref_display(&spec, ref);
	if (buf_error(&dir) || buf_error(&spec))
		return -ENOMEM;
	e = find_wishes(reader, buf_str(&dir), buf_str(&spec));
	if (!e)
		return -ENOMEM;
	if (reader->n > before && dir.len && strcmp(ref->pkg_type, "guildfile") == 0)
		compare = compare_of_guildfile(reader, buf_str(&dir), ref);
	if (compare && value_truthy(compare)) {
		r = parse_compare(compare, &e->columns, warnings);
		e->has_columns = true;
	}
	*ret = e->has_columns ? &e->columns : NULL;
	return r;
}

/* --- one run --------------------------------------------------------------- */

/* Root, .guild, then by path: as event files are looked for. */
static int compare_prefixes(const void *a, const void *b)
{
	const struct compare_scalar *x = a, *y = b;
	int r = event_dir_compare(x->prefix, y->prefix);

	return r ? r : strcmp(x->tag, y->tag);
}

static int read_scalars(int run_fd, struct run_facts *f, struct strv *warnings)
{
	const struct scalar *all;
	size_t n;
	int r = scalars_read(SCALARS_SUMMARIES, run_fd, &f->scalars, warnings);

	if (r < 0)
		return r;
	all = scalars_list(f->scalars, &n);
	f->by_precedence = calloc(n + 1, sizeof(*f->by_precedence));
	if (!f->by_precedence)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		f->by_precedence[f->n_scalars++] = (struct compare_scalar){.prefix = all[i].prefix,
			.tag = all[i].series->tag,
			.summary = &all[i].series->summary};
	if (n > 1)
		qsort(f->by_precedence, n, sizeof(*f->by_precedence), compare_prefixes);
	return 0;
}

/* A map; what is no map, or is not there, is an empty one. NULL: out of memory. */
static struct value *read_map(int run_fd, const char *name)
{
	struct value *v = NULL;

	if (attr_read(run_fd, name, &v, NULL) == 0 && v->type == VALUE_MAP)
		return v;
	value_free(v);
	return value_map();
}

int run_facts_read(struct facts_reader *reader, int run_fd, const struct opref *opref,
	struct run_facts *ret, struct strv *warnings)
{
	struct run_facts f = {0};
	int r = columns_of(reader, opref, &f.op_columns, warnings);

	if (r == 0)
		r = read_scalars(run_fd, &f, warnings);
	if (r == 0) {
		f.attrs = info_attributes(run_fd, f.scalars);
		f.flags = read_map(run_fd, "flags");
		r = f.attrs && f.flags ? 0 : -ENOMEM;
	}
	if (r < 0)
		run_facts_release(&f);
	else
		*ret = f;
	return r;
}

void run_facts_release(struct run_facts *f)
{
	value_free(f->flags);
	value_free(f->attrs);
	scalars_free(f->scalars);
	free(f->by_precedence);
	*f = (struct run_facts){0};
}

void run_facts_fill(const struct run_facts *facts, struct compare_run *to)
{
	to->flags = facts->flags;
	to->attrs = facts->attrs;
	to->scalars = facts->by_precedence;
	to->n_scalars = facts->n_scalars;
	to->op_columns = facts->op_columns;
}
