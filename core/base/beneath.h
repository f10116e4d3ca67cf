/* SPDX-License-Identifier: MIT */
/*
 * Files below a directory that somebody else may write to, as root's daemon reads and writes
 * those of everybody's runs: a path is followed without leaving the directory and through no link,
 * wherever on the way one has been put. What root makes there belongs to the owner of the directory
 * that it is in, and is made with no more rights than his.
 *
 * All functions return 0 (or a descriptor) or a negative errno: -EXDEV for a path that leads out,
 * -ELOOP for one through a link. dirfd is a real one. Otherwise they are their namesakes of
 * base/file.h.
 */
#ifndef BASE_BENEATH_H
#define BASE_BENEATH_H

#include "base/file.h"

/* openat(2). A link at the end is -ELOOP as well; with O_PATH it is opened itself. */
int beneath_open(int dirfd, const char *path, int flags, mode_t mode);
/* The directory that the path's last part is in, and that part. */
int beneath_open_parent(int dirfd, const char *path, const char **ret_name);

/* -EINVAL for a link, wherever it is, as for all that is not a regular file. */
int beneath_read(int dirfd, const char *path, size_t max, struct buf *b);
int beneath_write(int dirfd, const char *path, const void *data, size_t len, mode_t mode,
	enum file_sync sync);
int beneath_create(int dirfd, const char *path, const void *data, size_t len, mode_t mode);
int beneath_mkdirs(int dirfd, const char *path, mode_t mode);
int beneath_unlink(int dirfd, const char *path);
int beneath_stat(int dirfd, const char *path, struct stat *ret); /* lstat(2) */
bool beneath_exists(int dirfd, const char *path);
int beneath_each(int dirfd, const char *path, int (*visit)(void *arg, const char *name, int d_type),
	void *arg);

#endif
