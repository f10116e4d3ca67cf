/* SPDX-License-Identifier: MIT */
/*
 * Which run an `operation` source means (reference, section 5): settled when the run that needs it
 * is born. The newest marked, else the newest run of that operation that is completed, running or
 * terminated; its full id becomes the value of the source's flag.
 */
#ifndef CATALOG_DEP_RUNS_H
#define CATALOG_DEP_RUNS_H

#include "catalog/catalog.h"
#include "project/guildfile.h"
#include "yaml/value.h"

/*
 * Fills null flags of operation sources, and full ids for prefixes that a user gave. Where there
 * is no such run the flag stays as it is and the source's name is added to `missing` (may be NULL):
 * the run is made, and says why it could not start. -ENOMEM.
 */
int dep_runs_fill_flags(struct catalog *catalog, const struct operation *op, struct value *flags,
	struct strv *missing);

/* The id of the run that operations (a comma list) mean, whose id begins with `prefix`; NULL: none.
 * It belongs to the catalogue. */
const char *dep_runs_find(struct catalog *catalog, const char *operations, const char *prefix);

#endif
