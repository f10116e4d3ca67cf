/* SPDX-License-Identifier: MIT */
/*
 * How many runs at a time a run that starts others (a batch, a queue) has of them: a number in
 * .guild/guildfs/jobs, which Guild AI does not know. Without the file it is 1.
 */
#ifndef RUN_JOBS_H
#define RUN_JOBS_H

#include <stdbool.h>

int run_jobs_get(int run_fd);
bool run_jobs_said(int run_fd);
int run_jobs_set(int run_fd, int jobs);

#endif
