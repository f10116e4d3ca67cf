/* SPDX-License-Identifier: MIT */
/* Paths that lead out, kinds of members that nobody needs, sizes that are not believed. */
#include "fetch/archive_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/name.h"

int unpack_refuse(const struct unpacking *u, const char *format, ...)
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

int unpack_damaged(const struct unpacking *u)
{
	const char *why = archive_error_string(u->archive);

	if (archive_errno(u->archive) == ENOMEM)
		return -ENOMEM;
	if (u->member)
		return unpack_refuse(u, "is damaged or incomplete (%s); get the archive again",
			why ? why : "the data end early");
	return unpack_refuse(u,
		"it is damaged, incomplete, or not an archive of this kind (%s); get it again",
		why ? why : "the data end early");
}

int unpack_no_write(const struct unpacking *u, int error)
{
	return err_set(u->err, error, "cannot unpack %s: cannot write %.300s: %s", u->path,
		u->member, strerror(-error));
}

bool unpack_normal_path(const char *path, struct buf *b)
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
		return unpack_refuse(u, "is encrypted, which is not supported; unpack it by hand");
	if (archive_entry_hardlink(u->entry) || S_ISREG(type) || S_ISDIR(type) || S_ISLNK(type))
		return 0;
	return unpack_refuse(u,
		"is a device, a fifo or a socket; only files, directories and links to "
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
		return unpack_refuse(u, "is a symbolic link to nothing");
	if (*target == '/')
		return unpack_refuse(u, "is a symbolic link to %.300s, an absolute path", target);
	for (size_t len; *target; target += len) {
		len = strcspn(target, "/");
		if (len == 2 && strncmp(target, "..", 2) == 0) {
			if (down || ++climbed > depth)
				return unpack_refuse(u, "is a symbolic link that leads out of the "
							"directory it is unpacked into");
		} else if (len && !(len == 1 && *target == '.')) {
			down = true;
		}
		if (len == 0)
			len = 1;
	}
	return 0;
}

int unpack_check_size(const struct unpacking *u, uint64_t more)
{
	uint64_t packed = u->archive_stat.st_size > 0 ? (uint64_t)u->archive_stat.st_size : 1;

	if (more > u->limits.bytes || u->total > u->limits.bytes - more)
		return unpack_refuse(u,
			"makes the contents larger than the %" PRIu64 " bytes allowed",
			u->limits.bytes);
	if (u->total + more > u->limits.ratio_from && (u->total + more) / packed > u->limits.ratio)
		return unpack_refuse(u,
			"makes the contents more than %" PRIu64 " times larger than the archive, "
			"which looks like a decompression bomb",
			u->limits.ratio);
	return 0;
}

int unpack_check(const struct unpacking *u)
{
	int r = check_kind(u);

	if (r == 0 && archive_entry_hardlink(u->entry) == NULL &&
		S_ISLNK(archive_entry_filetype(u->entry)))
		r = check_symlink(u, archive_entry_symlink(u->entry));
	if (r == 0 && !archive_entry_hardlink(u->entry) && archive_entry_size_is_set(u->entry))
		r = unpack_check_size(u, (uint64_t)archive_entry_size(u->entry));
	return r;
}
