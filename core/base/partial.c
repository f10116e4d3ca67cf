/* SPDX-License-Identifier: MIT */
/* Makers' directories and their locks. */
#include "base/partial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/file.h"

enum { TRIES = 10 };

/* Whoever finds it unlocked removes it, also between mkdir and flock. */
static bool still_there(int parent_fd, const char *path, int fd)
{
	struct stat by_name, by_fd;

	return fstatat(parent_fd, path, &by_name, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstat(fd, &by_fd) == 0 && by_name.st_dev == by_fd.st_dev &&
	       by_name.st_ino == by_fd.st_ino;
}

static int remove_dead(void *arg, const char *name, int d_type)
{
	const int *dir_fd = arg;
	_cleanup_close_ int fd =
		openat(*dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	(void)d_type;
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		file_remove_tree(*dir_fd, name);
	return 0;
}

static void sweep(int parent_fd)
{
	_cleanup_close_ int fd =
		openat(parent_fd, PARTIAL_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0)
		file_each(fd, ".", remove_dead, &fd);
}

/* Whoever may make things in the parent may in it, whatever the umask of the first one is. */
static int make_common_dir(int parent_fd)
{
	struct stat st;

	if (mkdirat(parent_fd, PARTIAL_DIR, 0777) < 0)
		return errno == EEXIST ? 0 : -errno;
	if (fstat(parent_fd, &st) < 0)
		return -errno;
	fchmodat(parent_fd, PARTIAL_DIR, st.st_mode & 07777, 0);
	return 0;
}

static int make(struct partial *p)
{
	int r = make_common_dir(p->parent_fd);
	unsigned long long random;

	if (r < 0)
		return r;
	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return -errno;
	snprintf(p->path, sizeof(p->path), PARTIAL_DIR "/%016llx", random);
	/* Somebody may just be removing what is above it. */
	if (mkdirat(p->parent_fd, p->path, 0700) < 0)
		return errno == ENOENT || errno == EEXIST ? -EAGAIN : -errno;
	p->fd = openat(p->parent_fd, p->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (p->fd < 0)
		return errno == ENOENT ? -EAGAIN : -errno;
	/* A file system without locks has nobody who sweeps by them either. */
	if (flock(p->fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return -EAGAIN;
	return still_there(p->parent_fd, p->path, p->fd) ? 0 : -EAGAIN;
}

int partial_begin(int parent_fd, struct partial *ret)
{
	int r = -EAGAIN;

	*ret = (struct partial){.parent_fd = parent_fd, .fd = -1};
	sweep(parent_fd);
	for (int i = 0; r == -EAGAIN && i < TRIES; i++) {
		if (ret->fd >= 0)
			close(ret->fd);
		ret->fd = -1;
		r = make(ret);
	}
	if (r < 0) {
		partial_end(ret);
		*ret = PARTIAL_INIT;
	}
	return r;
}

void partial_end(struct partial *p)
{
	if (p->fd < 0)
		return;
	file_remove_tree(p->parent_fd, p->path);
	close(p->fd);
	p->fd = -1;
	/* Unless others are at work. */
	unlinkat(p->parent_fd, PARTIAL_DIR, AT_REMOVEDIR);
}

int partial_rename(int from_dirfd, const char *from, int to_dirfd, const char *to)
{
	if (renameat2(from_dirfd, from, to_dirfd, to, RENAME_NOREPLACE) == 0)
		return 0;
	/* NFS, for one. */
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (file_exists(to_dirfd, to))
		return -EEXIST;
	return renameat(from_dirfd, from, to_dirfd, to) < 0 ? -errno : 0;
}

int partial_place(const struct partial *p, const char *name, int to_dirfd, const char *to)
{
	return partial_rename(p->fd, name, to_dirfd, to);
}

/* One after the other, where the file system cannot exchange them. */
static int swap(const struct partial *p, const char *name, int to_dirfd, const char *to)
{
	static const char aside[] = ".replaced";
	int r = file_remove_tree(p->fd, aside);

	if (r < 0 && r != -ENOENT)
		return r;
	if (renameat(to_dirfd, to, p->fd, aside) < 0)
		return -errno;
	r = partial_place(p, name, to_dirfd, to);
	if (r < 0)
		renameat(p->fd, aside, to_dirfd, to);
	return r < 0 ? r : file_remove_tree(p->fd, aside);
}

int partial_replace(const struct partial *p, const char *name, int to_dirfd, const char *to)
{
	int r = partial_place(p, name, to_dirfd, to);

	if (r != -EEXIST)
		return r;
	if (renameat2(p->fd, name, to_dirfd, to, RENAME_EXCHANGE) == 0)
		return file_remove_tree(p->fd, name);
	return errno == EINVAL || errno == ENOSYS ? swap(p, name, to_dirfd, to) : -errno;
}

int partial_take_away(const struct partial *p, int from_dirfd, const char *name)
{
	struct stat st;
	int r = renameat(from_dirfd, name, p->fd, name) < 0 ? -errno : 0;

	/* A directory that gets another parent must be writable itself. */
	if (r != -EACCES || fstatat(from_dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		fchmodat(from_dirfd, name, (st.st_mode & 07777) | 0700, AT_SYMLINK_NOFOLLOW) < 0)
		return r;
	r = renameat(from_dirfd, name, p->fd, name) < 0 ? -errno : 0;
	if (r < 0)
		fchmodat(from_dirfd, name, st.st_mode & 07777, AT_SYMLINK_NOFOLLOW);
	return r;
}
