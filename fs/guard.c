/* SPDX-License-Identifier: MIT */
/* A process that waits for the daemon's main thread. */
#include "guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mounts.h"
#include "base/strv.h"

enum { DEATH_MS = 1000, STAT_MAX = 4096 };

extern char **environ;

/*
 * By the kernel's file for that where it is mounted, which its owner may write; else, for root, by
 * an unmount by force, which does the same before it finds that the mount is in use.
 */
static void abort_connection(const char *mountpoint, unsigned number)
{
	char path[64];
	unsigned now;
	_cleanup_close_ int fd = -1;

	snprintf(path, sizeof(path), "/sys/fs/fuse/connections/%u/abort", number);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, "1", 1) == 1)
		return;
	/* As long as it is there nobody else has its number. */
	if (mounts_find(mountpoint, "fuse.guildfs", &now) == 0 && now == number)
		umount2(mountpoint, MNT_FORCE | UMOUNT_NOFOLLOW);
}

/* --- the daemon's side ---------------------------------------------------- */

static int spawn(struct guard *guard)
{
	_cleanup_strv_ struct strv argv = STRV_INIT;
	int r = strv_add(&argv, "/proc/self/exe");

	if (r == 0)
		r = strv_add(&argv, GUARD_OPTION);
	if (r == 0)
		r = strv_addf(&argv, "%d", (int)getpid());
	if (r == 0)
		r = strv_addf(&argv, "%u", guard->number);
	if (r == 0)
		r = strv_add(&argv, guard->mountpoint);
	return r < 0 ? r
		     : -posix_spawn(&guard->pid, "/proc/self/exe", NULL, NULL, argv.v, environ);
}

void guard_start(struct guard *guard, const char *mountpoint)
{
	*guard = (struct guard){.mountpoint = strdup(mountpoint)};
	if (guard->mountpoint &&
		mounts_find(mountpoint, "fuse.guildfs", &guard->number) == 0 && spawn(guard) == 0)
		return;
	guard->pid = 0;
}

void guard_abort(const struct guard *guard)
{
	if (guard->pid)
		abort_connection(guard->mountpoint, guard->number);
}

void guard_end(struct guard *guard)
{
	if (guard->pid) {
		kill(guard->pid, SIGKILL);
		while (waitpid(guard->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	free(guard->mountpoint);
	*guard = (struct guard){0};
}

/* --- the guard's side ----------------------------------------------------- */

/* Nothing of whoever started the daemon is kept open, or from being unmounted; and what the
 * terminal tells all is the daemon's business. */
static void let_go(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
	close_range(STDERR_FILENO + 1, ~0U, 0);
	if (chdir("/") < 0)
		return;
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	prctl(PR_SET_NAME, "guildfs-guard");
}

/* Its main thread, that is, which is what /proc/PID tells of first. */
static bool is_dead(pid_t daemon)
{
	_cleanup_buf_ struct buf stat = BUF_INIT;
	char path[sizeof("/proc//stat") + 3 * sizeof(daemon)];
	const char *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)daemon);
	if (file_read(AT_FDCWD, path, STAT_MAX, &stat) < 0)
		return true;
	state = strrchr(buf_str(&stat), ')');
	return !state || strchr("ZX", state[strlen(") ")]);
}

int guard_main(int argc, char **argv)
{
	pid_t daemon = argc > 4 ? (pid_t)strtol(argv[2], NULL, 10) : 0;
	struct pollfd p = {.events = POLLIN};
	sigset_t death;
	int number;

	if (daemon <= 1)
		return 1;
	let_go();
	sigemptyset(&death);
	sigaddset(&death, SIGUSR1);
	sigprocmask(SIG_BLOCK, &death, NULL);
	p.fd = pidfd_open(daemon, 0);
	/* It comes with the death of the thread that started us, whatever becomes of others; but
	 * not when that was before. */
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
	while (!is_dead(daemon))
		sigwait(&death, &number);
	/* Most die altogether, and the kernel knows what to do. */
	if (p.fd < 0 || poll(&p, 1, DEATH_MS) <= 0)
		abort_connection(argv[4], (unsigned)strtoul(argv[3], NULL, 10));
	return 0;
}
