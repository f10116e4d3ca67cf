/* SPDX-License-Identifier: MIT */
/* One open index for many questions, and what it did not know. */
#include "catalog/facts_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/shortage.h"
#include "catalog/entries.h"
#include "catalog/index.h"
#include "catalog/stamp.h"

/* What is kept in memory before it is written. */
enum { LEARNED_BYTES = 8 << 20 };

struct learned {
	char *id;
	uint64_t stamp, watch_stamp;
	struct buf watch; /* empty: the bytes are those of curves */
	struct buf bytes;
};

struct facts_reader {
	struct catalog *catalog;
	bool asked;          /* the index was opened, or cannot be */
	struct index *index; /* NULL: there is none */
	struct learned *learned;
	size_t n, cap;
	size_t n_bytes;
};

struct facts_reader *facts_reader_new(struct catalog *catalog)
{
	struct facts_reader *reader = calloc(1, sizeof(*reader));

	if (reader)
		reader->catalog = catalog;
	return reader;
}

/* --- to the index --------------------------------------------------------- */

static void learned_release(struct learned *l)
{
	free(l->id);
	buf_release(&l->watch);
	buf_release(&l->bytes);
}

static int put_learned(struct index *ix, const struct learned *l)
{
	struct index_facts facts = {
		.stamp = l->stamp,
		.watch_stamp = l->watch_stamp,
		.watch = buf_str(&l->watch),
		.watch_len = l->watch.len,
		.bytes = buf_str(&l->bytes),
		.len = l->bytes.len,
	};

	return l->watch.len ? index_put_facts(ix, l->id, &facts)
			    : index_put_curves(ix, l->id, &facts);
}

/* Whatever goes wrong, they are read from the store another time. */
static void save(struct facts_reader *reader)
{
	_cleanup_index_ struct index *ix = NULL;
	struct index_state state;
	int r;

	/* Facts belong to a row. */
	catalog_save(reader->catalog);
	r = index_open(reader->catalog->home, &ix);
	if (r == 0)
		r = index_begin(ix, &state);
	for (size_t i = 0; r == 0 && i < reader->n; i++)
		r = put_learned(ix, &reader->learned[i]);
	if (r == 0)
		index_commit_facts(ix);
	for (size_t i = 0; i < reader->n; i++)
		learned_release(&reader->learned[i]);
	reader->n = 0;
	reader->n_bytes = 0;
}

void facts_reader_free(struct facts_reader *reader)
{
	if (!reader)
		return;
	if (reader->index)
		index_close(reader->index);
	if (reader->n)
		save(reader);
	free(reader->learned);
	free(reader);
}

/* Takes over what is learned. */
static int learn(struct facts_reader *reader, struct learned *l)
{
	if (array_grow(&reader->learned, reader->n, &reader->cap, sizeof(*reader->learned)) < 0)
		return -ENOMEM;
	reader->n_bytes += l->bytes.len;
	reader->learned[reader->n++] = *l;
	*l = (struct learned){0};
	if (reader->n_bytes >= LEARNED_BYTES)
		save(reader);
	return 0;
}

/* --- from the index ------------------------------------------------------- */

static struct index *open_index(struct facts_reader *reader)
{
	struct index_state state;

	if (!reader->asked && index_open_as_is(reader->catalog->home, &reader->index) == 0 &&
		index_view(reader->index, &state) < 0)
		index_close(STEAL(reader->index));
	reader->asked = true;
	return reader->index;
}

static bool is_watch_same(struct catalog *c, const char *id, const struct index_facts *found)
{
	_cleanup_close_ int fd = home_open_run(c->home, id);

	return fd >= 0 && stamp_of_paths(fd, found->watch, found->watch_len) == found->watch_stamp;
}

/* 1: found. 0: it has none that are still right. */
static int from_index(
	struct facts_reader *reader, const char *id, uint64_t stamp, struct run_facts *ret)
{
	struct index *ix = open_index(reader);
	struct index_facts found;
	int r;

	if (!ix || index_get_facts(ix, id, &found) < 0 || found.stamp != stamp)
		return 0;
	if (catalog_is_small(reader->catalog) && !is_watch_same(reader->catalog, id, &found))
		return 0;
	r = facts_unpack(found.bytes, found.len, ret);
	return r == 0 ? 1 : r == -EUCLEAN ? 0 : r;
}

/* What somebody asks for. */
struct wanted {
	struct scalars **scalars; /* kept from one time to the next; may be NULL */
	bool given_only;
};

/* --- from the store ------------------------------------------------------- */

static int pack_watch(int run_fd, struct learned *l)
{
	_cleanup_strv_ struct strv paths = STRV_INIT;
	int r = facts_watch(run_fd, &paths);

	for (size_t i = 0; i < paths.n; i++)
		buf_add(&l->watch, paths.v[i], strlen(paths.v[i]) + 1);
	l->watch_stamp = stamp_of_paths(run_fd, buf_str(&l->watch), l->watch.len);
	return r < 0 ? r : buf_error(&l->watch);
}

