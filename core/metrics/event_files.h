/* SPDX-License-Identifier: MIT */
/*
 * Where a run's event files are: in every directory below it, wherever `.tfevents.` is in a name.
 * Symlinks to directories are followed only where they lead to a run (one with .guild/opref: a
 * step, a trial) and the caller wants that, as Guild AI does; symlinks to files are not, so that
 * none leads out of the store. What a link leads to is looked at once, under the first of its
 * paths, so that links cannot make loops.
 *
 * For root, a run of somebody else is shown as it is to its owner: what he could not read is passed
 * over, wherever in it a link leads. Else he could link to a private run and be told of its
 * numbers.
 *
 * What is found is enough to tell, without opening a file, whether anything has changed. Errors:
 * -ENOMEM, and those of opening run_fd; a directory that cannot be read is passed over.
 */
#ifndef METRICS_EVENT_FILES_H
#define METRICS_EVENT_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/strv.h"

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
	struct strv others; /* directories that have none, those nearest to the run first */
};

enum event_links {
	EVENT_LINKS_NONE, /* what is the run's own; run_fd may also be a directory of it */
	EVENT_LINKS_RUNS,
};

int event_files_find(int run_fd, enum event_links links, struct event_files *ret);
void event_files_release(struct event_files *found);
#define _cleanup_event_files_ _cleanup_(event_files_release)

/* It is one, by its name. */
bool event_file_name(const char *name);

/* How two directories are ordered, as strcmp() has it. */
int event_dir_compare(const char *a, const char *b);

#endif
