/* SPDX-License-Identifier: MIT */
/*
 * `plugins` of an operation or a model (reference, 1.5 and 11): no, one name, or a list of names
 * and of the groups `all` and `summary`. What an operation does not say its model says; `yes` says
 * nothing.
 *
 * Of Guild AI's plugins those that sample the system mean something here (cpu, disk, gpu, memory);
 * where nothing is said, a run has these. The other names are what Guild AI would select, and are
 * kept with the run.
 */
#ifndef PROJECT_PLUGINS_H
#define PROJECT_PLUGINS_H

#include "project/guildfile.h"

/* A list of names; NULL: nothing is said. -EINVAL with a sentence, -ENOMEM. */
int plugins_parse(const struct value *map, struct value **ret, struct err *err);

/*
 * Names of what an operation has, sorted. A pipeline has none of its own accord: its steps do.
 * `warnings` (may be NULL) get a sentence about each name that is nobody's. -ENOMEM.
 */
int plugins_of(const struct operation *op, struct strv *ret, struct strv *warnings);

#endif
