/* SPDX-License-Identifier: MIT */
/*
 * What an operation says of its optimizers (reference, 1.5): `optimizer`, one name or one mapping;
 * or `optimizers`, a list of names or a mapping of them. Keys of such a mapping are `algorithm`,
 * the operation that optimizes (without it the name is that, too), `default`, and flags of the
 * algorithm.
 *
 * Errors: -ENOENT and -EINVAL with a sentence; -ENOMEM.
 */
#ifndef PROJECT_OPTIMIZER_H
#define PROJECT_OPTIMIZER_H

#include "base/err.h"
#include "project/guildfile.h"
#include "yaml/value.h"

#define OPTIMIZER_DEFAULT "gp" /* of operations that name none */

struct optimizer {
	char *opspec;
	struct value *flags; /* a mapping: what the operation gives it */
};

/* The optimizer of that name; one that the operation does not have is an opspec. */
int optimizer_named(const struct operation *op, const char *name, struct optimizer *ret,
	struct err *err);
/* The only one, the one that is marked, or OPTIMIZER_DEFAULT. */
int optimizer_default(const struct operation *op, struct optimizer *ret, struct err *err);
void optimizer_release(struct optimizer *o);
#define _cleanup_optimizer_ _cleanup_(optimizer_release)

#endif
