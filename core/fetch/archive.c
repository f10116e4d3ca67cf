/* SPDX-License-Identifier: MIT */
/*
 * Unpacking by libarchive, which only reads here: all writing is done below, one path component
 * at a time, so that no link is ever followed.
 */
#include "fetch/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <locale.h>
#include <stdarg.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/name.h"

enum { BLOCK = 64 * 1024, TEMPORARY_LEN = 32 };

static const struct archive_limits defaults = {
	.bytes = UINT64_C(64) << 30,
	.members = 1000000,
	.ratio = 1000,
	.ratio_from = UINT64_C(100) << 20,
};

/* Directories get their times last, since what is written into them changes those. */
struct directory {
	char *path;
	struct timespec mtime;
};

struct unpacking {
	const char *path; /* of the archive, for sentences */
	int to;
	struct archive *archive;
	struct stat archive_stat;
	struct archive_limits limits;
	uint64_t total, n_members;
	struct strv *members;
	struct directory *dirs;
	size_t n_dirs;
	struct buf parent; /* of the last member; what parent_fd is open for, or -1 */
	int parent_fd;
	struct err *err;

	/* The member that is being unpacked: */
	struct archive_entry *entry;
	const char *member; /* its safe path */
};

/* --- kinds ----------------------------------------------------------------- */

enum kind { KIND_NONE, KIND_ZIP, KIND_TAR, KIND_GZIP };

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);

	return len >= end_len && strcasecmp(name + len - end_len, end) == 0;
}

static enum kind kind_of_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	const char *dot = strrchr(name, '.');

	if (ends_with(name, ".zip"))
		return KIND_ZIP;
	if (ends_with(name, ".tar") || ends_with(name, ".tgz"))
		return KIND_TAR;
	if (dot && dot - name >= 4 && strncasecmp(dot - 4, ".tar", 4) == 0)
		return KIND_TAR;
	return ends_with(name, ".gz") ? KIND_GZIP : KIND_NONE;
}

static enum kind kind_of(const char *name, const char *type)
{
	if (!type)
		return kind_of_name(name);
	if (strcmp(type, "zip") == 0)
		return KIND_ZIP;
	if (strcmp(type, "tar") == 0)
		return KIND_TAR;
	return strcmp(type, "gzip") == 0 || strcmp(type, "gz") == 0 ? KIND_GZIP : KIND_NONE;
}

bool archive_is(const char *name, const char *type)
{
	return kind_of(name, type) != KIND_NONE;
}

/* --- what is refused --------------------------------------------------------- */

static int __attribute__((format(printf, 2, 3)))
refuse(const struct unpacking *u, const char *format, ...)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	if (u->member)
		return err_set(u->err, -EINVAL, "cannot unpack %s: its member %.300s %s", u->path,
			u->member, buf_str(&text));
	return err_set(u->err, -EINVAL, "cannot unpack %s: %s", u->path, buf_str(&text));
}

static int damaged(const struct unpacking *u)
{
	const char *why = archive_error_string(u->archive);

	if (archive_errno(u->archive) == ENOMEM)
		return -ENOMEM;
	if (u->member)
		return refuse(u, "is damaged or incomplete (%s); get the archive again",
			why ? why : "the data end early");
	return refuse(u,
		"it is damaged, incomplete, or not an archive of this kind (%s); get it again",
		why ? why : "the data end early");
}

static int no_write(const struct unpacking *u, int error)
{
	return err_set(u->err, error, "cannot unpack %s: cannot write %.300s: %s", u->path,
		u->member, strerror(-error));
}

/*
 * Appends path without "." parts, doubled and trailing slashes; empty for the directory itself.
 * False when it leads out, or nowhere that can be written.
 */
static bool normalise(const char *path, struct buf *b)
{
	size_t start = b->len, len;

	if (*path == '/')
		return false;
	for (; *path; path += len) {
		len = strcspn(path, "/");
		if (len == 0) {
			len = 1;
			continue;
		}
		if (len == 1 && *path == '.')
			continue;
		if (b->len > start)
			buf_putc(b, '/');
		buf_add(b, path, len);
	}
	return b->len == start || name_is_safe_path(buf_str(b) + start);
}

static int check_kind(const struct unpacking *u)
{
	mode_t type = archive_entry_filetype(u->entry);

	if (archive_entry_is_encrypted(u->entry))
		return refuse(u, "is encrypted, which is not supported; unpack it by hand");
	if (archive_entry_hardlink(u->entry) || S_ISREG(type) || S_ISDIR(type) || S_ISLNK(type))
		return 0;
	return refuse(u, "is a device, a fifo or a socket; only files, directories and links to "
			 "them are unpacked");
}

