/* SPDX-License-Identifier: MIT */
/* Operations in a Guild file. Part of core/project/guildfile.h. */
#ifndef PROJECT_OPDEF_H
#define PROJECT_OPDEF_H

#include "project/guildfile.h"

/* Every operation of `ops` (complete, see raw.h) into m, sorted. m and its file stay where they
 * are.
 */
int opdef_parse_all(
	const struct value *ops, struct model *m, struct strv *warnings, struct err *err);
/* Flags that the operation does not have yet. They are not sorted in. */
int opdef_add_flags(const struct value *flags, struct operation *op, struct err *err);
/* Flags that override sources of what is required; once all models of the file are there. */
int opdef_add_source_flags(struct operation *op, struct strv *warnings);
/* Puts flags into their order, by name. */
void opdef_sort_flags(struct operation *op);
void opdef_release(struct operation *op);

#endif
