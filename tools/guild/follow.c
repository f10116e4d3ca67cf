/* SPDX-License-Identifier: MIT */
/* inotify on the output and on what supervisors announce; a look each second in case nothing is. */
#include "follow.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "guild.h"
#include "base/file.h"
#include "run/attr.h"
#include "run/launch.h"
#include "run/status.h"

enum { LOOK_MS = 1000, BLOCK = 16384, LINE_MAX_LEN = 256 };

static volatile sig_atomic_t interrupts;

static void count_interrupt(int signal)
{
	(void)signal;
	interrupts++;
}

/* Ctrl-C goes to the operation as a shell would send it; a third one kills. */
static void pass_on(const struct home *home, const char *id, int run_fd, int *passed)
{
	struct proc_ref process;

	if (*passed == interrupts)
		return;
	*passed = interrupts;
	if (interrupts > 2)
		launch_stop(home, id, true, NULL);
	else if (run_process(run_fd, &process) == 0)
		proc_ref_kill(&process, SIGINT, true);
}

/* Copies what is new; false when stdout does not take it any more. */
static bool copy_output(int fd, bool quiet)
{
	char block[BLOCK];
	ssize_t n;

	while (!quiet && (n = read(fd, block, sizeof(block))) > 0)
		if (file_write_all(STDOUT_FILENO, block, (size_t)n) < 0)
			return false;
	return true;
}

/* What is said of the start comes before the output. */
static void copy_log(int run_fd, off_t *done, bool quiet)
{
	_cleanup_close_ int fd = openat(run_fd, RUN_LOG_FILE, O_RDONLY | O_CLOEXEC);
	char block[BLOCK];
	ssize_t n;

	while (!quiet && fd >= 0 && (n = pread(fd, block, sizeof(block), *done)) > 0) {
		file_write_all(STDERR_FILENO, block, (size_t)n);
		*done += n;
	}
}

static int watch_changes(const struct home *home)
{
	_cleanup_buf_ struct buf changes = BUF_INIT;
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	buf_printf(&changes, "%s/" HOME_CHANGES, home->path);
	if (fd >= 0)
		inotify_add_watch(fd, buf_str(&changes), IN_MODIFY);
	return fd;
}

/* A run that Guild AI staged has none until its process is there. */
static int open_output(const struct home *home, const char *id, int run_fd, int inotify)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	int fd = openat(run_fd, RUN_GUILD_DIR "/output", O_RDONLY | O_CLOEXEC);

	home_run_path(home, id, &path);
	buf_puts(&path, "/" RUN_GUILD_DIR "/output");
	if (fd >= 0 && inotify >= 0)
		inotify_add_watch(inotify, buf_str(&path), IN_MODIFY);
	return fd;
}

static void wait_for_news(int inotify)
{
	struct pollfd p = {.fd = inotify, .events = POLLIN};
	char events[4096];

	if (poll(&p, 1, LOOK_MS) <= 0)
		return;
	while (read(inotify, events, sizeof(events)) > 0)
		;
}

static int shell_status(int run_fd)
{
	int64_t exit_status;

	if (attr_read_int(run_fd, "exit_status", &exit_status) < 0)
		return EXIT_ERROR;
	return exit_status < 0 ? (int)(256 + exit_status) : (int)exit_status;
}

int follow_run(const struct home *home, const char *id, bool quiet)
{
	struct sigaction action = {.sa_handler = count_interrupt};
	_cleanup_close_ int run_fd = home_open_run(home, id);
	_cleanup_close_ int inotify = watch_changes(home);
	_cleanup_close_ int output = -1;
	off_t logged = 0;
	int passed = 0;
	bool live = true;

	if (run_fd < 0)
		return complain("cannot read run %s: %s", id, strerror(-run_fd));
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	while (live) {
		/* Asked before the last copy: what was written before the end is copied. */
		live = run_status_live(run_status_get(run_fd));
		copy_log(run_fd, &logged, quiet);
		if (output < 0)
			output = open_output(home, id, run_fd, inotify);
		if (output >= 0 && !copy_output(output, quiet))
			return EXIT_ERROR;
		pass_on(home, id, run_fd, &passed);
		if (live)
			wait_for_news(inotify);
	}
	return shell_status(run_fd);
}
