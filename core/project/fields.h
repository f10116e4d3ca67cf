/* SPDX-License-Identifier: MIT */
/*
 * Attributes of a mapping in a Guild file, with the type that they must have. What is not there,
 * or null, is no error. Errors: -EINVAL with a sentence and its place, -ENOMEM.
 */
#ifndef PROJECT_FIELDS_H
#define PROJECT_FIELDS_H

#include <stdbool.h>

#include "base/err.h"
#include "base/strv.h"
#include "yaml/value.h"

/* A sentence about a value, or about a pair's key, with its place. -EINVAL. */
#define fail(err, v, ...)                                                                          \
	err_in_file(err, err_set_at(err, -EINVAL, (v)->line, (v)->column, __VA_ARGS__), (v)->file)
#define fail_key(err, pair, ...)                                                                   \
	err_in_file(err,                                                                           \
		err_set_at(err, -EINVAL, (pair)->key_line, (pair)->key_column, __VA_ARGS__),       \
		(pair)->value->file)

/* Without white space around it; a number is text, too. `absent` (may be NULL) when not there. */
int field_string(
	const struct value *map, const char *key, const char *absent, char **ret, struct err *err);
/* One string or a list of them. */
int field_strings(const struct value *map, const char *key, struct strv *ret, struct err *err);
/* A copy. */
int field_map(const struct value *map, const char *key, struct value **ret, struct err *err);

#endif
