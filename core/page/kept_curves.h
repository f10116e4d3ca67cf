/* SPDX-License-Identifier: MIT */
/*
 * Curves of many runs as text (page_curves()), kept from one look to the next, and of runs that are
 * over from one process to the next, in the index: only of runs that have changed meanwhile are
 * they made anew, and of a live run only what is new is read.
 *
 * Owns the texts. Not thread safe. The catalogue must outlive it. Errors: -ENOMEM; a run that
 * cannot be read has no curves.
 */
#ifndef PAGE_KEPT_CURVES_H
#define PAGE_KEPT_CURVES_H

#include <stdint.h>

#include "base/buf.h"
#include "catalog/facts_reader.h"

struct kept_curves;

/* That many columns each; without curves of the system. NULL: out of memory. */
struct kept_curves *kept_curves_new(struct catalog *catalog, unsigned columns);
void kept_curves_free(struct kept_curves *kept);

/* Appends those of a run, as they are now; {} when there are none. The reader is the catalogue's.
 */
int kept_curves_print(
	struct kept_curves *kept, struct facts_reader *reader, uint64_t serial, struct buf *b);
/* Of what was not printed since the last trim, lets go of live runs, and with more than so many
 * bytes kept of all. */
void kept_curves_trim(struct kept_curves *kept, size_t max_bytes);

#endif
