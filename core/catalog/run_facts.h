/* SPDX-License-Identifier: MIT */
/*
 * What a comparison needs to know of a run, read from the store: flags, attributes, summaries of
 * its scalars, and which columns its operation wants. A reader keeps what many runs share, the
 * columns of operations.
 *
 * Facts own what they hold, but for the columns, which are the reader's. Not thread safe. Errors:
 * -ENOMEM, and those of reading the run's directory; a thing that a run does not have is NULL.
 */
#ifndef CATALOG_RUN_FACTS_H
#define CATALOG_RUN_FACTS_H

#include "base/strv.h"
#include "catalog/compare.h"
#include "metrics/scalars.h"
#include "run/opref.h"

struct run_facts {
	struct value *flags;
	struct value *attrs; /* a map: what the operation gave the run, and what the run logged */
	struct scalars *scalars;
	struct compare_scalar *by_precedence; /* of the scalars, borrowed from them */
	size_t n_scalars;
	const struct columns *op_columns;
};

struct facts_reader;

struct facts_reader *facts_reader_new(void); /* NULL: out of memory */
void facts_reader_free(struct facts_reader *reader);

static inline void facts_reader_freep(struct facts_reader **reader)
{
	facts_reader_free(*reader);
}
#define _cleanup_facts_reader_ _cleanup_(facts_reader_freep)

/* Sentences about damaged event files and columns that cannot be read are added to `warnings`. */
int run_facts_read(struct facts_reader *reader, int run_fd, const struct opref *opref,
	struct run_facts *ret, struct strv *warnings);
void run_facts_release(struct run_facts *facts);
#define _cleanup_run_facts_ _cleanup_(run_facts_release)

/* All of it in `to`; what else a comparison needs is left as it is. */
void run_facts_fill(const struct run_facts *facts, struct compare_run *to);

#endif
