/* SPDX-License-Identifier: MIT */
/* What is left to do for the index when a command has said all it had to say. */
#ifndef SWEEPER_H
#define SWEEPER_H

#include "guild.h"

/* Writes what was learned, and when it is time starts a sweep in a process of its own, which
 * nobody waits for. Standard output must have been flushed. */
void sweeper_finish(struct guild *g);

#endif
