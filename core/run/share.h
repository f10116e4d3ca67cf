/* SPDX-License-Identifier: MIT */
/*
 * A Guild home that several users make runs in. What a mount of root's starts for them it makes
 * for them; but the processes of batches and pipelines make runs themselves, as their own user, and
 * so does `guild run`.
 */
#ifndef RUN_SHARE_H
#define RUN_SHARE_H

#include "base/err.h"
#include "base/strv.h"
#include "run/home.h"

/*
 * Lets all users make runs: sticky bits on the directories that runs come to, as /tmp has them,
 * and writing to the two files that go with it. Nothing else of the home is opened, since whatever
 * else root reads there must be root's. Adds what it had to change to `changed`. Only what belongs
 * to the caller is changed: -EPERM with a sentence for what is somebody else's. Other errnos.
 */
int home_share(const struct home *home, struct strv *changed, struct err *err);

#endif
