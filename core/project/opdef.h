/* SPDX-License-Identifier: MIT */
/* Operations in a Guild file. Part of core/project/guildfile.h. */
#ifndef PROJECT_OPDEF_H
#define PROJECT_OPDEF_H

#include "project/guildfile.h"

/*
 * Every operation of `ops` into m, sorted; `model` is the model's own mapping (NULL: short form),
 * whose sourcecode is theirs unless they have their own.
 */
int opdef_parse_all(
	const struct value *ops, const struct value *model, struct model *m, struct err *err);
/* Flags that the operation does not have yet. They are not sorted in. */
int opdef_add_flags(const struct value *flags, struct operation *op, struct err *err);
/* Puts flags into their order, by name. */
void opdef_sort_flags(struct operation *op);
void opdef_release(struct operation *op);

#endif
