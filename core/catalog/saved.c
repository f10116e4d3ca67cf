/* SPDX-License-Identifier: MIT */
/*
 * From the index into memory at the start, and back what was learned since.
 *
 * What makes it right with many processes at once: nothing is written but what still holds at the
 * end of the changes file, read after the index is locked for writing; and the index's mark is put
 * there. Whoever loads it goes on from there.
 */
#include "catalog/saved.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "catalog/stamp.h"

/* A home with more runs than this is not compared with its index at each start. */
enum { FEW_RUNS = 500 };

bool catalog_is_small(struct catalog *c)
{
	return catalog_count(c) <= FEW_RUNS;
}

/* --- from the index ------------------------------------------------------- */

struct load {
	struct catalog *catalog;
	size_t next; /* rows mostly come in the order of their ids */
};

static int fill_entry(void *arg, const struct index_row *row)
{
	struct load *load = arg;
	struct catalog *c = load->catalog;
	struct entry *e = load->next < c->n_by_id ? &c->entries[c->by_id[load->next]] : NULL;

	if (!e || strcmp(e->id, row->id) != 0)
		e = entry_by_id(c, row->id);
	if (!e)
		return 0;
	load->next = (size_t)(e - c->entries) + 1;
	entry_remember(c, e, &row->summary, row->stamp);
	e->indexed = true;
	return 0;
}

static void forget_id(void *arg, const char *id)
{
	struct catalog *c = arg;
	LOCK_SCOPE(&c->lock);
	struct entry *e = entry_by_id(c, id);

	if (e)
		entry_forget(c, e);
}

static void forget_all(struct catalog *c)
{
	LOCK_SCOPE(&c->lock);

	for (size_t i = 0; i < c->n; i++)
		entry_forget(c, &c->entries[i]);
}

static int check(void *arg, uint64_t serial)
{
	entry_check(arg, serial);
	return 0;
}

/* Forgets what was announced since the mark; had_mark: there was one. */
static void forget_announced(struct catalog *c, bool had_mark)
{
	/* Nobody knows what was announced: then the stamps have to say it. */
	bool lost = home_changes_read(c->home, &c->mark, forget_id, c) == -ESTALE && had_mark;

	/* Few are too few for anybody to wait for: what others changed shows at once. */
	if (lost || catalog_is_small(c))
		catalog_each(c, check, c);
	if (lost)
		c->swept = 0;
}

void saved_load(struct catalog *c)
{
	struct load load = {.catalog = c};
	struct index_state state = {0};
	struct index *ix = NULL;
	int r = index_open(c->home, &ix);

	c->has_index = r == 0;
	if (r == 0)
		r = index_view(ix, &state);
	if (r == 0)
		r = index_each(ix, fill_entry, &load);
	if (r == 0) {
		c->mark = state.mark;
		c->swept = state.swept;
	} else {
		forget_all(c);
	}
	if (r == -EUCLEAN && ix)
		index_discard(STEAL(ix));
	if (ix)
		index_close(ix);
	forget_announced(c, *state.mark.file);
}

int catalog_refresh(struct catalog *c)
{
	int r = catalog_rescan(c, NULL, NULL);

	if (r == 0)
		forget_announced(c, true);
	return r;
}

/* --- to the index --------------------------------------------------------- */

static void doubt_id(void *arg, const char *id)
{
	struct saved_job *job = arg;
	int r = index_doubt(job->index, id);

	if (job->result == 0)
		job->result = r;
}

/* Memory and index forget what was announced behind their marks. */
static int catch_up(struct saved_job *job)
{
	struct catalog *c = job->catalog;
	int r = home_changes_read(c->home, &c->mark, forget_id, c);

	/* A new index has no rows that could be wrong. */
	if (r == 0 && !*job->state.mark.file)
		job->state.mark = c->mark;
	if (r == 0)
		r = home_changes_read(c->home, &job->state.mark, doubt_id, job);
	return r < 0 ? r : job->result;
}

/* 1: *ret is a row to write, whose texts are copied. */
static int next_row(struct catalog *c, size_t at, struct index_row *ret, unsigned *ret_version)
{
	LOCK_SCOPE(&c->lock);
	struct entry *e = &c->entries[at];
	struct run_summary view;
	int r;

	if (!e->summary || e->indexed || !e->present || e->stamp == STAMP_NONE)
		return 0;
	view = compact_view(e->summary);
	r = run_summary_copy(&ret->summary, &view);
	ret->id = e->id;
	ret->stamp = e->stamp;
	*ret_version = e->version;
	return r < 0 ? r : 1;
}

static int note(struct saved_job *job, size_t at, unsigned version)
{
	if (array_grow(&job->rows, job->n, &job->cap, sizeof(*job->rows)) < 0)
		return -ENOMEM;
	job->rows[job->n++] = (struct saved_row){.at = at, .version = version};
	return 0;
}

static int put_rows(struct saved_job *job)
{
	struct catalog *c = job->catalog;
	size_t n;
	int r = 0;

	pthread_mutex_lock(&c->lock);
	n = c->n;
	pthread_mutex_unlock(&c->lock);
	for (size_t i = 0; r >= 0 && i < n; i++) {
		struct index_row row = {0};
		unsigned version;

		r = next_row(c, i, &row, &version);
		if (r <= 0)
			continue;
		r = index_put(job->index, &row);
		run_summary_release(&row.summary);
		if (r == 0)
			r = note(job, i, version);
	}
	return r < 0 ? r : 0;
}

static void mark_indexed(struct saved_job *job)
{
	struct catalog *c = job->catalog;
	LOCK_SCOPE(&c->lock);

	for (size_t i = 0; i < job->n; i++) {
		struct entry *e = &c->entries[job->rows[i].at];

		if (e->version == job->rows[i].version)
			e->indexed = true;
	}
}

int saved_begin(struct catalog *c, struct saved_job *job)
{
	int r;

	*job = (struct saved_job){.catalog = c};
	r = index_open(c->home, &job->index);
	c->has_index = r == 0;
	return r < 0 ? r : index_begin(job->index, &job->state);
}

int saved_commit(struct saved_job *job)
{
	struct catalog *c = job->catalog;
	bool known_all = job->state.edition == c->edition;
	size_t learned;
	int r;

	pthread_mutex_lock(&c->lock);
	learned = c->n_learned;
	c->n_learned = 0;
	pthread_mutex_unlock(&c->lock);
	r = catch_up(job);
	if (r == 0)
		r = put_rows(job);
	if (r == 0)
		r = index_commit(job->index, &job->state);
	if (r == 0) {
		mark_indexed(job);
		c->edition = known_all ? job->state.edition : 0;
		return 0;
	}
	LOCK_SCOPE(&c->lock);
	c->n_learned += learned;
	return r;
}

void saved_end(struct saved_job *job, int result)
{
	if (job->index && result == -EUCLEAN)
		index_discard(job->index);
	else if (job->index)
		index_close(job->index);
	free(job->rows);
}

size_t catalog_learned(struct catalog *c)
{
	LOCK_SCOPE(&c->lock);

	return c->n_learned;
}

int catalog_save(struct catalog *c)
{
	struct saved_job job;
	int r;

	if (!catalog_learned(c))
		return 0;
	LOCK_SCOPE(&c->index_lock);
	r = saved_begin(c, &job);
	if (r == 0)
		r = saved_commit(&job);
	/* What was announced is not known any more: only a sweep can tell. */
	if (r == -ESTALE)
		c->swept = 0;
	saved_end(&job, r);
	return r;
}
