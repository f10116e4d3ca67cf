/* SPDX-License-Identifier: MIT */
/* Finding and opening the Guild home. */
#include "run/home.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/partial.h"
#include "base/name.h"
#include "base/proc.h"
#include "base/shortage.h"

/* A changes file that has grown to this is begun anew: it only tells of the last moments. */
#define CHANGES_MAX ((off_t)1 << 20)

static bool is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Given by the user: it must be there, since a typo would hide all runs. */
static int use_given(
	const char *path, bool from_env, const char *cwd, struct buf *ret, struct err *err)
{
	_cleanup_buf_ struct buf full = BUF_INIT;

	if (*path != '/')
		buf_printf(&full, "%s/", cwd);
	buf_puts(&full, path);
	if (!is_dir(buf_str(&full)))
		return err_set(err, -ENOENT, "directory '%s' does not exist%s", path,
			from_env ? "\nThe environment variable GUILD_HOME names it: make it, or "
				   "unset "
				   "GUILD_HOME."
				 : "");
	buf_puts(ret, buf_str(&full));
	return buf_error(ret);
}

static bool use_env_dir(const char *variable, struct buf *ret)
{
	const char *dir = getenv(variable);
	_cleanup_buf_ struct buf path = BUF_INIT;

	if (!dir || !*dir)
		return false;
	buf_printf(&path, "%s/.guild", dir);
	if (!is_dir(buf_str(&path)))
		return false;
	buf_puts(ret, buf_str(&path));
	return true;
}

/* The nearest .guild going up, as far as the user's own directory. */
static bool use_parent(const char *cwd, const char *home, struct buf *ret)
{
	_cleanup_free_ char *dir = strdup(cwd);

	while (dir && *dir) {
		_cleanup_buf_ struct buf path = BUF_INIT;
		char *slash;

		buf_printf(&path, "%s/.guild", dir);
		if (is_dir(buf_str(&path))) {
			buf_puts(ret, buf_str(&path));
			return true;
		}
		slash = strrchr(dir, '/');
		if (!slash || strcmp(dir, home) == 0)
			break;
		*slash = '\0';
	}
	return false;
}

int home_find(const char *option, const char *cwd, struct buf *ret_path, struct err *err)
{
	const char *given = option ? option : getenv("GUILD_HOME");
	const char *home = getenv("HOME");

	if (given && *given)
		return use_given(given, !option, cwd, ret_path, err);
	if (use_env_dir("CONDA_PREFIX", ret_path) || use_env_dir("VIRTUAL_ENV", ret_path) ||
		use_parent(cwd, home ? home : "", ret_path))
		return buf_error(ret_path);
	if (!home || !*home)
		return err_set(err, -ENOENT,
			"cannot tell where the Guild home is: neither -H, $GUILD_HOME nor $HOME is "
			"set");
	buf_printf(ret_path, "%s/.guild", home);
	return buf_error(ret_path);
}

static int make_parts(int fd)
{
	static const char *const dirs[] = {"runs", "trash/runs", "cache/guildfs/new", "locks"};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(dirs); i++)
		if (!file_exists(fd, dirs[i]))
			r = file_mkdirs(fd, dirs[i], 0755);
	if (r == 0 && !file_exists(fd, HOME_NOCOPY))
		r = file_create(fd, HOME_NOCOPY, "", 0, 0644);
	return r == -EEXIST ? 0 : r;
}

static struct home *home_new(void)
{
	struct home *home = calloc(1, sizeof(*home));

	if (home)
		home->fd = home->runs_fd = -1;
	return home;
}

