/* SPDX-License-Identifier: MIT */
/* What comes to runs beside the mount: guild, and kill -9. */
#include "soak.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/strv.h"
#include "run/status.h"

enum { LINE_MAX_LEN = 256 };

/* "NAME: VALUE" lines as "NAME=VALUE" arguments. */
static int add_flags(struct strv *argv, const char *flags)
{
	int r = 0;

	for (const char *line = flags; r == 0 && *line; line += strcspn(line, "\n") + 1) {
		size_t name = strcspn(line, ":"), len = strcspn(line, "\n");

		r = strv_addf(
			argv, "%.*s=%.*s", (int)name, line, (int)(len - name - 2), line + name + 2);
	}
	return r;
}

static void become_guild(const struct worker *w, const char *flags)
{
	const char *const words[] = {w->guild, "-H", w->home, "run", "m:quick", "-q", "-y"};
	struct strv argv = STRV_INIT;
	int null = open("/dev/null", O_RDWR);

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strv_add(&argv, words[i]) < 0)
			_exit(127);
	if (add_flags(&argv, flags) == 0 && chdir(w->project) == 0)
		execv(w->guild, argv.v);
	_exit(127);
}

int guild_run(const struct worker *w, const char *flags, unsigned kill_after_ms)
{
	const struct timespec pause = {.tv_nsec = kill_after_ms * 1000L * 1000};
	pid_t pid = fork();
	int status;

	if (pid == 0)
		become_guild(w, flags);
	if (pid > 0 && kill_after_ms) {
		nanosleep(&pause, NULL);
		kill(pid, SIGKILL);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status)
									       : -1;
}

static bool kill_named(const struct worker *w, const char *id, const char *name, bool group)
{
	_cleanup_buf_ struct buf path = BUF_INIT, line = BUF_INIT;
	struct proc_ref ref;

	buf_printf(&path, "%s/runs/%s/%s", w->home, id, name);
	return file_read(AT_FDCWD, buf_str(&path), LINE_MAX_LEN, &line) == 0 &&
	       proc_ref_parse(buf_str(&line), &ref) == 0 &&
	       proc_ref_kill(&ref, SIGKILL, group) == 0;
}

bool kill_run(const struct worker *w, const char *id, bool supervisor, bool process)
{
	bool any = supervisor && kill_named(w, id, RUN_SUPERVISOR, false);

	return (process && kill_named(w, id, RUN_PROCESS_FILE, true)) || any;
}
