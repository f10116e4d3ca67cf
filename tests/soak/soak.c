/* SPDX-License-Identifier: MIT */
/*
 * soak GUILD HOME PROJECT MOUNTPOINT LOGS SECONDS WORKERS KILLS SEED
 *
 * Mounts by `GUILD mount -f`, lets the workers work for that long, kills the daemon so many times
 * at random moments, and in between has it sleep, ends it by SIGTERM and unmounts it in use. Exit
 * status 1 when something was wrong: what is on stderr. A worker that waits for HANG_MS is wrong,
 * too.
 */
#include "soak.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

enum { HANG_MS = 60 * 1000, TICK_NS = 20 * 1000 * 1000, SLEEP_TICKS = 20 };

struct soak {
	struct shared *shared;
	const char *guild, *home, *project, *mount, *logs;
	unsigned workers;
	uint64_t seed;
	struct random random;
	pid_t daemon, pids[WORKERS_MAX];
	unsigned kills, ends;
};

static void nap(void)
{
	const struct timespec t = {.tv_nsec = TICK_NS};

	nanosleep(&t, NULL);
}

static int fail(struct soak *s, const char *what, const char *about)
{
	atomic_fetch_add(&s->shared->wrong, 1);
	fprintf(stderr, "%s: %s\n", what, about);
	return -1;
}

/* --- the daemon ----------------------------------------------------------- */

static int start_daemon(struct soak *s)
{
	char readme[512];
	int64_t end = clock_monotonic_ms() + HANG_MS;
	struct stat st;

	snprintf(readme, sizeof(readme), "%s/README", s->mount);
	s->daemon = fork();
	if (s->daemon < 0)
		return fail(s, "fork", strerror(errno));
	if (s->daemon == 0) {
		execl(s->guild, s->guild, "-H", s->home, "mount", "-f", "-C", s->project, s->mount,
			(char *)NULL);
		_exit(127);
	}
	while (stat(readme, &st) < 0) {
		if (waitpid(s->daemon, NULL, WNOHANG) == s->daemon) {
			s->daemon = 0;
			return fail(s, "guild mount", "has ended");
		}
		if (clock_monotonic_ms() > end)
			return fail(s, "guild mount", "does not answer");
		nap();
	}
	atomic_fetch_add(&s->shared->generation, 1); /* even */
	return 0;
}

/* Where each thread of a daemon that does not end waits. */
static void tell_threads(pid_t pid)
{
	static const char script[] = "cd /proc/$0/task && for t in *; do "
				     "echo $(cat $t/comm $t/wchan) $(head -4 $t/stack); "
				     "done | sort | uniq -c >&2";
	char number[16];
	pid_t shell = fork();

	snprintf(number, sizeof(number), "%d", (int)pid);
	if (shell == 0) {
		execl("/bin/sh", "sh", "-c", script, number, (char *)NULL);
		_exit(127);
	}
	waitpid(shell, NULL, 0);
}

