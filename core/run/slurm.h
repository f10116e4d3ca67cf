/* SPDX-License-Identifier: MIT */
/* What a supervisor that is a job of Slurm asks about its own job. All else is run/executor.h. */
#ifndef RUN_SLURM_H
#define RUN_SLURM_H

#include <stdbool.h>

#include "base/buf.h"

/* ID, or ID_TASK, as the environment has it. -ENOENT: this is no job. */
int slurm_own_job(struct buf *ret);
/* Which of the runs in its script is this job's: its number in the array, else 0. */
size_t slurm_own_task(void);
/* Seconds between TERM and KILL when Slurm ends a job. */
long slurm_kill_wait(void);
/* True when Slurm has ended the job, whose processes may not all know yet, with a sentence. False
 * when it goes on, or Slurm does not answer. */
bool slurm_has_ended(const char *job, struct buf *ret_why);

#endif
