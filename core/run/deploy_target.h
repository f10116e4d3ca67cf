/* SPDX-License-Identifier: MIT */
/*
 * Targets of deployments: mappings under `deploy` in the user configuration, each of a type.
 * `pattern`, which is for all of them, says which files of a run are its model.
 *
 *	{type: directory, path, layout, model}
 *	{type: rclone, remote, layout, model}		remote: what rclone takes, R:PATH
 *	{type: cloudml, project, region, bucket, container-image-uri, model, endpoint,
 *	 training-image-uri, training-machine-type, training-accelerator, ...}
 *
 * with layout tfserving or triton, for which there is a directory MODEL of versions below the path.
 * cloudml is Vertex AI; more of its keys are options of gcloud, called as they are there.
 *
 * Errors have a sentence; -EINVAL for what the configuration has, -ENOENT for what is not there.
 */
#ifndef RUN_DEPLOY_TARGET_H
#define RUN_DEPLOY_TARGET_H

#include <stdbool.h>

#include "base/err.h"
#include "base/strv.h"
#include "run/home.h"
#include "yaml/value.h"

struct deploy_type; /* one of a table */

/* Checked, and the caller's to free; *ret_type is nobody's. `cwd` as user_config_load() has it. */
int deploy_target_load(const struct home *home, const char *cwd, const char *name,
	const struct deploy_type **ret_type, struct value **ret, struct err *err);
/* The only target of a type; -ENOENT with a sentence when there is none, or more. */
int deploy_target_only(const struct home *home, const char *cwd, const char *type,
	struct buf *ret_name, struct err *err);

/* That a target of type cloudml says by which container it trains. -EINVAL with a sentence. */
int deploy_target_trains(const char *name, const struct value *target, struct err *err);

/* By the name that `type` of a target has; NULL: there is none. */
const struct deploy_type *deploy_type_find(const char *name);
/* It predicts when it is asked: by what is served, rather than by the files there. */
bool deploy_type_predicts(const struct deploy_type *type);
/* That a process with this environment has the program that such targets need, and may use it. */
int deploy_type_ready(const struct deploy_type *type, const struct strv *env, struct err *err);

#endif
