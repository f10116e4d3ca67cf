/* SPDX-License-Identifier: MIT */
/*
 * The scalars of runs that are being looked at, and the names that they have in the tree: a few
 * runs are kept, so that `ls -l` of a directory of metrics reads its event files once.
 *
 * A path is a scalar's place below metrics/: the tag's own parts, each encoded as a file name;
 * those of a subdirectory of the run come below "<subdirectory>#".
 *
 * Thread safe. A view is of one moment and holds its run's lock: it is released soon, and none
 * is asked for while another is held.
 */
#ifndef FS_RUN_SCALARS_H
#define FS_RUN_SCALARS_H

#include <stddef.h>
#include <stdint.h>

#include "metrics/scalars.h"
#include "node.h"

struct run_scalars;

struct run_scalars *run_scalars_new(void); /* NULL: out of memory */
void run_scalars_free(struct run_scalars *cache);

struct scalar_name {
	char *path;
	const struct scalar *scalar;
};

struct scalars_view {
	const struct scalar_name *names; /* sorted by path */
	size_t n;
	const struct scalars *all;
	/* private */
	struct run_scalars *cache;
	struct kept_scalars *kept;
};

/* Of the run that p belongs to, as they are now (0.2 s ago at the most). -ESTALE: it is gone. */
int scalars_view_open(const struct place *p, struct scalars_view *ret);
void scalars_view_close(struct scalars_view *view);
#define _cleanup_scalars_view_ _cleanup_(scalars_view_close)
#define SCALARS_VIEW_INIT      ((struct scalars_view){0})

/* The first name that is not before `path`: where what begins with it is, if there is any. */
size_t scalars_view_find(const struct scalars_view *view, const char *path);

#endif
