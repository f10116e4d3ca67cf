/* SPDX-License-Identifier: MIT */
/* Writing and reading by libarchive. */
#include "run/transfer_zip.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/archive_lib.h"
#include "base/file_walk.h"
#include "fetch/archive.h"
#include "fetch/utf8_locale.h"
#include "run/attr.h"

#define NEW "zip" /* in its partial */
enum { BLOCK = 64 * 1024 };

struct zip_writer {
	char *path; /* of the zip file */
	int dir_fd; /* that it is in */
	char *name;
	struct partial partial;
	int fd;          /* of the new file */
	struct stat old; /* what was copied; st_ino 0: there was none */
	struct archive *archive;
	struct strv ids; /* of the runs in it, sorted */
	const struct transfer *how;
};

bool transfer_is_zip(const char *path)
{
	size_t len = strlen(path);

	return len >= 4 && strcasecmp(path + len - 4, ".zip") == 0;
}

static int cannot_write(const struct zip_writer *w, int error, struct err *err)
{
	return err_set(err, error, "cannot write to %s: %s", w->path, strerror(-error));
}

static int archive_failed(const struct zip_writer *w, struct err *err)
{
	int error = archive_errno(w->archive);
	const char *why = archive_error_string(w->archive);

	return err_set(err, error > 0 ? -error : -EIO, "cannot write to %s: %s", w->path,
		why ? why : "unknown error");
}

/* --- the new file --------------------------------------------------------- */

static int open_new(struct zip_writer *w)
{
	int r = partial_begin(w->dir_fd, &w->partial);

	if (r < 0)
		return r;
	w->fd = openat(w->partial.fd, NEW, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	return w->fd < 0 ? -errno : 0;
}

/*
 * Whoever writes a zip file in this directory waits for the others, for each begins with what the
 * last one has left. A file system without locks has only is_still_old().
 */
static int wait_for_others(const struct zip_writer *w)
{
	int r = 0;

	while (r == 0 && flock(w->dir_fd, LOCK_EX) < 0 && errno == EINTR)
		r = transfer_tick(w->how, 0);
	return r;
}

/* Others than we write zip files, too. */
static bool is_still_old(const struct zip_writer *w)
{
	struct stat st;

	if (fstatat(w->dir_fd, w->name, &st, 0) < 0)
		return errno == ENOENT && !w->old.st_ino;
	return st.st_ino == w->old.st_ino && st.st_dev == w->old.st_dev &&
	       st.st_size == w->old.st_size && st.st_mtim.tv_sec == w->old.st_mtim.tv_sec &&
	       st.st_mtim.tv_nsec == w->old.st_mtim.tv_nsec;
}

static int open_writer(struct zip_writer *w, struct err *err)
{
	const char *slash = strrchr(w->path, '/');
	_cleanup_free_ char *dir =
		slash ? strndup(w->path, slash == w->path ? 1 : (size_t)(slash - w->path))
		      : strdup(".");
	int r = 0;

	w->name = strdup(slash ? slash + 1 : w->path);
	if (!dir || !w->name)
		return -ENOMEM;
	r = file_mkdirs(AT_FDCWD, dir, 0777);
	w->dir_fd = r < 0 ? -1 : open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r == 0)
		r = w->dir_fd < 0 ? -errno : wait_for_others(w);
	if (r == -EINTR)
		return r;
	if (r == 0)
		r = open_new(w);
	if (r < 0)
		return cannot_write(w, r, err);
	w->archive = archive_write_new();
	if (!w->archive)
		return -ENOMEM;
	if (archive_write_set_format_zip(w->archive) != ARCHIVE_OK ||
		archive_write_set_options(w->archive, "hdrcharset=UTF-8") < ARCHIVE_WARN ||
		archive_write_open_fd(w->archive, w->fd) != ARCHIVE_OK)
		return archive_failed(w, err);
	return 0;
}

/* --- what the old one has ------------------------------------------------- */

static int add_id(struct zip_writer *w, const char *entry)
{
	size_t len = strcspn(entry, "/");

	/* Entries of a run follow each other. */
	if (w->ids.n && strncmp(w->ids.v[w->ids.n - 1], entry, len) == 0 &&
		!w->ids.v[w->ids.n - 1][len])
		return 0;
	return strv_add_len(&w->ids, entry, len);
}

static int copy_data(struct zip_writer *w, struct archive *old, struct err *err)
{
	_cleanup_free_ char *block = malloc(BLOCK);
	la_ssize_t n;
	int r = 0;

	if (!block)
		return -ENOMEM;
	while (r == 0 && (n = archive_read_data(old, block, BLOCK)) != 0) {
		if (n < 0)
			return err_set(err, -EINVAL,
				"cannot write to %s: what it has is damaged (%s)", w->path,
				archive_error_string(old));
		if (archive_write_data(w->archive, block, (size_t)n) != n)
			return archive_failed(w, err);
		r = transfer_tick(w->how, (size_t)n);
	}
	return r;
}

