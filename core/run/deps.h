/* SPDX-License-Identifier: MIT */
/*
 * Dependencies of a run, resolved by its supervisor from the `op` attribute: files of the project
 * are copied or linked into the run directory, files of other runs are linked (reference, 5).
 */
#ifndef RUN_DEPS_H
#define RUN_DEPS_H

#include "base/err.h"
#include "project/guildfile.h"
#include "run/home.h"
#include "yaml/value.h"

/* Makes links and copies, writes the `deps` attribute and manifest lines. The sentence of an error
 * is Guild AI's: run failed because a dependency was not met: ... */
int deps_resolve(const struct home *home, int run_fd, const struct value *op_attr,
	const struct value *flags, const char *project_dir, struct err *err);

/* What `requires` shows in the mount: one line a source. */
void deps_print(struct buf *b, const struct operation *op);

#endif
