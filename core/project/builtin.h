/* SPDX-License-Identifier: MIT */
/*
 * Operations that no project defines: batches and optimizers, what Guild AI's own package has and
 * some more. They are made of a Guild file that is here as text, so that a run of them is born like
 * any other.
 */
#ifndef PROJECT_BUILTIN_H
#define PROJECT_BUILTIN_H

#include "base/err.h"
#include "project/batch.h"
#include "project/guildfile.h"

/* The release whose behaviour and formats these are: what projects that ask for a version mean. */
#define GUILD_AI_VERSION "0.9.1"

/* The operation of a batch of this kind, BATCH_GRID or BATCH_RANDOM. The caller owns the file that
 * it is in. */
int builtin_batch(enum batch_kind kind, struct guildfile **ret_file, const struct operation **ret,
	struct err *err);
/* The same by what people call it: gp, skopt:gp, bayesian. -ENOENT: none is called so. */
int builtin_find(const char *opspec, struct guildfile **ret_file, const struct operation **ret,
	struct err *err);
/* What a batch of the built-in operation `name` is; BATCH_NONE: there is none of that name. */
enum batch_kind builtin_kind(const char *name);

/*
 * The operation of a deployment: these flags, of which `run` is the run that it depends on; that is
 * of `operation`, and `select` is a regular expression for its files.
 */
int builtin_deploy(const struct value *flags, const char *operation, const char *select,
	struct guildfile **ret_file, const struct operation **ret, struct err *err);
/* Likewise that of a prediction, of whose flags `deployment` is such a run, and `instances` a file.
 */
int builtin_predict(const struct value *flags, struct guildfile **ret_file,
	const struct operation **ret, struct err *err);

#endif
