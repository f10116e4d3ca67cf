/* SPDX-License-Identifier: MIT */
/*
 * Ends a connection to the kernel that nobody serves any more.
 *
 * An invalidation waits, in the kernel and against every signal, for the lock of a directory, which
 * somebody may hold who waits for an answer of ours. When the daemon is killed just then, the
 * notifier's thread cannot die, its descriptor of /dev/fuse stays open, the mount is not dead, and
 * all who wait do so for ever. So a small process of its own, which has nothing of the daemon's
 * open, waits for the daemon's death and then has the kernel abort what is left.
 */
#ifndef FS_GUARD_H
#define FS_GUARD_H

#include <sys/types.h>

struct guard {
	char *mountpoint;
	unsigned number; /* of the connection: the minor of the mount's device */
	pid_t pid;       /* 0: there is none */
};

/* By the main thread, whose death it is that counts, once it is mounted. Without a guard the mount
 * does as well, until it is killed. */
void guard_start(struct guard *guard, const char *mountpoint);
/* For a daemon that ends while it is mounted, and that has no thread left that would answer. */
void guard_abort(const struct guard *guard);
void guard_end(struct guard *guard);

/* The process itself: `guildfs --guard DAEMON NUMBER MOUNTPOINT`. */
#define GUARD_OPTION "--guard"
int guard_main(int argc, char **argv);

#endif
