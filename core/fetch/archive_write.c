/* SPDX-License-Identifier: MIT */
/* Writing, one path component at a time, so that no link is ever followed. */
#include "fetch/archive_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/name.h"

enum { TEMPORARY_LEN = 32 };

static int open_dir(int fd, const char *name)
{
	return openat(fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The directory above a safe path, made where it is missing; no link is followed. */
static int open_parent(const struct unpacking *u, const char *path, bool make)
{
	_cleanup_close_ int fd = open_dir(u->to, ".");
	const char *slash;

	for (; fd >= 0 && (slash = strchr(path, '/')); path = slash + 1) {
		_cleanup_free_ char *part = strndup(path, (size_t)(slash - path));
		int next, error;

		if (!part)
			return -ENOMEM;
		next = open_dir(fd, part);
		if (next < 0 && errno == ENOENT && make) {
			if (mkdirat(fd, part, 0777) < 0 && errno != EEXIST)
				return unpack_no_write(u, -errno);
			next = open_dir(fd, part);
		}
		error = errno;
		if (next < 0 && (error == ENOTDIR || error == ELOOP))
			return unpack_refuse(u, "lies below %s, which is a link or a file", part);
		if (next < 0)
			return make ? unpack_no_write(u, -error) : -error;
		close(fd);
		fd = next;
	}
	return fd < 0 ? unpack_no_write(u, -errno) : STEAL_FD(fd);
}

/* The same for the member; mostly it is the one of the member before. Stays u's. */
static int member_parent(struct unpacking *u)
{
	size_t len = (size_t)(name_of_path(u->member) - u->member);

	if (u->parent_fd >= 0 && u->parent.len == len &&
		strncmp(buf_str(&u->parent), u->member, len) == 0)
		return u->parent_fd;
	if (u->parent_fd >= 0)
		close(u->parent_fd);
	buf_clear(&u->parent);
	buf_add(&u->parent, u->member, len);
	u->parent_fd = open_parent(u, u->member, true);
	return u->parent_fd;
}

static int temporary_name(char ret[TEMPORARY_LEN])
{
	unsigned long long random;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return -errno;
	snprintf(ret, TEMPORARY_LEN, ".unpack.%016llx", random);
	return 0;
}

/* Gives the finished thing its name; whatever was there before is gone, its other links are not. */
static int put_in_place(const struct unpacking *u, int parent, const char *temporary)
{
	const char *name = name_of_path(u->member);
	struct stat st;
	int r = 0;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		st.st_dev == u->archive_stat.st_dev && st.st_ino == u->archive_stat.st_ino)
		r = unpack_refuse(u, "would replace the archive itself");
	else if (renameat(parent, temporary, parent, name) < 0)
		r = unpack_no_write(u, -errno);
	/* Between two names of one file a rename does nothing. */
	if (r < 0 || archive_entry_hardlink(u->entry))
		unlinkat(parent, temporary, 0);
	return r;
}

static int write_at(int fd, const char *data, size_t len, off_t offset)
{
	while (len) {
		ssize_t n = pwrite(fd, data, len, offset);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
			offset += n;
		}
	}
	return 0;
}

/* The member's data; holes stay holes, and count as what they look like. */
static int write_data(struct unpacking *u, int fd)
{
	uint64_t extent = 0, written = 0;
	int r = 0, got;

	do {
		const void *data = NULL;
		size_t len = 0;
		la_int64_t offset = 0;

		got = archive_read_data_block(u->archive, &data, &len, &offset);
		if (got != ARCHIVE_OK && got != ARCHIVE_EOF)
			return unpack_damaged(u);
		if (offset < 0 || (uint64_t)offset > UINT64_MAX - len)
			return unpack_refuse(u, "has data at an impossible place");
		if ((uint64_t)offset + len > extent)
			extent = (uint64_t)offset + len;
		r = unpack_check_size(u, extent);
		if (r == 0 && len && (r = write_at(fd, data, len, offset)) < 0)
			r = unpack_no_write(u, r);
		if (len)
			written = (uint64_t)offset + len;
		if (r == 0 && u->limits.watcher)
			r = u->limits.watcher->copied(u->limits.watcher->arg, len);
	} while (r == 0 && got == ARCHIVE_OK);
	if (r == 0 && written < extent && ftruncate(fd, (off_t)extent) < 0)
		r = unpack_no_write(u, -errno);
	u->total += extent;
	return r;
}

/* Only what was told: access times are nobody's, and left to be now. */
static void entry_times(struct archive_entry *entry, struct timespec ret[2])
{
	ret[0] = (struct timespec){.tv_nsec = UTIME_OMIT};
	ret[1] = ret[0];
	if (archive_entry_mtime_is_set(entry))
		ret[1] = (struct timespec){.tv_sec = archive_entry_mtime(entry),
			.tv_nsec = archive_entry_mtime_nsec(entry)};
}

