/* SPDX-License-Identifier: MIT */
/*
 * Dependencies of a run, resolved by its supervisor from the `op` attribute: files of the project
 * are copied or linked into the run directory, files of other runs are linked (reference, 5).
 *
 * Which run an `operation` source means is settled when the run is born, by deps_fill_flags(): the
 * newest marked, else the newest run of that operation that is completed, running or terminated;
 * its full id becomes the value of the source's flag.
 */
#ifndef RUN_DEPS_H
#define RUN_DEPS_H

#include "base/err.h"
#include "catalog/catalog.h"
#include "project/guildfile.h"
#include "run/home.h"
#include "yaml/value.h"

/* Fills null flags of operation sources, and full ids for prefixes that a user gave. */
int deps_fill_flags(struct catalog *catalog, const struct operation *op, struct value *flags,
	struct err *err);

/* Makes links and copies, writes the `deps` attribute and manifest lines. The sentence of an error
 * is Guild AI's: run failed because a dependency was not met: ... */
int deps_resolve(const struct home *home, int run_fd, const struct value *op_attr,
	const struct value *flags, const char *project_dir, struct err *err);

/* What `requires` shows in the mount: one line a source. */
void deps_print(struct buf *b, const struct operation *op);

#endif
