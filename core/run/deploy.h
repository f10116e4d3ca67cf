/* SPDX-License-Identifier: MIT */
/*
 * A deployment is a run: of Guild AI's own package's operation `deploy`, which depends on the run
 * whose model it takes somewhere. Where to is a target, a mapping under `deploy` in the user
 * configuration (run/deploy_target.h); all that matters of it is in the flags of the run, so that a
 * deployment says by itself what went where.
 *
 * Errors have a sentence; -EINVAL for what the configuration has, -ENOENT for what is not there.
 */
#ifndef RUN_DEPLOY_H
#define RUN_DEPLOY_H

#include "base/err.h"
#include "project/guildfile.h"
#include "run/birth.h"
#include "run/home.h"
#include "yaml/value.h"

/* What is to be born; op belongs to file. label: TARGET and the short id of what is deployed. */
struct deployment {
	struct guildfile *file;
	const struct operation *op;
	struct value *flags;
	struct buf label;
};

void deployment_release(struct deployment *d);
#define _cleanup_deployment_ _cleanup_(deployment_release)

struct deploy_spec {
	const char *cwd; /* where the configuration is looked for */
	const char *run_id, *target;
	const char *back_to; /* the deployment that is done once more; NULL: a new one */
	/* Of the run: that what the target needs is there is found out by it. NULL: the run will.
	 */
	const struct strv *env;
};
int deploy_plan(const struct home *home, const struct deploy_spec *spec, struct deployment *ret,
	struct err *err);

/*
 * A prediction by what is deployed: a run, too, of the operation `predict`, which depends on the
 * deployment and has a copy of the file with the instances.
 */
struct predict_spec {
	const char *deployment; /* run of it */
	const char *instances;  /* file */
	const struct strv *env; /* as above */
};
int predict_plan(const struct home *home, const struct predict_spec *spec, struct deployment *ret,
	struct err *err);

/* The run that does it, but for whose it is and its environment; it borrows from *d. */
struct birth_spec deploy_birth(const struct deployment *d);

/* --- for its process: tools/guild/models/cmd_deploy_main.c --- */

/* Where in a version's directory the model at `path` goes; "": it is that directory. */
void deploy_place(struct buf *b, const struct value *flags, int dirfd, const char *path);
/* The directory of versions below the path or remote: MODEL, or "". */
const char *deploy_versions(const struct value *flags);

#endif
