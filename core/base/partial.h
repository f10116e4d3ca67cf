/* SPDX-License-Identifier: MIT */
/*
 * Trees that are being made: each maker has a directory PARENT/.guild-partial/RANDOM, makes things
 * in it, and renames what is complete to where it belongs. What a maker that was killed left behind
 * is removed by the next one: a living maker holds flock(2) on its directory. PARENT/.guild-partial
 * has the mode of PARENT, so that all users who may make things there can do so in this way.
 *
 * Errors are negative errno.
 */
#ifndef BASE_PARTIAL_H
#define BASE_PARTIAL_H

#include "base/cleanup.h"

#define PARTIAL_DIR ".guild-partial"

struct partial {
	int parent_fd; /* borrowed */
	int fd;        /* of the maker's directory; -1: none */
	char path[64]; /* of it, from the parent */
};

#define PARTIAL_INIT ((struct partial){.parent_fd = -1, .fd = -1})

/* After an error *ret is PARTIAL_INIT. */
int partial_begin(int parent_fd, struct partial *ret);
/* Removes the directory with what is still in it. */
void partial_end(struct partial *p);
#define _cleanup_partial_ _cleanup_(partial_end)

/*
 * Gives PARTIAL/name its place. -EEXIST when something is there, which is never replaced; only
 * where the file system cannot tell both in one step somebody else may come in between.
 */
int partial_place(const struct partial *p, const char *name, int to_dirfd, const char *to);
/* The same, in place of what is there, which is removed. */
int partial_replace(const struct partial *p, const char *name, int to_dirfd, const char *to);
/* The other way: out of sight in one step, to be removed by partial_end(). */
int partial_take_away(const struct partial *p, int from_dirfd, const char *name);

/* rename(2) that replaces nothing, with the same exception. */
int partial_rename(int from_dirfd, const char *from, int to_dirfd, const char *to);

#endif
