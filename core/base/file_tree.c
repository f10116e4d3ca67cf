/* SPDX-License-Identifier: MIT */
/* Directory trees: making and copying. No symlink is ever followed on the way. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

/* What is deeper no path can name; the stack has its bounds, too. */
enum { MAX_DEPTH = 2048, COPY_CHUNK = 1 << 30, WATCHED_CHUNK = 16 << 20 };

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

int file_mkdirs_above(int dirfd, const char *path, mode_t mode)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *dir = NULL;

	if (!slash || slash == path)
		return 0;
	dir = strndup(path, (size_t)(slash - path));
	return dir ? file_mkdirs(dirfd, dir, mode) : -ENOMEM;
}

static int tell(const struct file_watcher *watcher, ssize_t n)
{
	return watcher ? watcher->copied(watcher->arg, (uint64_t)n) : 0;
}

static int copy_bytes(int from, int to, const struct file_watcher *watcher)
{
	size_t chunk = watcher ? WATCHED_CHUNK : COPY_CHUNK;
	ssize_t n;
	char block[65536];
	int r;

	if (ioctl(to, FICLONE, from) == 0)
		return 0;
	while ((n = copy_file_range(from, NULL, to, NULL, chunk, 0)) > 0)
		if ((r = tell(watcher, n)) < 0)
			return r;
	if (n == 0)
		return 0;
	/* Between file systems that cannot do it for us; a part may have been copied already. */
	if (lseek(from, 0, SEEK_SET) < 0 || lseek(to, 0, SEEK_SET) < 0 || ftruncate(to, 0) < 0)
		return -errno;
	while ((n = read(from, block, sizeof(block))) != 0) {
		if (n < 0 && errno != EINTR)
			return -errno;
		r = n > 0 ? file_write_all(to, block, (size_t)n) : 0;
		if (r == 0)
			r = tell(watcher, n > 0 ? n : 0);
		if (r < 0)
			return r;
	}
	return 0;
}

int file_copy_watched(int from_dirfd, const char *from, int to_dirfd, const char *to,
	const struct file_watcher *watcher)
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
	r = copy_bytes(in, out, watcher);
	if (r < 0)
		unlinkat(to_dirfd, to, 0);
	return r;
}

int file_copy(int from_dirfd, const char *from, int to_dirfd, const char *to)
{
	return file_copy_watched(from_dirfd, from, to_dirfd, to, NULL);
}

/* The directories that are being copied, however deep they are: two descriptors. */
struct copy_job {
	int from, to;
	int depth;
	struct stat made; /* what the copy is: not a part of what is copied, wherever it is */
};

static int copy_entry(struct copy_job *job, const char *name);

static void go_to(int *fd, int other)
{
	close(*fd);
	*fd = other;
}

/* Into a directory that is there, and what the one above is. */
static int enter(int *fd, const char *name, struct stat *ret_above)
{
	int below;

	if (fstat(*fd, ret_above) < 0)
		return -errno;
	below = openat(*fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (below < 0)
		return -errno;
	go_to(fd, below);
	return 0;
}

/* Others may move directories meanwhile. */
static int leave(int *fd, const struct stat *above)
{
	int up = openat(*fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (up < 0)
		return -errno;
	go_to(fd, up);
	if (fstat(up, &st) < 0)
		return -errno;
	return st.st_dev == above->st_dev && st.st_ino == above->st_ino ? 0 : -ESTALE;
}

static int copy_children(struct copy_job *job)
{
	_cleanup_strv_ struct strv names = STRV_INIT;
	int r = file_names(job->from, ".", &names);

	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = copy_entry(job, names.v[i]);
	return r;
}

static int copy_directory(struct copy_job *job, const char *name)
{
	struct stat from_above, to_above;
	int r;

	if (job->depth >= MAX_DEPTH)
		return -ENAMETOOLONG;
	if (mkdirat(job->to, name, 0777) < 0 && errno != EEXIST)
		return -errno;
	r = enter(&job->from, name, &from_above);
	if (r == 0)
		r = enter(&job->to, name, &to_above);
	if (r < 0)
		return r;
	job->depth++;
	r = copy_children(job);
	job->depth--;
	if (r == 0)
		r = leave(&job->from, &from_above);
	return r < 0 ? r : leave(&job->to, &to_above);
}

static int copy_link(int from_dirfd, const char *from, int to_dirfd, const char *to)
{
	_cleanup_buf_ struct buf target = BUF_INIT;
	int r = file_readlink(from_dirfd, from, &target);

	if (r == 0 && symlinkat(buf_str(&target), to_dirfd, to) < 0)
		r = -errno;
	return r;
}

static int copy_other(const struct stat *st, int from_dirfd, const char *from, int to_dirfd,
	const char *to)
{
	if (S_ISLNK(st->st_mode))
		return copy_link(from_dirfd, from, to_dirfd, to);
	return S_ISREG(st->st_mode) ? file_copy(from_dirfd, from, to_dirfd, to) : 0;
}

static int copy_entry(struct copy_job *job, const char *name)
{
	struct stat st;

	if (fstatat(job->from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (st.st_dev == job->made.st_dev && st.st_ino == job->made.st_ino)
		return 0;
	return S_ISDIR(st.st_mode) ? copy_directory(job, name)
				   : copy_other(&st, job->from, name, job->to, name);
}

static int copy_root(int from_dirfd, const char *from, int to_dirfd, const char *to)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	struct copy_job job = {.to = -1};
	int r;

	if (mkdirat(to_dirfd, to, 0777) < 0 && errno != EEXIST)
		return -errno;
	job.from = openat(from_dirfd, from, flags);
	if (job.from < 0)
		return -errno;
	job.to = openat(to_dirfd, to, flags);
	r = job.to < 0 || fstat(job.to, &job.made) < 0 ? -errno : copy_children(&job);
	close(job.from);
	if (job.to >= 0)
		close(job.to);
	return r;
}

int file_copy_tree(int from_dirfd, const char *from, int to_dirfd, const char *to)
{
	struct stat st;

	if (fstatat(from_dirfd, from, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? copy_root(from_dirfd, from, to_dirfd, to)
				   : copy_other(&st, from_dirfd, from, to_dirfd, to);
}
