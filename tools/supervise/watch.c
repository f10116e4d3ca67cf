/* SPDX-License-Identifier: MIT */
/*
 * What may happen while the operation runs, and what is done about it:
 *
 *	output		kept
 *	a sample	written to the scalars
 *	SIGTERM, SIGINT	passed on to the operation's process group (stop, Ctrl-C)
 *	SIGUSR2		TERM to the group, from another machine
 *	SIGUSR1		its group is killed
 *	SIGHUP		nothing: a run belongs to nobody's terminal
 *	SIGCHLD		children are reaped; when it was the operation, its status is kept
 *
 * It is over when the operation has ended and its output is at its end. Grandchildren that keep
 * the pipes open are given a moment, no more: what they write later is theirs.
 */
#include "supervise.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "run/supervise_fd.h"

enum { LINGER_MS = 200, KILL_DELAY_MS = 30000 };

static void reap_children(struct supervisor *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == s->pid) {
			s->status = status;
			s->ended = true;
		}
		if (pid == s->sampler)
			s->sampler = 0;
	}
}

void watch_signals(sigset_t *ret)
{
	static const int taken[] = {
		SIGTERM, SIGINT, SIGHUP, SUPERVISE_KILL, SUPERVISE_STOP, SIGCHLD};

	sigemptyset(ret);
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
		sigaddset(ret, taken[i]);
}

static int open_signals(void)
{
	sigset_t mask;

	watch_signals(&mask);
	return signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Milliseconds from $NAME, which is in seconds. */
static int64_t env_ms(const struct supervisor *s, const char *name, int64_t absent)
{
	const char *text = strv_env_get(&s->env, name);

	return text && *text ? (int64_t)(strtod(text, NULL) * 1000) : absent;
}

/* --stop-after MINUTES: TERM when they are over, KILL when that did not help. */
struct stop {
	int64_t at; /* on the monotonic clock; 0: never */
	bool termed;
};

static struct stop stop_after(const struct supervisor *s)
{
	const struct value *minutes = value_get(s->params, "stop_after");
	double n = !minutes                       ? 0
		   : minutes->type == VALUE_INT   ? (double)minutes->integer
		   : minutes->type == VALUE_FLOAT ? minutes->number
						  : 0;

	return (struct stop){.at = n > 0 ? clock_monotonic_ms() + (int64_t)(n * 60000) : 0};
}

static void check_stop(const struct supervisor *s, struct stop *stop)
{
	if (!stop->at || s->ended || clock_monotonic_ms() < stop->at)
		return;
	kill(-s->pid, stop->termed ? SIGKILL : SIGTERM);
	stop->termed = true;
	stop->at = clock_monotonic_ms() + env_ms(s, "STOP_AFTER_KILL_DELAY", KILL_DELAY_MS);
}

/* Of Slurm it is the last but one: the one behind it would end this process, too. */
static void handle_term(struct supervisor *s, pid_t sender, struct stop *stop)
{
	int64_t left = job_ends_in(s, sender);

	kill(-s->pid, SIGTERM);
	if (left)
		*stop = (struct stop){.at = clock_monotonic_ms() + left, .termed = true};
}

static void handle_signal(struct supervisor *s, int fd, struct stop *stop)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGTERM:
			handle_term(s, (pid_t)info.ssi_pid, stop);
			break;
		case SIGINT:
			kill(-s->pid, SIGINT);
			break;
		case SUPERVISE_STOP:
			kill(-s->pid, SIGTERM);
			break;
		case SUPERVISE_KILL:
			kill(-s->pid, SIGKILL);
			break;
		case SIGCHLD:
			reap_children(s);
			break;
		default:
			break;
		}
	}
}

int watch_process(struct supervisor *s, struct err *err)
{
	_cleanup_close_ int signals = open_signals();
	struct stop stop = stop_after(s);
	int64_t deadline = 0;

	if (signals < 0)
		return err_set(err, -errno, "cannot wait for signals: %s", strerror(errno));
	for (;;) {
		int fds[2], timeout = -1;
		struct pollfd polls[4];

		tee_fds(s->tee, fds);
		if (s->ended) {
			if (!deadline)
				deadline = clock_monotonic_ms() + LINGER_MS;
			timeout = (int)(deadline - clock_monotonic_ms());
			if (timeout <= 0 || (fds[0] < 0 && fds[1] < 0))
				return 0;
		}
		check_stop(s, &stop);
		if (stop.at && !s->ended) {
			int64_t left = stop.at - clock_monotonic_ms();

			timeout = left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
		}
		polls[0] = (struct pollfd){.fd = signals, .events = POLLIN};
		polls[1] = (struct pollfd){.fd = fds[0], .events = POLLIN};
		polls[2] = (struct pollfd){.fd = fds[1], .events = POLLIN};
		polls[3] = (struct pollfd){.fd = s->sample_fd, .events = POLLIN};
		if (poll(polls, 4, timeout) < 0 && errno != EINTR)
			return err_set(
				err, -errno, "cannot wait for the operation: %s", strerror(errno));
		if (polls[0].revents)
			handle_signal(s, signals, &stop);
		if (polls[1].revents)
			tee_read(s, 0);
		if (polls[2].revents)
			tee_read(s, 1);
		if (polls[3].revents)
			sample_read(s);
	}
}
