/* SPDX-License-Identifier: MIT */
/* Copying trees with their times, and the order of renames. */
#include "run/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/file_walk.h"
#include "base/strv.h"
#include "run/attr.h"
#include "run/home.h"
#include "run/status.h"

int transfer_tick(const struct transfer *how, uint64_t bytes)
{
	return !how->go_on || how->go_on(how->arg, bytes) ? 0 : -EINTR;
}

static int copied(void *how, uint64_t bytes)
{
	return transfer_tick(how, bytes);
}

struct file_watcher transfer_watcher(const struct transfer *how)
{
	return (struct file_watcher){copied, (void *)how};
}

void transfer_end(struct transfer_place *place)
{
	partial_end(&place->partial);
}

int transfer_make_dir(const char *path, int *ret_fd)
{
	int r = file_mkdirs(AT_FDCWD, path, 0777);
	int fd = r < 0 ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int mark;

	if (r == -EEXIST)
		r = -ENOTDIR;
	if (fd < 0)
		return r < 0 ? r : -errno;
	mark = openat(fd, HOME_NOCOPY, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (mark < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	close(mark);
	*ret_fd = fd;
	return 0;
}

static int begin(struct transfer_place *place)
{
	return place->partial.fd >= 0 ? 0 : partial_begin(place->fd, &place->partial);
}

/* --- copying -------------------------------------------------------------- */

/* Directories get their modes and times last, since filling them needs one and changes the other.
 */
struct directory {
	char *path;
	struct stat st;
};

struct copying {
	int from, to;
	const struct transfer *how;
	struct directory *dirs;
	size_t n_dirs;
};

static void keep_times(int dirfd, const char *path, const struct stat *st)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, st->st_mtim};

	utimensat(dirfd, path, times, AT_SYMLINK_NOFOLLOW);
}

