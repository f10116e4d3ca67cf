/* SPDX-License-Identifier: MIT */
/* inotify, a tick each second, and adoption. */
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "changes.h"
#include "errors.h"
#include "guildfs.h"
#include "jobs.h"
#include "opdir.h"
#include "opener.h"
#include "scope.h"
#include "wheel_file.h"
#include "base/beneath.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/name.h"
#include "base/shared_fs.h"
#include "catalog/catalog.h"
#include "run/birth.h"
#include "run/launch.h"
#include "run/waiting.h"

enum { TICK_MS = 1000, EVENTS_SIZE = 64 * 1024 };

#define RUNS_EVENTS    (IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR)
#define CHANGES_EVENTS (IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ONLYDIR)
#define CHANGES_NAME   "changes"

struct watcher {
	struct guildfs *fs;
	pthread_t thread;
	int inotify, stop;
	int runs_watch, changes_watch;
	bool polls; /* other machines announce, too, and the kernel does not say so */
	struct home_changes_mark changes_read;
	uint64_t *live; /* runs that are not over, as far as is known */
	size_t n_live, cap_live;
};

/* --- live runs ------------------------------------------------------------ */

static void live_add(struct watcher *w, uint64_t serial)
{
	for (size_t i = 0; i < w->n_live; i++)
		if (w->live[i] == serial)
			return;
	if (w->n_live == w->cap_live) {
		size_t cap = w->cap_live ? w->cap_live * 2 : 32;
		uint64_t *grown = reallocarray(w->live, cap, sizeof(*grown));

		if (!grown)
			return;
		w->live = grown;
		w->cap_live = cap;
	}
	w->live[w->n_live++] = serial;
}

static bool is_live(struct guildfs *fs, uint64_t serial)
{
	_cleanup_summary_ struct run_summary s = {0};

	catalog_invalidate(fs->catalog, serial);
	return catalog_summary(fs->catalog, serial, &s) == 0 && run_status_live(s.status);
}

static void add_waiting(struct watcher *w, const char *id, struct strv *waiting)
{
	_cleanup_close_ int run_fd = home_open_run(w->fs->home, id);

	if (run_fd >= 0 && waiting_is_elsewhere(run_fd))
		(void)!strv_add(waiting, id);
}

/* Asks of each live run whether it is over; a dead supervisor's traces are tidied up. */
static void check_live(struct watcher *w)
{
	_cleanup_strv_ struct strv waiting = STRV_INIT;
	size_t kept = 0;

	for (size_t i = 0; i < w->n_live; i++) {
		uint64_t serial = w->live[i];
		const char *id = catalog_id(w->fs->catalog, serial);

		if (id)
			launch_reconcile(w->fs->home, id);
		if (id && is_live(w->fs, serial)) {
			w->live[kept++] = serial;
			add_waiting(w, id, &waiting);
		} else if (id) {
			changes_run(w->fs, id);
		}
	}
	w->n_live = kept;
	jobs_look(w->fs->jobs, &waiting);
}

static void run_changed(struct watcher *w, const char *id)
{
	uint64_t serial;

	changes_run(w->fs, id);
	serial = catalog_find(w->fs->catalog, id);
	if (serial && is_live(w->fs, serial))
		live_add(w, serial);
}

/* --- runs that nobody started --------------------------------------------- */

static bool run_has(struct guildfs *fs, const char *id, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", id, name);
	return beneath_exists(fs->home->runs_fd, path);
}