/*
 * A target may climb only at its start, and no higher than the directory that is unpacked into.
 * A ".." further on is not worth its risk: behind another link it may lead anywhere.
 */
static int check_symlink(const struct unpacking *u, const char *target)
{
	size_t climbed = 0, depth = 0;
	bool down = false;

	for (const char *s = u->member; *s; s++)
		depth += *s == '/';
	if (!target || !*target)
		return refuse(u, "is a symbolic link to nothing");
	if (*target == '/')
		return refuse(u, "is a symbolic link to %.300s, an absolute path", target);
	for (size_t len; *target; target += len) {
		len = strcspn(target, "/");
		if (len == 2 && strncmp(target, "..", 2) == 0) {
			if (down || ++climbed > depth)
				return refuse(u, "is a symbolic link that leads out of the "
						 "directory it is unpacked into");
		} else if (len && !(len == 1 && *target == '.')) {
			down = true;
		}
		if (len == 0)
			len = 1;
	}
	return 0;
}

/* `more` bytes beyond those of earlier members. */
static int check_size(const struct unpacking *u, uint64_t more)
{
	uint64_t packed = u->archive_stat.st_size > 0 ? (uint64_t)u->archive_stat.st_size : 1;

	if (more > u->limits.bytes || u->total > u->limits.bytes - more)
		return refuse(u, "makes the contents larger than the %" PRIu64 " bytes allowed",
			u->limits.bytes);
	if (u->total + more > u->limits.ratio_from && (u->total + more) / packed > u->limits.ratio)
		return refuse(u,
			"makes the contents more than %" PRIu64 " times larger than the archive, "
			"which looks like a decompression bomb",
			u->limits.ratio);
	return 0;
}

/* --- writing ------------------------------------------------------------------ */

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
				return no_write(u, -errno);
			next = open_dir(fd, part);
		}
		error = errno;
		if (next < 0 && (error == ENOTDIR || error == ELOOP))
			return refuse(u, "lies below %s, which is a link or a file", part);
		if (next < 0)
			return make ? no_write(u, -error) : -error;
		close(fd);
		fd = next;
	}
	return fd < 0 ? no_write(u, -errno) : STEAL_FD(fd);
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The same for the member; mostly it is the one of the member before. Stays u's. */
static int member_parent(struct unpacking *u)
{
	size_t len = (size_t)(last_part(u->member) - u->member);

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
	const char *name = last_part(u->member);
	struct stat st;
	int r = 0;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		st.st_dev == u->archive_stat.st_dev && st.st_ino == u->archive_stat.st_ino)
		r = refuse(u, "would replace the archive itself");
	else if (renameat(parent, temporary, parent, name) < 0)
		r = no_write(u, -errno);
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
			return damaged(u);
		if (offset < 0 || (uint64_t)offset > UINT64_MAX - len)
			return refuse(u, "has data at an impossible place");
		if ((uint64_t)offset + len > extent)
			extent = (uint64_t)offset + len;
		r = check_size(u, extent);
		if (r == 0 && len && (r = write_at(fd, data, len, offset)) < 0)
			r = no_write(u, r);
		if (len)
			written = (uint64_t)offset + len;
	} while (r == 0 && got == ARCHIVE_OK);
	if (r == 0 && written < extent && ftruncate(fd, (off_t)extent) < 0)
		r = no_write(u, -errno);
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
		return no_write(u, r < 0 ? r : -errno);
	r = write_data(u, fd);
	entry_times(u->entry, times);
	if (r == 0)
		futimens(fd, times);
	/* A network file system tells a full disk only now. */
	if (close(fd) < 0 && r == 0)
		r = no_write(u, -errno);
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
	int r = check_symlink(u, target);

	if (r < 0)
		return r;
	r = temporary_name(temporary);
	if (r == 0 && symlinkat(target, parent, temporary) < 0)
		r = -errno;
	if (r < 0)
		return no_write(u, r);
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
		return refuse(u, "is a hard link to something that is not a regular file");
	r = temporary_name(temporary);
	if (r == 0 && linkat(from, name, parent, temporary, 0) < 0)
		r = -errno;
	return r < 0 ? no_write(u, r) : put_in_place(u, parent, temporary);
}

