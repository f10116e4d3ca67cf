/* SPDX-License-Identifier: MIT */
/*
 * What the processes of runs of our own operations (batch-main, queue-main) have in common: they
 * are started by a supervisor, for a run that is in their environment, and end with it.
 */
#ifndef OWN_PROCESS_H
#define OWN_PROCESS_H

#include "guild.h"

enum { EXIT_INTERRUPTED = 256 - 16 }; /* as Guild AI ends after Ctrl-C */

struct own_process {
	const char *dir, *id, *cmd_dir; /* of the run; the environment's */
	int run_fd;
};

/* Opens the home, too, and from here on signals are counted (follow.h). EXIT_OK, or EXIT_ERROR
 * after a message. */
int own_process_open(struct guild *g, const char *command, struct own_process *ret);
void own_process_close(struct own_process *p);
#define _cleanup_own_process_ _cleanup_(own_process_close)

#endif
