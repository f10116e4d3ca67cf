/* SPDX-License-Identifier: MIT */
/*
 * Filter expressions of `guild runs -F` and where/ (reference, 7.1):
 *
 *	expr   := (expr) | term | test | not expr | expr and expr | expr or expr
 *	test   := NAME OP term | NAME [not] in [term, ...] | NAME [not] contains term
 *	OP     := = != <> < <= > >= is, is not
 *	term   := number | 'text' | "text" | word | true | false | undefined | [term, ...]
 *
 * `and` and `or` bind alike, and to the right: a and b or c is a and (b or c). NAME is attr:, flag:
 * or scalar: and a name; without one of these it is the first of the three that the run has.
 * Values compare as Python's: what cannot be compared makes the test false.
 *
 * A parsed filter may be used by several threads. Errors: -EINVAL with Guild AI's sentence,
 *-ENOMEM.
 */
#ifndef CATALOG_FILTER_H
#define CATALOG_FILTER_H

#include <stdbool.h>

#include "base/err.h"
#include "base/strv.h"
#include "catalog/compare.h"
#include "yaml/value.h"

struct filter;

int filter_parse(const char *text, struct filter **ret, struct err *err);
void filter_free(struct filter *f);

static inline void filter_freep(struct filter **f)
{
	filter_free(*f);
}
#define _cleanup_filter_ _cleanup_(filter_freep)

/* Whether it asks anything of a run: "cat" and "1 or 2" do not. */
bool filter_has_test(const struct filter *f);

/* What is known of a run; all of it is the caller's. */
struct filter_run {
	/* A value of its own, or NULL: the run has no such attribute. */
	struct value *(*attr)(void *arg, const char *name);
	void *arg;
	const struct value *flags; /* a map */
	const struct compare_scalar *scalars;
	size_t n_scalars;
};

bool filter_matches(const struct filter *f, const struct filter_run *run);

/* Adds the names that it asks for, each once, but where it asks whether there is one at all (`is
 * undefined`). */
int filter_names(const struct filter *f, struct strv *ret);
/* The run has a thing of that name, also one without a value. */
bool filter_defines(const struct filter_run *run, const char *name);
/* Without attr:, flag: or scalar: in front. */
const char *filter_bare_name(const char *name);

#endif
