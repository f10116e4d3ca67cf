/* SPDX-License-Identifier: MIT */
/*
 * All that is known against the store: what others than our own programs have changed in runs that
 * are over shows in nothing but their stamps.
 */
#include "catalog/saved.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "catalog/stamp.h"

enum { SWEEP_SECONDS = 60, SAVE_EVERY = 4096 };
#define SECOND_USEC INT64_C(1000000)

int64_t catalog_sweep_wait(struct catalog *c)
{
	const char *given = getenv("GUILD_SWEEP_SECONDS");
	int64_t interval = SWEEP_SECONDS * SECOND_USEC, since;

	if (given)
		interval = strtol(given, NULL, 10) * SECOND_USEC;
	LOCK_SCOPE(&c->index_lock);
	since = clock_now() - c->swept;
	/* A time to come is one from before the clock was moved. */
	return since < 0 || since >= interval ? 0 : interval - since;
}

bool catalog_has_index(struct catalog *c)
{
	LOCK_SCOPE(&c->index_lock);

	return c->has_index;
}

/* --- memory against the store ---------------------------------------------- */

struct sweep {
	struct catalog *catalog;
	const struct catalog_sweep *told;
};

/* Having ended is not enough: the index wants a summary. */
static bool knows(struct catalog *c, uint64_t serial)
{
	LOCK_SCOPE(&c->lock);

	return entry_by_serial(c, serial)->summary != NULL;
}

static bool is_stopped(const struct sweep *sweep)
{
	const struct catalog_sweep *told = sweep->told;

	return told->stop && told->stop(told->arg);
}

static int sweep_run(void *arg, uint64_t serial)
{
	struct sweep *sweep = arg;
	const struct catalog_sweep *told = sweep->told;
	struct catalog *c = sweep->catalog;
	_cleanup_summary_ struct run_summary s = {0};

	if (is_stopped(sweep))
		return -ECANCELED;
	if (entry_check(c, serial) && told->changed)
		told->changed(told->arg, catalog_id(c, serial));
	if (knows(c, serial))
		return 0;
	catalog_listed(c, serial, &s);
	/* Who is killed on the way has not read it all for nothing. */
	if (catalog_learned(c) >= SAVE_EVERY)
		catalog_save(c);
	return 0;
}

/* --- event files, which the index has facts of ------------------------------- */

/* Runs whose event files are others than those that were read. */
struct watch_sweep {
	struct sweep *sweep;
	struct strv stale;
};

static int check_watch(void *arg, const char *id, const struct index_facts *facts)
{
	struct watch_sweep *w = arg;
	struct catalog *c = w->sweep->catalog;
	_cleanup_close_ int fd = home_open_run(c->home, id);

	if (is_stopped(w->sweep))
		return -ECANCELED;
	if (fd < 0 || stamp_of_paths(fd, facts->watch, facts->watch_len) == facts->watch_stamp)
		return 0;
	return strv_add(&w->stale, id);
}

static int sweep_watches(struct sweep *sweep, struct strv *ret_stale)
{
	_cleanup_index_ struct index *ix = NULL;
	struct watch_sweep w = {.sweep = sweep};
	struct index_state state;
	int r = index_open_as_is(sweep->catalog->home, &ix);

	if (r == 0)
		r = index_view(ix, &state);
	if (r == 0)
		r = index_each_facts(ix, check_watch, &w);
	*ret_stale = w.stale;
	/* Without an index there is nothing that could be wrong. */
	return r == -ECANCELED || r == -ENOMEM ? r : 0;
}

/* --- the index against memory ---------------------------------------------- */

struct audit {
	struct catalog *catalog;
	struct strv gone, doubtful;
};

static int audit_row(void *arg, const char *id, uint64_t stamp)
{
	struct audit *audit = arg;
	struct catalog *c = audit->catalog;
	LOCK_SCOPE(&c->lock);
	struct entry *e = entry_by_id(c, id);

	if (!e)
		return strv_add(&audit->gone, id);
	e->indexed = e->summary && e->stamp == stamp;
	return e->indexed || e->summary || stamp == STAMP_NONE ? 0 : strv_add(&audit->doubtful, id);
}

/* What the index has of each run, whoever wrote it; and runs that are gone leave it. */
static int audit(struct saved_job *job)
{
	struct catalog *c = job->catalog;
	struct audit audit = {.catalog = c};
	int r;

	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < c->n; i++)
		c->entries[i].indexed = false;
	pthread_mutex_unlock(&c->lock);
	r = index_each_stamp(job->index, audit_row, &audit);
	for (size_t i = 0; r == 0 && i < audit.gone.n; i++)
		r = index_remove(job->index, audit.gone.v[i]);
	for (size_t i = 0; r == 0 && i < audit.doubtful.n; i++)
		r = index_doubt(job->index, audit.doubtful.v[i]);
	strv_release(&audit.gone);
	strv_release(&audit.doubtful);
	return r;
}

/* `mark` is from before the sweep: what the index may have missed was compared since. */
static int write_back(
	struct catalog *c, const struct home_changes_mark *mark, const struct strv *stale)
{
	struct saved_job job;
	int r;

	LOCK_SCOPE(&c->index_lock);
	r = saved_begin(c, &job);
	if (r == 0 && strcmp(job.state.mark.file, mark->file) != 0)
		job.state.mark = *mark;
	if (r == 0 && strcmp(c->mark.file, mark->file) != 0)
		c->mark = *mark;
	if (r == 0 && job.state.edition != c->edition)
		r = audit(&job);
	for (size_t i = 0; r == 0 && i < stale->n; i++)
		r = index_drop_facts(job.index, stale->v[i]);
	if (r == 0) {
		job.state.swept = clock_now();
		c->edition = job.state.edition;
		r = saved_commit(&job);
	}
	if (r == 0)
		index_settle(job.index);
	saved_end(&job, r);
	/* Also without an index what is in memory was compared. */
	c->swept = clock_now();
	return r;
}

static void ignore(void *arg, const char *id)
{
	(void)arg;
	(void)id;
}

int catalog_sweep(struct catalog *c, const struct catalog_sweep *told)
{
	struct sweep sweep = {.catalog = c, .told = told};
	_cleanup_strv_ struct strv stale = STRV_INIT;
	struct home_changes_mark mark = {0};
	_cleanup_close_ int lock = index_lock_sweep(c->home);
	int r;

	if (lock == -EAGAIN)
		return lock;
	home_changes_read(c->home, &mark, ignore, NULL);
	r = catalog_each(c, sweep_run, &sweep);
	if (r == 0)
		r = sweep_watches(&sweep, &stale);
	if (r == 0)
		r = write_back(c, &mark, &stale);
	/* Not before the index has nothing wrong about them: whoever is told looks there. */
	for (size_t i = 0; r == 0 && told->changed && i < stale.n; i++)
		told->changed(told->arg, stale.v[i]);
	return r;
}
