/* SPDX-License-Identifier: MIT */
/*
 * The slow thread: writes what the catalogue has learned to the index, and once a minute compares
 * all runs with the store, for what nobody announced and inotify does not see. It runs at the
 * lowest priority, so that nobody waits for it; and less often where there are so many runs that it
 * would take more than a moment, as long as nobody asks the mount for anything. Then the next
 * request brings it, within a second.
 */
#ifndef FS_SWEEP_H
#define FS_SWEEP_H

struct guildfs;
struct sweeper;

/* Starts the thread. 0 or -errno. */
int sweeper_start(struct guildfs *fs, struct sweeper **ret);
void sweeper_stop(struct sweeper *s); /* and frees it; NULL is fine */

#endif
