/* SPDX-License-Identifier: MIT */
/*
 * What git says of a project: which files are its source code, and which commit it is at. git is
 * run as a program; without it, or outside a work tree, the answers are -ENOENT.
 */
#ifndef RUN_SOURCE_GIT_H
#define RUN_SOURCE_GIT_H

#include "base/buf.h"
#include "base/strv.h"

/* Files below dir that git does not ignore, tracked or not, with paths from dir. */
int source_git_list(const char *dir, struct strv *ret_paths);
/* "git:<40 hex>", with a * behind it when there are changes. */
int source_git_commit(const char *dir, struct buf *b);

#endif
