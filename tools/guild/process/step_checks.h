/* SPDX-License-Identifier: MIT */
/* What a pipeline expects of a step's run (cmd_steps.c). */
#ifndef STEP_CHECKS_H
#define STEP_CHECKS_H

#include "run/home.h"
#include "yaml/value.h"

/*
 * One {output: REGEX} or {file: GLOB, compare-to: PATH, contains: REGEX}, or a list of them (NULL:
 * nothing is expected). 0, or the exit status 3 after all were looked at.
 */
int step_checks(const struct home *home, const char *run_id, const struct value *expect);

#endif
