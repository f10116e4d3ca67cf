/* SPDX-License-Identifier: MIT */
/*
 * What a tool does to runs by moving names: rmdir runs/ID deletes one, mv to and from trash/ does
 * so and brings it back, rmdir trash/ID removes it for ever; and rmdir packages/PACKAGE, which
 * uninstalls it. Nothing else in the tree is moved so.
 *
 * Errors are for rmdir(2) and rename(2): -EPERM (not a run, or no such move), -EACCES (somebody
 * else's run), -ENOTDIR (a prefix of an id), -EBUSY (it runs), -EEXIST, -ENOENT, those of the
 * store. Why is in /errors. Thread safe.
 */
#ifndef FS_LIFECYCLE_H
#define FS_LIFECYCLE_H

#include "node.h"

int lifecycle_rmdir(const struct place *dir, const char *name, const struct opener *who);
int lifecycle_rename(const struct place *from, const char *name, const struct place *to,
	const char *new_name, const struct opener *who);

#endif
