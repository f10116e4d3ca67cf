/* SPDX-License-Identifier: MIT */
/* posix_spawn with a pipe. */
#include "base/output_of.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#define OUTPUT_MAX ((size_t)64 << 20)

extern char **environ;

static int start(const char *const *argv, const char *dir, char *const *env, int out,
	enum output_stderr on_stderr, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	int r = posix_spawn_file_actions_init(&actions);

	if (r)
		return -r;
	r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (r == 0 && on_stderr == STDERR_READ)
		r = posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
	else if (r == 0 && on_stderr == STDERR_DROPPED)
		r = posix_spawn_file_actions_addopen(
			&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (r == 0 && dir)
		r = posix_spawn_file_actions_addchdir_np(&actions, dir);
	if (r == 0)
		r = posix_spawnp(ret_pid, argv[0], &actions, NULL, (char *const *)argv, env);
	posix_spawn_file_actions_destroy(&actions);
	return r ? -ENOENT : 0;
}

static int read_all(int fd, struct buf *b)
{
	char block[16384];
	ssize_t n;

	while ((n = read(fd, block, sizeof(block))) != 0) {
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			buf_add(b, block, (size_t)n);
		if (b->len > OUTPUT_MAX)
			return -EFBIG;
	}
	return buf_error(b);
}

static int run(const char *const *argv, const char *dir, char *const *env,
	enum output_stderr on_stderr, struct buf *b)
{
	int fds[2], status, r;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	r = start(argv, dir, env, fds[1], on_stderr, &pid);
	close(fds[1]);
	if (r == 0)
		r = read_all(fds[0], b);
	close(fds[0]);
	if (r == -ENOENT)
		return r;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (r < 0)
		return r;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int output_of(const char *const *argv, const char *dir, struct buf *b)
{
	int r = run(argv, dir, environ, STDERR_DROPPED, b);

	return r > 0 ? -ENOENT : r;
}

int output_of_env(const char *const *argv, const char *dir, char *const *env,
	enum output_stderr on_stderr, struct buf *b)
{
	return run(argv, dir, env, on_stderr, b);
}
