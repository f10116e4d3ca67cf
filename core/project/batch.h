/* SPDX-License-Identifier: MIT */
/*
 * Which trials a batch has (reference, section 9): lists of flag values, batch files and functions
 * become one mapping of flags for each trial.
 *
 * A grid takes every combination of the items of lists: flags sorted by name, the last one varying
 * fastest; functions within lists are drawn for each trial by itself. A random search draws every
 * flag that is a list or a function. The same seed gives the same trials, and those that Guild AI
 * makes of it.
 */
#ifndef PROJECT_BATCH_H
#define PROJECT_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "project/guildfile.h"
#include "yaml/value.h"

enum batch_kind {
	BATCH_NONE, /* a run by itself */
	BATCH_GRID,
	BATCH_RANDOM,
	BATCH_SEQUENTIAL, /* an optimizer proposes one trial after the other */
	BATCH_CUSTOM,     /* an operation of the user's, whose process does what it likes */
};

enum {
	BATCH_RANDOM_TRIALS = 20,   /* of a random search when nobody says how many */
	BATCH_TRIALS_MAX = 1000000, /* more are refused */
};

/* What flags (all of them) and trials (of batch files, a list; NULL: none) make. */
enum batch_kind batch_kind_of(const struct value *flags, const struct value *trials);

/* The first that is an empty list, of which a grid has no trials; NULL: none is. */
const char *batch_empty_flag(const struct value *flags);

/*
 * A random search looks at flags that the user left alone, too: choices are a list, and those with
 * min and max a function. Changes `flags`. -ENOMEM.
 */
int batch_open_ranges(
	const struct operation *op, const struct value *user_flags, struct value *flags);

/* Whether a batch of this operation does so. */
bool batch_opens_ranges(const struct operation *batch_op);
/* As many trials as it has when nobody says how many; 0: it says nothing of that. */
int64_t batch_default_trials(const struct operation *batch_op);

/* The column of results that its operation wants small, or large with a `-` before it. */
void batch_objective(const struct operation *op, struct buf *b);

struct batch_spec {
	enum batch_kind kind;           /* of batch_expand(): BATCH_GRID or BATCH_RANDOM */
	const struct value *flags;      /* of the prototype: lists and functions are in here */
	const struct value *user_flags; /* these win over batch files; NULL: none */
	const struct value *trials;     /* of batch files; NULL: none */
	int64_t max_trials;             /* 0: not said */
	int64_t seed;
};

/*
 * A list of mappings, sorted by name; the caller frees it. With a sentence: -EINVAL and -EDOM for a
 * function that cannot be drawn from (see project/search.h), -E2BIG for too many trials.
 */
int batch_expand(const struct batch_spec *spec, struct value **ret, struct err *err);

/* -E2BIG with a sentence. */
int batch_too_many(struct err *err);

#endif
