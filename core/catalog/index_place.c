/* SPDX-License-Identifier: MIT */
/*
 * Where the index is: beside the runs, unless these are on a file system that other machines write,
 * too. SQLite's locks and shared memory would not hold there.
 */
#include "catalog/index.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <xxhash.h>

#include "base/file.h"
#include "base/shared_fs.h"

#define CACHE_DIR "cache/guildfs"

/* In a directory of the user's own, since /var/tmp is everybody's. */
static int path_elsewhere(const struct home *home, struct buf *b)
{
	struct stat st;

	buf_printf(b, "/var/tmp/guildfs-%u", (unsigned)geteuid());
	if (buf_error(b))
		return buf_error(b);
	if (mkdir(buf_str(b), 0700) < 0 && errno != EEXIST)
		return -errno;
	if (lstat(buf_str(b), &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || st.st_mode & 0077)
		return -EPERM;
	buf_printf(b, "/index-%016llx.db",
		(unsigned long long)XXH64(home->path, strlen(home->path), 0));
	return buf_error(b);
}

int index_path(const struct home *home, struct buf *b)
{
	_cleanup_buf_ struct buf dir = BUF_INIT;
	_cleanup_free_ char *real = NULL;
	struct statfs fs;

	buf_printf(&dir, "%s/" CACHE_DIR, home->path);
	real = realpath(buf_str(&dir), NULL);
	if (!real || statfs(real, &fs) < 0)
		return -errno;
	if (shared_fs_type((long)fs.f_type))
		return path_elsewhere(home, b);
	buf_printf(b, "%s/index.db", real);
	return buf_error(b);
}

int index_lock_sweep(const struct home *home)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	int fd, r = index_path(home, &path);

	if (r < 0)
		return r;
	buf_puts(&path, "-sweep");
	fd = open(buf_str(&path), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		r = errno == EWOULDBLOCK ? -EAGAIN : -errno;
		close(fd);
		return r;
	}
	return fd;
}
