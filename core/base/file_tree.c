/* SPDX-License-Identifier: MIT */
/* Directory trees: making, removing, copying. No symlink is ever followed on the way. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

/* Deeper trees than this are refused rather than run out of stack. */
enum { MAX_DEPTH = 200, COPY_CHUNK = 1 << 30 };

int file_mkdirs(int dirfd, const char *path, mode_t mode)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	buf_puts(&b, path);
	if (buf_error(&b))
		return buf_error(&b);
	for (char *slash = strchr(b.data + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdirat(dirfd, b.data, mode) < 0 && errno != EEXIST && errno != EISDIR)
			return -errno;
		*slash = '/';
	}
	if (mkdirat(dirfd, b.data, mode) < 0) {
		struct stat st;

		if (errno != EEXIST)
			return -errno;
		if (fstatat(dirfd, b.data, &st, 0) < 0)
			return -errno;
		return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
	}
	return 0;
}

struct remove_job {
	int dirfd;
	int depth;
};

static int remove_entry(int dirfd, const char *name, int depth);

static int remove_child(void *arg, const char *name, int d_type)
{
	struct remove_job *job = arg;

	(void)d_type;
	return remove_entry(job->dirfd, name, job->depth + 1);
}

static int remove_entry(int dirfd, const char *name, int depth)
{
	struct remove_job job = {.dirfd = -1, .depth = depth};
	int r;

	if (unlinkat(dirfd, name, 0) == 0)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	if (depth > MAX_DEPTH)
		return -ELOOP;
	job.dirfd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (job.dirfd < 0)
		return -errno;
	r = file_each(job.dirfd, ".", remove_child, &job);
	close(job.dirfd);
	if (r == 0 && unlinkat(dirfd, name, AT_REMOVEDIR) < 0)
		r = -errno;
	return r;
}

int file_remove_tree(int dirfd, const char *name)
{
	return remove_entry(dirfd, name, 0);
}

static int copy_bytes(int from, int to)
{
	ssize_t n;
	char block[16384];

	if (ioctl(to, FICLONE, from) == 0)
		return 0;
	while ((n = copy_file_range(from, NULL, to, NULL, COPY_CHUNK, 0)) > 0)
		;
	if (n == 0)
		return 0;
	/* Between file systems that cannot do it for us; a part may have been copied already. */
	if (lseek(from, 0, SEEK_SET) < 0 || lseek(to, 0, SEEK_SET) < 0 || ftruncate(to, 0) < 0)
		return -errno;
	while ((n = read(from, block, sizeof(block))) != 0) {
		int r = n > 0 ? file_write_all(to, block, (size_t)n) : errno == EINTR ? 0 : -errno;

		if (r < 0)
			return r;
	}
	return 0;
}

int file_copy(int from_dirfd, const char *from, int to_dirfd, const char *to)
{
	_cleanup_close_ int in = openat(from_dirfd, from, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	_cleanup_close_ int out = -1;
	struct stat st;
	int r;

	if (in < 0 || fstat(in, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	out = openat(
		to_dirfd, to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666 | (st.st_mode & 0111));
	if (out < 0)
		return -errno;
	r = copy_bytes(in, out);
	if (r < 0)
		unlinkat(to_dirfd, to, 0);
	return r;
}

struct copy_job {
	int from, to;
	int depth;
};

static int copy_entry(int from_dirfd, const char *from, int to_dirfd, const char *to, int depth);

static int copy_child(void *arg, const char *name, int d_type)
{
	struct copy_job *job = arg;

	(void)d_type;
	return copy_entry(job->from, name, job->to, name, job->depth + 1);
}

static int copy_directory(int from_dirfd, const char *from, int to_dirfd, const char *to, int depth)
{
	struct copy_job job = {.from = -1, .to = -1, .depth = depth};
	int r;

	if (depth > MAX_DEPTH)
		return -ELOOP;
	if (mkdirat(to_dirfd, to, 0777) < 0 && errno != EEXIST)
		return -errno;
	job.from = openat(from_dirfd, from, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (job.from < 0)
		return -errno;
	job.to = openat(to_dirfd, to, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = job.to < 0 ? -errno : file_each(job.from, ".", copy_child, &job);
	close(job.from);
	if (job.to >= 0)
		close(job.to);
	return r;
}

static int copy_link(int from_dirfd, const char *from, int to_dirfd, const char *to)
{
	_cleanup_buf_ struct buf target = BUF_INIT;
	int r = file_readlink(from_dirfd, from, &target);

	if (r == 0 && symlinkat(buf_str(&target), to_dirfd, to) < 0)
		r = -errno;
	return r;
}

static int copy_entry(int from_dirfd, const char *from, int to_dirfd, const char *to, int depth)
{
	struct stat st;

	if (fstatat(from_dirfd, from, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return copy_directory(from_dirfd, from, to_dirfd, to, depth);
	if (S_ISLNK(st.st_mode))
		return copy_link(from_dirfd, from, to_dirfd, to);
	return S_ISREG(st.st_mode) ? file_copy(from_dirfd, from, to_dirfd, to) : 0;
}

int file_copy_tree(int from_dirfd, const char *from, int to_dirfd, const char *to)
{
	return copy_entry(from_dirfd, from, to_dirfd, to, 0);
}