static int open_runs(struct home *home)
{
	_cleanup_buf_ struct buf path = BUF_INIT;

	buf_printf(&path, "%s/runs", home->path);
	home->runs_path = buf_steal(&path, NULL);
	if (!home->runs_path)
		return -ENOMEM;
	home->runs_fd = openat(home->fd, "runs", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return home->runs_fd < 0 ? -errno : 0;
}

int home_open(const char *path, struct home **ret, struct err *err)
{
	struct home *home = home_new();
	int r;

	if (!home)
		return err_set(err, -ENOMEM, "out of memory");
	r = file_mkdirs(AT_FDCWD, path, 0755);
	if (r == 0) {
		home->path = realpath(path, NULL);
		home->fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		r = !home->path || home->fd < 0 ? -errno : make_parts(home->fd);
	}
	if (r == 0)
		r = open_runs(home);
	if (r < 0) {
		home_close(home);
		return err_set(err, r, "cannot use the Guild home %s: %s", path, strerror(-r));
	}
	*ret = home;
	return 0;
}

int home_open_trash(const struct home *home, struct home **ret, struct err *err)
{
	struct home *trash = home_new();
	_cleanup_buf_ struct buf path = BUF_INIT;
	int r;

	if (!trash)
		return err_set(err, -ENOMEM, "out of memory");
	buf_printf(&path, "%s/trash", home->path);
	trash->path = buf_steal(&path, NULL);
	r = trash->path ? file_mkdirs(home->fd, "trash/runs", 0755) : -ENOMEM;
	if (r == 0) {
		trash->fd = openat(home->fd, "trash", O_PATH | O_DIRECTORY | O_CLOEXEC);
		r = trash->fd < 0 ? -errno : open_runs(trash);
	}
	if (r < 0) {
		home_close(trash);
		return err_set(err, r, "cannot open %s/trash/runs: %s", home->path, strerror(-r));
	}
	*ret = trash;
	return 0;
}

int home_open_archive(const char *path, const char *shown, struct home **ret, struct err *err)
{
	struct home *home = home_new();
	int r = 0;

	if (!home)
		return err_set(err, -ENOMEM, "out of memory");
	home->path = realpath(path, NULL);
	home->fd = home->path ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	if (home->fd < 0)
		r = -errno;
	if (r == 0) {
		home->runs_fd = fcntl(home->fd, F_DUPFD_CLOEXEC, 0);
		home->runs_path = strdup(shown ? shown : home->path);
		r = home->runs_fd < 0 ? -errno : home->runs_path ? 0 : -ENOMEM;
	}
	if (r < 0) {
		home_close(home);
		return err_set(err, r, "cannot open %s: %s", path, strerror(-r));
	}
	*ret = home;
	return 0;
}

void home_close(struct home *home)
{
	if (home->runs_fd >= 0)
		close(home->runs_fd);
	if (home->fd >= 0)
		close(home->fd);
	free(home->path);
	free(home->runs_path);
	free(home);
}

int home_open_run(const struct home *home, const char *id)
{
	int fd;

	if (*id != '/' && !name_is_component(id))
		return -ENOENT;
	fd = openat(home->runs_fd, id, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? shortage_note(errno == ENOTDIR ? -ENOENT : -errno) : fd;
}

void home_run_path(const struct home *home, const char *id, struct buf *b)
{
	if (*id != '/')
		buf_printf(b, "%s/", home->runs_path);
	buf_puts(b, id);
}

/* --- the changes file ----------------------------------------------------- */

/*
 * A changes file with nothing in it but its first line, which no other one has. `replace` puts it
 * in the place of one that has grown too long; without it -EEXIST, when somebody else was first.
 */
static int begin_changes(const struct home *home, bool replace)
{
	char line[RUN_ID_LEN + 2] = "", temporary[sizeof(HOME_CHANGES) + RUN_ID_LEN + 2];
	_cleanup_close_ int fd = -1;
	struct stat old;
	int r = name_new_run_id(line);

	if (r < 0)
		return r;
	snprintf(temporary, sizeof(temporary), HOME_CHANGES ".%s", line);
	/* Half an id, since a whole one would tell of a run. */
	memcpy(line + RUN_ID_LEN / 2, "\n", sizeof("\n"));
	fd = openat(home->fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return -errno;
	r = file_write_all(fd, line, strlen(line));
	/* Who could announce something still can. */
	if (r == 0 && fstatat(home->fd, HOME_CHANGES, &old, AT_SYMLINK_NOFOLLOW) == 0 &&
		fchmod(fd, old.st_mode & 0777) < 0)
		r = -errno;
	if (r == 0 && !replace)
		r = partial_rename(home->fd, temporary, home->fd, HOME_CHANGES);
	else if (r == 0 && renameat(home->fd, temporary, home->fd, HOME_CHANGES) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(home->fd, temporary, 0);
	return r;
}

/* With the file made first when there is none. */
static int open_changes(const struct home *home, int flags)
{
	int fd = openat(home->fd, HOME_CHANGES, flags | O_CLOEXEC);

	if (fd >= 0 || errno != ENOENT)
		return fd < 0 ? -errno : fd;
	begin_changes(home, false);
	fd = openat(home->fd, HOME_CHANGES, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

void home_poke(const struct home *home, const char *id)
{
	_cleanup_close_ int fd = -1;
	_cleanup_buf_ struct buf line = BUF_INIT;
	struct stat st;

	if (fstatat(home->fd, HOME_CHANGES, &st, 0) == 0 && st.st_size > CHANGES_MAX)
		begin_changes(home, true);
	fd = open_changes(home, O_WRONLY | O_APPEND);
	if (fd < 0)
		return;
	buf_printf(&line, "%s\n", id);
	file_write_all(fd, line.data, line.len);
}

/* Appends what there is from an offset on. */
static int read_from(int fd, size_t offset, struct buf *b)
{
	char block[4096];
	ssize_t n;

	while ((n = pread(fd, block, sizeof(block), (off_t)offset)) > 0) {
		buf_add(b, block, (size_t)n);
		offset += (size_t)n;
	}
	return n < 0 ? -errno : buf_error(b);
}

/* A mark behind the first line. */
static int mark_begin(int fd, struct home_changes_mark *ret)
{
	char line[sizeof(ret->file) + 1];
	ssize_t n = pread(fd, line, sizeof(line) - 1, 0);
	size_t len;

	if (n < 0)
		return -errno;
	line[n] = '\0';
	len = strcspn(line, "\n");
	*ret = (struct home_changes_mark){0};
	if (len && len < sizeof(ret->file) && line[len]) {
		memcpy(ret->file, line, len);
		ret->offset = len + 1;
	}
	return 0;
}

int home_changes_read(const struct home *home, struct home_changes_mark *mark,
	void (*changed)(void *arg, const char *id), void *arg)
{
	_cleanup_close_ int fd = open_changes(home, O_RDONLY);
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct home_changes_mark now = {0};
	struct stat st;
	bool known;
	int r = fd < 0 ? fd : mark_begin(fd, &now);

	if (r == 0 && fstat(fd, &st) < 0)
		r = -errno;
	if (r < 0)
		return r;
	known = *now.file && strcmp(now.file, mark->file) == 0 && mark->offset >= now.offset &&
		mark->offset <= (size_t)st.st_size;
	if (known)
		now = *mark;
	r = read_from(fd, now.offset, &text);
	if (r < 0)
		return r;
	/* Of half a line the other half is yet to come. */
	for (size_t at = 0; at < text.len;) {
		char *line = text.data + at, *end = memchr(line, '\n', text.len - at);
		size_t len;

		if (!end)
			break;
		*end = '\0';
		len = (size_t)(end - line);
		at += len + 1;
		now.offset += len + 1;
		/* A crash may have left zeros where a line was. */
		if (known && strlen(line) == len && name_is_component(line))
			changed(arg, line);
	}
	*mark = now;
	return known ? 0 : -ESTALE;
}

int home_open_resources(const struct home *home, const char *key, struct buf *ret_path)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	int r, fd;

	buf_printf(&path, "cache/resources/%s", key);
	buf_printf(ret_path, "%s/%s", home->path, buf_str(&path));
	r = buf_error(&path) ? buf_error(&path) : buf_error(ret_path);
	if (r == 0)
		r = file_mkdirs(home->fd, buf_str(&path), 0777);
	if (r < 0)
		return r;
	fd = openat(home->fd, buf_str(&path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int home_lock_run_status(const struct home *home)
{
	int fd = openat(home->fd, HOME_RUN_STATUS, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX) < 0) {
		if (errno != EINTR) {
			int r = -errno;

			close(fd);
			return r;
		}
	}
	return fd;
}
