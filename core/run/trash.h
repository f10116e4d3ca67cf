/* SPDX-License-Identifier: MIT */
/*
 * Deleted runs: directories in trash/runs of the home, where Guild AI puts them too. A run comes
 * and goes by one rename, so that nobody meets half of it; everybody is told (home_poke).
 *
 * `from` is where the run is: the home, its trash (home_open_trash) or an archive of runs
 * (home_open_archive), which may be on another file system. A directory that is in the way gets
 * another name, which ret_aside (may be NULL) says, relative to the home. Errors: -ENOENT (no such
 * run), -EBUSY (it runs, or is about to, when it would go), and those of the file system.
 */
#ifndef RUN_TRASH_H
#define RUN_TRASH_H

#include "run/home.h"

int trash_put(
	const struct home *home, const struct home *from, const char *id, struct buf *ret_aside);
int trash_restore(
	const struct home *home, const struct home *from, const char *id, struct buf *ret_aside);
/* For ever. */
int trash_remove(const struct home *home, const struct home *from, const char *id);

#endif
