/* SPDX-License-Identifier: MIT */
/* guild stop: ends runs, and keeps those that wait from starting. */
#include "guild.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runs/select.h"
#include "base/clock.h"
#include "run/launch.h"

enum { STOP_GRACE_S = 30, POLL_NS = 20 * 1000 * 1000 };

struct stop_options {
	struct selection sel;
	bool yes, force, no_wait;
	const char *timeout;
};

#define OPTION(member, n, s, v, h, k)                                                              \
	{                                                                                          \
		.name = n, .short_name = s, .value = v, .help = h, .kind = k,                      \
		.offset = offsetof(struct stop_options, member)                                    \
	}

static const struct option_def stop_options[] = {
	OPTION(force, "--force", NULL, NULL, "kill what has not stopped after the time-out",
		OPTION_FLAG),
	OPTION(timeout, "--timeout", NULL, "SECONDS", "how long to wait (30)", OPTION_VALUE),
	OPTION(no_wait, "--no-wait", "-n", NULL, "do not wait until it has stopped", OPTION_FLAG),
	OPTION(yes, "--yes", "-y", NULL, "do not ask", OPTION_FLAG),
	{.more = selection_options, .more_offset = offsetof(struct stop_options, sel)},
	{0},
};

static void release(void *options)
{
	selection_release(&((struct stop_options *)options)->sel);
}

bool wait_for_end(int run_fd, long seconds)
{
	int64_t deadline = clock_monotonic_ms() + seconds * 1000;
	const struct timespec pause = {.tv_nsec = POLL_NS};

	while (run_status_get(run_fd) == RUN_RUNNING) {
		if (clock_monotonic_ms() >= deadline)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

/* What waits to be started is kept from it. */
static int cancel_run(struct guild *g, const char *id)
{
	struct err err = ERR_INIT;
	int r = launch_cancel(g->home, id, &err);

	if (r < 0)
		return complain("%.8s: %s", id, err_text(&err));
	fprintf(stderr, "Run %s was pending and will not be started\n", id);
	return EXIT_OK;
}

/* A run that is over needs no stopping, which is no error. */
static int stop_run(struct guild *g, const struct stop_options *o, const char *id)
{
	_cleanup_close_ int run_fd = home_open_run(g->home, id);
	long seconds = o->timeout ? strtol(o->timeout, NULL, 10) : STOP_GRACE_S;
	struct err err = ERR_INIT;
	struct proc_ref process = {0};
	int r;

	if (run_fd < 0)
		return complain("cannot read run %s: %s", id, strerror(-run_fd));
	if (run_process(run_fd, &process) == 0)
		fprintf(stderr, "Stopping %.8s (pid %d)\n", id, (int)process.pid);
	r = launch_stop(g->home, id, false, &err);
	if (r == -ESRCH && run_status_get(run_fd) == RUN_PENDING)
		return cancel_run(g, id);
	if (r == -ESRCH) {
		fprintf(stderr, "Run %s is not running\n", id);
		return EXIT_OK;
	}
	if (r < 0)
		return complain("%.8s: %s", id, err_text(&err));
	if (o->no_wait || wait_for_end(run_fd, seconds))
		return EXIT_OK;
	if (!o->force) {
		fprintf(stderr,
			"The following processes did not stop as expected: %d\n"
			"Use --force to kill them.\n",
			(int)process.pid);
		return EXIT_ERROR;
	}
	if (launch_stop(g->home, id, true, &err) < 0 && run_status_get(run_fd) == RUN_RUNNING)
		return complain("%.8s: %s", id, err_text(&err));
	return wait_for_end(run_fd, STOP_GRACE_S) ? EXIT_OK : complain("%.8s cannot be killed", id);
}

/* Selects, and asks unless told not to. */
static int choose(struct guild *g, const struct stop_options *o, const struct strv *args,
	struct selected *runs)
{
	int r = guild_open_home(g);

	if (r == EXIT_OK)
		r = select_runs(g, &o->sel, args, SELECT_RUNNING, runs);
	if (r == EXIT_OK && !runs->n)
		fputs("Nothing to stop.\n", stderr);
	if (r != EXIT_OK || !runs->n || o->yes)
		return r;
	r = select_preview(g, "You are about to stop the following runs:", runs);
	return r == EXIT_OK ? confirm("Stop these runs?", false) : r;
}

static int stop(struct guild *g, void *options, const struct strv *args)
{
	const struct stop_options *o = options;
	_cleanup_selected_ struct selected runs = {0};
	int status = EXIT_OK;
	int r = choose(g, o, args, &runs);

	if (r == EXIT_OK && !runs.n)
		return EXIT_ERROR;
	for (size_t i = 0; r == EXIT_OK && i < runs.n; i++) {
		int stopped = stop_run(g, o, catalog_id(g->catalog, runs.serials[i]));

		if (stopped != EXIT_OK)
			status = stopped;
	}
	return r != EXIT_OK ? r : status;
}

const struct command cmd_stop = {
	.name = "stop",
	.in_runs = true,
	.usage = "stop [OPTION]... [RUN]...",
	.summary = "Stop running runs",
	.options = stop_options,
	.options_size = sizeof(struct stop_options),
	.run = stop,
	.release = release,
};
