/* SPDX-License-Identifier: MIT */
/*
 * The one thread that notices what happens outside this process: runs that come and go, changes
 * that our other programs announce (home_poke), runs that end, Guild files that are edited. It
 * also starts, once, what a daemon that died left between a flags file's flush and its release.
 *
 * Everything but the Guild files (one stat a second each) and live runs is told by inotify, so
 * that an idle mount costs nothing.
 */
#ifndef FS_WATCH_H
#define FS_WATCH_H

#include <stdint.h>

struct guildfs;
struct watcher;

/* Starts the thread. 0 or -errno. */
int watcher_start(struct guildfs *fs, struct watcher **ret);
void watcher_stop(struct watcher *w); /* and frees it; NULL is fine */

#endif
