/* SPDX-License-Identifier: MIT */
/* Which files of a directory or an archive a source selects. Part of core/run/deps.h. */
#ifndef RUN_DEPS_SELECT_H
#define RUN_DEPS_SELECT_H

#include "base/err.h"
#include "base/strv.h"
#include "project/guildfile.h"

/* Relative paths of everything below a directory, sorted; links are not followed. What is in .guild
 * only with `all`. */
int deps_list_tree(int dirfd, bool all, struct strv *ret);
/* What the source's patterns match of `all`, from start to end, sorted; select-min and -max take
 * the one whose group 1 is the least or the greatest number. */
int deps_select(
	const struct source *source, const struct strv *all, struct strv *ret, struct err *err);
/* The first parts of paths, each once, sorted, without names that begin with .guild. */
int deps_top_level(const struct strv *paths, struct strv *ret);

#endif
