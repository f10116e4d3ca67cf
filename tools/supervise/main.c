/* SPDX-License-Identifier: MIT */
/*
 * guild-supervise HOME ID UID GID CMD_DIR: takes a run over and sees it through. Started by
 * core/run/launch.c, not by people; see tools/supervise/supervise.h.
 */
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/proc.h"
#include "run/attr.h"
#include "run/status.h"
#include "run/supervise_fd.h"

enum { ARGUMENTS = 5, FAILED_TO_START = 1 };

static void answer(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void answer(const char *format, ...)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&b, format, ap);
	va_end(ap);
	buf_putc(&b, '\n');
	file_write_all(SUPERVISE_REPLY_FD, b.data, b.len);
	close(SUPERVISE_REPLY_FD);
}

static int refuse(int code, const char *sentence)
{
	answer("%d %s", code, sentence);
	return 1;
}

/* --- taking over ---------------------------------------------------------- */

/* Root becomes the run's owner before it touches anything of the run. */
static int become(uid_t uid, gid_t gid)
{
	const struct passwd *pw;

	if (uid == geteuid())
		return 0;
	pw = getpwuid(uid);
	if (pw ? initgroups(pw->pw_name, gid) : setgroups(1, &gid))
		return -errno;
	return setresgid(gid, gid, gid) || setresuid(uid, uid, uid) ? -errno : 0;
}

static int take_run(struct supervisor *s)
{
	int r = run_lock_take(s->run_fd, &s->lock_fd);

	if (r == -EAGAIN || (r == 0 && !file_exists(s->run_fd, RUN_TICKET_FILE)))
		return refuse(-EALREADY, "the run has been started already");
	return r < 0 ? refuse(r, strerror(-r)) : 0;
}

/* From here on the lock says that the run is alive, and this says who sees to it. */
static int sign(struct supervisor *s)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	struct proc_ref self;
	int r = proc_ref_get(getpid(), &self);

	if (r == 0) {
		proc_ref_format(&line, &self);
		r = file_write(s->run_fd, RUN_SUPERVISOR, line.data, line.len, 0644, FILE_NOSYNC);
	}
	unlinkat(s->run_fd, RUN_PROCESS_FILE, 0);
	unlinkat(s->run_fd, RUN_LOG_FILE, 0);
	if (r == 0 && unlinkat(s->run_fd, RUN_TICKET_FILE, 0) < 0)
		r = -errno;
	return r < 0 ? refuse(r, strerror(-r)) : 0;
}

static int open_run(struct supervisor *s, const char *home_path, const char *id)
{
	struct err err = ERR_INIT;
	_cleanup_buf_ struct buf dir = BUF_INIT;
	int r = home_open(home_path, &s->home, &err);

	if (r < 0)
		return refuse(r, err_text(&err));
	s->run_fd = home_open_run(s->home, id);
	if (s->run_fd < 0)
		return refuse(s->run_fd, "there is no such run");
	home_run_path(s->home, id, &dir);
	s->run_dir = buf_steal(&dir, NULL);
	s->id = id;
	return s->run_dir ? 0 : refuse(-ENOMEM, "out of memory");
}

/* --- the life of a run ---------------------------------------------------- */

static int start_process(struct supervisor *s, struct err *err)
{
	int out_fd, err_fd;
	int r = prepare_run(s, err);

	if (r == 0)
		numbers_open(s);
	log_close(s);
	if (r == 0)
		r = tee_open(s, &out_fd, &err_fd, err);
	if (r < 0)
		return r;
	r = process_start(s, out_fd, err_fd, err);
	close(out_fd);
	close(err_fd);
	return r < 0 ? r : process_release(s, err);
}

static int see_through(struct supervisor *s)
{
	struct err err = ERR_INIT;
	int r = start_process(s, &err);

	if (r == 0) {
		gather_beside(s);
		r = watch_process(s, &err);
	}
	if (r < 0)
		tee_say(s, "guild: %s\n", err.code ? err_text(&err) : strerror(-r));
	if (s->tee)
		tee_close(s);
	else
		numbers_close(s);
	return finish_run(s, s->ended ? exit_status_of(s->status) : FAILED_TO_START);
}

/* Signals are taken by signalfd (watch.c); a vanished reader of a pipe is just an error. */
static void set_signals(void)
{
	static const int taken[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD};
	sigset_t mask;

	sigemptyset(&mask);
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
		sigaddset(&mask, taken[i]);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void supervisor_release(struct supervisor *s)
{
	opref_release(&s->opref);
	buf_release(&s->project);
	value_free(s->op);
	value_free(s->flags);
	value_free(s->params);
	if (s->catalog)
		catalog_free(s->catalog);
	strv_release(&s->argv);
	strv_release(&s->env);
	buf_release(&s->python);
	buf_release(&s->program);
	free(s->run_dir);
	if (s->home)
		home_close(s->home);
}

static int supervise(char **argv)
{
	uid_t uid = (uid_t)strtoul(argv[3], NULL, 10);
	gid_t gid = (gid_t)strtoul(argv[4], NULL, 10);
	_cleanup_(supervisor_release) struct supervisor s = {
		.run_fd = -1, .lock_fd = -1, .gate_fd = -1, .log_fd = -1, .guild_fd = -1};
	int r;

	/* Where the operation writes when its output is not kept: who started it gave them. */
	s.caller_out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, SUPERVISE_REPLY_FD + 1);
	s.caller_err = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, SUPERVISE_REPLY_FD + 1);
	setsid();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	set_signals();
	s.other_user = uid != geteuid();
	r = become(uid, gid);
	if (r < 0)
		return refuse(r, "cannot become the run's owner");
	s.cmd_dir = argv[5];
	if (open_run(&s, argv[1], argv[2]) || take_run(&s) || sign(&s))
		return 1;
	answer("ok");
	return see_through(&s) < 0;
}

int main(int argc, char **argv)
{
	pid_t pid;

	if (argc != ARGUMENTS + 1 || fcntl(SUPERVISE_REPLY_FD, F_SETFD, FD_CLOEXEC) < 0) {
		fputs("guild-supervise is started by guild and guildfs, not by hand\n", stderr);
		return 2;
	}
	close_range(SUPERVISE_REPLY_FD + 1, ~0U, 0);
	/* The starter waits for this process only; its child belongs to nobody. */
	pid = fork();
	if (pid < 0)
		return refuse(-errno, strerror(errno));
	return pid ? 0 : supervise(argv);
}
