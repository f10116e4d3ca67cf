/* SPDX-License-Identifier: MIT */
/*
 * The state of a run, computed from the store and from nothing else (DESIGN, section 7):
 *
 *	LOCK.remote -> running; PENDING -> pending; STAGED -> staged; supervisor's lock held ->
 *	running; exit_status -> completed, error, terminated; LOCK of a live process on this host
 *	that is older than the file and is not the one that our supervisor has left -> running;
 *	else error.
 *
 * A PENDING whose supervisor died (no launch ticket, lock free) is an error, not a ghost; one that
 * is younger than our last supervisor is of Guild AI, starting the run again.
 */
#ifndef RUN_STATUS_H
#define RUN_STATUS_H

#include <stdbool.h>

#include "base/proc.h"

enum run_status {
	RUN_PENDING,
	RUN_STAGED,
	RUN_RUNNING,
	RUN_COMPLETED,
	RUN_ERROR,
	RUN_TERMINATED,
};

enum run_status run_status_get(int run_fd);
const char *run_status_name(enum run_status status);
/* Not over: pending, staged or running. */
static inline bool run_status_live(enum run_status status)
{
	return status <= RUN_RUNNING;
}

#define RUN_LOCK_FILE    ".guild/guildfs/lock"       /* OFD lock, held while supervised */
#define RUN_TICKET_FILE  ".guild/guildfs/launch"     /* born, nobody has started it yet */
#define RUN_SUPERVISOR   ".guild/guildfs/supervisor" /* proc_ref line */
#define RUN_PROCESS_FILE ".guild/guildfs/process"    /* proc_ref line of the operation */
#define RUN_DROP_FILE    ".guild/guildfs/dropped"    /* name of the flags file it came from */

/* What preparing a start says: lines for who waits, which are not the operation's output. */
#define RUN_LOG_FILE ".guild/guildfs/log"

/* Whoever was to start the run has died: its PENDING will not go by itself. */
bool run_pending_is_ghost(int run_fd);
/* Somebody supervises it now. */
bool run_lock_held(int run_fd);
/* Takes it for the life of *ret_fd. -EAGAIN when it is held. */
int run_lock_take(int run_fd, int *ret_fd);

/* The operation's process: ours by its reference, Guild AI's by LOCK. -ESRCH when not running. */
int run_process(int run_fd, struct proc_ref *ret);

#endif
