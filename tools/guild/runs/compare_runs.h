/* SPDX-License-Identifier: MIT */
/* Runs of the store as rows of a comparison (core/catalog/compare.h). */
#ifndef COMPARE_RUNS_H
#define COMPARE_RUNS_H

#include "runs/select.h"
#include "catalog/compare.h"

/*
 * Adds the runs in their order and finishes the table; batch runs only if `batches`. Attributes are
 * as the other commands print them. EXIT_OK, or EXIT_ERROR after a message.
 */
int compare_add_runs(
	struct guild *g, const struct selected *runs, bool batches, struct comparison *c);

#endif
