/* SPDX-License-Identifier: MIT */
/* Reading and replacing single files. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum { TEMPORARY_TRIES = 100 };

int file_write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* ".NAME.XXXXXXXX" in the same directory, so that rename works. */
int file_temporary_name(const char *name, struct buf *ret)
{
	const char *slash = strrchr(name, '/');
	int dir_len = slash ? (int)(slash - name) + 1 : 0;
	unsigned random;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return -errno;
	buf_clear(ret);
	/* Cut, since with what is added it must still be a file name. */
	buf_printf(ret, "%.*s.%.200s.%08x", dir_len, name, name + dir_len, random);
	return buf_error(ret);
}

static int open_temporary(int dirfd, const char *name, mode_t mode, struct buf *path)
{
	int fd, r;

	for (int i = 0; i < TEMPORARY_TRIES; i++) {
		r = file_temporary_name(name, path);
		if (r < 0)
			return r;
		fd = openat(dirfd, buf_str(path), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
		if (fd >= 0 || errno != EEXIST)
			return fd < 0 ? -errno : fd;
	}
	return -EEXIST;
}

static int fill(int fd, const void *data, size_t len, mode_t mode, bool sync)
{
	int r = file_write_all(fd, data, len);

	/* The umask must not make a private file of what is meant to be read, nor the reverse. */
	if (r == 0 && mode != 0644 && fchmod(fd, mode) < 0)
		r = -errno;
	if (r == 0 && sync && fdatasync(fd) < 0)
		r = -errno;
	return r;
}

int file_fsync_dir(int dirfd, const char *path)
{
	_cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int sync_parent(int dirfd, const char *name)
{
	const char *slash = strrchr(name, '/');
	_cleanup_buf_ struct buf dir = BUF_INIT;

	if (slash)
		buf_add(&dir, name, (size_t)(slash - name));
	return file_fsync_dir(dirfd, slash ? buf_str(&dir) : ".");
}

int file_write(
	int dirfd, const char *name, const void *data, size_t len, mode_t mode, enum file_sync sync)
{
	_cleanup_buf_ struct buf temporary = BUF_INIT;
	int fd = open_temporary(dirfd, name, mode, &temporary);
	int r;

	if (fd < 0)
		return fd;
	r = fill(fd, data, len, mode, sync == FILE_SYNC);
	close(fd);
	if (r == 0 && renameat(dirfd, buf_str(&temporary), dirfd, name) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(dirfd, buf_str(&temporary), 0);
	else if (sync == FILE_SYNC)
		r = sync_parent(dirfd, name);
	return r;
}

int file_copy_over(int from_dirfd, const char *from, int to_dirfd, const char *to)
{
	_cleanup_buf_ struct buf temporary = BUF_INIT;
	int r = -EEXIST;

	for (int i = 0; r == -EEXIST && i < TEMPORARY_TRIES; i++) {
		r = file_temporary_name(to, &temporary);
		if (r == 0)
			r = file_copy(from_dirfd, from, to_dirfd, buf_str(&temporary));
	}
	if (r == 0 && renameat(to_dirfd, buf_str(&temporary), to_dirfd, to) < 0) {
		r = -errno;
		unlinkat(to_dirfd, buf_str(&temporary), 0);
	}
	return r;
}

int file_create(int dirfd, const char *name, const void *data, size_t len, mode_t mode)
{
	_cleanup_close_ int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	return fd < 0 ? -errno : fill(fd, data, len, mode, false);
}

static int read_rest(int fd, size_t max, struct buf *b)
{
	size_t start = b->len;
	char block[4096];

	for (;;) {
		ssize_t n = pread(fd, block, sizeof(block), (off_t)(b->len - start));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : buf_error(b);
		if (b->len - start + (size_t)n > max)
			return -EFBIG;
		buf_add(b, block, (size_t)n);
		if (buf_error(b))
			return buf_error(b);
	}
}

int file_read_fd(int fd, size_t max, struct buf *b)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size > 0 && (size_t)st.st_size > max)
		return -EFBIG;
	return read_rest(fd, max, b);
}

int file_read(int dirfd, const char *name, size_t max, struct buf *b)
{
	_cleanup_close_ int fd =
		openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	return fd < 0 ? (errno == ELOOP ? -EINVAL : -errno) : file_read_fd(fd, max, b);
}

bool file_exists(int dirfd, const char *name)
{
	return faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int file_readlink(int dirfd, const char *name, struct buf *b)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dirfd, name, target, sizeof(target));

	if (n < 0)
		return -errno;
	if ((size_t)n == sizeof(target))
		return -ENAMETOOLONG;
	buf_add(b, target, (size_t)n);
	return buf_error(b);
}

int file_each(int dirfd, const char *path, int (*visit)(void *arg, const char *name, int d_type),
	void *arg)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!dir) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		return r;
	}
	while (r == 0) {
		errno = 0;
		entry = readdir(dir);
		if (!entry)
			return -errno;
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = visit(arg, entry->d_name, entry->d_type);
	}
	return r;
}

static int add_name(void *arg, const char *name, int d_type)
{
	(void)d_type;
	return strv_add(arg, name);
}

int file_names(int dirfd, const char *path, struct strv *ret)
{
	return file_each(dirfd, path, add_name, ret);
}

static ssize_t read_block(int fd, char *block, size_t len)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n = read(fd, block + have, len - have);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			break;
		if (n > 0)
			have += (size_t)n;
	}
	return (ssize_t)have;
}

static bool same_bytes(int a, int b)
{
	char block_a[16384], block_b[16384];
	ssize_t n;

	do {
		n = read_block(a, block_a, sizeof(block_a));
		if (n < 0 || read_block(b, block_b, sizeof(block_b)) != n ||
			memcmp(block_a, block_b, (size_t)n) != 0)
			return false;
	} while (n > 0);
	return true;
}

bool file_same_content(int a_dirfd, const char *a, int b_dirfd, const char *b)
{
	_cleanup_close_ int x = openat(a_dirfd, a, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	_cleanup_close_ int y = openat(b_dirfd, b, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat of_x, of_y;

	return x >= 0 && y >= 0 && fstat(x, &of_x) == 0 && fstat(y, &of_y) == 0 &&
	       S_ISREG(of_x.st_mode) && S_ISREG(of_y.st_mode) && of_x.st_size == of_y.st_size &&
	       same_bytes(x, y);
}
