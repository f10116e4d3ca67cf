/* SPDX-License-Identifier: MIT */
/*
 * What is known of runs that are over: kept, and where one is looked at compared with its stamp, at
 * most once a second, since others change runs too.
 */
#include "catalog/entries.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/shortage.h"
#include "catalog/stamp.h"
#include "run/attr.h"

enum { CHECK_MS = 1000 };

void entry_forget(struct catalog *c, struct entry *e)
{
	free(STEAL(e->summary));
	e->over = false;
	e->indexed = false;
	e->version++;
	c->generation++;
}

void entry_remember(struct catalog *c, struct entry *e, const struct run_summary *s, uint64_t stamp)
{
	e->summary = compact_new(&c->oprefs, s);
	if (!e->summary)
		return;
	e->stamp = stamp;
	if (s->initialized)
		e->born = s->initialized;
}

void catalog_invalidate(struct catalog *c, uint64_t serial)
{
	LOCK_SCOPE(&c->lock);
	struct entry *e = entry_by_serial(c, serial);

	if (e)
		entry_forget(c, e);
}

bool entry_check(struct catalog *c, uint64_t serial)
{
	const char *id = NULL;
	unsigned version = 0;
	uint64_t stamp = STAMP_NONE, seen;
	struct entry *e;

	pthread_mutex_lock(&c->lock);
	e = entry_by_serial(c, serial);
	if (e && (e->summary || e->over)) {
		id = e->id;
		stamp = e->stamp;
		version = e->version;
		e->checked_ms = clock_monotonic_ms();
	}
	pthread_mutex_unlock(&c->lock);
	if (!id)
		return false;
	seen = stamp_of_run(c->home->runs_fd, id);
	if (seen != STAMP_NONE && seen == stamp)
		return false;
	LOCK_SCOPE(&c->lock);
	e = entry_by_serial(c, serial);
	if (e->version == version)
		entry_forget(c, e);
	return true;
}

static void check_at_times(struct catalog *c, uint64_t serial)
{
	struct entry *e;
	bool due;

	pthread_mutex_lock(&c->lock);
	e = entry_by_serial(c, serial);
	due = e && (!e->checked_ms || clock_monotonic_ms() - e->checked_ms >= CHECK_MS);
	pthread_mutex_unlock(&c->lock);
	if (due)
		entry_check(c, serial);
}

/* 0: *ret is filled in. 1: it must be read, and *ret_id and *ret_version say what. */
static int from_memory(struct catalog *c, uint64_t serial, struct run_summary *ret,
	const char **ret_id, unsigned *ret_version)
{
	LOCK_SCOPE(&c->lock);
	struct entry *e = entry_by_serial(c, serial);

	if (!e || !e->present)
		return -ENOENT;
	if (e->summary) {
		struct run_summary view = compact_view(e->summary);

		return run_summary_copy(ret, &view);
	}
	*ret_id = e->id;
	*ret_version = e->version;
	return 1;
}

/* Over, and nobody will touch it any more: a daemon tidies up what a dead supervisor left. */
static bool is_final(int run_fd, enum run_status status)
{
	return !run_status_live(status) && !(status == RUN_ERROR && run_pending_is_ghost(run_fd));
}

/* What is over stays as it is until somebody says otherwise. */
static void keep(struct catalog *c, uint64_t serial, const struct run_summary *s, unsigned version,
	uint64_t stamp)
{
	struct entry *e;

	LOCK_SCOPE(&c->lock);
	e = entry_by_serial(c, serial);
	if (e->summary || !e->present || e->version != version)
		return;
	entry_remember(c, e, s, stamp);
	e->checked_ms = clock_monotonic_ms();
	if (stamp != STAMP_NONE)
		c->n_learned++;
}

int catalog_listed(struct catalog *c, uint64_t serial, struct run_summary *ret)
{
	unsigned version = 0;
	const char *id = NULL;
	_cleanup_close_ int fd = -1;
	unsigned before = shortages();
	int r = from_memory(c, serial, ret, &id, &version);
	uint64_t stamp;
	bool final;

	if (r <= 0)
		return r;
	stamp = stamp_of_run(c->home->runs_fd, id);
	fd = home_open_run(c->home, id);
	r = fd < 0 ? fd : run_summary_load(fd, ret);
	if (r < 0)
		return r;
	final = is_final(fd, ret->status);
	r = shortage_since(before);
	if (r < 0)
		run_summary_release(ret);
	else if (final)
		keep(c, serial, ret, version, stamp);
	return r;
}

int catalog_summary(struct catalog *c, uint64_t serial, struct run_summary *ret)
{
	check_at_times(c, serial);
	return catalog_listed(c, serial, ret);
}

bool catalog_known_over(struct catalog *c, uint64_t serial)
{
	LOCK_SCOPE(&c->lock);
	struct entry *e = entry_by_serial(c, serial);

	return e && (e->over || e->summary);
}

int64_t catalog_known_changed(struct catalog *c, uint64_t serial)
{
	LOCK_SCOPE(&c->lock);
	struct entry *e = entry_by_serial(c, serial);

	struct run_summary view;

	if (!e || !e->present || !e->summary)
		return 0;
	view = compact_view(e->summary);
	return run_summary_changed(&view);
}

bool catalog_is_live(struct catalog *c, uint64_t serial)
{
	_cleanup_close_ int fd = -1;
	const char *id = NULL;
	unsigned version = 0, before = shortages();
	enum run_status status;
	bool known = false;
	struct entry *e;
	uint64_t stamp;

	check_at_times(c, serial);
	pthread_mutex_lock(&c->lock);
	e = entry_by_serial(c, serial);
	if (e && e->present) {
		known = e->over || e->summary;
		id = e->id;
		version = e->version;
	}
	pthread_mutex_unlock(&c->lock);
	if (known || !id)
		return !known;
	stamp = stamp_of_run(c->home->runs_fd, id);
	fd = home_open_run(c->home, id);
	status = fd < 0 ? RUN_PENDING : run_status_get(fd);
	if (!is_final(fd, status))
		return run_status_live(status);
	if (shortage_since(before))
		return true;
	LOCK_SCOPE(&c->lock);
	e = entry_by_serial(c, serial);
	if (e->version == version && !e->summary) {
		e->over = true;
		e->stamp = stamp;
		e->checked_ms = clock_monotonic_ms();
	}
	return false;
}
