/* SPDX-License-Identifier: MIT */
/*
 * Where a run's event files are: in every directory below it, wherever `.tfevents.` is in a name.
 * Symlinks to directories are followed only where they lead to a run (one with .guild/opref: a
 * step, a trial), as Guild AI does; symlinks to files are not, so that none leads out of the
 * store. What a link leads to is looked at once, under the first of its paths, so that links
 * cannot make loops.
 *
 * What is found is enough to tell, without opening a file, whether anything has changed. Errors:
 * -ENOMEM, and those of opening run_fd; a directory that cannot be read is passed over.
 */
#ifndef METRICS_EVENT_FILES_H
#define METRICS_EVENT_FILES_H

#include <stddef.h>
#include <sys/types.h>

#include "base/cleanup.h"

struct event_file {
	char *name;
	dev_t dev;
	ino_t ino;
	off_t size;
};

struct event_dir {
	char *path; /* relative to the run; "" is the run itself */
	dev_t dev;
	ino_t ino;
	struct event_file *files; /* regular files, at least one, by name */
	size_t n;
};

/*
 * In the order of precedence where a tag is in several of them: the run itself, .guild, then by
 * path; all bytewise.
 */
struct event_files {
	struct event_dir *dirs;
	size_t n;
};

int event_files_find(int run_fd, struct event_files *ret);
void event_files_release(struct event_files *found);
#define _cleanup_event_files_ _cleanup_(event_files_release)

/* How two directories are ordered, as strcmp() has it. */
int event_dir_compare(const char *a, const char *b);

#endif
