/* SPDX-License-Identifier: MIT */
/*
 * What the files of the executor `slurm` share: slurm_call.c calls Slurm's commands, slurm_submit.c
 * makes jobs, slurm_ask.c tells what has become of them, slurm.c ends them.
 *
 * A job is "ID" or "ID_TASK", and behind a blank the id of the first run that it was made for,
 * which is in the job's comment, too: a controller that has lost its state gives ids again.
 *
 * Functions return 0 or a negative errno with a sentence; -EAGAIN: there is no answer.
 */
#ifndef RUN_SLURM_INTERNAL_H
#define RUN_SLURM_INTERNAL_H

#include <string.h>

#include "base/buf.h"
#include "base/strv.h"
#include "run/executor.h"

#define SLURM_COMMENT "guildfs:"

enum { SLURM_ASK_MS = 10000 }; /* how long an answer may take */

/* --- slurm_call.c --- */

struct slurm_command {
	const char *const *argv;
	const struct strv *env;
	const char *dir;
	const struct buf *input; /* NULL: nothing */
	uid_t uid;
	gid_t gid;
	int timeout_ms;
};

/* Returns its exit status; -ENOENT: there is no such command. */
int slurm_call(
	const struct slurm_command *c, struct buf *out, struct buf *messages, struct err *err);
/* As whoever calls, for what does not depend on the run's user. */
int slurm_call_here(const char *const *argv, int timeout_ms, struct buf *out, struct buf *messages,
	struct err *err);
/* The error of a command that ended with a status that is not 0. */
int slurm_refused(const char *what, const struct buf *messages, struct err *err);
/* A number of scontrol's configuration, such as "KillWait = 30 sec". */
long slurm_config_number(const char *name, int timeout_ms, long otherwise);

/* --- slurm_submit.c --- */

extern const char *const slurm_settings[];
int slurm_start(const struct executor_start *s, struct err *err);
size_t slurm_most(void);

/* --- slurm_ask.c --- */

int slurm_ask(
	const struct job_question *questions, size_t n, job_told tell, void *arg, struct err *err);

/* Of a job as it is noted: up to the blank. */
static inline size_t slurm_id_len(const char *job)
{
	return strcspn(job, " ");
}

#endif
