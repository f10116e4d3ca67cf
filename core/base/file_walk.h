/* SPDX-License-Identifier: MIT */
/*
 * Visiting what is below a directory, each directory before what is in it, in bytewise order of
 * names. What disappears meanwhile is passed over.
 *
 * Errors: -ENAMETOOLONG where a tree is so deep that no path names what is there, and those of
 * reading directories.
 */
#ifndef BASE_FILE_WALK_H
#define BASE_FILE_WALK_H

#include <stdbool.h>
#include <sys/stat.h>

struct walk_entry {
	const char *path; /* from the directory that is walked */
	struct stat st;   /* of what is there, or of what a link leads to when it leads anywhere */
	bool is_link;
};

/* What a visitor may return beside 0 (go on) and a negative errno (stop): not into this one. */
enum { WALK_PASS_BY = 1 };

typedef int (*walk_visit)(void *arg, const struct walk_entry *entry);

/*
 * With `follow` also what is below links to directories, unless one leads back to where it is in.
 * Returns 0 or the negative number that ended it.
 */
int file_walk(int dirfd, bool follow, walk_visit visit, void *arg);

#endif
