/* SPDX-License-Identifier: MIT */
/*
 * Reads of `wait` that block: requests that are kept until their run has ended. They hold no
 * thread, and an interrupted one is answered at once. Those who poll are told. Thread safe.
 */
#ifndef FS_WAITERS_H
#define FS_WAITERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct fuse_pollhandle;
struct fuse_req;
struct guildfs;
struct waiters;

struct waiters *waiters_new(void); /* NULL: out of memory */
/* Answers those that are left with EINTR. */
void waiters_free(struct waiters *w);

/* Takes the request over: answered with what of the run's end is at the offset, now or later. At
 * once with -EAGAIN when it is not over and `wait` is false; behind the beginning nothing waits. */
void waiters_read(struct guildfs *fs, struct fuse_req *req, uint32_t run, size_t size, off_t offset,
	bool wait);
/* Whether the run is over. If not, `ph` (may be NULL) is told when it is; it is taken over in any
 * case. There is one for each `owner`, until waiters_forget_poll(). */
bool waiters_poll(struct guildfs *fs, const void *owner, uint32_t run, struct fuse_pollhandle *ph);
void waiters_forget_poll(struct guildfs *fs, const void *owner);
/* The run may have ended: answers its readers if so. */
void waiters_check(struct guildfs *fs, uint32_t run);

#endif
