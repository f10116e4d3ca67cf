/* SPDX-License-Identifier: MIT */
/* File systems that other machines write, too: their locks and caches are not to be relied on. */
#ifndef BASE_SHARED_FS_H
#define BASE_SHARED_FS_H

#include <stdbool.h>

/* By the type that statfs(2) gives. */
bool shared_fs_type(long type);
/* Of an open file, O_PATH too. */
bool shared_fs(int fd);

#endif
