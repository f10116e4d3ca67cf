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
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/strv.h"

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
/* A random name for a file beside `name`, which may take its place by rename: nobody else's, as
 * long as it is made with O_EXCL and -EEXIST is answered with another one. */
int file_temporary_name(const char *name, struct buf *ret);
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
int file_mkdirs_above(int dirfd, const char *path, mode_t mode); /* for what path names */
/* rm -rf, of directories without u+rwx, too; follows no link, and ends at the first error. */
int file_remove_tree(int dirfd, const char *name);
/* Copies a regular file's bytes (reflink where the file system can) with the source's x bits. */
int file_copy(int from_dirfd, const char *from, int to_dirfd, const char *to);
/* Replaces `to` by the copy as file_write() does, and no directory. */
int file_copy_over(int from_dirfd, const char *from, int to_dirfd, const char *to);
/* The same as file_copy(), telling how many bytes were copied since; a negative result ends it. */
struct file_watcher {
	int (*copied)(void *arg, uint64_t bytes);
	void *arg;
};
int file_copy_watched(int from_dirfd, const char *from, int to_dirfd, const char *to,
	const struct file_watcher *watcher);
/* Copies a tree: directories, regular files, symlinks as they are; anything else is skipped.
 * -ENAMETOOLONG where it is so deep that no path names what is there. */
int file_copy_tree(int from_dirfd, const char *from, int to_dirfd, const char *to);
int file_fsync_dir(int dirfd, const char *path);

bool file_exists(int dirfd, const char *name); /* lstat succeeds */

/* Both are regular files, or links to some, and have the same bytes. */
bool file_same_content(int a_dirfd, const char *a, int b_dirfd, const char *b);

/* readlink into b. */
int file_readlink(int dirfd, const char *name, struct buf *b);

/* Calls visit for each name but . and .. in readdir order; a nonzero result stops and is returned.
 */
int file_each(int dirfd, const char *path, int (*visit)(void *arg, const char *name, int d_type),
	void *arg);
/* These names, added. */
int file_names(int dirfd, const char *path, struct strv *ret);

#endif
