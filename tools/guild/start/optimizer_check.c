/* SPDX-License-Identifier: MIT */
/* Asks the program that would propose trials (tools/python/guild/propose.py) before there is a run.
 */
#include <errno.h>
#include <string.h>

#include "start/run_job.h"
#include "base/libexec.h"
#include "base/output_of.h"
#include "project/command.h"

static int ask(const struct strv *env, const char *python, const char *algorithm, struct buf *says)
{
	const char *const argv[] = {python, "-um", "guild.propose", "--check", algorithm, NULL};
	_cleanup_strv_ struct strv own = STRV_INIT;
	int r = libexec_python_env(env, &own);

	return r < 0 ? r : output_of_env(argv, NULL, own.v, true, says);
}

int job_check_optimizer(struct guild *g, const struct job *job)
{
	_cleanup_buf_ struct buf python = BUF_INIT, says = BUF_INIT;
	int r;

	/* A staged one may be started where it is installed; one that was there before tells it
	 * itself. */
	if (job->batch != BATCH_SEQUENTIAL || !job->batch_op || job->o->stage)
		return EXIT_OK;
	if (python_find(job->file ? job->file->dir : "", &g->env, &python) < 0)
		return complain("an optimizer needs Python, and there is none");
	r = ask(&g->env, buf_str(&python), job->batch_op->name, &says);
	if (r < 0)
		return complain("cannot run %s: %s", buf_str(&python), strerror(-r));
	while (says.len && says.data[says.len - 1] == '\n')
		buf_resize(&says, says.len - 1);
	return r ? complain("%s", buf_str(&says)) : EXIT_OK;
}