/* What it died of by itself is an error; and so is not to end. */
static int end_daemon(struct soak *s, int signal)
{
	int64_t end = clock_monotonic_ms() + HANG_MS;
	int status;
	pid_t pid;

	atomic_fetch_add(&s->shared->generation, 1); /* odd */
	if (waitpid(s->daemon, &status, WNOHANG) == s->daemon)
		return fail(s, "the daemon has died by itself",
			WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "with a status");
	kill(s->daemon, signal);
	while ((pid = waitpid(s->daemon, &status, WNOHANG)) == 0) {
		if (clock_monotonic_ms() > end) {
			tell_threads(s->daemon);
			kill(s->daemon, SIGKILL);
			return fail(s, signal == SIGTERM ? "the daemon at SIGTERM" : "the daemon",
				"does not end");
		}
		nap();
	}
	if (signal == SIGTERM && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
		return fail(s, "the daemon did not end in peace",
			WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "with a status");
	return 0;
}

/* What hangs then is let go. */
static void end_by_force(struct soak *s)
{
	if (s->daemon > 0)
		kill(s->daemon, SIGKILL);
	umount2(s->mount, MNT_FORCE);
	umount2(s->mount, MNT_DETACH);
}

/* As with a machine that is suspended. */
static void suspend_daemon(struct soak *s)
{
	kill(s->daemon, SIGSTOP);
	for (int i = 0; i < SLEEP_TICKS; i++)
		nap();
	kill(s->daemon, SIGCONT);
	nap();
}

/* The first of each five deaths is a peaceful one; the last comes after a sleep. */
static int replace_daemon(struct soak *s)
{
	int signal = s->ends % 5 ? SIGKILL : SIGTERM;

	if (s->ends++ % 5 == 4)
		suspend_daemon(s);

	s->kills += signal == SIGKILL;
	return end_daemon(s, signal) < 0 ? -1 : start_daemon(s);
}

/* --- workers -------------------------------------------------------------- */

static void be_worker(struct soak *s, unsigned number)
{
	static struct worker w;
	char path[512];

	w = (struct worker){.shared = s->shared,
		.guild = s->guild,
		.home = s->home,
		.project = s->project,
		.mount = s->mount,
		.number = number};
	snprintf(path, sizeof(path), "%s/%u", s->logs, number);
	w.log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	random_seed_python(&w.random, s->seed + number);
	work(&w);
	_exit(0);
}

static int start_workers(struct soak *s)
{
	for (unsigned i = 0; i < s->workers; i++) {
		s->pids[i] = fork();
		if (s->pids[i] < 0)
			return fail(s, "fork", strerror(errno));
		if (s->pids[i] == 0)
			be_worker(s, i);
	}
	return 0;
}

static int look_for_hanging(struct soak *s)
{
	char text[64];

	for (unsigned i = 0; i < s->workers; i++) {
		int64_t since = atomic_load(&s->shared->beats[i].since_ms);

		if (!since || clock_monotonic_ms() - since < HANG_MS)
			continue;
		snprintf(text, sizeof(text), "worker %u, process %d", i, (int)s->pids[i]);
		return fail(s, atomic_load(&s->shared->beats[i].what), text);
	}
	return 0;
}

/* One that died of anything is wrong; one that hangs is killed. */
static void end_workers(struct soak *s)
{
	int64_t end = clock_monotonic_ms() + HANG_MS;
	int status;

	atomic_store(&s->shared->stop, true);
	for (unsigned i = 0; i < s->workers; i++) {
		while (waitpid(s->pids[i], &status, WNOHANG) == 0) {
			if (clock_monotonic_ms() > end) {
				fail(s, "does not end", atomic_load(&s->shared->beats[i].what));
				kill(s->pids[i], SIGKILL);
				end_by_force(s);
				end += HANG_MS;
			}
			nap();
		}
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
			fail(s, "a worker died", strsignal(WTERMSIG(status)));
	}
}

static void soak(struct soak *s, unsigned seconds, unsigned kills)
{
	int64_t now = clock_monotonic_ms(), end = now + (int64_t)seconds * 1000;
	/* With the peaceful ones. */
	unsigned deaths = kills + kills / 4;
	int64_t span = deaths ? (end - now) / deaths : 0, next = now;

	next += deaths ? (int64_t)random_up_to(&s->random, (uint64_t)span) : seconds * 1000;
	for (; now < end; now = clock_monotonic_ms()) {
		if (look_for_hanging(s) < 0)
			return;
		if (s->kills < kills && now >= next) {
			if (replace_daemon(s) < 0)
				return;
			next += (int64_t)random_up_to(&s->random, 2 * (uint64_t)span);
		}
		nap();
	}
	/* A slow machine has not come to all of them. */
	while (s->kills < kills && replace_daemon(s) == 0)
		nap();
}

int main(int argc, char **argv)
{
	static struct soak s;
	unsigned seconds, kills;

	if (argc != 10)
		return 2;
	s = (struct soak){.guild = argv[1],
		.home = argv[2],
		.project = argv[3],
		.mount = argv[4],
		.logs = argv[5],
		.workers = (unsigned)strtoul(argv[7], NULL, 10),
		.seed = strtoull(argv[9], NULL, 10)};
	seconds = (unsigned)strtoul(argv[6], NULL, 10);
	kills = (unsigned)strtoul(argv[8], NULL, 10);
	s.shared = mmap(
		NULL, sizeof(*s.shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s.workers > WORKERS_MAX || s.shared == MAP_FAILED)
		return 2;
	random_seed_python(&s.random, s.seed + WORKERS_MAX);
	atomic_store(&s.shared->generation, 1);
	s.shared->began_ms = clock_monotonic_ms();
	if (start_daemon(&s) == 0 && start_workers(&s) == 0) {
		soak(&s, seconds, kills);
		end_workers(&s);
	}
	if (s.daemon > 0)
		end_daemon(&s, SIGTERM);
	printf("%u operations, %u starts, %u kills, %u ends in peace, %u runs killed, %u commands "
	       "killed, %u wrong\n",
		atomic_load(&s.shared->operations), atomic_load(&s.shared->starts), s.kills,
		s.ends - s.kills, atomic_load(&s.shared->runs_killed),
		atomic_load(&s.shared->guilds_killed), atomic_load(&s.shared->wrong));
	return atomic_load(&s.shared->wrong) > 0;
}
