/* SPDX-License-Identifier: MIT */
/*
 * Attributes that a Guild file may have (reference, 1.3 to 1.6). Guild AI passes over those that it
 * does not know, and so do we; but one that looks like a misspelt one is worth a word.
 */
#ifndef PROJECT_ATTR_NAMES_H
#define PROJECT_ATTR_NAMES_H

#include "base/strv.h"
#include "yaml/value.h"

enum attr_owner { ATTRS_OF_MODEL, ATTRS_OF_OPERATION, ATTRS_OF_FLAG };

/* Adds a sentence for each key of the map that is nearly one that is known. -ENOMEM. */
int attr_names_check(
	enum attr_owner owner, const char *name, const struct value *map, struct strv *warnings);

#endif