static mode_t entry_mode(struct archive_entry *entry, mode_t without, mode_t at_least)
{
	mode_t mode = archive_entry_perm(entry) & 0777;

	return (mode ? mode : without) | at_least;
}

static int unpack_file(struct unpacking *u, int parent)
{
	char temporary[TEMPORARY_LEN];
	struct timespec times[2];
	int r = temporary_name(temporary);
	int fd = r < 0 ? -1
		       : openat(parent, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
				 entry_mode(u->entry, 0666, 0400));

	if (fd < 0)
		return unpack_no_write(u, r < 0 ? r : -errno);
	r = write_data(u, fd);
	entry_times(u->entry, times);
	if (r == 0)
		futimens(fd, times);
	/* A network file system tells a full disk only now. */
	if (close(fd) < 0 && r == 0)
		r = unpack_no_write(u, -errno);
	if (r == 0)
		return put_in_place(u, parent, temporary);
	unlinkat(parent, temporary, 0);
	return r;
}

static int unpack_symlink(const struct unpacking *u, int parent)
{
	const char *target = archive_entry_symlink(u->entry);
	char temporary[TEMPORARY_LEN];
	struct timespec times[2];
	int r = temporary_name(temporary);

	if (r == 0 && symlinkat(target, parent, temporary) < 0)
		r = -errno;
	if (r < 0)
		return unpack_no_write(u, r);
	entry_times(u->entry, times);
	utimensat(parent, temporary, times, AT_SYMLINK_NOFOLLOW);
	return put_in_place(u, parent, temporary);
}

static int link_from(const struct unpacking *u, int from, const char *name, int parent)
{
	char temporary[TEMPORARY_LEN];
	struct stat st;
	int r;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	/* The target of a symbolic link was checked for the place of that link only. */
	if (!S_ISREG(st.st_mode))
		return unpack_refuse(u, "is a hard link to something that is not a regular file");
	r = temporary_name(temporary);
	if (r == 0 && linkat(from, name, parent, temporary, 0) < 0)
		r = -errno;
	return r < 0 ? unpack_no_write(u, r) : put_in_place(u, parent, temporary);
}

static int unpack_hardlink(const struct unpacking *u, int parent)
{
	const char *target = archive_entry_hardlink(u->entry);
	_cleanup_buf_ struct buf path = BUF_INIT;
	_cleanup_close_ int from = -1;
	int r;

	if (!unpack_normal_path(target, &path) || !path.len)
		return buf_error(&path) ? buf_error(&path)
					: unpack_refuse(u,
						  "is a hard link to %.300s, which leads out of "
						  "the directory it is unpacked into",
						  target);
	from = open_parent(u, buf_str(&path), false);
	r = from < 0 ? from : link_from(u, from, name_of_path(buf_str(&path)), parent);
	if (r == -ENOENT)
		return unpack_refuse(
			u, "is a hard link to %.300s, which is not in the archive", target);
	return r;
}

static int unpack_directory(struct unpacking *u, int parent)
{
	const char *name = name_of_path(u->member);
	struct directory *grown;
	struct timespec times[2];
	struct stat st;

	/* Its owner must be able to fill it. */
	if (mkdirat(parent, name, entry_mode(u->entry, 0777, 0700)) < 0 && errno != EEXIST)
		return unpack_no_write(u, -errno);
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return unpack_no_write(u, -errno);
	if (!S_ISDIR(st.st_mode))
		return unpack_refuse(
			u, "is a directory, but a file or a link of that name is there");
	entry_times(u->entry, times);
	if (times[1].tv_nsec == UTIME_OMIT)
		return 0;
	/* Capacity is the next power of two above n. */
	if ((u->n_dirs & (u->n_dirs + 1)) == 0) {
		grown = reallocarray(u->dirs, (u->n_dirs + 1) * 2, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		u->dirs = grown;
	}
	u->dirs[u->n_dirs] = (struct directory){strdup(u->member), times[1]};
	return u->dirs[u->n_dirs++].path ? 0 : -ENOMEM;
}

int unpack_write(struct unpacking *u)
{
	int parent = member_parent(u);

	if (parent < 0)
		return parent;
	if (archive_entry_hardlink(u->entry))
		return unpack_hardlink(u, parent);
	if (S_ISDIR(archive_entry_filetype(u->entry)))
		return unpack_directory(u, parent);
	if (S_ISLNK(archive_entry_filetype(u->entry)))
		return unpack_symlink(u, parent);
	return unpack_file(u, parent);
}

void unpack_set_directory_times(struct unpacking *u)
{
	/* What comes too late to be an error. */
	u->err = NULL;
	for (size_t i = u->n_dirs; i-- > 0;) {
		const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, u->dirs[i].mtime};
		_cleanup_close_ int parent = -1;

		u->member = u->dirs[i].path;
		parent = open_parent(u, u->member, false);
		if (parent >= 0)
			utimensat(parent, name_of_path(u->member), times, AT_SYMLINK_NOFOLLOW);
	}
	u->member = NULL;
}
