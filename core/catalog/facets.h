/* SPDX-License-Identifier: MIT */
/*
 * Runs by what they have: which values there are of a facet (status, label, a flag ...), and which
 * runs have each. Kept from one look to the next: of what has not changed nothing is asked again.
 *
 * A value has a number from 1, for the life of the facets, also while no run has it. Thread safe.
 * The catalogue must outlive it. Errors: -ENOMEM, and those of the catalogue; -ENOENT.
 */
#ifndef CATALOG_FACETS_H
#define CATALOG_FACETS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "catalog/catalog.h"

enum facet {
	FACET_OPREF, /* opref_format()'s text: which operation exactly */
	FACET_STATUS,
	FACET_OPERATION, /* as lists have it */
	FACET_MODEL,
	FACET_LABEL,
	FACET_DAY, /* YYYY-MM-DD when it was started, UTC */
	FACET_TAG,
	FACET_FLAG,       /* names of flags */
	FACET_FLAG_VALUE, /* of one flag: its value's number is the parent */
};

struct facets;

struct facets *facets_new(struct catalog *catalog); /* NULL: out of memory */
void facets_free(struct facets *f);

/* Brought up to date before each of these; a live run is looked at five times a second at most. */

struct facet_item {
	uint32_t value;   /* its number */
	const char *name; /* as a file name (name_encode), valid as long as the facets */
};

/* Values that some run has. parent: 0, or the flag. The caller frees *ret. */
int facets_values(struct facets *f, enum facet facet, uint32_t parent, struct facet_item **ret,
	size_t *ret_n);
/* The one of that name, if some run has it. */
int facets_find(
	struct facets *f, enum facet facet, uint32_t parent, const char *name, uint32_t *ret_value);
/* Whether a run has a value. */
bool facets_has(struct facets *f, uint32_t value, uint64_t serial);
/* Serials of the runs that have it, in no order. The caller frees *ret. */
int facets_runs(struct facets *f, uint32_t value, uint64_t **ret, size_t *ret_n);

/* The value's text, valid as long as the facets; NULL: there is no such number. */
const char *facets_text(struct facets *f, uint32_t value);

#endif
