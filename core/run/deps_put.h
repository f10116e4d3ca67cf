/* SPDX-License-Identifier: MIT */
/* Putting one file of a dependency into a run directory. Part of core/run/deps.h. */
#ifndef RUN_DEPS_PUT_H
#define RUN_DEPS_PUT_H

#include "run/deps_find.h"

/*
 * Links or copies found->paths.v[i], adds a manifest line, and adds the resolved path, relative to
 * the run directory, to `resolved`. A file that is there already is left alone, with a warning,
 * unless the source says otherwise.
 */
int deps_put(const struct deps_source *src, const struct deps_found *found, size_t i,
	struct buf *manifest, struct value *resolved, struct err *err);

#endif
