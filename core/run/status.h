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
/* It has files that another run may depend on. */
static inline bool run_status_provides(enum run_status status)
{
	return status == RUN_RUNNING || status == RUN_COMPLETED || status == RUN_TERMINATED;
}

#define RUN_LOCK_FILE    ".guild/guildfs/lock"       /* OFD lock, held while supervised */
#define RUN_TICKET_FILE  ".guild/guildfs/launch"     /* born, nobody has started it yet */
#define RUN_SUPERVISOR   ".guild/guildfs/supervisor" /* proc_ref line */
#define RUN_PROCESS_FILE ".guild/guildfs/process"    /* proc_ref line of the operation */
#define RUN_LEASE_FILE   ".guild/guildfs/lease"      /* touched by a supervisor; see below */
#define RUN_DROP_FILE    ".guild/guildfs/dropped"    /* name of the flags file it came from */

/* What preparing a start says: lines for who waits, which are not the operation's output. */
#define RUN_LOG_FILE ".guild/guildfs/log"

/* Whoever was to start the run has died: its PENDING will not go by itself. */
bool run_pending_is_ghost(int run_fd);
/*
 * Its supervisor died before it let the operation go, which takes PENDING away itself: the run is
 * an error, and started again it is not run twice.
 */
bool run_never_began(int run_fd);
/*
 * Somebody supervises it now: the lock is held. Where a file system does not carry locks from one
 * machine to another, a lease does for them: a file that the supervisor touches four times in
 * RUN_LEASE_S seconds and takes away at its end. Who is on the supervisor's own machine, but looks
 * through another mount, knows its process.
 */
enum { RUN_LEASE_S = 60 };
bool run_is_supervised(int run_fd);
/* Takes the lock for the life of *ret_fd. -EAGAIN when it is held, or the run supervised. */
int run_lock_take(int run_fd, int *ret_fd);
/* Lets it go, also for a child that was forked and has not closed its descriptor yet; closes fd. */
void run_lock_release(int fd);

/* The operation's process: ours by its reference, Guild AI's by LOCK. -ESRCH when not running. */
int run_process(int run_fd, struct proc_ref *ret);

#endif
