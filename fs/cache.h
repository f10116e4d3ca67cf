/* SPDX-License-Identifier: MIT */
/*
 * How long the kernel may believe what it was told, in one place.
 *
 * What is live, and what leads to what may change at any moment, is asked for each time. Of runs
 * that are over, names and directories hold for a minute and contents for a second; what our own
 * programs change is taken back at once (fs/changes.h), so that these are only bounds for changes
 * that others make.
 */
#ifndef FS_CACHE_H
#define FS_CACHE_H

#include <stdbool.h>

#include "node.h"

struct cache_times {
	double entry, attr; /* seconds */
};

struct cache_times cache_times_of(const struct place *p);
/* Its printed text may be kept between opens. */
bool cache_text(const struct place *p);
/* Its listing may be kept between opens, as long as its mtime is the same. */
bool cache_listing(const struct place *dir);
/* The kernel may use what it has of that now: not for longer than half a minute where no time
 * tells of a change (fs/listed.h). */
bool cache_keep_listing(const struct place *dir, uint64_t ino);

#endif
