/* SPDX-License-Identifier: MIT */
/*
 * guild-supervise HOME ID UID GID CMD_DIR: takes a run over and sees it through.
 * guild-supervise --serve HOME CMD_DIR: the same for every run that it is asked for (launcher.c).
 * guild-supervise --job SCRIPT: the same for a run of a job's script, as that job of Slurm.
 * guild-supervise --stage HOME ID CMD_DIR: only resolves what a staged run depends on.
 * Started by core/run/launch.c, not by people; see tools/supervise/supervise.h.
 */
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/proc.h"
#include "run/launch.h"
#include "run/slurm.h"
#include "run/status.h"
#include "run/supervise_fd.h"

enum {
	ARGUMENTS = 5,
	STAGE_ARGUMENTS = 4,
	SERVE_ARGUMENTS = 3,
	JOB_ARGUMENTS = 2,
	FAILED_TO_START = 1
};

/* How long somebody may look at a run before it is given up. */
enum { LOOKS = 600, LOOK_MS = 100 };

static int reply_fd = SUPERVISE_REPLY_FD;

static void answer(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void answer(const char *format, ...)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&b, format, ap);
	va_end(ap);
	buf_putc(&b, '\n');
	file_write_all(reply_fd, b.data, b.len);
	close(reply_fd);
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

/*
 * A job has waited for its turn, and nobody starts another one when it gives up because somebody
 * has a look at the run.
 */
static int take_lock(struct supervisor *s)
{
	int r = run_lock_take(s->run_fd, &s->lock_fd);

	for (int i = 0;
		s->job.len && r == -EAGAIN && i < LOOKS && file_exists(s->run_fd, RUN_TICKET_FILE);
		i++) {
		poll(NULL, 0, LOOK_MS);
		r = run_lock_take(s->run_fd, &s->lock_fd);
	}
	return r;
}

static int take_run(struct supervisor *s)
{
	int r = take_lock(s);

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
	if (r == 0)
		r = job_sign(s);
	if (r == 0)
		lease_begin(s);
	unlinkat(s->run_fd, RUN_PROCESS_FILE, 0);
	/* The ticket is still there: without one an earlier end would be believed if we died. */
	if (r == 0)
		r = launch_forget_end(s->run_fd);
	if (r == 0 && unlinkat(s->run_fd, RUN_TICKET_FILE, 0) < 0)
		r = -errno;
	return r < 0 ? refuse(r, strerror(-r)) : 0;
}

static int open_run(struct supervisor *s, const char *home_path, const char *id, struct err *err)
{
	_cleanup_buf_ struct buf dir = BUF_INIT;
	int r = home_open(home_path, &s->home, err);

	if (r < 0)
		return r;
	s->run_fd = home_open_run(s->home, id);
	if (s->run_fd < 0)
		return err_set(err, s->run_fd, "there is no such run");
	home_run_path(s->home, id, &dir);
	s->run_dir = buf_steal(&dir, NULL);
	s->id = id;
	return s->run_dir ? 0 : err_set(err, -ENOMEM, "out of memory");
}

/* --- the life of a run ---------------------------------------------------- */

