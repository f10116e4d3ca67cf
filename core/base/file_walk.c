/* SPDX-License-Identifier: MIT */
/* Directory trees: visiting. */
#include "base/file_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/strv.h"

struct walk {
	int root;
	bool follow;
	walk_visit visit;
	void *arg;
};

/* A directory that is being read, with those it is in. */
struct level {
	const struct level *parent;
	dev_t dev;
	ino_t ino;
};

static bool is_cycle(const struct level *level, const struct stat *st)
{
	for (; level; level = level->parent)
		if (level->dev == st->st_dev && level->ino == st->st_ino)
			return true;
	return false;
}

static int walk_dir(const struct walk *w, const char *dir, const struct level *level);

static int walk_path(const struct walk *w, const char *path, const struct level *level)
{
	struct walk_entry entry = {.path = path};
	struct stat target;
	int r;

	if (fstatat(w->root, path, &entry.st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	entry.is_link = S_ISLNK(entry.st.st_mode);
	if (entry.is_link && fstatat(w->root, path, &target, 0) == 0)
		entry.st = target;
	r = w->visit(w->arg, &entry);
	if (r != 0 || !S_ISDIR(entry.st.st_mode) || (entry.is_link && !w->follow) ||
		is_cycle(level, &entry.st))
		return r < 0 ? r : 0;
	return walk_dir(w, path, &(struct level){level, entry.st.st_dev, entry.st.st_ino});
}

static int walk_dir(const struct walk *w, const char *dir, const struct level *level)
{
	int fd = openat(w->root, *dir ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_strv_ struct strv names = STRV_INIT;
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	/* Closed before what is below, so that no depth takes more than one. */
	r = file_names(fd, ".", &names);
	close(fd);
	strv_sort(&names);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		_cleanup_buf_ struct buf path = BUF_INIT;

		buf_printf(&path, "%s%s%s", dir, *dir ? "/" : "", names.v[i]);
		r = buf_error(&path) ? buf_error(&path) : walk_path(w, buf_str(&path), level);
	}
	return r;
}

int file_walk(int dirfd, bool follow, walk_visit visit, void *arg)
{
	const struct walk w = {.root = dirfd, .follow = follow, .visit = visit, .arg = arg};
	struct stat st;

	if (fstat(dirfd, &st) < 0)
		return -errno;
	return walk_dir(&w, "", &(struct level){.dev = st.st_dev, .ino = st.st_ino});
}
