/* SPDX-License-Identifier: MIT */
/*
 * Which run an `operation` source means (reference, section 5): settled when the run that needs it
 * is born. The newest marked, else the newest run of that operation that is completed, running or
 * terminated; its full id becomes the value of the source's flag. A run that is staged may
 * also mean one that is staged: whoever starts them starts that one before it.
 */
#ifndef CATALOG_DEP_RUNS_H
#define CATALOG_DEP_RUNS_H

#include "catalog/catalog.h"
#include "project/guildfile.h"
#include "yaml/value.h"

/* Who looks for runs, and what for. */
struct dep_query {
	struct catalog *catalog;
	const struct catalog_viewer *viewer; /* NULL: anybody */
	bool for_stage; /* for a run that waits itself: a staged one will do, too */
};

/*
 * Fills null flags of operation sources, and full ids for prefixes that a user gave. Where there
 * is no such run the flag stays as it is and the source's name is added to `missing` (may be NULL):
 * the run is made, and says why it could not start. -ENOMEM.
 */
int dep_runs_fill_flags(const struct dep_query *query, const struct operation *op,
	struct value *flags, struct strv *missing);

/* The id of the run that operations (a comma list) mean, whose id begins with `prefix`; NULL: none.
 * It belongs to the catalogue. */
const char *dep_runs_find(
	const struct dep_query *query, const char *operations, const char *prefix);

#endif
