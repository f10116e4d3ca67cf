/* SPDX-License-Identifier: MIT */
/*
 * What a column of a comparison shows (reference, 6.3):
 *
 *	[min|max|first|last|avg|total|count] KEY [step]      scalar:KEY [step]
 *	=FLAG  flag:FLAG  .ATTR  attr:ATTR                   each with `as NAME`
 *
 * KEY and NAME may be quoted; columns are separated by commas. A KEY is TAG or PREFIX#TAG. Only
 * parsed here: whoever has runs looks the values up.
 *
 * Errors: -EINVAL with a sentence that has the position, from 1; -EILSEQ, with one, too, for a
 * quote that is not closed, over which Guild AI breaks off rather than warn; -ENOMEM.
 */
#ifndef CATALOG_COLUMNS_H
#define CATALOG_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum column_kind { COLUMN_SCALAR, COLUMN_FLAG, COLUMN_ATTR };

/* Which of a scalar's values: the last one unless the column says otherwise. */
enum column_qualifier {
	QUALIFIER_LAST,
	QUALIFIER_FIRST,
	QUALIFIER_MIN,
	QUALIFIER_MAX,
	QUALIFIER_AVG,
	QUALIFIER_TOTAL,
	QUALIFIER_COUNT,
};

struct column {
	enum column_kind kind;
	enum column_qualifier qualifier;
	bool step;     /* the step of that value in place of the value */
	char *key;     /* as written: a flag, an attribute, TAG or PREFIX#TAG */
	bool named;    /* by `as NAME` */
	/* NAME, else the key with a space for #, and "step"; where another column of the list would
	 * be headed so, too, the whole column as it is written: "avg loss", "=lr". */
	char *heading;
};

struct columns {
	struct column *v;
	size_t n;
};

/* Appends what `spec` says; after an error *to has what it had before. */
int columns_parse(const char *spec, struct columns *to, struct err *err);
/* One more, of a key that needs no parsing; heading NULL: the key's own. */
int columns_add(
	struct columns *to, enum column_kind kind, const char *key, bool step, const char *heading);
/* They show the same, under whatever heading. */
bool column_same(const struct column *a, const struct column *b);
void columns_release(struct columns *columns);
#define _cleanup_columns_ _cleanup_(columns_release)

#endif