/* The ticket says that it was born; whoever takes the run's lock first starts it. */
static void adopt(struct guildfs *fs, const char *id)
{
	struct err err = ERR_INIT;
	_cleanup_buf_ struct buf path = BUF_INIT;
	struct opener owner;
	struct stat st;
	int r;

	if (fstatat(fs->home->runs_fd, id, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	owner = (struct opener){.uid = st.st_uid, .gid = st.st_gid};
	r = opener_may_start(fs, &owner, &err);
	if (r == 0)
		r = opener_launch(fs, &owner, id, &err);
	if (r < 0 && r != -EALREADY && r != -EBUSY) {
		buf_printf(&path, "runs/%s", id);
		errors_add(fs->errors, buf_str(&path), err_text(&err));
	}
}

/* Four names tell whether a run may be live; a summary of each run would read far more. */
static int look_at_start(void *arg, uint64_t serial)
{
	static const char *const signs[] = {
		".guild/PENDING", ".guild/STAGED", ".guild/LOCK", ".guild/LOCK.remote"};
	struct watcher *w = arg;
	const char *id = catalog_id(w->fs->catalog, serial);

	if (catalog_known_over(w->fs->catalog, serial))
		return 0;
	for (size_t i = 0; id && i < ARRAY_SIZE(signs); i++) {
		if (!run_has(w->fs, id, signs[i]))
			continue;
		if (i == 0 && run_has(w->fs, id, RUN_TICKET_FILE))
			adopt(w->fs, id);
		live_add(w, serial);
		return 0;
	}
	return 0;
}

/* --- events --------------------------------------------------------------- */

static void rescanned(void *arg, enum catalog_change change, uint64_t serial, const char *id)
{
	struct watcher *w = arg;

	if (change == CATALOG_REMOVED)
		changes_run_gone(w->fs, id, serial);
	else
		run_changed(w, id);
}

static void run_announced(void *arg, const char *id)
{
	run_changed(arg, id);
}

/* What our programs announced since the last look. */
static void read_changes(struct watcher *w)
{
	if (home_changes_read(w->fs->home, &w->changes_read, run_announced, w) == -ESTALE)
		catalog_rescan(w->fs->catalog, rescanned, w);
}

static void handle_event(struct watcher *w, const struct inotify_event *e)
{
	if (e->mask & IN_Q_OVERFLOW) {
		catalog_rescan(w->fs->catalog, rescanned, w);
		read_changes(w);
	} else if (e->wd == w->changes_watch) {
		if (e->len && strcmp(e->name, CHANGES_NAME) == 0)
			read_changes(w);
	} else if (e->wd == w->runs_watch && e->len && e->name[0] != '.') {
		if (e->mask & (IN_DELETE | IN_MOVED_FROM) &&
			!file_exists(w->fs->home->runs_fd, e->name))
			changes_run_gone(w->fs, e->name, 0);
		else
			run_changed(w, e->name);
	}
}

static void read_events(struct watcher *w, char *events)
{
	ssize_t n = read(w->inotify, events, EVENTS_SIZE);

	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *e = (const void *)(events + at);

		handle_event(w, e);
		at += (ssize_t)(sizeof(*e) + e->len);
	}
}

static void tick(struct watcher *w)
{
	for (unsigned i = 0; i < w->fs->n_projects; i++)
		scope_refresh(w->fs, i);
	if (w->polls)
		read_changes(w);
	check_live(w);
	opdir_tick(w->fs);
}

static void *watcher_main(void *arg)
{
	struct watcher *w = arg;
	struct pollfd fds[] = {
		{.fd = w->stop, .events = POLLIN}, {.fd = w->inotify, .events = POLLIN}};
	_cleanup_free_ char *events = malloc(EVENTS_SIZE);
	int64_t next = clock_monotonic_ms() + TICK_MS;

	birth_sweep(w->fs->home);
	wheel_files_sweep(w->fs->home);
	catalog_each(w->fs->catalog, look_at_start, w);
	while (events) {
		int64_t left = next - clock_monotonic_ms();

		if (poll(fds, ARRAY_SIZE(fds), left > 0 ? (int)left : 0) > 0) {
			if (fds[0].revents)
				break;
			if (fds[1].revents)
				read_events(w, events);
		}
		if (clock_monotonic_ms() >= next) {
			tick(w);
			next = clock_monotonic_ms() + TICK_MS;
		}
	}
	return NULL;
}

static int watch_home(struct watcher *w)
{
	const struct home *home = w->fs->home;
	_cleanup_buf_ struct buf runs = BUF_INIT, cache = BUF_INIT;

	buf_printf(&runs, "%s/runs", home->path);
	buf_printf(&cache, "%s/cache/guildfs", home->path);
	w->runs_watch = inotify_add_watch(w->inotify, buf_str(&runs), RUNS_EVENTS);
	w->changes_watch = inotify_add_watch(w->inotify, buf_str(&cache), CHANGES_EVENTS);
	if (w->runs_watch < 0 || w->changes_watch < 0)
		return -errno;
	w->changes_read = catalog_mark(w->fs->catalog);
	w->polls = shared_fs(home->fd);
	return 0;
}

static void watcher_free(struct watcher *w)
{
	if (w->inotify >= 0)
		close(w->inotify);
	if (w->stop >= 0)
		close(w->stop);
	free(w->live);
	free(w);
}

int watcher_start(struct guildfs *fs, struct watcher **ret)
{
	struct watcher *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	w->fs = fs;
	w->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	w->stop = eventfd(0, EFD_CLOEXEC);
	r = w->inotify < 0 || w->stop < 0 ? -errno : watch_home(w);
	/* What came while the catalogue was read and nobody watched. */
	if (r == 0)
		r = catalog_rescan(fs->catalog, rescanned, w);
	if (r == 0)
		read_changes(w);
	if (r == 0)
		r = -pthread_create(&w->thread, NULL, watcher_main, w);
	if (r < 0) {
		watcher_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

void watcher_stop(struct watcher *w)
{
	uint64_t one = 1;

	if (!w)
		return;
	if (write(w->stop, &one, sizeof(one)) == sizeof(one))
		pthread_join(w->thread, NULL);
	watcher_free(w);
}
