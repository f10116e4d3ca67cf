/* SPDX-License-Identifier: MIT */
/*
 * Running a program that is told something and answers: what it reads from stdin is given, what it
 * writes to stdout and stderr is kept apart, it may be another user's, and it is killed when it
 * takes too long. Without a shell; works in threaded programs.
 */
#ifndef BASE_TALK_H
#define BASE_TALK_H

#include <sys/types.h>

#include "base/buf.h"

struct talk {
	const char *const *argv;
	const char *program; /* its path */
	char *const *env;
	const char *dir; /* where it runs */
	const void *input;
	size_t input_len;
	uid_t uid; /* whose process; another one than the caller's is for root to give */
	gid_t gid;
	int timeout_ms;
};

/*
 * Appends what it writes, at most 64 MiB. Returns its exit status (128 and the number for a
 * signal), -ETIME when it had to be killed, or why it could not be started.
 */
int talk(const struct talk *t, struct buf *out, struct buf *messages);
/* This process is about to end: all of them come to their end at once, as if their time was over.
 */
void talk_give_up(void);

#endif