static int unpack_hardlink(const struct unpacking *u, int parent)
{
	const char *target = archive_entry_hardlink(u->entry);
	_cleanup_buf_ struct buf path = BUF_INIT;
	_cleanup_close_ int from = -1;
	int r;

	if (!normalise(target, &path) || !path.len)
		return buf_error(&path) ? buf_error(&path)
					: refuse(u,
						  "is a hard link to %.300s, which leads out of "
						  "the directory it is unpacked into",
						  target);
	from = open_parent(u, buf_str(&path), false);
	r = from < 0 ? from : link_from(u, from, last_part(buf_str(&path)), parent);
	if (r == -ENOENT)
		return refuse(u, "is a hard link to %.300s, which is not in the archive", target);
	return r;
}

static int unpack_directory(struct unpacking *u, int parent)
{
	const char *name = last_part(u->member);
	struct directory *grown;
	struct timespec times[2];
	struct stat st;

	/* Its owner must be able to fill it. */
	if (mkdirat(parent, name, entry_mode(u->entry, 0777, 0700)) < 0 && errno != EEXIST)
		return no_write(u, -errno);
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return no_write(u, -errno);
	if (!S_ISDIR(st.st_mode))
		return refuse(u, "is a directory, but a file or a link of that name is there");
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

static void set_directory_times(struct unpacking *u)
{
	/* What comes too late to be an error. */
	u->err = NULL;
	for (size_t i = u->n_dirs; i-- > 0;) {
		const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, u->dirs[i].mtime};
		_cleanup_close_ int parent = -1;

		u->member = u->dirs[i].path;
		parent = open_parent(u, u->member, false);
		if (parent >= 0)
			utimensat(parent, last_part(u->member), times, AT_SYMLINK_NOFOLLOW);
	}
	u->member = NULL;
}

/* --- members -------------------------------------------------------------------- */

static int unpack_kind(struct unpacking *u)
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

/* What can be known before anything of it is written. */
static int check_member(const struct unpacking *u)
{
	int r = check_kind(u);

	if (r == 0 && archive_entry_hardlink(u->entry) == NULL &&
		S_ISLNK(archive_entry_filetype(u->entry)))
		r = check_symlink(u, archive_entry_symlink(u->entry));
	if (r == 0 && !archive_entry_hardlink(u->entry) && archive_entry_size_is_set(u->entry))
		r = check_size(u, (uint64_t)archive_entry_size(u->entry));
	return r;
}

static int unpack_member(struct unpacking *u, const char *stored)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	int r;

	if (!stored || !*stored)
		return refuse(u, "it has a member without a name");
	u->member = stored;
	if (u->n_members++ >= u->limits.members)
		r = refuse(
			u, "is one more than the %" PRIu64 " members allowed", u->limits.members);
	else if (!normalise(stored, &path))
		r = refuse(u, "has a path that leads out of the directory it is unpacked into, or "
			      "is too long");
	else
		r = buf_error(&path);
	if (r == 0 && path.len) {
		u->member = buf_str(&path);
		r = check_member(u);
		if (r == 0)
			r = unpack_kind(u);
		if (r == 0)
			r = strv_add(u->members, u->member);
	}
	if (r == 0 && archive_read_data_skip(u->archive) < ARCHIVE_WARN)
		r = damaged(u);
	u->member = NULL;
	return r;
}

/* The name of the one file of a .gz. */
static int gzip_name(const char *path, struct buf *b)
{
	const char *name = last_part(path);
	size_t len = strlen(name);

	if (ends_with(name, ".tgz"))
		buf_printf(b, "%.*s.tar", (int)len - 4, name);
	else
		buf_add(b, name, len > 3 && ends_with(name, ".gz") ? len - 3 : len);
	return buf_error(b);
}

/* The raw reader takes anything, also what was never compressed. */
static int unpack_gzip(struct unpacking *u)
{
	_cleanup_buf_ struct buf name = BUF_INIT;
	int r = gzip_name(u->path, &name);
	int got = archive_read_next_header(u->archive, &u->entry);

	if (r < 0)
		return r;
	if (archive_filter_code(u->archive, 0) != ARCHIVE_FILTER_GZIP)
		return refuse(u, "it is not compressed by gzip");
	if (got == ARCHIVE_EOF) {
		r = file_write(u->to, buf_str(&name), "", 0, 0644, FILE_NOSYNC);
		return r < 0 ? err_set(u->err, r, "cannot unpack %s: %s", u->path, strerror(-r))
			     : strv_add(u->members, buf_str(&name));
	}
	if (got < ARCHIVE_WARN)
		return damaged(u);
	return unpack_member(u, buf_str(&name));
}

