/* SPDX-License-Identifier: MIT */
/*
 * Invalidation of what the kernel caches. One thread that holds no lock sends every notification,
 * since the kernel may answer one with requests, or hold the directory's lock that a request of
 * ours waits for. Everybody else only queues; what is already queued is not queued twice, and a
 * full queue drops its oldest entries: the time-outs of the cache (1 s) make up for that.
 */
#ifndef FS_NOTIFY_H
#define FS_NOTIFY_H

#include <stdint.h>

struct fuse_session;
struct notifier;

struct notifier *notifier_new(void); /* NULL: out of memory */
/* Starts the thread. 0 or -errno. */
int notifier_start(struct notifier *n, struct fuse_session *session);
/* Ends the thread; what is queued is dropped. */
void notifier_stop(struct notifier *n);
void notifier_free(struct notifier *n);

/* Attributes and cached pages of one inode. */
void notify_inode(struct notifier *n, uint64_t ino);
/* What a name in a directory means. */
void notify_entry(struct notifier *n, uint64_t parent, const char *name);

#endif
