/* SPDX-License-Identifier: MIT */
/* The tree engine: every question about a place is answered from its row, in one way. */
#include "walk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "backing.h"
#include "guildfs.h"
#include "ino.h"
#include "opdir.h"
#include "runs_of.h"
#include "show.h"
#include "things.h"
#include "tree.h"
#include "base/beneath.h"
#include "base/clock.h"
#include "base/shortage.h"
#include "catalog/catalog.h"
#include "run/attr.h"
#include "run/home.h"

uint32_t walk_type(const struct row *row)
{
	switch (row->kind) {
	case ROW_DIR:
	case ROW_FILE:
		return S_IFDIR;
	case ROW_LINK:
		return S_IFLNK;
	default:
		return S_IFREG;
	}
}

static bool place_exists(const struct place *p)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	if (p->row->flags & ROW_OPDIR && p->class == PLACE_THING)
		return true;
	if (p->row->kind == ROW_FLAGS && opdir_hidden(p))
		return false;
	if (p->row->exists)
		return p->row->exists(p);
	if (p->row->show)
		p->row->show(p, &b);
	else if (p->row->target)
		p->row->target(p, &b);
	return buf_error(&b) == 0;
}

static int find(const struct place *dir, const char *name, struct place *ret)
{
	if (dir->row->kind == ROW_FILE)
		return backing_lookup(dir, name, ret);
	if (dir->row->kind != ROW_DIR)
		return -ENOTDIR;
	for (const struct row *r = dir->row->rows; r && r->doc; r++) {
		struct place p = place_at(dir, r);

		if (strcmp(r->name, name) != 0)
			continue;
		if (!place_exists(&p))
			return -ENOENT;
		*ret = p;
		return 0;
	}
	return dir->row->dynamic ? dir->row->dynamic->find(dir, name, ret) : -ENOENT;
}

/* Without descriptors nobody knows what is there. */
int walk_lookup(const struct place *dir, const char *name, struct place *ret)
{
	unsigned before = shortages();
	int r = find(dir, name, ret);

	return r == -ENOENT && shortage_since(before) ? shortage_since(before) : r;
}

static int list(const struct place *dir, struct listing *out)
{
	int r;

	if (dir->row->kind == ROW_FILE)
		return backing_list(dir, out);
	if (dir->row->kind != ROW_DIR)
		return -ENOTDIR;
	for (const struct row *row = dir->row->rows; row && row->doc; row++) {
		struct place p = place_at(dir, row);

		if (!(row->flags & ROW_HIDDEN) && place_exists(&p))
			listing_add(out, row->name, &p);
	}
	if (dir->row->dynamic) {
		r = dir->row->dynamic->list(dir, out);
		if (r < 0)
			return r;
	}
	return listing_error(out);
}

int walk_list(const struct place *dir, struct listing *out)
{
	unsigned before = shortages();
	int r = list(dir, out);

	return r == 0 ? shortage_since(before) : r;
}

int walk_show(const struct place *p, struct buf *b)
{
	unsigned before = shortages();
	int r;

	if (!p->row->show)
		return -EINVAL;
	p->row->show(p, b);
	r = shortage_since(before);
	if (r < 0)
		buf_fail(b, r);
	return r < 0 ? r : buf_error(b);
}

int walk_target(const struct place *p, struct buf *b)
{
	if (p->row->kind == ROW_FILE)
		return backing_target(p, b);
	if (!p->row->target)
		return -EINVAL;
	p->row->target(p, b);
	return buf_error(b);
}

bool walk_is_live(const struct place *p)
{
	if (p->class == PLACE_FILE)
		return backing_is_live(p);
	return p->class == PLACE_RUN && !place_in_trash(p) &&
	       catalog_is_live(p->fs->catalog, p->serial);
}

/* The permission bits that a row has by its nature, before the run's owner has a say. */
static mode_t row_mode(const struct row *row)
{
	mode_t mode = 0444;

	/* What may not be done in a directory is refused by the operation, with a better errno. */
	if (walk_type(row) == S_IFDIR)
		return 0755;
	if (row->kind == ROW_LINK)
		return 0777;
	if (row->flags & ROW_PRIVATE)
		mode = 0400;
	if (row->store || row->kind == ROW_FLAGS || row->kind == ROW_WHEEL)
		mode |= 0200;
	return mode;
}

/*
 * Microseconds at which a run last changed. Reads the one attribute that says so rather than a
 * whole summary.
 */
static int64_t run_changed(const struct place *p)
{
	static const char *const attrs[] = {"stopped", "started", "initialized"};
	int64_t usec = catalog_known_changed(place_catalog(p), place_serial(p));
	_cleanup_close_ int run_fd = usec ? -1 : place_open_run(p);

	for (size_t i = 0; run_fd >= 0 && !usec && i < ARRAY_SIZE(attrs); i++)
		if (attr_read_int(run_fd, attrs[i], &usec) < 0)
			usec = 0;
	return usec;
}

/* Whom the owner keeps out of the run's directory may not read what we print of it either. */
static void take_owner(struct stat *st, const struct stat *dir)
{
	mode_t reach = dir->st_mode & 0777;

	st->st_uid = dir->st_uid;
	st->st_gid = dir->st_gid;
	if (!(reach & 0050))
		st->st_mode &= ~(mode_t)0070;
	if (!(reach & 0005))
		st->st_mode &= ~(mode_t)0007;
}

