/* SPDX-License-Identifier: MIT */
/*
 * Samples of the system while the operation runs (metrics/sys_sample.h). They are taken by a
 * process of their own, at low priority: NVML is not our code, and a driver or a /proc that hangs
 * must not keep the run from its end. That process sends each sample as one message, an Event;
 * they are written here, where the event file of the output's scalars is. It ends when the socket
 * does, whatever becomes of the supervisor, and is killed when the run is over.
 *
 * The attribute `plugins` says what is sampled, $GUILD_SAMPLE_SECONDS how often: 5 when it is not
 * set, 0 for never. The first sample is due after that time: a shorter run has none, as nothing
 * could be said of it but how the machine was.
 */
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "metrics/event_write.h"
#include "metrics/sys_sample.h"
#include "run/attr.h"
#include "run/deps.h"

enum {
	NICE = 10,
	DEFAULT_SECONDS = 5,
	DAY = 24 * 60 * 60,
	EVENT_MAX = 64 * 1024,
	SOCKET = 3,
	GONE_MS = 200
};

#define VARIABLE "GUILD_SAMPLE_SECONDS"
#define SHORTEST 0.01

/* --- what is wanted --------------------------------------------------------------------------- */

static unsigned wanted_parts(const struct supervisor *s)
{
	static const struct {
		const char *name;
		enum sys_part part;
	} parts[] = {
		{"cpu", SYS_CPU}, {"disk", SYS_DISK}, {"gpu", SYS_GPU}, {"memory", SYS_MEMORY}};
	_cleanup_value_ struct value *plugins = NULL;
	unsigned wanted = 0;

	if (!attr_read_as(s->run_fd, "plugins", VALUE_LIST, &plugins))
		return 0;
	for (size_t i = 0; i < plugins->list.n; i++)
		for (size_t j = 0; j < ARRAY_SIZE(parts); j++) {
			const char *name = value_str(plugins->list.items[i]);

			if (name && strcmp(name, parts[j].name) == 0)
				wanted |= parts[j].part;
		}
	return wanted;
}

/* 0: never. */
static double wanted_seconds(struct supervisor *s)
{
	const char *text = strv_env_get(&s->env, VARIABLE);
	_cleanup_buf_ struct buf line = BUF_INIT;
	char *end;
	double seconds;

	if (!text || !*text)
		return DEFAULT_SECONDS;
	seconds = strtod(text, &end);
	if (!*end && seconds >= 0 && seconds <= DAY)
		return seconds > 0 && seconds < SHORTEST ? SHORTEST : seconds;
	buf_printf(&line,
		VARIABLE " is '%s', which is no number of seconds from 0 (no samples) to %d: the "
			 "system is sampled every %d s",
		text, DAY, DEFAULT_SECONDS);
	log_line(s, DEPS_WARNING, buf_str(&line));
	return DEFAULT_SECONDS;
}

void sample_prepare(struct supervisor *s)
{
	s->sample_parts = wanted_parts(s);
	s->sample_seconds = s->sample_parts ? wanted_seconds(s) : 0;
}

/* --- the process ------------------------------------------------------------------------------ */

static double monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Nothing of the supervisor's stays open here: its lock says that the run is alive. */
static void leave_everything(int socket)
{
	sigset_t none;
	int null = open("/dev/null", O_RDWR);

	for (int fd = 0; fd < SOCKET; fd++)
		dup2(null, fd);
	dup2(socket, SOCKET);
	close_range(SOCKET + 1, ~0U, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpriority(PRIO_PROCESS, 0, NICE);
	prctl(PR_SET_NAME, "guild-sample");
}

static int send_sample(const struct value *values, double seconds)
{
	_cleanup_buf_ struct buf event = BUF_INIT;

	event_put_scalars(&event, (double)clock_now() / 1e6, (int64_t)seconds, values);
	if (buf_error(&event))
		return buf_error(&event);
	return send(SOCKET, event.data, event.len, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* The first one is what rates are counted from, and no more. */
static int take_sample(struct sys_sampler *sampler, double start)
{
	_cleanup_value_ struct value *values = value_map();
	double now = monotonic();
	int r = values ? sys_sample(sampler, now, values) : -ENOMEM;

	return r < 0 || !values->map.n || isnan(start) ? r : send_sample(values, now - start);
}

/* Until the other end is closed: nothing else ever comes from there. */
static bool wait_for(double when)
{
	struct pollfd end = {.fd = SOCKET, .events = POLLIN};
	double left = when - monotonic();

	return poll(&end, 1, left > 0 ? (int)ceil(left * 1000) : 0) == 0;
}

static void take_samples(const struct supervisor *s, pid_t supervisor)
{
	_cleanup_close_ int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int sys_fd = open("/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct sys_config config = {.proc_fd = proc_fd,
		.sys_fd = sys_fd,
		.supervisor = supervisor,
		.except = getpid(),
		.parts = s->sample_parts};
	_cleanup_sys_sampler_ struct sys_sampler *sampler = NULL;
	double seconds = s->sample_seconds, start = monotonic(), next = start;

	if (sys_sampler_new(&config, &sampler) < 0 || take_sample(sampler, NAN) < 0)
		return;
	do {
		double now = monotonic();

		/* Times that have passed, on a machine that was asleep or busy, are left out. */
		next += seconds * (now > next ? floor((now - next) / seconds) + 1 : 1);
	} while (wait_for(next) && take_sample(sampler, start) == 0);
}

/* --- beside the supervisor -------------------------------------------------------------------- */

void sample_begin(struct supervisor *s)
{
	pid_t self = getpid();
	int sockets[2];

	if (s->sample_seconds == 0 || !s->capture ||
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return;
	s->sampler = fork();
	if (s->sampler == 0) {
		leave_everything(sockets[1]);
		take_samples(s, self);
		_exit(0);
	}
	close(sockets[1]);
	fcntl(sockets[0], F_SETFL, O_NONBLOCK);
	s->sample_fd = sockets[0];
	if (s->sampler < 0)
		sample_end(s);
}

void sample_read(struct supervisor *s)
{
	_cleanup_buf_ struct buf event = BUF_INIT;
	ssize_t n;

	buf_resize(&event, EVENT_MAX);
	if (buf_error(&event))
		return sample_end(s);
	n = recv(s->sample_fd, event.data, EVENT_MAX, MSG_TRUNC);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		return sample_end(s);
	if (n > EVENT_MAX)
		return;
	buf_resize(&event, (size_t)n);
	numbers_add_event(s, &event);
}

/* One that hangs in a driver goes when the driver lets it: nobody waits for that. */
static void kill_sampler(pid_t pid)
{
	_cleanup_close_ int pidfd = pidfd_open(pid, 0);
	struct pollfd gone = {.fd = pidfd, .events = POLLIN};

	kill(pid, SIGKILL);
	if (pidfd >= 0)
		poll(&gone, 1, GONE_MS);
	waitpid(pid, NULL, WNOHANG);
}

void sample_end(struct supervisor *s)
{
	if (s->sample_fd >= 0)
		close(s->sample_fd);
	s->sample_fd = -1;
	if (s->sampler > 0)
		kill_sampler(s->sampler);
	s->sampler = 0;
}