static int copy_entry(
	struct zip_writer *w, struct archive *old, struct archive_entry *entry, struct err *err)
{
	const char *path = archive_entry_pathname(entry);
	int r;

	if (!path)
		return err_set(err, -EINVAL, "cannot write to %s: it has a name that is not UTF-8",
			w->path);
	r = add_id(w, path);
	if (r == 0 && archive_write_header(w->archive, entry) < ARCHIVE_WARN)
		r = archive_failed(w, err);
	return r == 0 && archive_entry_filetype(entry) == AE_IFREG ? copy_data(w, old, err) : r;
}

static int copy_entries(struct zip_writer *w, struct archive *old, struct err *err)
{
	struct archive_entry *entry;
	int r = 0, got = ARCHIVE_OK;

	while (r == 0 && (got = archive_read_next_header(old, &entry)) == ARCHIVE_OK)
		r = copy_entry(w, old, entry, err);
	if (r == 0 && got != ARCHIVE_EOF) {
		const char *why = archive_error_string(old);

		r = err_set(err, -EINVAL, "cannot write to %s: it is no zip file (%s)", w->path,
			why ? why : "damaged");
	}
	strv_sort(&w->ids);
	strv_unique(&w->ids);
	return r;
}

static int copy_old(struct zip_writer *w, struct err *err)
{
	_cleanup_close_ int fd = openat(w->dir_fd, w->name, O_RDONLY | O_CLOEXEC);
	struct stat *st = &w->old;
	struct archive *old;
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 : cannot_write(w, -errno, err);
	if (fstat(fd, st) < 0)
		return cannot_write(w, -errno, err);
	if (!S_ISREG(st->st_mode))
		return cannot_write(w, S_ISDIR(st->st_mode) ? -EISDIR : -EINVAL, err);
	fchmod(w->fd, st->st_mode & 0777);
	old = archive_read_new();
	if (!old)
		return -ENOMEM;
	if (archive_read_support_format_zip_seekable(old) != ARCHIVE_OK ||
		archive_read_open_fd(old, fd, BLOCK) < ARCHIVE_WARN)
		r = err_set(err, -EINVAL, "cannot write to %s: it is no zip file", w->path);
	else
		r = copy_entries(w, old, err);
	archive_read_free(old);
	return r;
}

/* --- runs ----------------------------------------------------------------- */

struct adding {
	struct zip_writer *w;
	int run_fd;
	const char *id;
	struct err *err;
};

static int cannot_read(const struct adding *a, const char *path, int error)
{
	return err_set(
		a->err, error, "cannot read %s of run %s: %s", path, a->id, strerror(-error));
}

static int write_data(const struct adding *a, const char *path, int fd)
{
	_cleanup_free_ char *block = malloc(BLOCK);
	ssize_t n;
	int r = 0;

	if (!block)
		return -ENOMEM;
	while (r == 0 && (n = read(fd, block, BLOCK)) != 0) {
		if (n < 0 && errno != EINTR)
			return cannot_read(a, path, -errno);
		if (n > 0 && archive_write_data(a->w->archive, block, (size_t)n) < 0)
			return archive_failed(a->w, a->err);
		r = transfer_tick(a->w->how, n > 0 ? (size_t)n : 0);
	}
	return r;
}

static int write_header(const struct adding *a, const char *path, const struct stat *st)
{
	struct archive_entry *entry = archive_entry_new();
	_cleanup_buf_ struct buf name = BUF_INIT;
	bool is_dir = S_ISDIR(st->st_mode);
	int r = 0;

	buf_printf(&name, "%s%s%s%s", a->id, *path ? "/" : "", path, is_dir ? "/" : "");
	if (!entry || buf_error(&name)) {
		archive_entry_free(entry);
		return -ENOMEM;
	}
	archive_entry_set_pathname(entry, buf_str(&name));
	archive_entry_set_filetype(entry, is_dir ? AE_IFDIR : AE_IFREG);
	archive_entry_set_perm(entry, st->st_mode & 0777);
	archive_entry_set_mtime(entry, st->st_mtim.tv_sec, 0);
	archive_entry_set_size(entry, is_dir ? 0 : st->st_size);
	if (archive_write_header(a->w->archive, entry) < ARCHIVE_WARN)
		r = archive_failed(a->w, a->err);
	archive_entry_free(entry);
	return r;
}

