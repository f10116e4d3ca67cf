/* SPDX-License-Identifier: MIT */
/*
 * The snapshot of a project's source code that each run keeps (reference, 1.11): under git,
 * everything that is not ignored; otherwise text files below 1 MiB, at most 100, without dot
 * directories, caches and virtual environments. Files that are dependencies are left out.
 */
#ifndef RUN_SOURCE_H
#define RUN_SOURCE_H

#include "base/buf.h"
#include "base/digest.h"
#include "base/err.h"
#include "project/guildfile.h"

/*
 * Copies into the run directory, appends manifest lines, and gives the digest of what was copied
 * ("" when nothing was).
 */
int source_snapshot(const struct operation *op, int run_fd, struct buf *manifest,
	char ret_digest[DIGEST_MD5_LEN + 1], struct err *err);

#endif
