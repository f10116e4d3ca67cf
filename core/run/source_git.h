/* SPDX-License-Identifier: MIT */
/*
 * What git says of a project: what it ignores, and which commit it is at. git is
 * run as a program; without it, or outside a work tree, the answers are -ENOENT.
 */
#ifndef RUN_SOURCE_GIT_H
#define RUN_SOURCE_GIT_H

#include "base/buf.h"
#include "base/strv.h"

/*
 * Files and directories below dir that git, or the patterns in dir/.guildignore, ignore, with paths
 * from dir: also files that are tracked, when a pattern is about them.
 */
int source_git_ignored(const char *dir, struct strv *ret_paths);
/*
 * Files below dir that git does not ignore, and those of them whose content is neither committed
 * nor staged: modified ones and new ones.
 */
int source_git_files(const char *dir, struct strv *ret_paths);
int source_git_unstaged(const char *dir, struct strv *ret_paths);
/* "git:<40 hex>", with a * behind it when there are changes. */
int source_git_commit(const char *dir, struct buf *b);

#endif
