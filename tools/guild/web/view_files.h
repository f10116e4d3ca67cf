/* SPDX-License-Identifier: MIT */
/*
 * The files of a run as guild view shows them: what is below the run's directory, by no link, and
 * of .guild the output only, since the rest is what the other parts of the page are made of, and
 * the environment.
 */
#ifndef VIEW_FILES_H
#define VIEW_FILES_H

#include "base/buf.h"
#include "web/content_type.h"

/* {"files": [...], "more": BOOL} (view_runs.h); the first few thousand. 0 or negative errno. */
int view_files_print(int run_fd, struct buf *json);
/* For reading. -ENOENT; -ELOOP, -EXDEV: it is not below; -EACCES: not to be shown, or no file. */
int view_files_open(int run_fd, const char *path, int *ret_fd, struct content_type *ret_type);

#endif
