/* SPDX-License-Identifier: MIT */
/* The kernel's file system ids, which are of a thread; so are its groups, below the C library. */
#include "base/as_user.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

/* setgroups(3) would change those of every thread. */
static int set_groups(size_t n, const gid_t *groups)
{
	return syscall(SYS_setgroups, n, groups) < 0 ? -errno : 0;
}

static int keep_groups(struct as_user *as)
{
	int n = getgroups(0, NULL);

	as->groups = n < 0 ? NULL : calloc((size_t)n + 1, sizeof(*as->groups));
	if (!as->groups)
		return -ENOMEM;
	as->n_groups = getgroups(n, as->groups);
	return as->n_groups < 0 ? -errno : 0;
}

int as_user_begin(struct as_user *as, uid_t uid, gid_t gid)
{
	int r;

	*as = (struct as_user){0};
	if (geteuid() != 0 || uid == 0)
		return 0;
	r = keep_groups(as);
	if (r == 0)
		r = set_groups(0, NULL);
	if (r < 0) {
		free(STEAL(as->groups));
		return r;
	}
	as->changed = true;
	as->gid = (gid_t)setfsgid(gid);
	/* They give the id as it was, whether or not they have changed it. */
	setfsuid(uid);
	if ((gid_t)setfsgid((gid_t)-1) == gid && (uid_t)setfsuid((uid_t)-1) == uid)
		return 0;
	as_user_end(as);
	return -EPERM;
}

void as_user_end(struct as_user *as)
{
	if (!as->changed)
		return;
	setfsuid(geteuid());
	setfsgid(as->gid);
	/* The same groups as before, so that nothing is left to refuse. */
	(void)set_groups((size_t)as->n_groups, as->groups);
	free(as->groups);
	*as = (struct as_user){0};
}
