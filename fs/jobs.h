/* SPDX-License-Identifier: MIT */
/*
 * Runs that wait for their turn elsewhere (run/waiting.h). Asking about them may take seconds, so a
 * thread of its own does it; the watcher tells it which there are.
 */
#ifndef FS_JOBS_H
#define FS_JOBS_H

#include "base/strv.h"
#include "guildfs.h"

struct jobs;

int jobs_start(struct guildfs *fs, struct jobs **ret);
void jobs_stop(struct jobs *j);
/* Takes the ids over, and leaves none. Nothing happens while the last ones are still asked about.
 */
void jobs_look(struct jobs *j, struct strv *ids);

#endif
