/* SPDX-License-Identifier: MIT */
/* The executor `slurm`: ending jobs, and what a job asks about itself. */
#include "run/slurm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "run/slurm_internal.h"
#include "run/supervise_fd.h"

enum {
	OWN_MS = 2000,    /* for an answer to a job that is about to be killed */
	KILL_WAIT_S = 30, /* where Slurm's own limit is not known: its default */
};

/* --- ending ----------------------------------------------------------------- */

static int scancel(const struct strv *arguments, struct err *err)
{
	_cleanup_buf_ struct buf out = BUF_INIT, messages = BUF_INIT;
	_cleanup_strv_ struct strv argv = STRV_INIT;
	int r = strv_add(&argv, "scancel");

	if (r == 0)
		r = strv_copy(&argv, arguments);
	if (r < 0)
		return err_set(err, r, "out of memory");
	r = slurm_call_here((const char *const *)argv.v, SLURM_ASK_MS, &out, &messages, err);
	return r > 0 ? slurm_refused("scancel", &messages, err) : r;
}

static int cancel(const struct strv *jobs, struct err *err)
{
	_cleanup_strv_ struct strv arguments = STRV_INIT;
	int r = 0;

	for (size_t i = 0; r == 0 && i < jobs->n; i++)
		r = strv_add_len(&arguments, jobs->v[i], slurm_id_len(jobs->v[i]));
	return r < 0 ? r : scancel(&arguments, err);
}

static int stop(const char *job, bool kill, struct err *err)
{
	_cleanup_strv_ struct strv arguments = STRV_INIT;
	int r = strv_add(&arguments, "--batch");

	if (r == 0)
		r = strv_addf(&arguments, "--signal=%d", kill ? SUPERVISE_KILL : SUPERVISE_STOP);
	if (r == 0)
		r = strv_add_len(&arguments, job, slurm_id_len(job));
	return r < 0 ? r : scancel(&arguments, err);
}

/* --- one's own job ---------------------------------------------------------- */

int slurm_own_job(struct buf *ret)
{
	const char *id = getenv("SLURM_ARRAY_JOB_ID"), *task = getenv("SLURM_ARRAY_TASK_ID");

	if (id && task)
		buf_printf(ret, "%s_%s", id, task);
	else if (getenv("SLURM_JOB_ID"))
		buf_puts(ret, getenv("SLURM_JOB_ID"));
	else
		return -ENOENT;
	return buf_error(ret);
}

size_t slurm_own_task(void)
{
	const char *task = getenv("SLURM_ARRAY_TASK_ID");

	return task ? strtoul(task, NULL, 10) : 0;
}

long slurm_kill_wait(void)
{
	return slurm_config_number("KillWait", OWN_MS, KILL_WAIT_S);
}

bool slurm_has_ended(const char *job, struct buf *ret_why)
{
	static const struct {
		const char *sign, *sentence;
	} ends[] = {
		{"TimeLimit", "has come to its time limit"},
		{"TIMEOUT", "has come to its time limit"},
		{"PREEMPTED", "was preempted"},
		{"NODE_FAIL", "was ended, since its node failed"},
		{"CANCELLED", "was cancelled"},
		{"COMPLETING", "was cancelled"},
		{"DEADLINE", "has come to its deadline"},
	};
	const char *argv[] = {
		"squeue", "--noheader", "--states=all", "--format=%T|%r", "--jobs", job, NULL};
	_cleanup_buf_ struct buf out = BUF_INIT, messages = BUF_INIT;

	if (slurm_call_here(argv, OWN_MS, &out, &messages, NULL) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (strstr(buf_str(&out), ends[i].sign)) {
			buf_printf(ret_why, "Slurm's job %s %s", job, ends[i].sentence);
			return true;
		}
	return false;
}

const struct executor_type executor_slurm = {
	.name = "slurm",
	.settings = slurm_settings,
	.start = slurm_start,
	.most = slurm_most,
	.ask = slurm_ask,
	.cancel = cancel,
	.stop = stop,
};
