/* SPDX-License-Identifier: MIT */
/*
 * The manifest: which files of a run directory are source code (s) and dependencies (d); what is
 * not in it was generated (reference, 3.6). Lines of shell-quoted words.
 */
#ifndef RUN_MANIFEST_H
#define RUN_MANIFEST_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/strv.h"

/* A line for a manifest that is being put together, `sha1` NULL for a directory. */
void manifest_add(struct buf *b, char type, const char *run_path, const char *sha1, const char *uri,
	const char *subpath);
/* Appends such lines to a run's manifest. */
int manifest_append(int run_fd, const struct buf *lines);

/* Takes the lines of one type out. */
int manifest_remove(int run_fd, char type);

struct manifest_entry {
	char type;
	const char *run_path;
	const char *source;  /* 's': the path in the project; 'd': a URI, "file:PATH" and others */
	const char *subpath; /* in an archive; NULL: the source itself */
};

/*
 * All entries in file order; damaged lines are passed over. A nonzero result of visit() stops and
 * is returned. -ENOENT when the run has no manifest, which the two below take for an empty one.
 */
int manifest_each(
	int run_fd, int (*visit)(void *arg, const struct manifest_entry *entry), void *arg);
/* The run paths of one type ('s' or 'd'), in file order. */
int manifest_paths(int run_fd, char type, struct strv *ret_paths);

/* Source code: run paths, and for each its path in the project. */
int manifest_sources(int run_fd, struct strv *ret_paths, struct strv *ret_sources);

#endif
