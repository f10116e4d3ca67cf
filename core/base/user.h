/* SPDX-License-Identifier: MIT */
/* What the password database says of a user. Thread safe. */
#ifndef BASE_USER_H
#define BASE_USER_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/strv.h"

/* The login name, else the number. */
void user_name(uid_t uid, struct buf *b);
/* PATH, and HOME, SHELL, USER and LOGNAME of a user who is known: what a login gives. -ENOMEM. */
int user_login_env(uid_t uid, struct strv *env);

#endif
