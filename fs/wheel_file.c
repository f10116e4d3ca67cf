/* SPDX-License-Identifier: MIT */
/* Collecting a wheel in a directory of its own, since pip goes by its name. */
#include "wheel_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "guildfs.h"
#include "packages.h"
#include "things.h"
#include "tree.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/name.h"

#define WHEELS "cache/guildfs/wheels"

enum { SWEEP_AGE_S = 3600 };

static uint32_t last; /* atomic: a number for each */

int wheel_file_create(
	const struct place *dir, const char *name, const struct opener *who, struct place *ret)
{
	int r = packages_may_change(dir->fs, name, who);

	if (r < 0)
		return r;
	if (!name_ends_with(name, ".whl") || !name_is_component(name))
		return packages_refuse(dir->fs, name, -EPERM,
			"only wheels can be copied here: NAME-VERSION-py3-none-any.whl");
	*ret = place_at(dir, tree_wheel);
	ret->class = PLACE_PACKAGE;
	ret->serial = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
	ret->slot = things_intern(dir->fs->things, name);
	return ret->slot ? 0 : -ENOSPC;
}

/* Other daemons may serve the same home. */
static void dir_of(const struct place *p, struct buf *b)
{
	buf_printf(b, WHEELS "/%d-%u", (int)getpid(), (unsigned)p->serial);
}

static const char *name_of(const struct place *p)
{
	return things_interned(p->fs->things, p->slot);
}

static int wheel_open(struct handle *h, int flags)
{
	const struct home *home = h->place.fs->home;
	_cleanup_buf_ struct buf path = BUF_INIT;
	int r;

	dir_of(&h->place, &path);
	r = file_mkdirs(home->fd, buf_str(&path), 0700);
	if (r < 0)
		return r;
	buf_printf(&path, "/%s", name_of(&h->place));
	h->fd = openat(home->fd, buf_str(&path),
		O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (flags & O_TRUNC), 0600);
	if (h->fd < 0)
		return -errno;
	/* Held while it is open: for those that sweep. */
	flock(h->fd, LOCK_SH | LOCK_NB);
	h->cache = HANDLE_DIRECT;
	h->append = flags & O_APPEND;
	return 0;
}

static ssize_t wheel_write(struct handle *h, const char *data, size_t len, off_t offset)
{
	off_t at = h->append ? lseek(h->fd, 0, SEEK_END) : offset;
	size_t done = 0;

	h->dirty = true;
	while (at >= 0 && done < len) {
		ssize_t n = pwrite(h->fd, data + done, len - done, at + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return at < 0 ? -errno : (ssize_t)len;
}

static int wheel_truncate(struct handle *h, off_t size)
{
	return ftruncate(h->fd, size) < 0 ? -errno : 0;
}

static int wheel_flush(struct handle *h)
{
	const struct home *home = h->place.fs->home;
	_cleanup_buf_ struct buf path = BUF_INIT, aside = BUF_INIT;

	if (!h->dirty)
		return 0;
	h->dirty = false;
	buf_printf(&aside, "%s/" WHEELS, home->path);
	buf_printf(&path, "%s/", home->path);
	dir_of(&h->place, &path);
	buf_printf(&path, "/%s", name_of(&h->place));
	if (buf_error(&path) || buf_error(&aside))
		return -ENOMEM;
	return packages_install(h->place.fs, buf_str(&path), buf_str(&aside));
}

static void wheel_release(struct handle *h)
{
	_cleanup_buf_ struct buf dir = BUF_INIT;

	close(h->fd);
	dir_of(&h->place, &dir);
	file_remove_tree(h->place.fs->home->fd, buf_str(&dir));
}

const struct file_kind file_wheel = {
	.open = wheel_open,
	.write = wheel_write,
	.truncate = wheel_truncate,
	.flush = wheel_flush,
	.release = wheel_release,
};

/* --- sweeping --------------------------------------------------------------------- */

static int is_held(void *arg, const char *name, int d_type)
{
	_cleanup_close_ int fd = -1;

	if (d_type != DT_REG && d_type != DT_UNKNOWN)
		return 0;
	fd = openat(*(int *)arg, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

/* Neither young nor held: nobody comes back to it. */
static bool is_left(int wheels_fd, const char *name)
{
	_cleanup_close_ int fd =
		openat(wheels_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 &&
	       clock_now() / 1000000 - st.st_mtim.tv_sec > SWEEP_AGE_S &&
	       file_each(fd, ".", is_held, &fd) == 0;
}

void wheel_files_sweep(const struct home *home)
{
	_cleanup_close_ int fd = openat(home->fd, WHEELS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_strv_ struct strv names = STRV_INIT;

	if (fd < 0)
		return;
	file_names(fd, ".", &names);
	for (size_t i = 0; i < names.n; i++)
		if (is_left(fd, names.v[i]))
			file_remove_tree(fd, names.v[i]);
}