/* Stamps first: what changes meanwhile makes what was read out of date. */
static int from_store(struct facts_reader *reader, const char *id, bool over,
	const struct wanted *wanted, struct run_facts *ret)
{
	struct catalog *c = reader->catalog;
	_cleanup_(learned_release) struct learned l = {.id = strdup(id)};
	unsigned before = shortages();
	_cleanup_close_ int fd = home_open_run(c->home, id);
	int r = fd < 0 ? fd : l.id ? 0 : -ENOMEM;

	if (r == 0 && over) {
		l.stamp = stamp_of_run(c->home->runs_fd, id);
		r = pack_watch(fd, &l);
	}
	if (r == 0)
		r = !over && wanted->given_only ? facts_read_given(fd, &l.bytes)
						: facts_read(fd, wanted->scalars, &l.bytes);
	/* What could not be opened is not known not to be there. */
	if (r == 0)
		r = shortage_since(before);
	if (r == 0)
		r = facts_unpack(buf_str(&l.bytes), l.bytes.len, ret);
	if (r == 0 && l.stamp != STAMP_NONE && l.watch_stamp != STAMP_NONE) {
		r = learn(reader, &l);
		if (r < 0)
			facts_release(ret);
	}
	return r;
}

/* Whether it is known to be over, and then its stamp. -ENOENT. */
static int look_up(struct catalog *c, uint64_t serial, const char **ret_id, uint64_t *ret_stamp)
{
	LOCK_SCOPE(&c->lock);
	const struct entry *e = entry_by_serial(c, serial);

	if (!e || !e->present)
		return -ENOENT;
	*ret_id = e->id;
	*ret_stamp = e->stamp;
	return e->summary != NULL;
}

static int get(struct facts_reader *reader, uint64_t serial, const struct wanted *wanted,
	struct run_facts *ret)
{
	struct catalog *c = reader->catalog;
	const char *id = NULL;
	uint64_t stamp = STAMP_NONE;
	int over = look_up(c, serial, &id, &stamp), r = 0;

	if (over == 0) {
		_cleanup_summary_ struct run_summary s = {0};

		r = catalog_listed(c, serial, &s);
		over = r < 0 ? r : look_up(c, serial, &id, &stamp);
	}
	if (over < 0)
		return over;
	if (over && stamp != STAMP_NONE)
		r = from_index(reader, id, stamp, ret);
	return r ? r < 0 ? r : 0 : from_store(reader, id, over, wanted, ret);
}

/* So that the others can be shown with it. */
static int tell_unreadable(int error, struct run_facts *ret)
{
	_cleanup_buf_ struct buf problem = BUF_INIT;

	facts_release(ret);
	buf_printf(&problem, "the run cannot be read: %s", strerror(-error));
	ret->flags = value_map();
	ret->attrs = value_map();
	return ret->flags && ret->attrs ? strv_add(&ret->problems, buf_str(&problem)) : -ENOMEM;
}

static int get_or_tell(struct facts_reader *reader, uint64_t serial, const struct wanted *wanted,
	struct run_facts *ret)
{
	int r = get(reader, serial, wanted, ret);

	if (r < 0 && r != -ENOENT && !is_shortage(r))
		r = tell_unreadable(r, ret);
	if (r < 0)
		facts_release(ret);
	return r;
}

int facts_reader_get(struct facts_reader *reader, uint64_t serial, struct run_facts *ret)
{
	return get_or_tell(reader, serial, &(struct wanted){0}, ret);
}

int facts_reader_follow(struct facts_reader *reader, uint64_t serial, struct scalars **scalars,
	struct run_facts *ret)
{
	return get_or_tell(reader, serial, &(struct wanted){.scalars = scalars}, ret);
}

int facts_reader_given(struct facts_reader *reader, uint64_t serial, struct run_facts *ret)
{
	return get_or_tell(reader, serial, &(struct wanted){.given_only = true}, ret);
}

/* --- curves --------------------------------------------------------------------- */

/*
 * Curves are read after this has looked at the stamps, so that what changes meanwhile makes them
 * out of date.
 */
int facts_reader_curves(
	struct facts_reader *reader, uint64_t serial, struct facts_stamps *ret, struct buf *curves)
{
	struct catalog *c = reader->catalog;
	struct index *ix = open_index(reader);
	struct index_facts found;
	uint64_t stamp = STAMP_NONE;
	const char *id = NULL;

	*ret = (struct facts_stamps){0};
	if (!ix || look_up(c, serial, &id, &stamp) <= 0 || stamp == STAMP_NONE)
		return 0;
	if (index_get_curves(ix, id, &found) < 0 || found.stamp != stamp)
		return 0;
	if ((!found.bytes || catalog_is_small(c)) && !is_watch_same(c, id, &found))
		return 0;
	*ret = (struct facts_stamps){found.stamp, found.watch_stamp};
	if (found.bytes)
		buf_add(curves, found.bytes, found.len);
	return found.bytes != NULL;
}

int facts_reader_keep_curves(struct facts_reader *reader, uint64_t serial,
	const struct facts_stamps *stamps, const struct buf *curves)
{
	_cleanup_(learned_release) struct learned l = {
		.stamp = stamps->stamp, .watch_stamp = stamps->watch_stamp};

	if (stamps->stamp == STAMP_NONE)
		return 0;
	l.id = strdup(catalog_id(reader->catalog, serial));
	buf_add(&l.bytes, buf_str(curves), curves->len);
	if (!l.id || buf_error(&l.bytes))
		return -ENOMEM;
	return learn(reader, &l);
}
