/* SPDX-License-Identifier: MIT */
/*
 * What a distribution says of itself, METADATA (PyPA's "Core metadata"): headers, and a
 * description, which for a package of Guild AI's kind names its models and operations
 * (package/description.h).
 *
 * Errors: -ENOMEM.
 */
#ifndef PACKAGE_METADATA_H
#define PACKAGE_METADATA_H

#include <stdbool.h>

#include "yaml/value.h"

/*
 * A mapping of header names in lower case to lists of what they say: summary, requires-dist ...
 * *ret_description (may be NULL) is what of `text` follows them.
 */
int metadata_read(const char *text, struct value **ret, const char **ret_description);
/* The first one; "" when there is none. */
const char *metadata_header(const struct value *headers, const char *name);
/* Its summary, without what old ones say at its end: whose packages these are. */
void metadata_summary(struct buf *b, const struct value *headers);
/* Among its keywords is the one of Guild's packages. */
bool metadata_is_guild(const struct value *headers);

/*
 * Operations as opspecs of the package have them: OP, MODEL:OP; a model that has none is MODEL.
 * With the first paragraph of what is said about each. A negative result ends it and is returned.
 */
int metadata_operations(const char *description,
	int (*visit)(void *arg, const char *operation, const char *description), void *arg);

#endif
