/* SPDX-License-Identifier: MIT */
/* References ${name} in commands, environments, paths and steps, resolved from flag values. */
#ifndef PROJECT_REFS_H
#define PROJECT_REFS_H

#include "base/buf.h"
#include "base/err.h"
#include "yaml/value.h"

/*
 * Appends `text` with each ${name} replaced; references in values are followed. true is 1, false
 * and null are nothing, what is not a string is Python's repr. A backslash before ${ keeps it as it
 * is. -EINVAL with a sentence for a name that is not in `flags` (NULL: none is) and for circles.
 */
int refs_resolve(const char *text, const struct value *flags, struct buf *b, struct err *err);
/* The same with values in YAML's flow form, as Guild AI puts them into paths and steps. */
int refs_resolve_yaml(const char *text, const struct value *flags, struct buf *b, struct err *err);

/* A value as an argument: 1 for true, nothing for false and null, strings as they are, else repr.
 */
void refs_arg_text(struct buf *b, const struct value *v);

#endif
