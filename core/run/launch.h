/* SPDX-License-Identifier: MIT */
/*
 * Starting and ending a run's process, which is the work of its executor (run/executor.h). Here
 * guild-supervise is spawned with the complete environment of the operation; it takes the run's
 * lock, tears up the launch ticket, says so over a pipe, and from then on nobody else is needed.
 */
#ifndef RUN_LAUNCH_H
#define RUN_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/proc.h"
#include "base/strv.h"
#include "run/home.h"

struct launch_spec {
	/* Whose process: when it is not the caller's own user, the supervisor is started as that
	 * user, with that user's groups and a login environment instead of env. */
	uid_t uid;
	gid_t gid;
	const struct strv *env; /* the starter's environment */
	int stdin_fd;           /* -1: /dev/null */
	int out_fd, err_fd;     /* for an operation whose output is not kept; 0: /dev/null */
	bool background;        /* nothing to tell the operation; kept for GUILD's own variables */
	const char *cmd_dir;    /* CMD_DIR of the operation: the starter's directory */
};

/*
 * Returns when the supervisor holds the lock, or when the run waits elsewhere for its turn.
 * -EALREADY when somebody else has started the run meanwhile, -EBUSY when it is running, -EACCES;
 * -EAGAIN when who decides elsewhere does not answer: the run goes on waiting, and is started by
 * who looks after it (run/waiting.h). err, which must be there, has the sentence.
 */
int launch_run(
	const struct home *home, const char *id, const struct launch_spec *spec, struct err *err);

/* Its executor is not this machine. */
bool launch_is_elsewhere(const struct home *home, const char *id);
/*
 * Runs of one executor and one user that are started together, where it can do so: launch_most()
 * says how many it takes at once.
 */
struct launch_list {
	const char *const *ids;
	size_t n;
	int at_a_time; /* most of them; 0: as many as the executor likes */
};
size_t launch_most(const struct home *home, const char *id);
int launch_many(const struct home *home, const struct launch_list *list,
	const struct launch_spec *spec, struct err *err);

/*
 * A run that waits will not begin: it is over, with this exit status, and its output says why.
 * -ESRCH: it does not wait any more; -EBUSY: it is just being started.
 */
int launch_fail(const struct home *home, const char *id, int exit_status, const char *why);

/*
 * For a process that starts many runs, one after the other: a guild-supervise that is loaded once
 * and forks for each of them, which takes half of the time. It ends with the launcher, or with the
 * process that has it; the runs go on. NULL when it cannot be had, which is no error: what follows
 * takes NULL and does without. `spec` must outlive it; its user is the caller's own.
 */
struct launcher;
struct launcher *launcher_new(const struct home *home, const struct launch_spec *spec);
void launcher_free(struct launcher *l);
/* As launch_run(). */
int launcher_run(struct launcher *l, const struct home *home, const char *id,
	const struct launch_spec *spec, struct err *err);

/*
 * Resolves what a staged run depends on, but for other runs, and returns when that is done: by
 * guild-supervise too, so that only it has to know archives and downloads. What it has to say, and
 * why it failed, is on the caller's stderr. 0; 1 when it failed; or a negative errno with a
 * sentence.
 */
int launch_stage(const struct home *home, const char *id, const char *cmd_dir,
	const struct strv *env, struct err *err);
/* What failed in that way is not staged: nobody is to start it before somebody has looked. */
void launch_unstage(const struct home *home, const char *id);

/* A staged run becomes pending with a ticket, under Guild AI's run-status lock. -EBUSY: not staged.
 */
int launch_claim_staged(const struct home *home, const char *id, struct err *err);
/*
 * The same for a queue, which holds the lock while it chooses. Its name is on the ticket, so that
 * what it has claimed and not started when it dies, an orphan, is claimed by the next queue.
 * -EBUSY: the run is neither.
 */
int launch_claim_queued(int run_fd, const struct proc_ref *queue);
bool launch_is_orphan(int run_fd);
/* Somebody is about to start it, or was when he died. */
bool launch_has_ticket(int run_fd);
/*
 * A pending run that nobody starts, as the trials of a batch are, gets a ticket, under the same
 * lock. -EBUSY: it is not pending, or somebody does start it. -ENOENT.
 */
int launch_claim_pending(const struct home *home, const char *id, struct err *err);
/* A run that is over becomes pending again, in place: id and initialized stay. -EBUSY: live. */
int launch_claim_restart(const struct home *home, const char *id, struct err *err);
/*
 * Takes away how a run ended, and what it said. Its supervisor does it once more: who claimed the
 * restart may have died before he had.
 */
int launch_forget_end(int run_fd);

/*
 * TERM, or KILL with `kill`, to the operation's process group; of a batch to its trials', too,
 * which may run when the batch does not.
 * -ESRCH when it is not running.
 */
int launch_stop(const struct home *home, const char *id, bool kill, struct err *err);

/* Nobody starts it any more whom a ticket would let. -EBUSY: somebody does. */
int launch_withdraw(const struct home *home, const char *id);

/*
 * Those of these runs that wait elsewhere are what they were before they were claimed: pending, and
 * nobody starts them.
 */
void launch_release(const struct home *home, const char *const *ids, size_t n);

/*
 * A pending run is not to start: it becomes one that is over, with an error, and can be restarted.
 * -ESRCH: it is not pending; -EBUSY: it is being started.
 */
int launch_cancel(const struct home *home, const char *id, struct err *err);

/*
 * What a dead supervisor left: a pending run without ticket and lock loses its PENDING, so that
 * both tools see an error instead of a ghost. True when something was mended.
 */
bool launch_reconcile(const struct home *home, const char *id);

#endif
