/* SPDX-License-Identifier: MIT */
/* inotify on the output and on what supervisors announce; a look each second in case nothing is. */
#include "runs/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "guild.h"
#include "op_log.h"
#include "base/file.h"
#include "run/attr.h"
#include "run/executor.h"
#include "run/launch.h"
#include "run/status.h"
#include "run/waiting.h"

enum { LOOK_MS = 1000, BLOCK = 16384, LINE_MAX_LEN = 256 };

static volatile sig_atomic_t interrupts, terminations;

static void count_interrupt(int signal)
{
	interrupts++;
	if (signal == SIGTERM)
		terminations++;
}

int follow_interrupts(void)
{
	return interrupts;
}

bool follow_terminated(void)
{
	return terminations > 0;
}

/* How a run is followed. */
struct follower {
	const struct home *home;
	const char *id;
	int run_fd, inotify;
	bool quiet;
	bool heedless;    /* for a process of ours: whether or not anybody reads it */
	bool whole_lines; /* see follower_new() */
	int output, wd;   /* -1: not there yet */
	off_t logged, copied;
};

/*
 * Copies what is new. Held back is, with whole lines, what has no end yet, but for a line that
 * fills the block, and at the end. False when stdout does not take it any more.
 */
static bool copy_output(struct follower *f, bool at_end)
{
	char block[BLOCK];
	ssize_t n;

	while (!f->quiet && (n = pread(f->output, block, sizeof(block), f->copied)) > 0) {
		size_t len = (size_t)n;
		const char *last = f->whole_lines && !at_end ? memrchr(block, '\n', len) : NULL;

		if (last)
			len = (size_t)(last + 1 - block);
		else if (f->whole_lines && !at_end && len < sizeof(block))
			break;
		if (file_write_all(STDOUT_FILENO, block, len) < 0)
			return false;
		f->copied += (off_t)len;
	}
	return true;
}

/* "WARNING: TEXT" or "TEXT", which is information, among what a process of ours says itself. */
static void relay_line(const char *line)
{
	static const char warning[] = "WARNING: ", debug[] = "DEBUG: [guild] ";

	if (strncmp(line, warning, strlen(warning)) == 0)
		op_log(OP_LOG_WARNING, "%s", line + strlen(warning));
	else if (strncmp(line, debug, strlen(debug)) == 0)
		op_log(OP_LOG_DEBUG, "%s", line + strlen(debug));
	else
		op_log(OP_LOG_INFO, "%s", line);
}

/* Whole lines; what is left of one comes with its end. Returns how much was taken. */
static size_t relay_lines(char *text, size_t len)
{
	char *line = text, *end;

	text[len] = '\0';
	while ((end = strchr(line, '\n'))) {
		*end = '\0';
		relay_line(line);
		line = end + 1;
	}
	return (size_t)(line - text);
}

/* What is said of the start comes before the output. */
static void copy_log(struct follower *f)
{
	_cleanup_close_ int fd = openat(f->run_fd, RUN_LOG_FILE, O_RDONLY | O_CLOEXEC);
	char block[BLOCK + 1];
	ssize_t n;

	while (!f->quiet && fd >= 0 && (n = pread(fd, block, BLOCK, f->logged)) > 0) {
		size_t taken = (size_t)n;

		if (!f->heedless)
			file_write_all(STDERR_FILENO, block, taken);
		else
			taken = relay_lines(block, taken);
		/* No line is that long, nor can one that is not at its end be waited for. */
		if (!taken)
			break;
		f->logged += (off_t)taken;
	}
}

int follow_open(const struct home *home)
{
	_cleanup_buf_ struct buf changes = BUF_INIT;
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	buf_printf(&changes, "%s/" HOME_CHANGES, home->path);
	if (fd >= 0)
		inotify_add_watch(fd, buf_str(&changes), IN_MODIFY);
	return fd;
}

/* A run that Guild AI staged has none until its process is there. */
static void open_output(struct follower *f)
{
	_cleanup_buf_ struct buf path = BUF_INIT;

	f->output = openat(f->run_fd, RUN_GUILD_DIR "/output", O_RDONLY | O_CLOEXEC);
	home_run_path(f->home, f->id, &path);
	buf_puts(&path, "/" RUN_GUILD_DIR "/output");
	if (f->output >= 0 && f->inotify >= 0)
		f->wd = inotify_add_watch(f->inotify, buf_str(&path), IN_MODIFY);
}

bool follow_wait(int inotify)
{
	struct pollfd p = {.fd = inotify, .events = POLLIN};
	char events[4096];

	if (poll(&p, 1, LOOK_MS) <= 0)
		return false;
	while (read(inotify, events, sizeof(events)) > 0)
		;
	return true;
}

static int shell_status(int run_fd)
{
	int64_t exit_status;

	if (attr_read_int(run_fd, "exit_status", &exit_status) < 0)
		return EXIT_ERROR;
	return exit_status < 0 ? (int)(256 + exit_status) : (int)exit_status;
}

