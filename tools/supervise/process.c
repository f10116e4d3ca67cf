/* SPDX-License-Identifier: MIT */
/*
 * The operation's process. It is made first and held behind a pipe until the store says that it
 * runs: a supervisor that dies in between leaves a child that sees the pipe close and goes away,
 * and nothing has run that nobody knows of.
 */
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>

#include "base/clock.h"
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
	execve(s->program.data, s->argv.v, s->env.v);
failed:
	code = errno;
	if (write(failed_fd, &code, sizeof(code)) < 0)
		_exit(NEVER_BEGAN);
	_exit(NEVER_BEGAN);
}

/* Names that hold what must not be read by whoever may read the run. */
static bool is_secret(const char *name, size_t len)
{
	static const char *const words[] = {"password", "token", "secret"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		size_t n = strlen(words[i]);

		for (size_t at = 0; at + n <= len; at++)
			if (strncasecmp(name + at, words[i], n) == 0)
				return true;
	}
	return false;
}

/* What the Guild file names in env-secrets. */
static bool is_own_secret(const struct supervisor *s, const char *name, size_t len)
{
	const struct value *secrets = value_get(value_get(s->op, "guildfs"), "env-secrets");

	for (size_t i = 0; secrets && secrets->type == VALUE_LIST && i < secrets->list.n; i++) {
		const char *secret = value_str(secrets->list.items[i]);

		if (secret && strlen(secret) == len && strncmp(secret, name, len) == 0)
			return true;
	}
	return false;
}

static int write_env(const struct supervisor *s)
{
	_cleanup_value_ struct value *env = value_map();
	int r = env ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < s->env.n; i++) {
		const char *equals = strchr(s->env.v[i], '=');
		size_t len = equals ? (size_t)(equals - s->env.v[i]) : 0;
		_cleanup_buf_ struct buf name = BUF_INIT;

		if (!len || is_secret(s->env.v[i], len) || is_own_secret(s, s->env.v[i], len))
			continue;
		buf_add(&name, s->env.v[i], len);
		r = value_map_set(env, buf_str(&name), value_string(equals + 1));
	}
	return r < 0 ? r : attr_write(s->run_fd, "env", env, FILE_NOSYNC);
}

/* Everything that a reader, a stop, or the next daemon must find once the process runs. */
static int write_start(const struct supervisor *s)
{
	_cleanup_buf_ struct buf pid = BUF_INIT, line = BUF_INIT;
	struct proc_ref ref;
	int r = attr_write_int(s->run_fd, "started", clock_now(), FILE_NOSYNC);

	if (r == 0)
		r = write_env(s);
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
	if (r == 0 && unlinkat(s->run_fd, RUN_GUILD_DIR "/PENDING", 0) < 0 && errno != ENOENT)
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
		home_poke(s->home, s->id);
		r = file_write_all(s->gate_fd, "g", 1);
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
	return 0;
}
