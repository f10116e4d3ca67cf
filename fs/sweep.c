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
#include "guildfs.h"
#include "run_tables.h"
#include "catalog/catalog.h"

enum { LOOK_MS = 5000, LOOK_MS_MIN = 100, NICEST = 19 };

struct sweeper {
	struct guildfs *fs;
	pthread_t thread;
	int stop; /* eventfd: ends the sleep */
	atomic_bool stopped;
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

/* Until the sweep is due, but not so long that what was learned would wait. */
static int next_look(struct catalog *catalog)
{
	int64_t ms = catalog_sweep_wait(catalog) / 1000;

	return ms > LOOK_MS ? LOOK_MS : ms < LOOK_MS_MIN ? LOOK_MS_MIN : (int)ms;
}

static void *sweeper_main(void *arg)
{
	struct sweeper *s = arg;
	struct catalog *catalog = s->fs->catalog;
	const struct catalog_sweep told = {.arg = s, .changed = run_changed, .stop = is_stopped};

	setpriority(PRIO_PROCESS, (id_t)gettid(), NICEST);
	/* A mount has better things to do at first. */
	for (int wait = LOOK_MS; sleep_ms(s, wait), !is_stopped(s); wait = next_look(catalog)) {
		run_tables_trim(s->fs->run_tables);
		catalog_save(catalog);
		if (catalog_sweep_wait(catalog) == 0)
			catalog_sweep(catalog, &told);
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
