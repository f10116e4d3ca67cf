/* SPDX-License-Identifier: MIT */
/* Spawning the supervisor and talking to it; claims, stops, and tidying up after the dead. */
#include "run/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/libexec.h"
#include "run/attr.h"
#include "run/status.h"
#include "run/supervise_fd.h"

enum { REPLY_MAX = 1024, LINE_MAX_LEN = 256 };

/* --- starting ------------------------------------------------------------- */

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
static int spawn_supervisor(
	char *const *argv, const struct launch_spec *spec, int reply_fd, pid_t *ret_pid)
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
static int parse_reply(const char *reply, struct err *err)
{
	long code;
	char *end;

	if (strcmp(reply, "ok\n") == 0)
		return 0;
	code = strtol(reply, &end, 10);
	if (code >= 0 || *end != ' ')
		return err_set(err, -EIO, "the supervisor died before the run was started");
	end[strcspn(end, "\n")] = '\0';
	return err_set(err, (int)code, "%s", end + 1);
}

static int wait_for(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

int launch_run(
	const struct home *home, const char *id, const struct launch_spec *spec, struct err *err)
{
	_cleanup_buf_ struct buf program = BUF_INIT;
	_cleanup_strv_ struct strv argv = STRV_INIT;
	char reply[REPLY_MAX];
	int fds[2], r = libexec_dir(&program);
	pid_t pid;

	buf_puts(&program, "/guild-supervise");
	if (r == 0)
		r = add_arguments(&argv, buf_str(&program), home, id, spec);
	if (r < 0)
		return err_set(err, r, "cannot start the run: %s", strerror(-r));
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_set(err, -errno, "cannot start the run: %s", strerror(errno));
	/* The number it gets in the supervisor must not be one of the pipe's own here. */
	if (fds[1] <= SUPERVISE_REPLY_FD) {
		int higher = fcntl(fds[1], F_DUPFD_CLOEXEC, SUPERVISE_REPLY_FD + 1);

		close(fds[1]);
		fds[1] = higher;
	}
	r = spawn_supervisor(argv.v, spec, fds[1], &pid);
	close(fds[1]);
	if (r < 0) {
		close(fds[0]);
		return err_set(err, r, "cannot start %s: %s", buf_str(&program), strerror(-r));
	}
	read_reply(fds[0], reply);
	close(fds[0]);
	/* It has a child of its own that goes on, so that nobody is left with a zombie. */
	wait_for(pid);
	return parse_reply(reply, err);
}

/* --- claims --------------------------------------------------------------- */

static int touch(int run_fd, const char *name)
{
	return file_write(run_fd, name, "", 0, 0644, FILE_NOSYNC);
}

/* PENDING with a ticket, in this order: a ticket alone means nothing. */
static int make_pending(int run_fd)
{
	int r = file_mkdirs(run_fd, RUN_OWN_DIR, 0777);

	if (r == 0)
		r = touch(run_fd, RUN_TICKET_FILE);
	return r < 0 ? r : touch(run_fd, RUN_GUILD_DIR "/PENDING");
}

int launch_claim_staged(const struct home *home, const char *id, struct err *err)
{
	_cleanup_close_ int run_fd = home_open_run(home, id);
	_cleanup_close_ int lock = -1;
	int r;

	if (run_fd < 0)
		return err_set(err, run_fd, "there is no run %s", id);
	lock = home_lock_run_status(home);
	if (lock < 0)
		return err_set(err, lock, "cannot lock the home's run status: %s", strerror(-lock));
	if (!file_exists(run_fd, RUN_GUILD_DIR "/STAGED"))
		return err_set(err, -EBUSY, "the run is %s, not staged",
			run_status_name(run_status_get(run_fd)));
	r = make_pending(run_fd);
	if (r == 0 && unlinkat(run_fd, RUN_GUILD_DIR "/STAGED", 0) < 0)
		r = -errno;
	return r < 0 ? err_set(err, r, "cannot start the run: %s", strerror(-r)) : 0;
}

static void truncate_output(int run_fd)
{
	int fd = openat(
		run_fd, RUN_GUILD_DIR "/output", O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0)
		close(fd);
}

int launch_claim_restart(const struct home *home, const char *id, struct err *err)
{
	_cleanup_close_ int run_fd = home_open_run(home, id);
	_cleanup_close_ int lock = -1;
	enum run_status status;
	int r;

	if (run_fd < 0)
		return err_set(err, run_fd, "there is no run %s", id);
	status = run_status_get(run_fd);
	/* A PENDING that nobody here answers for is started over, as Guild AI does. */
	if (run_status_live(status) &&
		(status != RUN_PENDING || file_exists(run_fd, RUN_TICKET_FILE)))
		return err_set(err, -EBUSY, "the run is %s; it can be restarted when it is over",
			run_status_name(status));
	r = file_mkdirs(run_fd, RUN_OWN_DIR, 0777);
	if (r == 0)
		r = run_lock_take(run_fd, &lock);
	/* Somebody else was quicker. */
	if (r == -EAGAIN || (r == 0 && file_exists(run_fd, RUN_TICKET_FILE) &&
				    file_exists(run_fd, RUN_GUILD_DIR "/PENDING")))
		return err_set(err, -EBUSY, "the run is being started");
	if (r < 0)
		return err_set(err, r, "cannot restart the run: %s", strerror(-r));
	unlinkat(run_fd, RUN_GUILD_DIR "/LOCK", 0); /* of a process that is no more */
	/* Who follows the run from now on must not be shown how it went before. */
	unlinkat(run_fd, RUN_LOG_FILE, 0);
	truncate_output(run_fd);
	r = make_pending(run_fd);
	if (r == 0)
		r = attr_remove(run_fd, "exit_status");
	if (r == 0)
		r = attr_remove(run_fd, "stopped");
	return r < 0 ? err_set(err, r, "cannot restart the run: %s", strerror(-r)) : 0;
}

/* --- ends ----------------------------------------------------------------- */

static int kill_supervisor(int run_fd, bool kill)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	struct proc_ref ref;
	int r;

	/* Without the lock its file is about the past. */
	if (!run_lock_held(run_fd))
		return -ESRCH;
	r = file_read(run_fd, RUN_SUPERVISOR, LINE_MAX_LEN, &line);
	if (r == 0)
		r = proc_ref_parse(buf_str(&line), &ref);
	return r < 0 ? -ESRCH : proc_ref_kill(&ref, kill ? SIGUSR1 : SIGTERM, false);
}