void follow_catch_signals(void)
{
	const struct sigaction action = {.sa_handler = count_interrupt};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

enum look { GOES_ON, IS_OVER, CANNOT_WRITE };

static enum look look(struct follower *f)
{
	/* Asked before the copy: what was written before the end is copied. */
	bool live = run_status_live(run_status_get(f->run_fd));

	copy_log(f);
	if (f->output < 0)
		open_output(f);
	if (f->output >= 0 && !copy_output(f, !live)) {
		if (!f->heedless)
			return CANNOT_WRITE;
		f->quiet = true;
	}
	return live ? GOES_ON : IS_OVER;
}

static void leave(struct follower *f)
{
	if (f->wd >= 0)
		inotify_rm_watch(f->inotify, f->wd);
	if (f->output >= 0)
		close(f->output);
}

struct follower *follower_new(
	const struct home *home, const char *id, int run_fd, int inotify, bool whole_lines)
{
	struct follower *f = malloc(sizeof(*f));

	if (f)
		*f = (struct follower){.home = home,
			.id = id,
			.run_fd = run_fd,
			.inotify = inotify,
			.heedless = true,
			.whole_lines = whole_lines,
			.output = -1,
			.wd = -1};
	return f;
}

bool follower_look(struct follower *f)
{
	return look(f) == GOES_ON;
}

void follower_free(struct follower *f)
{
	if (f)
		leave(f);
	free(f);
}

/* Ctrl-C goes to the operation as a shell would send it; a third one kills. */
static void pass_on(const struct follower *f, int *passed)
{
	struct proc_ref process;

	if (*passed == interrupts)
		return;
	*passed = interrupts;
	if (interrupts > 2)
		launch_stop(f->home, f->id, true, NULL);
	else if (run_process(f->run_fd, &process) == 0)
		proc_ref_kill(&process, SIGINT, true);
	else if (waiting_is_elsewhere(f->run_fd))
		launch_cancel(f->home, f->id, NULL);
	else if (run_status_get(f->run_fd) == RUN_RUNNING)
		launch_stop(f->home, f->id, false, NULL);
}

/* Why it waits, when that is another reason than before. */
static void ask(const struct follower *f, const struct waiting_starter *starter, struct buf *told)
{
	_cleanup_buf_ struct buf reason = BUF_INIT;

	if (!waiting_is_elsewhere(f->run_fd))
		return;
	waiting_look(f->home, &f->id, 1, starter);
	if (f->quiet || !waiting_is_elsewhere(f->run_fd))
		return;
	run_reason(f->run_fd, &reason);
	if (!reason.len || strcmp(buf_str(&reason), buf_str(told)) == 0)
		return;
	fprintf(stderr, "Waiting: %s\n", buf_str(&reason));
	buf_clear(told);
	buf_puts(told, buf_str(&reason));
}

int follow_run(const struct home *home, const char *id, const struct launch_spec *spec, bool quiet)
{
	struct waiting_launch launch = {.home = home, .spec = spec};
	const struct waiting_starter starter = {.start = waiting_launch, .arg = &launch};
	_cleanup_buf_ struct buf reason = BUF_INIT;
	_cleanup_close_ int run_fd = home_open_run(home, id), inotify = follow_open(home);
	struct follower f = {.home = home,
		.id = id,
		.run_fd = run_fd,
		.inotify = inotify,
		.quiet = quiet,
		.output = -1,
		.wd = -1};
	int passed = 0;
	enum look how;

	if (run_fd < 0)
		return complain("cannot read run %s: %s", id, strerror(-run_fd));
	follow_catch_signals();
	while ((how = look(&f)) == GOES_ON) {
		pass_on(&f, &passed);
		ask(&f, &starter, &reason);
		follow_wait(inotify);
	}
	leave(&f);
	return how == IS_OVER ? shell_status(run_fd) : EXIT_ERROR;
}

int watch_run(const struct home *home, const char *id)
{
	_cleanup_close_ int run_fd = home_open_run(home, id), inotify = follow_open(home);
	struct follower f = {.home = home,
		.id = id,
		.run_fd = run_fd,
		.inotify = inotify,
		.output = -1,
		.wd = -1};
	_cleanup_buf_ struct buf reason = BUF_INIT;
	enum look how;

	if (run_fd < 0)
		return complain("cannot read run %s: %s", id, strerror(-run_fd));
	follow_catch_signals();
	fprintf(stderr, "Watching run %s\n", id);
	while ((how = look(&f)) == GOES_ON && !interrupts) {
		ask(&f, NULL, &reason);
		follow_wait(inotify);
	}
	leave(&f);
	if (how == IS_OVER)
		fprintf(stderr, "Run %s stopped with a status of '%s'\n", id,
			run_status_name(run_status_get(run_fd)));
	else if (how == GOES_ON)
		fprintf(stderr, "\nStopped watching %s%s\n", id,
			run_status_live(run_status_get(run_fd)) ? " (still running)" : "");
	return how == CANNOT_WRITE ? EXIT_ERROR : EXIT_OK;
}
