/* SPDX-License-Identifier: MIT */
/*
 * Runs as JSON for the page (page.h): the rows of a table of runs, and the curves of a run.
 * Everything is appended; errors stick to the buffer.
 */
#ifndef PAGE_TABLE_H
#define PAGE_TABLE_H

#include <stdbool.h>

#include "catalog/run_table.h"
#include "metrics/scalars.h"

/*
 * "heading": TEXT, "rows": [TEXT, ...]
 *
 * heading and rows of the table without their newlines: those that pick() says yes to (NULL: all),
 * `max` of them at most.
 */
void page_table(struct buf *b, const struct run_table *table, size_t max,
	bool (*pick)(void *arg, uint64_t serial), void *arg);

/*
 * {KEY: [[STEP, ...], [VALUE, ...]], ...}
 *
 * Of each scalar that counts, what thin_series() leaves of it in that many columns; null, null is a
 * gap. Values have 7 digits, as many as most are logged with. `with_sys`: also what was measured of
 * the system. The scalars have samples.
 */
void page_curves(struct buf *b, const struct scalars *scalars, unsigned columns, bool with_sys);

#endif
