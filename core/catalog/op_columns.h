/* SPDX-License-Identifier: MIT */
/*
 * Which columns operations want to see in comparisons: the `compare` attribute of their Guild
 * files, as these are now. Each operation is asked about once.
 *
 * A run says itself where its Guild file is, so that root reads only those that the run's owner can
 * read: else anybody could have it show what is in any file that looks like one.
 *
 * The columns belong to what was made here. Not thread safe. Errors: -ENOMEM.
 */
#ifndef CATALOG_OP_COLUMNS_H
#define CATALOG_OP_COLUMNS_H

#include "base/strv.h"
#include "catalog/catalog.h"
#include "catalog/columns.h"
#include "run/opref.h"

struct op_columns;

/* The catalogue must outlive it. NULL: out of memory. */
struct op_columns *op_columns_new(struct catalog *catalog);
void op_columns_free(struct op_columns *known);

static inline void op_columns_freep(struct op_columns **known)
{
	op_columns_free(*known);
}
#define _cleanup_op_columns_ _cleanup_(op_columns_freep)

/* Of the operation of a run. *ret is NULL when the operation has no wishes. Sentences about columns
 * that cannot be read are added to `warnings`. */
int op_columns_find(struct op_columns *known, uint64_t serial, const struct opref *ref,
	const struct columns **ret, struct strv *warnings);

#endif
