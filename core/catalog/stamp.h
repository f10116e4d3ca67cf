/* SPDX-License-Identifier: MIT */
/*
 * A stamp tells without reading a run whether it is still what it was when it was read: a number
 * made of its directories and of the attributes that Guild AI writes in place. It differs after a
 * marker or an attribute came, went or was written.
 */
#ifndef CATALOG_STAMP_H
#define CATALOG_STAMP_H

#include <stddef.h>
#include <stdint.h>

/*
 * To be taken before the run is read: a change in between makes what was read out of date, never
 * too new. STAMP_NONE when something has changed just now, so that the next change may come in the
 * same tick of the file system's clock: it is not equal to any stamp, also not to itself.
 */
uint64_t stamp_of_run(int runs_fd, const char *id);
/* The same of paths below a run, each with its NUL. */
uint64_t stamp_of_paths(int run_fd, const char *paths, size_t len);
#define STAMP_NONE 0

#endif
