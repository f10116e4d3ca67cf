/* SPDX-License-Identifier: MIT */
/*
 * File access as another user, for root's daemon where a path was chosen by that user: between
 * begin and end this thread opens what he could open, by his user and one group, and no other
 * thread is concerned. For who is not root, and for root itself as the user, both do nothing.
 */
#ifndef BASE_AS_USER_H
#define BASE_AS_USER_H

#include <stdbool.h>
#include <sys/types.h>

struct as_user {
	bool changed;
	int n_groups;
	gid_t *groups; /* the thread's own */
	gid_t gid;
};

/* -ENOMEM, -EPERM; then nothing has changed. */
int as_user_begin(struct as_user *as, uid_t uid, gid_t gid);
void as_user_end(struct as_user *as);

#endif
