/* SPDX-License-Identifier: MIT */
/*
 * Summaries in little memory, for a hundred thousand runs: one block for each, and one opref for
 * all runs of an operation.
 */
#ifndef CATALOG_COMPACT_H
#define CATALOG_COMPACT_H

#include <stdint.h>

#include "run/summary.h"

struct compact;

/* Oprefs, each once. They live as long as the table. Not thread safe. */
struct opref_table {
	struct opref **v; /* sorted */
	size_t n, cap;
};

void opref_table_release(struct opref_table *t);

/* NULL: out of memory. Freed by free(3). */
struct compact *compact_new(struct opref_table *oprefs, const struct run_summary *s);
/* A summary whose texts are the compact one's: not to be released or changed. */
struct run_summary compact_view(const struct compact *c);

#endif
