/* SPDX-License-Identifier: MIT */
/* One thread, asleep nearly always. */
#include "sweep.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include "changes.h"
#include "event_stream.h"
#include "guildfs.h"
#include "run_tables.h"
#include "base/clock.h"
#include "catalog/catalog.h"

enum { LOOK_MS = 5000, LOOK_MS_MIN = 100, IDLE_MS = 1000, NICEST = 19 };
/* While nobody looks, a sweep takes no more than one part in this many of a processor. */
enum { IDLE_PARTS = 500 };

struct sweeper {
	struct guildfs *fs;
	pthread_t thread;
	int stop; /* eventfd: ends the sleep */
	atomic_bool stopped;
	int64_t rest_until; /* by clock_boottime(): no sweep before that, unless somebody looks */
};

static bool is_stopped(void *arg)
{
	struct sweeper *s = arg;

	return atomic_load(&s->stopped);
}

static void sleep_ms(const struct sweeper *s, int ms)
{
	struct pollfd p = {.fd = s->stop, .events = POLLIN};

	poll(&p, 1, ms);
}

static void run_changed(void *arg, const char *id)
{
	struct sweeper *s = arg;

	changes_run(s->fs, id);
}

/* Of 100,000 runs a sweep takes a second: too much, each minute, for nobody. */
static bool is_resting(const struct sweeper *s)
{
	return !atomic_load(&s->fs->asked) && !event_stream_has_readers(s->fs->events) &&
	       clock_boottime() < s->rest_until;
}

/* Until the sweep is due, but not so long that what was learned would wait. */
static int next_look(const struct sweeper *s)
{
	int64_t ms = catalog_sweep_wait(s->fs->catalog) / 1000;
	int least = is_resting(s) ? IDLE_MS : LOOK_MS_MIN;

	return ms > LOOK_MS ? LOOK_MS : ms < least ? least : (int)ms;
}

static void sweep(struct sweeper *s)
{
	const struct catalog_sweep told = {.arg = s, .changed = run_changed, .stop = is_stopped};
	int64_t before = clock_thread_time();

	atomic_store(&s->fs->asked, false);
	catalog_sweep(s->fs->catalog, &told);
	s->rest_until = clock_boottime() + (clock_thread_time() - before) * IDLE_PARTS;
}

static void *sweeper_main(void *arg)
{
	struct sweeper *s = arg;
	struct catalog *catalog = s->fs->catalog;

	setpriority(PRIO_PROCESS, (id_t)gettid(), NICEST);
	/* A mount has better things to do at first. */
	for (int wait = LOOK_MS; sleep_ms(s, wait), !is_stopped(s); wait = next_look(s)) {
		run_tables_trim(s->fs->run_tables);
		catalog_save(catalog);
		if (catalog_sweep_wait(catalog) == 0 && !is_resting(s))
			sweep(s);
	}
	catalog_save(catalog);
	return NULL;
}

static void sweeper_free(struct sweeper *s)
{
	if (s->stop >= 0)
		close(s->stop);
	free(s);
}

int sweeper_start(struct guildfs *fs, struct sweeper **ret)
{
	struct sweeper *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->fs = fs;
	s->stop = eventfd(0, EFD_CLOEXEC);
	r = s->stop < 0 ? -errno : -pthread_create(&s->thread, NULL, sweeper_main, s);
	if (r < 0) {
		sweeper_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void sweeper_stop(struct sweeper *s)
{
	uint64_t one = 1;

	if (!s)
		return;
	atomic_store(&s->stopped, true);
	if (write(s->stop, &one, sizeof(one)) == sizeof(one))
		pthread_join(s->thread, NULL);
	sweeper_free(s);
}
