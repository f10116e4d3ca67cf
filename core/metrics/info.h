/* SPDX-License-Identifier: MIT */
/* What `runs info` says of a run's scalars and of the attributes that are its own. */
#ifndef METRICS_INFO_H
#define METRICS_INFO_H

#include <stdbool.h>

#include "metrics/scalars.h"
#include "yaml/value.h"

/*
 * By key, those of the run's own directory before those of directories below it, as Guild AI has
 * them: the last value with its step; with `all` also scalars of the system, and first, last,
 * min, max, avg and total of each. Texts "VALUE (step STEP)", or pairs for JSON. NULL: out of
 * memory.
 */
struct value *info_scalars(const struct scalars *scalars, bool all, bool as_pairs);
/* What its operation gave it and what it logged, without what Guild AI's own attributes are called;
 * an empty map when there is nothing. NULL: out of memory. */
struct value *info_attributes(int run_fd, const struct scalars *scalars);
/* A stored attribute that is Guild AI's own, and none that somebody gave the run. */
bool info_attr_is_core(const char *name);

#endif
