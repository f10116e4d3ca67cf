/* SPDX-License-Identifier: MIT */
/*
 * Reads of `wait` that block: requests that are kept until their run has ended. They hold no
 * thread, and an interrupted one is answered at once. Thread safe.
 */
#ifndef FS_WAITERS_H
#define FS_WAITERS_H

#include <stdint.h>

struct fuse_req;
struct guildfs;
struct waiters;

struct waiters *waiters_new(void); /* NULL: out of memory */
/* Answers those that are left with EINTR. */
void waiters_free(struct waiters *w);

/* Takes the request over: answered with the run's end, now or later. */
void waiters_add(struct guildfs *fs, struct fuse_req *req, uint32_t run);
/* The run may have ended: answers its readers if so. */
void waiters_check(struct guildfs *fs, uint32_t run);

#endif
