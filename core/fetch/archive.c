/* SPDX-License-Identifier: MIT */
/* Going through the members. libarchive only reads here. */
#include "fetch/archive_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/name.h"
#include "fetch/utf8_locale.h"

enum { BLOCK = 64 * 1024 };

static const struct archive_limits defaults = {
	.bytes = UINT64_C(64) << 30,
	.members = 1000000,
	.ratio = 1000,
	.ratio_from = UINT64_C(100) << 20,
};

/* --- kinds ----------------------------------------------------------------- */

enum kind { KIND_NONE, KIND_ZIP, KIND_TAR, KIND_GZIP };

static enum kind kind_of_name(const char *path)
{
	const char *name = name_of_path(path);
	const char *dot = strrchr(name, '.');

	if (name_has_extension(name, ".zip"))
		return KIND_ZIP;
	if (name_has_extension(name, ".tar") || name_has_extension(name, ".tgz"))
		return KIND_TAR;
	if (dot && dot - name >= 4 && strncasecmp(dot - 4, ".tar", 4) == 0)
		return KIND_TAR;
	return name_has_extension(name, ".gz") ? KIND_GZIP : KIND_NONE;
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

/* --- members -------------------------------------------------------------------- */

static int unpack_member(struct unpacking *u, const char *stored)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	int r, is_wanted = 1;

	if (!stored || !*stored)
		return unpack_refuse(u, "it has a member without a name");
	u->member = stored;
	if (u->n_members++ >= u->limits.members)
		r = unpack_refuse(
			u, "is one more than the %" PRIu64 " members allowed", u->limits.members);
	else if (!unpack_normal_path(stored, &path))
		r = unpack_refuse(u,
			"has a path that leads out of the directory it is unpacked into, or "
			"is too long");
	else
		r = buf_error(&path);
	if (r == 0 && path.len && u->limits.wanted)
		is_wanted = r = u->limits.wanted(u->limits.wanted_arg, buf_str(&path));
	if (r >= 0 && path.len && is_wanted) {
		u->member = buf_str(&path);
		r = unpack_check(u);
		if (r == 0)
			r = unpack_write(u);
		if (r == 0)
			r = strv_add(u->members, u->member);
	}
	if (r == 0 && archive_read_data_skip(u->archive) < ARCHIVE_WARN)
		r = unpack_damaged(u);
	u->member = NULL;
	return r;
}

/* The name of the one file of a .gz. */
static int gzip_name(const char *path, struct buf *b)
{
	const char *name = name_of_path(path);
	size_t len = strlen(name);

	if (name_has_extension(name, ".tgz"))
		buf_printf(b, "%.*s.tar", (int)len - 4, name);
	else
		buf_add(b, name, name_has_extension(name, ".gz") ? len - 3 : len);
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
		return unpack_refuse(u, "it is not compressed by gzip");
	if (got == ARCHIVE_EOF) {
		r = file_write(u->to, buf_str(&name), "", 0, 0644, FILE_NOSYNC);
		return r < 0 ? err_set(u->err, r, "cannot unpack %s: %s", u->path, strerror(-r))
			     : strv_add(u->members, buf_str(&name));
	}
	if (got < ARCHIVE_WARN)
		return unpack_damaged(u);
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
			return unpack_damaged(u);
		r = unpack_member(u, stored_path(u->entry));
		end = archive_filter_bytes(u->archive, 0);
	}
	/* A tar file ends in blocks of zeros; libarchive does not miss them. */
	if (r == 0 &&
		(archive_format(u->archive) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_TAR &&
		archive_filter_bytes(u->archive, 0) <= end)
		r = unpack_refuse(u, "it is incomplete: the end mark is missing; get it again");
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
		return unpack_damaged(u);
	r = kind == KIND_GZIP ? unpack_gzip(u) : unpack_members(u);
	unpack_set_directory_times(u);
	return r;
}

static int open_archive(struct unpacking *u, int dirfd)
{
	_cleanup_close_ int fd = openat(dirfd, u->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &u->archive_stat) < 0)
		return err_set(u->err, -errno, "cannot unpack %s: %s", u->path, strerror(errno));
	if (!S_ISREG(u->archive_stat.st_mode))
		return unpack_refuse(u, "it is not a regular file");
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
	UTF8_LOCALE_SCOPE;
	int r = archive_lib_load(err);

	if (r < 0)
		return r;
	if (kind == KIND_NONE)
		return unpack_refuse(&u, "%s is no kind of archive; zip, tar and gzip are",
			type ? type : "this");
	u.limits.bytes = u.limits.bytes ? u.limits.bytes : defaults.bytes;
	u.limits.members = u.limits.members ? u.limits.members : defaults.members;
	u.limits.ratio = u.limits.ratio ? u.limits.ratio : defaults.ratio;
	u.limits.ratio_from = u.limits.ratio_from ? u.limits.ratio_from : defaults.ratio_from;
	fd = open_archive(&u, from_dirfd);
	if (fd < 0)
		return fd;
	r = unpack_fd(&u, fd, kind);
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
