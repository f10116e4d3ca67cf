/* SPDX-License-Identifier: MIT */
/*
 * Which files something was made of, and how they looked then: whether it is out of date is told by
 * a stat of each. A path that was not there is one of them, too: it may come.
 *
 * The owner releases them. Not thread safe. Errors: -ENOMEM.
 */
#ifndef BASE_FILE_STAMPS_H
#define BASE_FILE_STAMPS_H

#include <stdbool.h>

#include "base/strv.h"

struct file_stamp;

struct file_stamps {
	struct strv paths;
	struct file_stamp *v; /* one a path */
	size_t cap;
};

/* To be called before the file is read: a change in between is seen, rather than missed. A path
 * that is there already keeps what was seen first. */
int file_stamps_add(struct file_stamps *s, const char *path);
/* All look as they did. */
bool file_stamps_current(const struct file_stamps *s);

void file_stamps_release(struct file_stamps *s);
#define _cleanup_file_stamps_ _cleanup_(file_stamps_release)

#endif