/* Of a dead supervisor, or of Guild AI: its group, when it leads one. */
static int kill_process(int run_fd, bool kill)
{
	struct proc_ref ref;
	int r = run_process(run_fd, &ref);

	if (r < 0)
		return r;
	return proc_ref_kill(&ref, kill ? SIGKILL : SIGTERM, getpgid(ref.pid) == ref.pid);
}

int launch_stop(const struct home *home, const char *id, bool kill, struct err *err)
{
	_cleanup_close_ int run_fd = home_open_run(home, id);
	int r;

	if (run_fd < 0)
		return err_set(err, run_fd, "there is no run %s", id);
	r = kill_supervisor(run_fd, kill);
	if (r == -ESRCH)
		r = kill_process(run_fd, kill);
	if (r == -ESRCH)
		return err_set(err, r, "the run is %s, not running",
			run_status_name(run_status_get(run_fd)));
	return r < 0 ? err_set(err, r, "cannot stop the run: %s", strerror(-r)) : 0;
}

bool launch_reconcile(const struct home *home, const char *id)
{
	_cleanup_close_ int run_fd = home_open_run(home, id);
	_cleanup_close_ int lock = -1;

	if (run_fd < 0 || !run_pending_is_ghost(run_fd))
		return false;
	/* A supervisor tears up the ticket only while it holds the lock: who has the lock now can
	 * be sure that there is none. */
	if (run_lock_take(run_fd, &lock) < 0 || !run_pending_is_ghost(run_fd))
		return false;
	if (unlinkat(run_fd, RUN_GUILD_DIR "/PENDING", 0) < 0)
		return false;
	home_poke(home, id);
	return true;
}
