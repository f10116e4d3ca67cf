/* SPDX-License-Identifier: MIT */
/*
 * Files, always relative to a directory descriptor (AT_FDCWD is fine). All functions return 0 or
 * a negative errno and leave errno alone. Names are not trusted to stay inside: callers that take
 * names from people or from the store use base/name.h first.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/buf.h"

enum file_sync {
	FILE_NOSYNC,
	FILE_SYNC, /* the data, the name and the directory are on disk when the call returns */
};

/*
 * Replaces `name` by a file with these bytes: temporary file beside it + rename, so that a reader
 * sees the old or the new content, whole. `name` may contain slashes. With FILE_SYNC the file is
 * synced before the rename and its directory after it.
 */
int file_write(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
	enum file_sync sync);
/* Writes a new file in place, for trees that are not visible yet. -EEXIST when it is there. */
int file_create(int dirfd, const char *name, const void *data, size_t len, mode_t mode);

/*
 * Appends the content to b. -EFBIG when it is longer than max; -EINVAL for what is not a regular
 * file. Never blocks on a fifo; follows no symlink in the last component.
 */
int file_read(int dirfd, const char *name, size_t max, struct buf *b);
/* The same for an open descriptor, from offset 0. */
int file_read_fd(int fd, size_t max, struct buf *b);

/* write(2) until all is written; retries EINTR and short writes. */
int file_write_all(int fd, const void *data, size_t len);

int file_mkdirs(int dirfd, const char *path, mode_t mode); /* mkdir -p */
int file_remove_tree(int dirfd, const char *name);         /* rm -rf; follows no link */
/* Copies a regular file's bytes (reflink where the file system can) with the source's x bits. */
int file_copy(int from_dirfd, const char *from, int to_dirfd, const char *to);
/* Copies a tree: directories, regular files, symlinks as they are; anything else is skipped. */
int file_copy_tree(int from_dirfd, const char *from, int to_dirfd, const char *to);
int file_fsync_dir(int dirfd, const char *path);

bool file_exists(int dirfd, const char *name); /* lstat succeeds */

/* readlink into b. */
int file_readlink(int dirfd, const char *name, struct buf *b);

/* Calls visit for each name but . and .. in readdir order; a nonzero result stops and is returned.
 */
int file_each(int dirfd, const char *path, int (*visit)(void *arg, const char *name, int d_type),
	void *arg);

#endif
