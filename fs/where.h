/* SPDX-License-Identifier: MIT */
/*
 * Filter expressions that somebody has looked up in where/: each has a number, from 1, by which it
 * is known until WHERES_MAX others have been looked up since. Thread safe.
 *
 * Errors: -ENOENT (it does not parse, or asks nothing of a run; why is in /errors), -ENOMEM.
 */
#ifndef FS_WHERE_H
#define FS_WHERE_H

#include "node.h"
#include "catalog/filter.h"

enum { WHERES_MAX = 10000 };

struct wheres;

struct wheres *wheres_new(void); /* NULL: out of memory */
void wheres_free(struct wheres *wheres);

/* The number of an expression, by its name in the tree (name_encode). */
int wheres_find(struct guildfs *fs, const char *name, uint32_t *ret);
/* The caller's own. -ENOENT: there is no such number any more. */
int wheres_filter(struct wheres *wheres, uint32_t number, struct filter **ret);

#endif
