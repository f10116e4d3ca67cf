/* SPDX-License-Identifier: MIT */
/*
 * Copying the files of a run back into a project: which of them have a place there, by the run's
 * manifest, which would replace something that cannot be got back, and the copying.
 *
 * A plan owns its strings. Errors are negative errno with a sentence where `err` is taken.
 */
#ifndef RUN_MERGE_H
#define RUN_MERGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strv.h"

enum merge_fate {
	MERGE_COPIED,
	MERGE_UNCHANGED, /* the project has the same */
	MERGE_EXCLUDED,
	MERGE_SOURCE_LEFT_OUT,
	MERGE_DEPENDENCY_LEFT_OUT,
	MERGE_FOREIGN_DEPENDENCY, /* from a URL, an archive, another run, outside the project */
	MERGE_GENERATED,          /* by the run, and not asked for */
	MERGE_OVERLAID,           /* source code, where something else is copied to */
};

struct merge_file {
	char type; /* as in the manifest: 's', 'd'; 'o' for what is not in it */
	char *run_path;
	char *target; /* path in the project; NULL: it has none */
	enum merge_fate fate;
};

struct merge {
	struct merge_file *v; /* sorted by target, or path in the run where there is none */
	size_t n;
};

struct merge_spec {
	int run_fd;
	int target_fd; /* the project; -1: a directory that is not there yet */
	bool all;      /* also what the run generated */
	bool no_source, no_dependencies;
	const struct strv *exclude; /* patterns of targets, where * matches slashes, too */
};

/* -ENOENT for a run without a manifest. */
int merge_plan(const struct merge_spec *spec, struct merge *ret);
void merge_release(struct merge *merge);
#define _cleanup_merge_ _cleanup_(merge_release)

enum merge_loss {
	MERGE_NO_LOSS,
	MERGE_REPLACES, /* files that git ignores, or any where it is not used */
	MERGE_UNSTAGED, /* files that git could keep, but does not as they are now */
};

/*
 * What copying would lose in the directory; the targets that the answer is about are added, sorted.
 * Without `trust_git` every file that is there counts, and so it does outside a git work tree.
 */
int merge_find_loss(const struct merge *merge, const char *dir, bool trust_git,
	enum merge_loss *ret_loss, struct strv *ret_targets);

/* Whole or not at all; directories are made as needed. */
int merge_copy(int run_fd, const struct merge_file *file, int target_fd, struct err *err);

#endif