static int copy_dir(struct copying *c, const struct walk_entry *e)
{
	struct directory *grown;

	if (mkdirat(c->to, e->path, 0700) < 0)
		return -errno;
	/* Capacity is the next power of two above n. */
	if ((c->n_dirs & (c->n_dirs + 1)) == 0) {
		grown = reallocarray(c->dirs, (c->n_dirs + 1) * 2, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		c->dirs = grown;
	}
	c->dirs[c->n_dirs] = (struct directory){strdup(e->path), e->st};
	return c->dirs[c->n_dirs++].path ? 0 : -ENOMEM;
}

static int copy_link(const struct copying *c, const struct walk_entry *e)
{
	_cleanup_buf_ struct buf target = BUF_INIT;
	struct stat st;
	int r = file_readlink(c->from, e->path, &target);

	if (r == 0 && symlinkat(buf_str(&target), c->to, e->path) < 0)
		r = -errno;
	if (r == 0 && fstatat(c->from, e->path, &st, AT_SYMLINK_NOFOLLOW) == 0)
		keep_times(c->to, e->path, &st);
	return r;
}

static int copy_file(const struct copying *c, const struct walk_entry *e)
{
	const struct file_watcher watcher = transfer_watcher(c->how);
	int r = file_copy_watched(c->from, e->path, c->to, e->path, &watcher);

	if (r < 0)
		return r;
	fchmodat(c->to, e->path, e->st.st_mode & 0777, 0);
	keep_times(c->to, e->path, &e->st);
	return 0;
}

static int copy_entry(void *arg, const struct walk_entry *e)
{
	struct copying *c = arg;
	bool as_link = e->is_link && (!c->how->follow || S_ISLNK(e->st.st_mode));
	int r = transfer_tick(c->how, 0);

	if (r < 0)
		return r;
	if (S_ISDIR(e->st.st_mode) && !as_link)
		return copy_dir(c, e);
	if (as_link)
		r = copy_link(c, e);
	else if (S_ISREG(e->st.st_mode))
		r = copy_file(c, e);
	/* Gone since it was found. */
	return r == -ENOENT ? 0 : r;
}

static int copy_tree(int from, int to, const struct transfer *how)
{
	struct copying c = {.from = from, .to = to, .how = how};
	struct stat st;
	int r = file_walk(from, how->follow, copy_entry, &c);

	for (size_t i = c.n_dirs; i-- > 0; free(c.dirs[i].path)) {
		fchmodat(to, c.dirs[i].path, c.dirs[i].st.st_mode & 0777, 0);
		keep_times(to, c.dirs[i].path, &c.dirs[i].st);
	}
	free(c.dirs);
	if (fstat(from, &st) == 0)
		fchmod(to, st.st_mode & 0777);
	return r;
}

/* Out of sight yet, in to->partial. */
static int copy_run(
	int from_fd, const char *id, struct transfer_place *to, const struct transfer *how)
{
	_cleanup_close_ int from =
		openat(from_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_close_ int copy = -1;
	int r = from < 0 ? -errno : begin(to);

	if (r < 0)
		return r;
	if (mkdirat(to->partial.fd, id, 0700) < 0)
		return -errno;
	copy = openat(to->partial.fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = copy < 0 ? -errno : copy_tree(from, copy, how);
	/* The other one is about to be removed. */
	if (r == 0 && how->move && syncfs(copy) < 0)
		r = -errno;
	if (r < 0)
		file_remove_tree(to->partial.fd, id);
	return r;
}

/* --- transfers ------------------------------------------------------------ */

int transfer_check_quiet(int runs_fd, const char *id, struct err *err)
{
	_cleanup_close_ int fd = openat(runs_fd, id, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	enum run_status status;

	if (fd < 0)
		return err_set(err, -errno, "run %s: %s", id, strerror(errno));
	status = run_status_get(fd);
	if (status == RUN_RUNNING ||
		(status == RUN_PENDING &&
			(beneath_exists(fd, RUN_TICKET_FILE) || run_is_supervised(fd))))
		return err_set(err, -EBUSY, "run %s is %s", id, run_status_name(status));
	return 0;
}

static struct timespec mtime_of(int dirfd, const char *id, const char *dir)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	struct stat st = {0};

	/* What is not there has no time, now as before. */
	buf_printf(&path, "%s/%s", id, dir);
	fstatat(dirfd, buf_str(&path), &st, AT_SYMLINK_NOFOLLOW);
	return st.st_mtim;
}

struct transfer_stamp transfer_stamp(int runs_fd, const char *id)
{
	return (struct transfer_stamp){mtime_of(runs_fd, id, RUN_GUILD_DIR),
		mtime_of(runs_fd, id, RUN_GUILD_DIR "/attrs")};
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static int check_stamp(
	int runs_fd, const char *id, const struct transfer_stamp *stamp, struct err *err)
{
	const struct transfer_stamp now = transfer_stamp(runs_fd, id);

	return same_time(now.guild, stamp->guild) && same_time(now.attrs, stamp->attrs)
		       ? 0
		       : err_set(err, -EBUSY, "run %s has been started or changed meanwhile", id);
}

int transfer_claim(int runs_fd, const char *id, int *ret_lock, struct err *err)
{
	_cleanup_close_ int fd =
		openat(runs_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r = transfer_check_quiet(runs_fd, id, err);

	if (r < 0 || fd < 0 || !file_exists(fd, RUN_OWN_DIR))
		return r;
	/* Who claims a start holds the lock until there are PENDING and a ticket. */
	if (run_lock_take(fd, ret_lock) == -EAGAIN ||
		(beneath_exists(fd, RUN_GUILD_DIR "/PENDING") &&
			beneath_exists(fd, RUN_TICKET_FILE)))
		return err_set(err, -EBUSY, "run %s is being started", id);
	return 0;
}

/* The same for what it was when it was copied. */
static int claim(int runs_fd, const char *id, const struct transfer_stamp *stamp, int *ret_lock,
	struct err *err)
{
	int r = transfer_claim(runs_fd, id, ret_lock, err);

	return r < 0 || !stamp ? r : check_stamp(runs_fd, id, stamp, err);
}

/* Out of sight, into from->partial. */
static int take_away(struct transfer_place *from, const char *id,
	const struct transfer_stamp *stamp, struct err *err)
{
	int r = begin(from);

	if (r == 0)
		r = partial_take_away(&from->partial, from->fd, id);
	if (r < 0)
		return err_set(err, r, "cannot remove run %s: %s", id, strerror(-r));
	r = stamp ? check_stamp(from->partial.fd, id, stamp, err) : 0;
	if (r < 0)
		partial_rename(from->partial.fd, id, from->fd, id);
	return r;
}

/* What cannot be removed must not stay out of sight. */
static int remove_taken(const struct transfer_place *from, const char *id, struct err *err)
{
	int r = file_remove_tree(from->partial.fd, id);

	if (r < 0)
		partial_rename(from->partial.fd, id, from->fd, id);
	return r < 0 ? err_set(err, r, "cannot remove run %s: %s", id, strerror(-r)) : 0;
}

static int remove_run(struct transfer_place *from, const char *id,
	const struct transfer_stamp *stamp, struct err *err)
{
	int lock = -1;
	int r = claim(from->fd, id, stamp, &lock, err);

	if (r == 0)
		r = take_away(from, id, stamp, err);
	/* On NFS what is open cannot be removed. */
	if (lock >= 0)
		close(lock);
	return r == 0 ? remove_taken(from, id, err) : r;
}

int transfer_remove(struct transfer_place *from, const char *id, struct err *err)
{
	return remove_run(from, id, NULL, err);
}

int transfer_remove_copied(struct transfer_place *from, const char *id,
	const struct transfer_stamp *stamp, struct err *err)
{
	return remove_run(from, id, stamp, err);
}

static int cannot(const struct transfer *how, const char *id, int error, struct err *err)
{
	return err_set(err, error, "cannot %s run %s: %s", how->move ? "move" : "copy", id,
		strerror(-error));
}

/* Within a file system. -EXDEV, without a sentence, when it is none. */
static int rename_run(const struct transfer_place *from, const char *id,
	const struct transfer_place *to, const struct transfer_stamp *stamp, struct err *err)
{
	_cleanup_close_ int lock = -1;
	int r = claim(from->fd, id, stamp, &lock, err);

	return r == 0 ? partial_rename(from->fd, id, to->fd, id) : r;
}

int transfer_run(struct transfer_place *from, const char *id, struct transfer_place *to,
	const struct transfer *how, struct err *err)
{
	const struct transfer_stamp stamp = transfer_stamp(from->fd, id);
	int r = transfer_check_quiet(from->fd, id, err);

	if (r < 0)
		return r;
	if (file_exists(to->fd, id))
		return err_set(err, -EEXIST, "run %s exists", id);
	r = how->move && !how->follow ? rename_run(from, id, to, &stamp, err) : -EXDEV;
	if (r != -EXDEV)
		return r < 0 ? cannot(how, id, r, err) : 0;
	r = copy_run(from->fd, id, to, how);
	if (r < 0)
		return cannot(how, id, r, err);
	/* A copy of what it is no more must not appear: the run would then be passed over. */
	r = how->move ? check_stamp(from->fd, id, &stamp, err) : 0;
	if (r == 0)
		r = partial_place(&to->partial, id, to->fd, id);
	if (r < 0) {
		file_remove_tree(to->partial.fd, id);
		return cannot(how, id, r, err);
	}
	if (!how->move)
		return 0;
	r = transfer_remove_copied(from, id, &stamp, err);
	return r < 0 ? err_prefix(err, r, "run %s was copied", id) : 0;
}
