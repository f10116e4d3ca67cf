/* SPDX-License-Identifier: MIT */
/* openat2(2) where the kernel has it, else one step after the other. */
#include "base/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/as_user.h"
#include "base/shortage.h"

/* What openat2 says of a link on the way, which is a file among others to O_DIRECTORY. */
static int error_of_step(int fd, const char *part, int error)
{
	struct stat st;

	return error == ENOTDIR && fstatat(fd, part, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			       S_ISLNK(st.st_mode)
		       ? -ELOOP
		       : -error;
}

/* Before Linux 5.6, and where a sandbox knows of no openat2. */
static int open_stepwise(int dirfd, const char *path, int flags, mode_t mode)
{
	_cleanup_free_ char *copy = strdup(path);
	_cleanup_close_ int held = -1;
	char *next = copy, *part;
	const char *name;
	int from = dirfd, fd;

	if (!copy)
		return -ENOMEM;
	if (*path == '/')
		return -EXDEV;
	while ((part = strsep(&next, "/"))) {
		if (strcmp(part, "..") == 0)
			return -EXDEV;
		if (next && (!*part || strcmp(part, ".") == 0))
			continue;
		name = *part ? part : ".";
		fd = openat(from, name,
			next ? O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC : flags, mode);
		if (fd < 0)
			return error_of_step(from, name, errno);
		if (held >= 0)
			close(held);
		from = held = fd;
	}
	return STEAL_FD(held);
}

static int open_beneath(int dirfd, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC | O_NOFOLLOW),
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	do
		fd = syscall(SYS_openat2, dirfd, *path ? path : ".", &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return shortage_note(
			open_stepwise(dirfd, path, flags | O_CLOEXEC | O_NOFOLLOW, mode));
	return fd < 0 ? shortage_note(-errno) : (int)fd;
}

/* What root makes in a directory is its owner's, made with his rights. */
static int begin_as_owner(int fd, struct as_user *as)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? -errno : as_user_begin(as, st.st_uid, st.st_gid);
}

int beneath_open(int dirfd, const char *path, int flags, mode_t mode)
{
	_cleanup_close_ int parent = -1;
	const char *name;
	struct as_user as;
	int fd;

	if (!(flags & O_CREAT))
		return open_beneath(dirfd, path, flags, mode);
	parent = beneath_open_parent(dirfd, path, &name);
	fd = parent < 0 ? parent : begin_as_owner(parent, &as);
	if (fd < 0)
		return fd;
	fd = open_beneath(parent, name, flags, mode);
	as_user_end(&as);
	return fd;
}

int beneath_open_parent(int dirfd, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	_cleanup_buf_ struct buf dir = BUF_INIT;

	*ret_name = slash ? slash + 1 : path;
	if (strcmp(*ret_name, "..") == 0)
		return -EXDEV;
	buf_add(&dir, path, slash ? (size_t)(slash - path) : 0);
	if (buf_error(&dir))
		return buf_error(&dir);
	if (slash == path)
		return -EXDEV;
	return beneath_open(dirfd, buf_str(&dir), O_PATH | O_DIRECTORY, 0);
}

int beneath_read(int dirfd, const char *path, size_t max, struct buf *b)
{
	_cleanup_close_ int fd = beneath_open(dirfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);

	return fd < 0 ? (fd == -ELOOP ? -EINVAL : fd) : file_read_fd(fd, max, b);
}

/* With FILE_SYNC the directory is opened anew, since what is O_PATH cannot be synced. */
int beneath_write(
	int dirfd, const char *path, const void *data, size_t len, mode_t mode, enum file_sync sync)
{
	const char *name;
	_cleanup_close_ int fd = beneath_open_parent(dirfd, path, &name);
	struct as_user as;
	int r = fd < 0 ? fd : begin_as_owner(fd, &as);

	if (r < 0)
		return r;
	r = file_write(fd, name, data, len, mode, sync);
	as_user_end(&as);
	return r;
}

int beneath_create(int dirfd, const char *path, const void *data, size_t len, mode_t mode)
{
	const char *name;
	_cleanup_close_ int fd = beneath_open_parent(dirfd, path, &name);
	struct as_user as;
	int r = fd < 0 ? fd : begin_as_owner(fd, &as);

	if (r < 0)
		return r;
	r = file_create(fd, name, data, len, mode);
	as_user_end(&as);
	return r;
}

static int make_dir(int fd, const char *name, mode_t mode)
{
	struct as_user as;
	int r = begin_as_owner(fd, &as);

	if (r < 0)
		return r;
	r = mkdirat(fd, name, mode) < 0 && errno != EEXIST ? -errno : 0;
	as_user_end(&as);
	return r;
}

int beneath_mkdirs(int dirfd, const char *path, mode_t mode)
{
	_cleanup_buf_ struct buf dir = BUF_INIT;
	_cleanup_close_ int last = -1;

	for (const char *end = path; *end;) {
		const char *name;
		_cleanup_close_ int fd = -1;
		int r;

		end = strchrnul(end + (*end == '/'), '/');
		buf_clear(&dir);
		buf_add(&dir, path, (size_t)(end - path));
		if (buf_error(&dir))
			return buf_error(&dir);
		fd = beneath_open_parent(dirfd, buf_str(&dir), &name);
		if (fd < 0)
			return fd;
		r = make_dir(fd, name, mode);
		if (r < 0)
			return r;
	}
	last = beneath_open(dirfd, path, O_PATH | O_DIRECTORY, 0);
	return last < 0 ? last : 0;
}

int beneath_unlink(int dirfd, const char *path)
{
	const char *name;
	_cleanup_close_ int fd = beneath_open_parent(dirfd, path, &name);

	if (fd < 0)
		return fd;
	return unlinkat(fd, name, 0) < 0 ? -errno : 0;
}

int beneath_stat(int dirfd, const char *path, struct stat *ret)
{
	_cleanup_close_ int fd = beneath_open(dirfd, path, O_PATH, 0);

	if (fd < 0)
		return fd;
	return fstat(fd, ret) < 0 ? -errno : 0;
}

bool beneath_exists(int dirfd, const char *path)
{
	_cleanup_close_ int fd = beneath_open(dirfd, path, O_PATH, 0);

	return fd >= 0;
}

int beneath_each(int dirfd, const char *path, int (*visit)(void *arg, const char *name, int d_type),
	void *arg)
{
	_cleanup_close_ int fd = beneath_open(dirfd, path, O_RDONLY | O_DIRECTORY, 0);

	return fd < 0 ? fd : file_each(fd, ".", visit, arg);
}
