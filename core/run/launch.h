/* SPDX-License-Identifier: MIT */
/*
 * Starting and ending a run's process. guild-supervise is spawned with the complete environment
 * of the operation; it takes the run's lock, tears up the launch ticket, says so over a pipe, and
 * from then on nobody else is needed.
 */
#ifndef RUN_LAUNCH_H
#define RUN_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
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
 * Returns when the supervisor holds the lock. -EALREADY when somebody else has started the run
 * meanwhile, -EBUSY when it is running, -EACCES; err has the sentence.
 */
int launch_run(
	const struct home *home, const char *id, const struct launch_spec *spec, struct err *err);

/* A staged run becomes pending with a ticket, under Guild AI's run-status lock. -EBUSY: not staged.
 */
int launch_claim_staged(const struct home *home, const char *id, struct err *err);
/* A run that is over becomes pending again, in place: id and initialized stay. -EBUSY: live. */
int launch_claim_restart(const struct home *home, const char *id, struct err *err);

/* TERM, or KILL with `kill`, to the operation's process group. -ESRCH when it is not running. */
int launch_stop(const struct home *home, const char *id, bool kill, struct err *err);

/*
 * What a dead supervisor left: a pending run without ticket and lock loses its PENDING, so that
 * both tools see an error instead of a ghost. True when something was mended.
 */
bool launch_reconcile(const struct home *home, const char *id);

#endif
