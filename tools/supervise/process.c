/* SPDX-License-Identifier: MIT */
/*
 * The operation's process. It is made first and held behind a pipe until the store says that it
 * runs: a supervisor that dies in between leaves a child that sees the pipe close and goes away,
 * and nothing has run that nobody knows of. PENDING is taken away by the child, once it has the
 * word: as long as it is there, nothing has run.
 */
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/proc.h"
#include "run/attr.h"
#include "run/status.h"

enum { NEVER_BEGAN = 127 };

/* In the child: wait for the word, then become the operation. Only errors come back from here. */
static void become_operation(
	const struct supervisor *s, int out_fd, int err_fd, int gate_fd, int failed_fd)
{
	sigset_t none;
	char go;
	int code;

	setpgid(0, 0);
	if (read(gate_fd, &go, 1) != 1)
		_exit(NEVER_BEGAN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (dup2(out_fd, STDOUT_FILENO) < 0 || dup2(err_fd, STDERR_FILENO) < 0 ||
		chdir(s->run_dir) < 0)
		goto failed;
	if (unlinkat(s->run_fd, RUN_GUILD_DIR "/PENDING", 0) < 0 && errno != ENOENT)
		goto failed;
	execve(s->program.data, s->argv.v, s->env.v);
failed:
	code = errno;
	if (write(failed_fd, &code, sizeof(code)) < 0)
		_exit(NEVER_BEGAN);
	_exit(NEVER_BEGAN);
}

/* Everything that a reader, a stop, or the next daemon must find once the process runs. */
static int write_start(struct supervisor *s)
{
	_cleanup_buf_ struct buf pid = BUF_INIT, line = BUF_INIT;
	struct proc_ref ref;
	int r = mark_started(s);

	if (r == 0)
		r = env_store(s);
	if (r == 0)
		r = proc_ref_get(s->pid, &ref);
	if (r < 0)
		return r;
	buf_printf(&pid, "%d", (int)s->pid);
	proc_ref_format(&line, &ref);
	r = file_write(s->run_fd, RUN_PROCESS_FILE, line.data, line.len, 0644, FILE_NOSYNC);
	if (r == 0)
		r = file_write(
			s->run_fd, RUN_GUILD_DIR "/LOCK", pid.data, pid.len, 0644, FILE_NOSYNC);
	/* Who claimed a staged run may have died before it took this away. */
	if (r == 0 && unlinkat(s->run_fd, RUN_GUILD_DIR "/STAGED", 0) < 0 && errno != ENOENT)
		r = -errno;
	return r;
}

int process_start(struct supervisor *s, int out_fd, int err_fd, struct err *err)
{
	int gate[2], failed[2] = {-1, -1};
	int r = 0;

	if (pipe2(gate, O_CLOEXEC) < 0)
		return err_set(err, -errno, "cannot start the operation: %s", strerror(errno));
	if (pipe2(failed, O_CLOEXEC) < 0) {
		r = -errno;
	} else {
		s->pid = fork();
		if (s->pid < 0)
			r = -errno;
		if (s->pid == 0) {
			/* Held by the parent alone, or its end would never show. */
			close(gate[1]);
			close(failed[0]);
			become_operation(s, out_fd, err_fd, gate[0], failed[1]);
		}
	}
	close(gate[0]);
	close(failed[1]);
	if (r < 0) {
		s->pid = 0;
		close(gate[1]);
		close(failed[0]);
		return err_set(err, r, "cannot start the operation: %s", strerror(-r));
	}
	setpgid(s->pid, s->pid);
	s->gate_fd = gate[1];
	s->failed_fd = failed[0];
	return 0;
}

static void reap(struct supervisor *s)
{
	while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
		;
	s->pid = 0;
}

int process_release(struct supervisor *s, struct err *err)
{
	int r = write_start(s), code = 0;
	ssize_t n;

	if (r == 0) {
		r = file_write_all(s->gate_fd, "g", 1);
		/* It was killed while it was held: what waits for it will say so. */
		if (r == -EPIPE)
			r = 0;
	}
	close(s->gate_fd);
	s->gate_fd = -1;
	/* The end of the pipe is exec's work; before it comes only what went wrong. */
	while ((n = read(s->failed_fd, &code, sizeof(code))) < 0 && errno == EINTR)
		;
	close(s->failed_fd);
	if (r == 0 && n == (ssize_t)sizeof(code))
		r = -code;
	if (r < 0) {
		reap(s);
		return err_set(err, r, "error running %s: %s: '%s'", s->opref.op, strerror(-r),
			s->argv.v[0]);
	}
	home_poke(s->home, s->id);
	return 0;
}
