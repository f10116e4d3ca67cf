/* SPDX-License-Identifier: MIT */
/*
 * A growing vector of strings that it owns: argument vectors, lists of names. v is
 * NULL-terminated whenever it is not NULL, so that it can be handed to execve(2).
 * Errors: -ENOMEM.
 */
#ifndef BASE_STRV_H
#define BASE_STRV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

struct strv {
	char **v;
	size_t n;
};

#define STRV_INIT ((struct strv){0})

void strv_release(struct strv *s);
#define _cleanup_strv_ _cleanup_(strv_release)

int strv_add(struct strv *s, const char *item); /* copies */
int strv_add_len(struct strv *s, const char *item, size_t len);
int strv_addf(struct strv *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
int strv_copy(struct strv *to, const struct strv *from); /* appends all of from */
bool strv_has(const struct strv *s, const char *item);
bool strv_has_sorted(const struct strv *sorted, const char *item);
void strv_sort(struct strv *s);   /* bytewise */
void strv_unique(struct strv *s); /* of a sorted vector */

/* Environment vectors: "NAME=VALUE" items. */
int strv_env_set(struct strv *env, const char *name, const char *value);
void strv_env_unset(struct strv *env, const char *name);
const char *strv_env_get(const struct strv *env, const char *name); /* NULL: not set */

#endif
