/* SPDX-License-Identifier: MIT */
/*
 * What a search wants small: the number that runs have in one column (columns.h). Stored with a
 * batch as COLUMN, or -COLUMN for what is wanted large.
 *
 * Errors: -EINVAL with a sentence; -ENOMEM.
 */
#ifndef CATALOG_OBJECTIVE_H
#define CATALOG_OBJECTIVE_H

#include <stdbool.h>

#include "base/err.h"
#include "catalog/columns.h"
#include "catalog/facts.h"

struct objective {
	struct columns columns; /* of one */
	bool maximize;
};

/* "" is the loss, to be minimized. */
int objective_parse(const char *text, struct objective *ret, struct err *err);
void objective_release(struct objective *o);
#define _cleanup_objective_ _cleanup_(objective_release)

/* COLUMN as it is shown. */
const char *objective_name(const struct objective *o);
/* The lower the better, whichever is wanted. False: the run has no such number. */
bool objective_of(const struct objective *o, const struct run_facts *facts, double *ret);

#endif
