/* SPDX-License-Identifier: MIT */
/*
 * A comparison: runs as rows, and as columns what their operations and the user want to see
 * (reference, 6.3). It knows values, not how they are printed.
 *
 *	columns that all runs have first, then those of their operations in the order in which they
 *	first occur, then the user's. Equal headings are one column: what the user asked for wins
 *over what the operation has, and of one operation's columns the first that has a value.
 *
 * A comparison owns what it shows, so that runs may be released after they were added. Not thread
 * safe. Errors: -ENOMEM.
 */
#ifndef CATALOG_COMPARE_H
#define CATALOG_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "catalog/columns.h"
#include "catalog/grid.h"
#include "metrics/series.h"
#include "yaml/value.h"

/* Scalars of a run; of those with equal tags the one that counts comes first. */
struct compare_scalar {
	const char *prefix; /* "", ".guild", or the directory that it comes from */
	const char *tag;
	const struct series_summary *summary;
};

/* What is known of a run while it is added; all of it is the caller's. */
struct compare_run {
	uint64_t serial;
	const struct value *flags; /* a map; NULL: none */
	const struct value *attrs; /* a map: what it logged and what its operation gave it */
	const struct compare_scalar *scalars;
	size_t n_scalars;
	const struct columns *op_columns; /* NULL: all flags, attributes and scalars */
	/* Other attributes, by Guild AI's names for them, as text; false: it has none. */
	bool (*attr)(void *arg, const char *name, struct buf *b);
	void *arg;
};

struct compare_spec {
	const struct columns *core, *user; /* must outlive the comparison */
	bool skip_op;                      /* no columns of operations */
	bool system_scalars;               /* by default also those that begin with sys/ */
	bool keep_nan;                     /* as a number; else as nothing, as Guild AI has it */
};

struct comparison;

int comparison_new(const struct compare_spec *spec, struct comparison **ret);
void comparison_free(struct comparison *c);

static inline void comparison_freep(struct comparison **c)
{
	comparison_free(*c);
}
#define _cleanup_comparison_ _cleanup_(comparison_freep)

/* The number that a run has in a column; false: it has none there. NaN is one. */
bool compare_column(const struct compare_run *run, const struct column *column, double *ret);

int comparison_add(struct comparison *c, const struct compare_run *run);
/* The table, to be finished, sorted and read; it lives as long as the comparison. */
struct grid *comparison_grid(struct comparison *c);

#endif
