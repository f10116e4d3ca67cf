/* SPDX-License-Identifier: MIT */
/*
 * What is known of runs that are over: kept, and compared with the mtimes of the run's directories,
 * at most once a second, since others change runs too.
 */
#include "catalog/entries.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "run/attr.h"

enum { CHECK_MS = 1000 };

void entry_forget(struct entry *e)
{
	if (e->summary) {
		run_summary_release(e->summary);
		free(e->summary);
		e->summary = NULL;
	}
	e->over = false;
	e->version++;
}

void catalog_invalidate(struct catalog *c, uint64_t serial)
{
	LOCK_SCOPE(&c->lock);
	struct entry *e = entry_by_serial(c, serial);

	if (e)
		entry_forget(e);
}

/* Changes when a marker or an attribute comes, goes or is replaced. */
static int64_t dirs_mtime(const struct catalog *c, const char *id)
{
	static const char *const dirs[] = {RUN_GUILD_DIR, RUN_ATTRS_DIR};
	int64_t sum = 0;

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		char path[NAME_MAX + sizeof(RUN_ATTRS_DIR) + 1];
		struct stat st;

		snprintf(path, sizeof(path), "%s/%s", id, dirs[i]);
		if (fstatat(c->home->runs_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
			sum += st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec;
	}
	return sum;
}

/* With the lock held: forgets a summary that is out of date. */
static void check_entry(const struct catalog *c, struct entry *e)
{
	int64_t now = clock_monotonic_ms();

	if ((!e->summary && !e->over) || now - e->checked_ms < CHECK_MS)
		return;
	e->checked_ms = now;
	if (dirs_mtime(c, e->id) != e->seen_mtime)
		entry_forget(e);
}

/* 0: *ret is filled in. 1: it must be read, and *ret_id and *ret_version say what. */
static int from_memory(struct catalog *c, uint64_t serial, struct run_summary *ret,
	const char **ret_id, unsigned *ret_version)
{
	LOCK_SCOPE(&c->lock);
	struct entry *e = entry_by_serial(c, serial);

	if (!e || !e->present)
		return -ENOENT;
	check_entry(c, e);
	if (e->summary)
		return run_summary_copy(ret, e->summary);
	*ret_id = e->id;
	*ret_version = e->version;
	return 1;
}

/* What is over stays as it is until somebody says otherwise. */
static void keep(struct catalog *c, uint64_t serial, const struct run_summary *s, unsigned version,
	int64_t mtime)
{
	struct run_summary *copy;
	struct entry *e;

	if (run_status_live(s->status))
		return;
	copy = calloc(1, sizeof(*copy));
	if (!copy || run_summary_copy(copy, s) < 0) {
		free(copy);
		return;
	}
	LOCK_SCOPE(&c->lock);
	e = entry_by_serial(c, serial);
	if (e->summary || !e->present || e->version != version) {
		run_summary_release(copy);
		free(copy);
		return;
	}
	e->summary = copy;
	e->seen_mtime = mtime;
	e->checked_ms = clock_monotonic_ms();
}

int catalog_summary(struct catalog *c, uint64_t serial, struct run_summary *ret)
{
	unsigned version = 0;
	const char *id = NULL;
	_cleanup_close_ int fd = -1;
	int r = from_memory(c, serial, ret, &id, &version);
	int64_t mtime;

	if (r <= 0)
		return r;
	/* Before it is read: a change in between makes it out of date, never too new. */
	mtime = dirs_mtime(c, id);
	fd = home_open_run(c->home, id);
	r = fd < 0 ? fd : run_summary_load(fd, ret);
	if (r == 0)
		keep(c, serial, ret, version, mtime);
	return r;
}

bool catalog_is_live(struct catalog *c, uint64_t serial)
{
	_cleanup_close_ int fd = -1;
	const char *id = NULL;
	unsigned version = 0;
	bool known = false;
	struct entry *e;
	int64_t mtime;

	pthread_mutex_lock(&c->lock);
	e = entry_by_serial(c, serial);
	if (e && e->present) {
		check_entry(c, e);
		known = e->over || e->summary;
		id = e->id;
		version = e->version;
	}
	pthread_mutex_unlock(&c->lock);
	if (known || !id)
		return !known;
	mtime = dirs_mtime(c, id);
	fd = home_open_run(c->home, id);
	if (fd < 0 || run_status_live(run_status_get(fd)))
		return true;
	LOCK_SCOPE(&c->lock);
	e = entry_by_serial(c, serial);
	if (e->version == version && !e->summary) {
		e->over = true;
		e->seen_mtime = mtime;
		e->checked_ms = clock_monotonic_ms();
	}
	return false;
}
