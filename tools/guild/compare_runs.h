/* SPDX-License-Identifier: MIT */
/* Runs of the store as rows of a comparison (core/catalog/compare.h). */
#ifndef COMPARE_RUNS_H
#define COMPARE_RUNS_H

#include "guild.h"
#include "select.h"
#include "catalog/compare.h"
#include "metrics/event_files.h"
#include "metrics/scalars.h"

/* What is read of a run. */
struct run_numbers {
	struct scalars *scalars;
	struct compare_scalar *v; /* in the order of precedence where tags are equal */
	size_t n;
};

/* EXIT_OK, or EXIT_ERROR after a message; a run without scalars has none. Damaged event files are
 * warned of. */
int run_numbers_read(const struct run_view *v, struct run_numbers *ret);
void run_numbers_release(struct run_numbers *n);
#define _cleanup_run_numbers_ _cleanup_(run_numbers_release)

/*
 * Adds the runs in their order; batch runs only if `batches`. What an operation wants compared
 * comes from its Guild file as it is now, else from the run.
 */
int compare_add_runs(
	struct guild *g, const struct selected *runs, bool batches, struct comparison *c);

#endif
