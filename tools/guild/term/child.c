/* SPDX-License-Identifier: MIT */
/* posix_spawn and wait, with the signals of system(3). */
#include "term/child.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int child_start(const struct child *child, pid_t *ret)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int r = posix_spawn_file_actions_init(&actions);

	if (r != 0)
		return -r;
	r = posix_spawnattr_init(&attr);
	if (r == 0) {
		posix_spawnattr_setsigdefault(&attr, &child->defaults);
		posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
		if (child->dir)
			r = posix_spawn_file_actions_addchdir_np(&actions, child->dir);
		if (r == 0 && child->stdin_fd != STDIN_FILENO)
			r = posix_spawn_file_actions_adddup2(
				&actions, child->stdin_fd, STDIN_FILENO);
		if (r == 0 && child->stdout_fd != STDOUT_FILENO)
			r = posix_spawn_file_actions_adddup2(
				&actions, child->stdout_fd, STDOUT_FILENO);
		if (r == 0)
			r = posix_spawnp(ret, child->argv[0], &actions, &attr,
				(char *const *)child->argv, child->env ? child->env : environ);
		posix_spawnattr_destroy(&attr);
	}
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run(const char *const *argv, const char *dir, int stdin_fd)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct child child = {
		.argv = argv, .dir = dir, .stdin_fd = stdin_fd, .stdout_fd = STDOUT_FILENO};
	struct sigaction on_int, on_quit;
	pid_t pid;
	int r;

	fflush(stdout);
	sigemptyset(&child.defaults);
	sigaddset(&child.defaults, SIGINT);
	sigaddset(&child.defaults, SIGQUIT);
	sigaction(SIGINT, &ignore, &on_int);
	sigaction(SIGQUIT, &ignore, &on_quit);
	r = child_start(&child, &pid);
	if (r == 0)
		r = wait_for(pid);
	sigaction(SIGINT, &on_int, NULL);
	sigaction(SIGQUIT, &on_quit, NULL);
	return r;
}

int run_child(const char *const *argv, const char *dir)
{
	return run(argv, dir, STDIN_FILENO);
}

int run_child_reading(const char *const *argv, int stdin_fd)
{
	return run(argv, NULL, stdin_fd);
}
