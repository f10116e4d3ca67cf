/* SPDX-License-Identifier: MIT */
/*
 * Dimensions of a random search: flags whose value is drawn for each trial. A list is a choice
 * among its items; uniform[LOW:HIGH] (and [LOW:HIGH]) is an integer when both are, else a real
 * number, both ends included; loguniform[LOW:HIGH] is uniform in the logarithm. A third argument is
 * the value that comes first.
 *
 * What a seed gives is what scikit-optimize's dummy_minimize() gives in Guild AI, number by number.
 */
#ifndef PROJECT_SEARCH_H
#define PROJECT_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/random.h"
#include "yaml/value.h"

struct dimension {
	enum { DIMENSION_REAL, DIMENSION_LOG, DIMENSION_INTEGER, DIMENSION_CHOICE } kind;
	double low, high;      /* of numbers */
	int64_t first, last;   /* of integers */
	struct value *choices; /* a list; NULL: numbers */
	struct value *initial; /* NULL: none */
};

/*
 * What a flag's value says. -ENOENT: nothing, it is one value. With a sentence: -EDOM for
 * bounds that are none, -EINVAL for a function that is none or has too few of them.
 */
int dimension_parse(
	const char *flag, const struct value *v, struct dimension *ret, struct err *err);
void dimension_release(struct dimension *d);

/*
 * The same as a mapping, for a program that searches: name, kind (real, log, integer, choice), and
 * low and high, or choices. NULL: out of memory.
 */
struct value *dimension_describe(const char *flag, const struct dimension *d);

/* Before the first draw of a search, and of each single draw by itself. */
void search_begin(struct random *random);
/* NULL: out of memory. */
struct value *dimension_draw(const struct dimension *d, struct random *random);

#endif
