/* SPDX-License-Identifier: MIT */
/* guild watch: a run's output as it comes. */
#include "guild.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runs/follow.h"
#include "runs/select.h"
#include "base/file.h"
#include "run/attr.h"
#include "run/status.h"

enum { PIDFILE_MAX = 4096 };

struct watch_options {
	struct selection sel;
	const char *pid;
};

static const struct option_def watch_options[] = {
	{.name = "--pid",
		.short_name = "-p",
		.value = "PID",
		.help = "the run of this process; also a file that has its number",
		.kind = OPTION_VALUE,
		.offset = offsetof(struct watch_options, pid)},
	{.more = selection_options, .more_offset = offsetof(struct watch_options, sel)},
	{0},
};

static void release_watch(void *options)
{
	selection_release(&((struct watch_options *)options)->sel);
}

/* --- by process ----------------------------------------------------------- */

static bool parse_pid(const char *text, pid_t *ret)
{
	char *end;
	long pid = strtol(text, &end, 10);

	*ret = (pid_t)pid;
	return end != text && pid > 0 && strspn(end, " \t\n") == strlen(end);
}

/* The operation's process, or whoever started it. */
static bool is_of(int run_fd, pid_t pid)
{
	struct proc_ref process;
	_cleanup_buf_ struct buf path = BUF_INIT, stat = BUF_INIT;
	const char *paren;
	int parent = 0;

	if (run_process(run_fd, &process) < 0)
		return false;
	if (process.pid == pid)
		return true;
	buf_printf(&path, "/proc/%d/stat", (int)process.pid);
	if (file_read(AT_FDCWD, buf_str(&path), PIDFILE_MAX, &stat) < 0)
		return false;
	paren = strrchr(buf_str(&stat), ')');
	return paren && sscanf(paren, ") %*c %d", &parent) == 1 && parent == (int)pid;
}

static int find_process(struct guild *g, pid_t pid, const char **ret_id)
{
	_cleanup_free_ uint64_t *serials = NULL;
	size_t n = 0;

	if (catalog_newest_first(g->catalog, &serials, &n) < 0)
		return complain("out of memory");
	for (size_t i = 0; i < n; i++) {
		_cleanup_close_ int fd = home_open_run(g->home, catalog_id(g->catalog, serials[i]));

		if (fd < 0 || !is_of(fd, pid))
			continue;
		*ret_id = catalog_id(g->catalog, serials[i]);
		return EXIT_OK;
	}
	return complain("cannot find run for pid %d", (int)pid);
}

/* A number, a file that has one, or RUN_DIR/.guild/JOB. */
static int watch_process(struct guild *g, const char *spec)
{
	static const char job[] = "/" RUN_GUILD_DIR "/JOB";
	size_t len = strlen(spec), end = strlen(job);
	_cleanup_buf_ struct buf text = BUF_INIT;
	const char *id = NULL;
	pid_t pid;
	int r;

	if (len > end && strcmp(spec + len - end, job) == 0) {
		_cleanup_free_ char *dir = strndup(spec, len - end);
		_cleanup_free_ char *real = dir ? realpath(dir, NULL) : NULL;

		return real ? watch_run(g->home, real) : complain("%s: %s", spec, strerror(errno));
	}
	if (!parse_pid(spec, &pid)) {
		r = file_read(AT_FDCWD, spec, PIDFILE_MAX, &text);
		if (r == -ENOENT)
			return complain("%s does not exist", spec);
		if (r < 0)
			return complain("%s: %s", spec, strerror(-r));
		if (!parse_pid(buf_str(&text), &pid))
			return complain("pidfile %s does not contain a valid pid", spec);
	}
	r = find_process(g, pid, &id);
	return r == EXIT_OK ? watch_run(g->home, id) : r;
}

/* -------------------------------------------------------------------------- */

static int watch(struct guild *g, void *options, const struct strv *args)
{
	struct watch_options *o = options;
	static const struct selection any;
	uint64_t serial;
	int r;

	if (o->pid && (args->n || memcmp(&o->sel, &any, sizeof(any)) != 0))
		return complain("--pid may not be used with other options");
	r = guild_open_home(g);
	if (r != EXIT_OK)
		return r;
	if (o->pid)
		return watch_process(g, o->pid);
	if (!args->n) {
		_cleanup_selected_ struct selected runs = {0};

		o->sel.running = true;
		r = select_runs(g, &o->sel, args, SELECT_ALL, &runs);
		if (r == EXIT_OK && !runs.n)
			return complain("nothing to watch\nYou can view the output of a specific "
					"run using 'guild watch RUN'.");
		serial = runs.n ? runs.serials[0] : 0;
	} else {
		r = select_one(g, &o->sel, args, &serial);
	}
	return r == EXIT_OK ? watch_run(g->home, catalog_id(g->catalog, serial)) : r;
}

const struct command cmd_watch = {
	.name = "watch",
	.usage = "watch [OPTION]... [RUN]",
	.summary = "Show a run's output as it comes",
	.options = watch_options,
	.options_size = sizeof(struct watch_options),
	.run = watch,
	.release = release_watch,
};