static const char *stored_path(struct archive_entry *entry)
{
	const char *path = archive_entry_pathname(entry);

	return path ? path : archive_entry_pathname_utf8(entry);
}

static int unpack_members(struct unpacking *u)
{
	la_int64_t end = 0;
	int r = 0, got = ARCHIVE_OK;

	while (r == 0) {
		got = archive_read_next_header(u->archive, &u->entry);
		if (got == ARCHIVE_EOF)
			break;
		if (got < ARCHIVE_WARN)
			return damaged(u);
		r = unpack_member(u, stored_path(u->entry));
		end = archive_filter_bytes(u->archive, 0);
	}
	/* A tar file ends in blocks of zeros; libarchive does not miss them. */
	if (r == 0 &&
		(archive_format(u->archive) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_TAR &&
		archive_filter_bytes(u->archive, 0) <= end)
		r = refuse(u, "it is incomplete: the end mark is missing; get it again");
	return r;
}

/* --- the archive ------------------------------------------------------------------ */

/* No filter that would start a program. */
static int support(struct archive *a, enum kind kind)
{
	int r = ARCHIVE_OK;

	if (kind == KIND_ZIP)
		return archive_read_support_format_zip_seekable(a);
	r |= archive_read_support_filter_gzip(a);
	if (kind == KIND_GZIP) {
		r |= archive_read_support_format_raw(a);
		return r | archive_read_support_format_empty(a);
	}
	r |= archive_read_support_format_tar(a);
	r |= archive_read_support_filter_bzip2(a);
	r |= archive_read_support_filter_compress(a);
	r |= archive_read_support_filter_lzma(a);
	r |= archive_read_support_filter_xz(a);
	return r | archive_read_support_filter_zstd(a);
}

static void free_archive(struct archive **a)
{
	archive_read_free(*a);
}

static int unpack_fd(struct unpacking *u, int fd, enum kind kind)
{
	_cleanup_(free_archive) struct archive *a = archive_read_new();
	int r;

	if (!a || support(a, kind) != ARCHIVE_OK)
		return -ENOMEM;
	u->archive = a;
	if (archive_read_open_fd(a, fd, BLOCK) < ARCHIVE_WARN)
		return damaged(u);
	r = kind == KIND_GZIP ? unpack_gzip(u) : unpack_members(u);
	set_directory_times(u);
	return r;
}

/* libarchive converts names to the locale of the thread; ours are UTF-8 whatever that is. */
static int unpack_in_utf8(struct unpacking *u, int fd, enum kind kind)
{
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;
	int r = unpack_fd(u, fd, kind);

	if (utf8) {
		uselocale(before);
		freelocale(utf8);
	}
	return r;
}

static int open_archive(struct unpacking *u, int dirfd)
{
	_cleanup_close_ int fd = openat(dirfd, u->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &u->archive_stat) < 0)
		return err_set(u->err, -errno, "cannot unpack %s: %s", u->path, strerror(errno));
	if (!S_ISREG(u->archive_stat.st_mode))
		return refuse(u, "it is not a regular file");
	return STEAL_FD(fd);
}

int archive_unpack(int from_dirfd, const char *path, const char *type, int to_dirfd,
	const struct archive_limits *limits, struct strv *ret_members, struct err *err)
{
	enum kind kind = kind_of(path, type);
	struct unpacking u = {.path = path,
		.to = to_dirfd,
		.limits = limits ? *limits : defaults,
		.members = ret_members,
		.parent_fd = -1,
		.err = err};
	_cleanup_close_ int fd = -1;
	int r;

	if (kind == KIND_NONE)
		return refuse(&u, "%s is no kind of archive; zip, tar and gzip are",
			type ? type : "this");
	u.limits.bytes = u.limits.bytes ? u.limits.bytes : defaults.bytes;
	u.limits.members = u.limits.members ? u.limits.members : defaults.members;
	u.limits.ratio = u.limits.ratio ? u.limits.ratio : defaults.ratio;
	u.limits.ratio_from = u.limits.ratio_from ? u.limits.ratio_from : defaults.ratio_from;
	fd = open_archive(&u, from_dirfd);
	if (fd < 0)
		return fd;
	r = unpack_in_utf8(&u, fd, kind);
	for (size_t i = 0; i < u.n_dirs; i++)
		free(u.dirs[i].path);
	free(u.dirs);
	if (u.parent_fd >= 0)
		close(u.parent_fd);
	buf_release(&u.parent);
	strv_sort(ret_members);
	strv_unique(ret_members);
	return r;
}
