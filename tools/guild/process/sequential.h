/* SPDX-License-Identifier: MIT */
/*
 * The trials of a batch that an optimizer proposes: what became of earlier ones goes to its program
 * (proposer.h), and what that proposes becomes a run. All that it knows is in runs: after an end at
 * any moment it is told of them anew.
 *
 * Errors: with a sentence; -EINTR: somebody wants the batch to end.
 */
#ifndef SEQUENTIAL_H
#define SEQUENTIAL_H

#include "guild.h"
#include "base/err.h"
#include "run/batch.h"

struct sequential;

/* All of it is borrowed. */
int sequential_new(struct guild *g, const struct batch *batch, const struct batch_plan *plan,
	struct sequential **ret, struct err *err);
void sequential_free(struct sequential *s);
/* Makes the trial, pending, unless it was made before. */
int sequential_make(struct sequential *s, const char *id, struct err *err);

#endif
