/* SPDX-License-Identifier: MIT */
/* Putting one file of a dependency into a run directory. Part of core/run/deps.h. */
#ifndef RUN_DEPS_PUT_H
#define RUN_DEPS_PUT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "project/guildfile.h"
#include "run/home.h"

struct deps_item {
	const struct home *home;
	int run_fd;
	const struct dep *dep;
	const char *dir;      /* absolute: where the source's files are */
	const char *path;     /* of this one, below dir */
	const char *location; /* absolute: the project */
};

/*
 * Links or copies, adds a manifest line, and adds the resolved path, relative to the run
 * directory, to `resolved`. A file that is there already is left alone.
 */
int deps_put(const struct deps_item *item, struct buf *manifest, struct value *resolved,
	struct err *err);

/* Names in a directory, appended. */
int deps_list_dir(int dirfd, const char *path, struct strv *names);

#endif
