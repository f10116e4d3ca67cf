/* SPDX-License-Identifier: MIT */
/*
 * One run as others get to see it. publish_run() fills a directory of its own:
 *
 *	run.yml          what `runs info` says, without what is of this machine only
 *	flags.yml  scalars.csv  output.txt
 *	sourcecode.csv   the list of its source code; copies are in sourcecode/
 *	runfiles.csv     all other files; copies of those that are wanted are in runfiles/
 *
 * and keeps what it found for a report. The environment is not published: secrets are in it.
 */
#ifndef PUBLISH_RUN_H
#define PUBLISH_RUN_H

#include "publish/publish_def.h"
#include "runs/select.h"
#include "base/digest.h"
#include "base/file.h"
#include "metrics/scalars.h"

struct published_file {
	char *path;          /* in the run */
	const char *type;    /* "file", "file link", "link" for one that leads nowhere, ... */
	bool exists;         /* else neither size nor time are known */
	int64_t size, mtime; /* bytes; microseconds since the epoch */
	char md5[DIGEST_MD5_LEN + 1]; /* "" when it was not wanted */
	char *copy;                   /* below the published run; NULL: there is none */
};

struct published_files {
	struct published_file *v; /* in natural order of paths */
	size_t n, cap;
};

struct published_run {
	struct value *run;   /* what is in run.yml, in its order */
	struct value *flags; /* a mapping */
	struct scalars *scalars;
	struct published_files source, files;
};

enum publish_extent {
	PUBLISH_NO_FILES,
	PUBLISH_CHOSEN_FILES, /* as the operation says, where it says so: else all */
	PUBLISH_ALL_FILES,
};

struct publish_how {
	enum publish_extent files;
	bool links; /* also what links lead to */
	bool md5;
	struct file_watcher watcher; /* a negative result ends it */
};

/*
 * `into_fd` is empty. What cannot be read of the run's files is passed over with a warning. *ret is
 * to be released also after an error: negative errno, with a sentence unless the watcher said so.
 */
int publish_run(const struct run_view *v, int into_fd, const struct publish_def *def,
	const struct publish_how *how, struct published_run *ret, struct err *err);
void published_run_release(struct published_run *p);
#define _cleanup_published_run_ _cleanup_(published_run_release)

#endif
