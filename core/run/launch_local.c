/* SPDX-License-Identifier: MIT */
/* The executor `local`: spawning the supervisor here and talking to it. */
#include "run/launch_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/libexec.h"
#include "run/executor.h"
#include "run/supervise_fd.h"

enum { REPLY_MAX = 1024 };

int launch_program(struct buf *ret_path)
{
	int r = libexec_dir(ret_path);

	buf_puts(ret_path, "/guild-supervise");
	return r < 0 ? r : buf_error(ret_path);
}

static int add_arguments(struct strv *argv, const char *program, const struct home *home,
	const char *id, const struct launch_spec *spec)
{
	int r = strv_add(argv, program);

	if (r == 0)
		r = strv_add(argv, home->path);
	if (r == 0)
		r = strv_add(argv, id);
	if (r == 0)
		r = strv_addf(argv, "%u", (unsigned)spec->uid);
	if (r == 0)
		r = strv_addf(argv, "%u", (unsigned)spec->gid);
	return r < 0 ? r : strv_add(argv, spec->cmd_dir ? spec->cmd_dir : "/");
}

/* Ends of the pipe that are too low would be overwritten by what the actions set up. */
int launch_spawn(char *const *argv, const struct launch_spec *spec, int reply_fd, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int r;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	if (spec->stdin_fd >= 0)
		posix_spawn_file_actions_adddup2(&actions, spec->stdin_fd, STDIN_FILENO);
	else
		posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (spec->out_fd > 0)
		posix_spawn_file_actions_adddup2(&actions, spec->out_fd, STDOUT_FILENO);
	else
		posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (spec->err_fd > 0)
		posix_spawn_file_actions_adddup2(&actions, spec->err_fd, STDERR_FILENO);
	else
		posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, reply_fd, SUPERVISE_REPLY_FD);
	/* Signals that a daemon or a shell blocks or ignores are none of the operation's business.
	 */
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	r = posix_spawn(ret_pid, argv[0], &actions, &attr, argv, spec->env->v);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

/* One line, or what there was of it when the supervisor died. */
static void read_reply(int fd, char reply[REPLY_MAX])
{
	size_t len = 0;
	ssize_t n;

	while (len < REPLY_MAX - 1 && !memchr(reply, '\n', len) &&
		(n = read(fd, reply + len, REPLY_MAX - 1 - len)) != 0) {
		if (n > 0)
			len += (size_t)n;
		else if (errno != EINTR)
			break;
	}
	reply[len] = '\0';
}

/* "ok\n", or "-ERRNO SENTENCE\n". */
int launch_read_reply(int fd, struct err *err)
{
	char reply[REPLY_MAX];
	long code;
	char *end;

	read_reply(fd, reply);
	if (strcmp(reply, "ok\n") == 0)
		return 0;
	code = strtol(reply, &end, 10);
	if (code >= 0 || *end != ' ')
		return err_set(err, -EIO, "the supervisor died before the run was started");
	end[strcspn(end, "\n")] = '\0';
	return err_set(err, (int)code, "%s", end + 1);
}

static int wait_for(pid_t pid, int *ret_status)
{
	while (waitpid(pid, ret_status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* The number that it gets in the supervisor must not be one of ours here. */
int launch_high_fd(int fd)
{
	int higher;

	if (fd > SUPERVISE_REPLY_FD)
		return fd;
	higher = fcntl(fd, F_DUPFD_CLOEXEC, SUPERVISE_REPLY_FD + 1);
	close(fd);
	return higher;
}

static int start_one(
	const struct home *home, const char *id, const struct launch_spec *spec, struct err *err)
{
	_cleanup_buf_ struct buf program = BUF_INIT;
	_cleanup_strv_ struct strv argv = STRV_INIT;
	int fds[2], r = launch_program(&program);
	pid_t pid;

	if (r == 0)
		r = add_arguments(&argv, buf_str(&program), home, id, spec);
	if (r < 0)
		return err_set(err, r, "cannot start the run: %s", strerror(-r));
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_set(err, -errno, "cannot start the run: %s", strerror(errno));
	fds[1] = launch_high_fd(fds[1]);
	r = launch_spawn(argv.v, spec, fds[1], &pid);
	close(fds[1]);
	if (r < 0) {
		close(fds[0]);
		return err_set(err, r, "cannot start %s: %s", buf_str(&program), strerror(-r));
	}
	r = launch_read_reply(fds[0], err);
	close(fds[0]);
	/* It has a child of its own that goes on, so that nobody is left with a zombie. */
	wait_for(pid, NULL);
	return r;
}

static int start(const struct executor_start *s, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->list->n; i++)
		r = start_one(s->home, s->list->ids[i], s->launch, err);
	return r;
}

static const char *const no_settings[] = {NULL};

const struct executor_type executor_local = {
	.name = "local",
	.settings = no_settings,
	.start = start,
};

int launch_stage(const struct home *home, const char *id, const char *cmd_dir,
	const struct strv *env, struct err *err)
{
	_cleanup_buf_ struct buf program = BUF_INIT;
	const char *argv[] = {NULL, "--stage", home->path, id, cmd_dir, NULL};
	int status, r = launch_program(&program);
	pid_t pid;

	argv[0] = buf_str(&program);
	if (r == 0)
		r = -posix_spawn(&pid, argv[0], NULL, NULL, (char *const *)argv, env->v);
	if (r < 0)
		return err_set(err, r, "cannot start %s: %s", argv[0], strerror(-r));
	r = wait_for(pid, &status);
	if (r < 0 || !WIFEXITED(status))
		return err_set(err, r < 0 ? r : -EINTR,
			"the files of the staged run are not all there: %s",
			r < 0 ? strerror(-r) : strsignal(WTERMSIG(status)));
	return WEXITSTATUS(status) != 0;
}
