/* SPDX-License-Identifier: MIT */
/*
 * Removing a tree, however deep it is: one descriptor is open, of the directory that is being
 * emptied, and the way back is checked at each step, since others may move directories meanwhile.
 * They may fill them, too: what was put into a directory while it was emptied is removed as well,
 * so many times.
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strv.h"

enum { FILLED_MAX = 100 };

struct level {
	char *name; /* in the level above */
	dev_t dev;
	ino_t ino;
	struct strv dirs; /* that were found in it */
	size_t next;      /* of them */
};

struct removal {
	struct level *levels;
	size_t n;
	int fd; /* of the last level */
	unsigned filled; /* how often a directory was not empty when it should have been */
};

static bool is_dir(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* -EISDIR: it must be emptied first. */
static int remove_file(int dirfd, const char *name)
{
	if (unlinkat(dirfd, name, 0) == 0)
		return 0;
	/* What POSIX has for directories. */
	if (errno == EPERM && is_dir(dirfd, name))
		return -EISDIR;
	return -errno;
}

static int remove_child(void *arg, const char *name, int d_type)
{
	struct removal *t = arg;
	int r = remove_file(t->fd, name);

	(void)d_type;
	if (r == -EISDIR)
		return strv_add(&t->levels[t->n - 1].dirs, name);
	return r == -ENOENT ? 0 : r;
}

/* An owner may take away his own rights, and has them still. */
static int open_dir(int dirfd, const char *name, struct stat *ret)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dirfd, name, flags);

	if (fd < 0 && errno == EACCES && fchmodat(dirfd, name, 0700, AT_SYMLINK_NOFOLLOW) == 0)
		fd = openat(dirfd, name, flags);
	if (fd < 0)
		return -errno;
	if (fstat(fd, ret) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	if ((ret->st_mode & 0700) != 0700)
		fchmod(fd, (ret->st_mode & 07777) | 0700);
	return fd;
}

static int push(struct removal *t, const char *name, const struct stat *st)
{
	struct level *grown;

	/* Capacity is the next power of two above n. */
	if ((t->n & (t->n + 1)) == 0) {
		grown = reallocarray(t->levels, (t->n + 1) * 2, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		t->levels = grown;
	}
	t->levels[t->n] = (struct level){strdup(name), st->st_dev, st->st_ino, STRV_INIT, 0};
	return t->levels[t->n++].name ? 0 : -ENOMEM;
}

static void pop(struct removal *t)
{
	struct level *last = &t->levels[--t->n];

	free(last->name);
	strv_release(&last->dirs);
}

static void go_to(struct removal *t, int fd)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = fd;
}

static int enter(struct removal *t, int dirfd, const char *name)
{
	struct stat st;
	int fd = open_dir(dirfd, name, &st), r;

	if (fd < 0)
		return fd;
	go_to(t, fd);
	r = push(t, name, &st);
	return r == 0 ? file_each(fd, ".", remove_child, t) : r;
}

static int go_up(struct removal *t)
{
	const struct level *above = &t->levels[t->n - 2];
	_cleanup_close_ int fd = openat(t->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_dev != above->dev || st.st_ino != above->ino)
		return -ESTALE;
	go_to(t, STEAL_FD(fd));
	return 0;
}

/* The last level has been emptied. */
static int leave(struct removal *t, int dirfd)
{
	_cleanup_free_ char *name = NULL;
	bool top = t->n == 1;
	int above, r = top ? 0 : go_up(t);

	if (r < 0)
		return r;
	name = STEAL(t->levels[t->n - 1].name);
	pop(t);
	above = top ? dirfd : t->fd;
	if (unlinkat(above, name, AT_REMOVEDIR) == 0)
		return 0;
	r = -errno;
	return (r == -ENOTEMPTY || r == -EEXIST) && t->filled++ < FILLED_MAX ? enter(t, above, name)
									      : r;
}

int file_remove_tree(int dirfd, const char *name)
{
	struct removal t = {.fd = -1};
	int r = remove_file(dirfd, name);

	if (r != -EISDIR)
		return r;
	r = enter(&t, dirfd, name);
	while (r == 0 && t.n) {
		struct level *last = &t.levels[t.n - 1];

		r = last->next < last->dirs.n ? enter(&t, t.fd, last->dirs.v[last->next++])
					      : leave(&t, dirfd);
	}
	while (t.n)
		pop(&t);
	go_to(&t, -1);
	free(t.levels);
	return r;
}
