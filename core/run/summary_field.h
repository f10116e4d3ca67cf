/* SPDX-License-Identifier: MIT */
/*
 * What a summary says of a run, by Guild AI's names for it. Times are local.
 */
#ifndef RUN_SUMMARY_FIELD_H
#define RUN_SUMMARY_FIELD_H

#include "run/summary.h"

/* False: there is no field of this name in a summary. One without a value prints nothing. */
bool summary_field(const struct run_summary *s, const char *id, const char *name, struct buf *b);
/* The same for comparisons and filters, which have more names, also some that stored attributes
 * have: "op" is the operation's name. */
bool summary_attr(const struct run_summary *s, const char *id, const char *name, struct buf *b);

#endif