/* What disappears is passed over as in a directory that is walked, before there is a word of it. */
static int write_file(const struct adding *a, const char *path)
{
	_cleanup_close_ int fd = openat(a->run_fd, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return cannot_read(a, path, -errno);
	if (!S_ISREG(st.st_mode))
		return 0;
	r = write_header(a, path, &st);
	return r == 0 ? write_data(a, path, fd) : r;
}

static int add_entry(void *arg, const struct walk_entry *e)
{
	const struct adding *a = arg;
	int r = transfer_tick(a->w->how, 0);

	if (r == 0 && S_ISDIR(e->st.st_mode))
		return write_header(a, e->path, &e->st);
	return r == 0 && S_ISREG(e->st.st_mode) ? write_file(a, e->path) : r;
}

bool zip_writer_has(const struct zip_writer *w, const char *id)
{
	return strv_has_sorted(&w->ids, id);
}

int zip_writer_add(struct zip_writer *w, int runs_fd, const char *id, struct err *err)
{
	UTF8_LOCALE_SCOPE;
	struct adding a = {.w = w, .run_fd = -1, .id = id, .err = err};
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r;

	if (zip_writer_has(w, id))
		return err_set(err, -EEXIST, "run %s exists", id);
	r = transfer_check_quiet(runs_fd, id, err);
	if (r < 0)
		return r;
	fd = openat(runs_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(err, -errno, "cannot read run %s: %s", id, strerror(errno));
	a.run_fd = fd;
	r = write_header(&a, "", &st);
	if (r == 0)
		r = file_walk(fd, w->how->follow, add_entry, &a);
	if (r == 0)
		return 0;
	err_set(err, r, "cannot read run %s: %s", id, strerror(-r));
	/* Half of it is written: nobody must take that for a run that was left out. */
	return r == -EEXIST || r == -ENOENT || r == -EBUSY ? -EIO : r;
}

/* --- writers -------------------------------------------------------------- */

int zip_writer_new(
	const char *path, const struct transfer *how, struct zip_writer **ret, struct err *err)
{
	UTF8_LOCALE_SCOPE;
	struct zip_writer *w = NULL;
	int r = archive_lib_load(err);

	if (r < 0)
		return r;
	w = calloc(1, sizeof(*w));
	r = -ENOMEM;
	if (w) {
		w->dir_fd = w->fd = -1;
		w->partial = PARTIAL_INIT;
		w->how = how;
		w->path = strdup(path);
	}
	if (w && w->path)
		r = open_writer(w, err);
	if (r == 0)
		r = copy_old(w, err);
	if (r < 0) {
		zip_writer_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

int zip_writer_finish(struct zip_writer *w, struct err *err)
{
	UTF8_LOCALE_SCOPE;
	int r = archive_write_close(w->archive) == ARCHIVE_OK ? 0 : archive_failed(w, err);

	if (r < 0)
		return r;
	if (fsync(w->fd) < 0)
		return cannot_write(w, -errno, err);
	if (!is_still_old(w))
		return err_set(err, -ESTALE,
			"cannot write to %s: somebody else has written it meanwhile", w->path);
	if (renameat(w->partial.fd, NEW, w->dir_fd, w->name) < 0)
		return cannot_write(w, -errno, err);
	file_fsync_dir(w->dir_fd, ".");
	return 0;
}

void zip_writer_free(struct zip_writer *w)
{
	if (!w)
		return;
	if (w->archive)
		archive_write_free(w->archive);
	if (w->fd >= 0)
		close(w->fd);
	partial_end(&w->partial);
	if (w->dir_fd >= 0)
		close(w->dir_fd);
	strv_release(&w->ids);
	free(w->name);
	free(w->path);
	free(w);
}

/* --- reading -------------------------------------------------------------- */

struct wanted {
	const struct strv *ids; /* sorted; NULL: records of all */
	const struct transfer *how;
};

static int want(void *arg, const char *member)
{
	const struct wanted *wanted = arg;
	size_t len = strcspn(member, "/");
	_cleanup_free_ char *id = strndup(member, len);
	const char *rest = member[len] ? member + len + 1 : "";
	int r = id ? transfer_tick(wanted->how, 0) : -ENOMEM;

	if (r < 0)
		return r;
	if (wanted->ids)
		return strv_has_sorted(wanted->ids, id);
	len = strlen(RUN_GUILD_DIR);
	return strncmp(rest, RUN_GUILD_DIR, len) == 0 && (!rest[len] || rest[len] == '/');
}

static int unpack(const char *path, const struct wanted *wanted, int to_fd, struct err *err)
{
	const struct file_watcher watcher = transfer_watcher(wanted->how);
	/* What was exported must come back, however large it is and however well it shrinks. */
	const struct archive_limits limits = {.bytes = INT64_MAX,
		.members = INT64_MAX,
		.ratio = INT64_MAX,
		.wanted = want,
		.wanted_arg = (void *)wanted,
		.watcher = &watcher};
	_cleanup_strv_ struct strv members = STRV_INIT;

	return archive_unpack(AT_FDCWD, path, "zip", to_fd, &limits, &members, err);
}

int zip_unpack_records(const char *path, int to_fd, const struct transfer *how, struct err *err)
{
	return unpack(path, &(struct wanted){.how = how}, to_fd, err);
}

int zip_unpack_runs(const char *path, const struct strv *ids, int to_fd, const struct transfer *how,
	struct err *err)
{
	_cleanup_strv_ struct strv sorted = STRV_INIT;
	int r = strv_copy(&sorted, ids);

	strv_sort(&sorted);
	return r == 0 ? unpack(path, &(struct wanted){&sorted, how}, to_fd, err) : r;
}
