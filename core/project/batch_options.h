/* SPDX-License-Identifier: MIT */
/*
 * What a flags file says of the batch that it makes: keys that begin with `$`, as `$include` does
 *in a Guild file, and are then options of `guild run` by the same names:
 *
 *	$optimizer: gp		an optimizer of the operation, or any other; yes: its default one
 *	$opt-flags: {kappa: 2}	flags of the optimizer
 *	$minimize, $maximize	the objective, a column
 *	$max-trials, $random-seed, $jobs
 *	$stage-trials, $fail-on-trial-error
 *
 * Errors: -EINVAL with a sentence and the line; -ENOMEM.
 */
#ifndef PROJECT_BATCH_OPTIONS_H
#define PROJECT_BATCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "yaml/value.h"

struct batch_options {
	bool optimize;           /* an optimizer is wanted */
	char *optimizer;         /* this one; NULL: the default one */
	struct value *opt_flags; /* a mapping; NULL: none */
	char *objective;         /* COLUMN or -COLUMN; NULL: not said */
	int64_t max_trials;      /* 0: not said */
	int64_t jobs;            /* 0: not said */
	int64_t seed;
	bool has_seed;
	bool stage_trials, fail_on_trial_error;
	const char *given; /* one of the keys that were there; NULL: none */
};

/* Reads a mapping whose keys all begin with `$`; its pairs have their lines. */
int batch_options_read(const struct value *given, struct batch_options *ret, struct err *err);
void batch_options_release(struct batch_options *o);
#define _cleanup_batch_options_ _cleanup_(batch_options_release)

#endif