static int start_process(struct supervisor *s, struct err *err)
{
	int out_fd, err_fd;
	int r = prepare_run(s, err);

	if (r == 0)
		numbers_open(s);
	if (r == 0)
		sample_prepare(s);
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

/* What Slurm ends has not come to its end, whatever the operation makes of its TERM. */
static int how_it_ended(const struct supervisor *s)
{
	if (s->job_ends)
		return -SIGTERM;
	return s->ended ? exit_status_of(s->status) : FAILED_TO_START;
}

static int see_through(struct supervisor *s)
{
	struct err err = ERR_INIT;
	int r = start_process(s, &err);

	if (r == 0) {
		gather_beside(s);
		sample_begin(s);
		r = watch_process(s, &err);
		sample_end(s);
	}
	job_find_end(s);
	if (r < 0 && !s->job_ends)
		tee_say(s, "guild: %s\n", err.code ? err_text(&err) : strerror(-r));
	if (s->tee)
		tee_close(s);
	else
		numbers_close(s);
	return finish_run(s, how_it_ended(s));
}

/* Signals are taken by signalfd (watch.c); a vanished reader of a pipe is just an error. */
static void set_signals(void)
{
	sigset_t mask;

	watch_signals(&mask);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void supervisor_release(struct supervisor *s)
{
	opref_release(&s->opref);
	buf_release(&s->project);
	buf_release(&s->job);
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

/* What all of them do first, whoever has started them. */
static void begin(struct supervisor *s)
{
	/* Where the operation writes when its output is not kept: who started it gave them. */
	s->caller_out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, SUPERVISE_REPLY_FD + 1);
	s->caller_err = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, SUPERVISE_REPLY_FD + 1);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	set_signals();
}

/* -1: the run is ours. Else the exit status, after an answer. */
static int take_over(struct supervisor *s, const char *home, const char *id)
{
	struct err err = ERR_INIT;
	int r = open_run(s, home, id, &err);

	if (r < 0)
		return refuse(r, err_text(&err));
	return take_run(s) || sign(s) ? 1 : -1;
}

static int supervise(char **argv)
{
	uid_t uid = (uid_t)strtoul(argv[3], NULL, 10);
	gid_t gid = (gid_t)strtoul(argv[4], NULL, 10);
	_cleanup_(supervisor_release) struct supervisor s = SUPERVISOR_INIT;
	int r;

	begin(&s);
	setsid();
	s.other_user = uid != geteuid();
	r = become(uid, gid);
	if (r < 0)
		return refuse(r, "cannot become the run's owner");
	s.cmd_dir = argv[5];
	r = take_over(&s, argv[1], argv[2]);
	if (r >= 0)
		return r;
	answer("ok");
	return see_through(&s) < 0;
}

/* In the session and the process that Slurm has made for it. What it says is the job's log. */
static int supervise_as_job(const char *path)
{
	_cleanup_(job_script_release) struct job_script script = {0};
	_cleanup_(supervisor_release) struct supervisor s = SUPERVISOR_INIT;
	const char *argv[3];
	int r = job_read_script(path, &script, argv);

	reply_fd = STDERR_FILENO;
	if (r == 0)
		r = slurm_own_job(&s.job);
	if (r < 0)
		return refuse(r, "this is no job of Slurm, or not one of ours");
	begin(&s);
	s.cmd_dir = argv[2];
	r = take_over(&s, argv[0], argv[1]);
	return r >= 0 ? r : see_through(&s) < 0;
}

/* What is a log otherwise is said to who waits. */
static int stage(char **argv)
{
	_cleanup_(supervisor_release) struct supervisor s = SUPERVISOR_INIT;
	struct err err = ERR_INIT;
	int r;

	s.log_fd = STDERR_FILENO;
	s.cmd_dir = argv[4];
	r = open_run(&s, argv[2], argv[3], &err);
	if (r == 0)
		r = prepare_stage(&s, &err);
	if (r < 0)
		fprintf(stderr, "guild: %s\n", err.code ? err_text(&err) : strerror(-r));
	return r < 0;
}

/* --- many runs ------------------------------------------------------------ */

/* A run's id and where the answer goes. Returns the length; 0 at the end. */
static ssize_t next_request(char *id, size_t size, int *ret_fd)
{
	struct iovec text = {.iov_base = id, .iov_len = size - 1};
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr message = {.msg_iov = &text,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room)};
	struct cmsghdr *header;
	ssize_t n;

	while ((n = recvmsg(SUPERVISE_REPLY_FD, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	header = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	if (!header || header->cmsg_type != SCM_RIGHTS)
		return 0;
	memcpy(ret_fd, CMSG_DATA(header), sizeof(*ret_fd));
	id[n] = '\0';
	return n;
}

/* Loaded once, and forked for each run. Its end is nothing to them. */
static int serve(char **argv)
{
	char id[NAME_MAX + 1], uid[16], gid[16];
	char *arguments[] = {argv[0], argv[2], id, uid, gid, argv[3], NULL};
	int fd;

	snprintf(uid, sizeof(uid), "%u", (unsigned)geteuid());
	snprintf(gid, sizeof(gid), "%u", (unsigned)getegid());
	/* A stop of the batch is for its group, which a supervisor has not left at its first
	 * moment: blocked, it waits there to be passed on. */
	set_signals();
	signal(SIGCHLD, SIG_IGN);
	while (next_request(id, sizeof(id), &fd) > 0) {
		pid_t pid = fork();

		if (pid == 0) {
			signal(SIGCHLD, SIG_DFL);
			if (dup3(fd, SUPERVISE_REPLY_FD, O_CLOEXEC) < 0)
				return 1;
			close(fd);
			return supervise(arguments);
		}
		if (pid < 0)
			dprintf(fd, "%d %s\n", -errno, strerror(errno));
		close(fd);
	}
	return 0;
}

int main(int argc, char **argv)
{
	pid_t pid;

	if (argc == JOB_ARGUMENTS + 1 && strcmp(argv[1], SUPERVISE_JOB) == 0)
		return supervise_as_job(argv[2]);
	if (argc == STAGE_ARGUMENTS + 1 && strcmp(argv[1], "--stage") == 0)
		return stage(argv);
	if (argc == SERVE_ARGUMENTS + 1 && strcmp(argv[1], "--serve") == 0 &&
		fcntl(SUPERVISE_REPLY_FD, F_SETFD, FD_CLOEXEC) == 0)
		return serve(argv);
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