/* TensorBoard asks this of all runs, again and again: from memory, where it is there. */
static int logdir_attr(const struct place *p, struct stat *st)
{
	_cleanup_summary_ struct run_summary s = {0};
	const char *id = place_run_id(p);
	struct stat dir;
	int r = id ? catalog_listed(p->fs->catalog, p->serial, &s) : -ESTALE;

	if (r < 0)
		return r == -ENOENT ? -ESTALE : r;
	if (fstatat(p->fs->home->runs_fd, id, &dir, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? -ESTALE : -errno;
	take_owner(st, &dir);
	st->st_mtim = st->st_ctim = clock_timespec(run_summary_changed(&s));
	return 0;
}

/* Of the run's own directory: a first `ls -l runs/` asks this of every run. */
static int run_dir_attr(const struct place *p, struct stat *st)
{
	const char *id = place_run_id(p);
	struct stat dir;

	if (!id)
		return -ESTALE;
	if (fstatat(catalog_home(place_catalog(p))->runs_fd, id, &dir, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? -ESTALE : -errno;
	if (!S_ISDIR(dir.st_mode))
		return -ESTALE;
	take_owner(st, &dir);
	st->st_mtim = st->st_ctim = clock_timespec(run_changed(p));
	return 0;
}

static int run_attr(const struct place *p, struct stat *st)
{
	_cleanup_close_ int run_fd = -1;
	struct stat dir, attrs;

	if (p->row == tree_logdir)
		return logdir_attr(p, st);
	if (p->row->kind == ROW_DIR)
		return run_dir_attr(p, st);
	run_fd = place_open_run(p);
	if (run_fd < 0)
		return run_fd;
	if (fstat(run_fd, &dir) < 0)
		return -errno;
	take_owner(st, &dir);
	if (p->row->kind == ROW_FILE) {
		st->st_mtim = st->st_ctim = dir.st_mtim;
		return 0;
	}
	if (beneath_stat(run_fd, RUN_ATTRS_DIR, &attrs) == 0)
		st->st_mtim = st->st_ctim = attrs.st_mtim;
	if (p->row->kind == ROW_LOG) {
		if (beneath_stat(run_fd, p->row->backing, &attrs) < 0)
			return -ENOENT;
		st->st_size = attrs.st_size;
		st->st_mtim = attrs.st_mtim;
		st->st_ctim = attrs.st_ctim;
	}
	return 0;
}

static int thing_attr(const struct place *p, struct stat *st)
{
	struct guildfs *fs = p->fs;
	const struct thing *thing = things_by_serial(fs->things, p->serial);
	_cleanup_guildfile_ struct guildfile *file = NULL;
	const struct model *model;
	struct stat guild_yml;
	int r = thing ? thing_model(fs, thing, &file, &model) : -ESTALE;

	if (r < 0)
		return r;
	if (stat(file->path, &guild_yml) == 0)
		st->st_mtim = st->st_ctim = guild_yml.st_mtim;
	if (p->row->flags & ROW_OPDIR && fs->shared)
		st->st_mode |= 0222;
	if (p->row->kind == ROW_FLAGS && fs->shared)
		st->st_mode |= 0222;
	return 0;
}

/* The directories of runs are as old as those in the store: what is cached of them goes by that. On
 * a shared mount each user deletes and restores his own. */
static int static_attr(const struct place *p, struct stat *st)
{
	bool runs = p->row->dynamic == &runs_children, trash = p->row->dynamic == &trash_children;
	struct stat dir;

	if (runs && fstat(p->fs->home->runs_fd, &dir) == 0)
		st->st_mtim = st->st_ctim = dir.st_mtim;
	if (trash && fstatat(p->fs->home->fd, "trash/runs", &dir, 0) == 0)
		st->st_mtim = st->st_ctim = dir.st_mtim;
	if ((runs || trash) && p->fs->shared)
		st->st_mode |= 01777;
	return 0;
}

/* Prints what has a text or a target to learn its exact size. */
static int measure(const struct place *p, struct stat *st)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	int r = 0;

	if (p->row->show)
		r = walk_show(p, &b);
	else if (p->row->kind == ROW_LINK)
		r = walk_target(p, &b);
	else
		return 0;
	st->st_size = (off_t)b.len;
	return r;
}

int walk_attr(const struct place *p, struct stat *st)
{
	int r;

	if (p->class == PLACE_FILE)
		return backing_attr(p, st);
	if (p->class == PLACE_SCRATCH)
		return opdir_scratch_attr(p, st);
	*st = (struct stat){
		.st_ino = ino_encode(p),
		.st_mode = walk_type(p->row) | row_mode(p->row),
		.st_nlink = 1, /* of a directory, too: subdirectories are not counted */
		.st_uid = p->fs->uid,
		.st_gid = p->fs->gid,
		.st_blksize = 4096,
		.st_mtim = clock_timespec(p->fs->mounted),
		.st_ctim = clock_timespec(p->fs->mounted),
	};
	if (place_in_trash(p))
		st->st_mode &= ~(mode_t)0222 | (walk_type(p->row) == S_IFDIR ? 0200 : 0);
	r = p->class == PLACE_RUN     ? run_attr(p, st)
	    : p->class == PLACE_THING ? thing_attr(p, st)
				      : static_attr(p, st);
	if (r == 0)
		r = measure(p, st);
	st->st_atim = st->st_mtim;
	st->st_blocks = (st->st_size + 511) / 512;
	return r;
}
