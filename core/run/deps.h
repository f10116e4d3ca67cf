/* SPDX-License-Identifier: MIT */
/*
 * Dependencies of a run, resolved from its `op` attribute: files of the project, of archives and
 * of downloads are copied into the run directory, files of other runs are linked, configuration
 * files are written anew (reference, 5).
 *
 * deps.c goes through the resources and keeps the record, deps_find.c finds the files of a source,
 * deps_put.c puts them into the run.
 */
#ifndef RUN_DEPS_H
#define RUN_DEPS_H

#include "base/err.h"
#include "project/guildfile.h"
#include "run/home.h"
#include "yaml/value.h"

enum deps_level { DEPS_INFO = 20, DEPS_WARNING = 30 };

struct deps_spec {
	const struct home *home;
	int run_fd;
	const char *run_dir; /* absolute */
	const struct value *op_attr, *flags;
	const char *project_dir;
	const char *cmd_dir;    /* what a path that a user gave counts from; NULL: the project */
	const struct strv *env; /* for modules and post-process */
	const char *python;     /* for modules */
	bool for_stage;         /* files of runs are left for the start */
	bool go_on;             /* a dependency that is not met is only a warning */
	/* A line for the user. May be NULL. */
	void (*say)(void *arg, enum deps_level level, const char *line);
	/*
	 * The id of the run that an operation source means: of these operations, whose id begins
	 * with `prefix` ("" for any). -ENOENT. May be NULL: only whole ids are known.
	 */
	int (*find_run)(void *arg, const char *operations, const char *prefix, struct buf *ret_id);
	void *arg;
};

/* Makes links and copies, writes the `deps` attribute and manifest lines. The sentence of an error
 * is Guild AI's: run failed because a dependency was not met: ... */
int deps_resolve(const struct deps_spec *spec, struct err *err);

/* What `requires` shows in the mount: one line a source. */
void deps_print(struct buf *b, const struct operation *op);

#endif
