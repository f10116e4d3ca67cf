/* SPDX-License-Identifier: MIT */
/*
 * Watching a run that was started here: its output is copied to stdout as it grows, and Ctrl-C is
 * passed on to it. The run does not depend on this: it goes on when guild is killed.
 */
#ifndef FOLLOW_H
#define FOLLOW_H

#include <stdbool.h>

#include "run/home.h"

/* Returns the exit status of the run as a shell has it: 256 - N for a run ended by signal N. */
int follow_run(const struct home *home, const char *id, bool quiet);

#endif
