/* SPDX-License-Identifier: MIT */
/*
 * What a search looks through: the flags of a prototype, of which those that are lists or functions
 * are dimensions (project/search.h); the others stay as they are.
 *
 * A point of a space is a list with a number for each dimension, in the order of their names: the
 * value, or for a choice the place of the item, from 0.
 *
 * Errors: -EINVAL and -EDOM with a sentence; -ENOMEM.
 */
#ifndef PROJECT_SPACE_H
#define PROJECT_SPACE_H

#include "base/err.h"
#include "project/search.h"
#include "yaml/value.h"

struct space {
	struct value *flags;          /* all, sorted by name */
	struct dimension *dimensions; /* one for each flag */
	bool *searched;               /* of which these are some */
};

/* -EINVAL: there is no dimension. */
int space_open(const struct value *flags, struct space *ret, struct err *err);
void space_release(struct space *s);
#define _cleanup_space_ _cleanup_(space_release)

/* For a program that searches: dimension_describe() of each. The caller frees it; NULL: out of
 * memory. */
struct value *space_describe(const struct space *s);
/*
 * Where these flags lie. -EDOM without a sentence: not in the space, since one is missing, out of
 * bounds, or no choice.
 */
int space_point_of(const struct space *s, const struct value *flags, struct value **ret);
/* The flags at a point. `first`: where a function names a value to begin with, that one. */
int space_flags_at(const struct space *s, const struct value *point, bool first,
	struct value **ret, struct err *err);
/* The flags at a point by chance, where `first` likewise. */
int space_draw(const struct space *s, struct random *random, bool first, struct value **ret);

#endif
