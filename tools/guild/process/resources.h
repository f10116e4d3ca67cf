/* SPDX-License-Identifier: MIT */
/*
 * Quantities of named resources, as the flag `resources` of dask:scheduler and tags `dask:...` of
 * runs give them: words NAME=QUANTITY. What two of them are about is settled by name alone.
 */
#ifndef RESOURCES_H
#define RESOURCES_H

#include "base/strv.h"
#include "yaml/value.h"

/* Adds what the text says to a map of numbers. -EINVAL: some word is no NAME=QUANTITY, and the
 * others were added all the same; -ENOMEM. */
int resources_add(struct value *map, const char *text);
/* Names of what is needed that there is nothing of, sorted. -ENOMEM. */
int resources_missing(const struct value *there, const struct value *need, struct strv *ret);
/* Whether `need` is left of what is there when all of `taken` (maps, or NULL) has its share. */
bool resources_fit(const struct value *there, struct value *const *taken, size_t n,
	const struct value *need);
/* "NAME=QUANTITY ...", sorted by name. */
void resources_print(const struct value *map, struct buf *b);

#endif
