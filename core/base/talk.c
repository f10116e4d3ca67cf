/* SPDX-License-Identifier: MIT */
/* fork, exec, and three pipes. */
#include "base/talk.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define OUTPUT_MAX ((size_t)64 << 20)

static atomic_bool given_up;

enum { SLICE_MS = 100 };
enum { GROUPS_MAX = 1024, NEVER_BEGAN = 127, BLOCK = 16384 };

/* Of the user that it is to be; looked up before the fork, after which little may be called. */
struct identity {
	bool other;
	gid_t groups[GROUPS_MAX];
	int n_groups;
};

static void find_groups(const struct talk *t, struct identity *who)
{
	char text[BLOCK];
	struct passwd pw, *found = NULL;

	who->other = t->uid != geteuid();
	if (!who->other)
		return;
	who->groups[0] = t->gid;
	who->n_groups = 1;
	if (getpwuid_r(t->uid, &pw, text, sizeof(text), &found) != 0 || !found)
		return;
	who->n_groups = GROUPS_MAX;
	if (getgrouplist(pw.pw_name, t->gid, who->groups, &who->n_groups) < 0)
		who->n_groups = GROUPS_MAX;
}

/* System calls as they are: those of the C library are for all threads, which are not here. */
static int become(const struct talk *t, const struct identity *who)
{
	if (!who->other)
		return 0;
	return syscall(SYS_setgroups, (size_t)who->n_groups, who->groups) < 0 ||
			       syscall(SYS_setresgid, t->gid, t->gid, t->gid) < 0 ||
			       syscall(SYS_setresuid, t->uid, t->uid, t->uid) < 0
		       ? -1
		       : 0;
}

/* fds: the child's ends of stdin, stdout and stderr. */
static void become_program(const struct talk *t, const struct identity *who, const int fds[3])
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	/* Ctrl-C at a terminal is for who asks, not for who is asked. */
	setpgid(0, 0);
	for (int i = 0; i < 3; i++)
		if (dup2(fds[i], i) < 0)
			_exit(NEVER_BEGAN);
	if (become(t, who) == 0 && chdir(t->dir) == 0)
		execve(t->program, (char *const *)t->argv, t->env);
	_exit(NEVER_BEGAN);
}

/* The child's ends must not be among the numbers that they get there. */
static int make_pipe(int fds[2])
{
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		int higher = fds[i] > STDERR_FILENO
				     ? fds[i]
				     : fcntl(fds[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

		if (higher != fds[i])
			close(fds[i]);
		fds[i] = higher;
	}
	return fds[0] < 0 || fds[1] < 0 ? -EMFILE : 0;
}

struct conversation {
	int fds[3]; /* our ends; -1: closed */
	const char *input;
	size_t left;
};

static void hang_up(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void say(struct conversation *c)
{
	ssize_t n = c->left ? write(c->fds[0], c->input, c->left) : 0;

	if (n > 0) {
		c->input += n;
		c->left -= (size_t)n;
	}
	if (!c->left || (n < 0 && errno != EAGAIN && errno != EINTR))
		hang_up(&c->fds[0]);
}

static void listen_to(int *fd, struct buf *b)
{
	char block[BLOCK];
	ssize_t n = read(*fd, block, sizeof(block));

	if (n > 0 && b->len < OUTPUT_MAX)
		buf_add(b, block, (size_t)n);
	else if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		hang_up(fd);
}

/* Until it has closed both streams. */
static int converse(struct conversation *c, int timeout_ms, struct buf *out, struct buf *messages)
{
	int64_t deadline = clock_monotonic_ms() + timeout_ms;

	while (c->fds[1] >= 0 || c->fds[2] >= 0) {
		struct pollfd polls[] = {{.fd = c->fds[0], .events = POLLOUT},
			{.fd = c->fds[1], .events = POLLIN}, {.fd = c->fds[2], .events = POLLIN}};
		int64_t left = deadline - clock_monotonic_ms();

		if (left <= 0 || given_up)
			return -ETIME;
		if (poll(polls, ARRAY_SIZE(polls), (int)(left < SLICE_MS ? left : SLICE_MS)) < 0 &&
			errno != EINTR)
			return -errno;
		if (polls[0].revents)
			say(c);
		if (polls[1].revents)
			listen_to(&c->fds[1], out);
		if (polls[2].revents)
			listen_to(&c->fds[2], messages);
	}
	return 0;
}

static int end(pid_t pid, bool kill_it)
{
	int status;

	if (kill_it)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Writing to a program that has gone must not end us; the signal is of this thread only. */
static void block_pipe_signal(sigset_t *before)
{
	sigset_t pipe_only;

	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe_only, before);
}

static void unblock_pipe_signal(const sigset_t *before)
{
	const struct timespec now = {0};
	sigset_t pipe_only;

	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	if (!sigismember(before, SIGPIPE))
		while (sigtimedwait(&pipe_only, NULL, &now) > 0)
			;
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

static int start(const struct talk *t, const struct identity *who, struct conversation *c)
{
	int pipes[3][2] = {{-1, -1}, {-1, -1}, {-1, -1}}, r = 0;
	pid_t pid = -1;

	for (int i = 0; r == 0 && i < 3; i++)
		r = make_pipe(pipes[i]);
	if (r == 0) {
		const int fds[3] = {pipes[0][0], pipes[1][1], pipes[2][1]};

		pid = fork();
		if (pid == 0)
			become_program(t, who, fds);
		if (pid < 0)
			r = -errno;
	}
	for (int i = 0; i < 3; i++) {
		int ours = i == 0 ? 1 : 0;

		c->fds[i] = pipes[i][ours];
		hang_up(&pipes[i][!ours]);
		if (r < 0)
			hang_up(&c->fds[i]);
	}
	if (r == 0)
		fcntl(c->fds[0], F_SETFL, O_NONBLOCK);
	return r < 0 ? r : pid;
}

void talk_give_up(void)
{
	given_up = true;
}

int talk(const struct talk *t, struct buf *out, struct buf *messages)
{
	struct conversation c = {.input = t->input, .left = t->input_len};
	struct identity *who = calloc(1, sizeof(*who));
	sigset_t before;
	pid_t pid;
	int r, status;

	if (!who)
		return -ENOMEM;
	find_groups(t, who);
	pid = start(t, who, &c);
	free(who);
	if (pid < 0)
		return pid;
	block_pipe_signal(&before);
	r = converse(&c, t->timeout_ms, out, messages);
	unblock_pipe_signal(&before);
	for (int i = 0; i < 3; i++)
		hang_up(&c.fds[i]);
	status = end(pid, r < 0);
	return r < 0 ? r : buf_error(out) ? buf_error(out) : status;
}
