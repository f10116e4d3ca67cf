/* SPDX-License-Identifier: MIT */
/*
 * A supervisor that Slurm has started. Its script says which run it is to take; nobody waits for
 * an answer. TERM from Slurm means that KILL comes after a while, for this process too: the
 * operation is killed before, so that how the run ended is written down.
 */
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "base/beneath.h"
#include "base/file.h"
#include "run/attr.h"
#include "run/executor.h"
#include "run/slurm.h"

#define SCRIPT_MAX ((size_t)8 << 20)

enum { HOME_LINE, DIR_LINE, ID_LINES, SPARE_S = 2 };

int job_read_script(const char *path, struct job_script *script, const char *ret_argv[3])
{
	size_t task = ID_LINES + slurm_own_task();
	int r = file_read(AT_FDCWD, path, SCRIPT_MAX, &script->text);
	const char *at = buf_str(&script->text);

	at += strcspn(at, "\n");
	while (r == 0 && *at) {
		size_t len = strcspn(++at, "\n");

		if (len)
			r = strv_add_len(&script->lines, at, len);
		at += len;
	}
	if (r == 0 && task >= script->lines.n)
		r = -EINVAL;
	if (r < 0)
		return r;
	ret_argv[0] = script->lines.v[HOME_LINE];
	ret_argv[1] = script->lines.v[task];
	ret_argv[2] = script->lines.v[DIR_LINE];
	return 0;
}

void job_script_release(struct job_script *script)
{
	buf_release(&script->text);
	strv_release(&script->lines);
}

int job_sign(const struct supervisor *s)
{
	_cleanup_value_ struct value *host = NULL;
	char name[HOST_NAME_MAX + 1] = "";
	int r;

	if (!s->job.len)
		return 0;
	gethostname(name, sizeof(name) - 1);
	host = value_string(name);
	r = host ? attr_write(s->run_fd, "host", host, FILE_NOSYNC) : -ENOMEM;
	/* Why it waited is of no interest any more. */
	beneath_unlink(s->run_fd, RUN_REASON_FILE);
	return r < 0 ? r : run_job_write(s->run_fd, &executor_slurm, buf_str(&s->job));
}

int64_t job_ends_in(struct supervisor *s, pid_t sender)
{
	long wait;

	/* Others than its parent, Slurm's process for this job, ask for a stop like any other. */
	if (!s->job.len || s->job_ends || sender != getppid())
		return 0;
	s->job_ends = true;
	wait = slurm_kill_wait() - SPARE_S;
	return (wait > 1 ? wait : 1) * INT64_C(1000);
}

void job_find_end(struct supervisor *s)
{
	_cleanup_buf_ struct buf why = BUF_INIT;

	if (!s->job.len)
		return;
	/* Slurm signals one process after the other, and the operation's may have been first. */
	s->job_ends |= slurm_has_ended(buf_str(&s->job), &why);
	if (!s->job_ends)
		return;
	if (!why.len)
		buf_printf(&why, "Slurm's job %s was cancelled", buf_str(&s->job));
	run_reason_write(s->run_fd, buf_str(&why));
	tee_say(s, "guild: %s\n", buf_str(&why));
}
