/* SPDX-License-Identifier: MIT */
/* Requests about names and attributes. */
#include "ops.h"

#include <errno.h>
#include <linux/fs.h>

#include "cache.h"
#include "ino.h"
#include "lifecycle.h"
#include "opdir.h"
#include "runs_of.h"
#include "walk.h"

/* A run that was deleted or restored is another place now. */
static bool is_stale(const struct place *dir)
{
	_cleanup_close_ int fd = dir->class == PLACE_RUN ? place_open_run(dir) : -1;

	return dir->class == PLACE_RUN && fd == -ESTALE;
}

void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param e;
	struct place dir, p;
	int r = ops_place(req, parent, &dir);

	if (r == 0)
		r = walk_lookup(&dir, name, &p);
	if (r == 0) {
		r = ops_entry(&p, &e);
		if (r < 0)
			ops_forget(&p, 1);
	}
	/* ESTALE of the directory has the kernel look for its path anew. */
	if (r == -ESTALE || r == -ENOENT)
		r = is_stale(&dir) ? -ESTALE : -ENOENT;
	if (r < 0)
		fuse_reply_err(req, -r);
	else if (fuse_reply_entry(req, &e) < 0)
		ops_forget(&p, 1);
}

void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t nlookup)
{
	struct place p;

	if (ops_place(req, ino, &p) == 0)
		ops_forget(&p, nlookup);
	fuse_reply_none(req);
}

void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	struct place p;

	for (size_t i = 0; i < count; i++)
		if (ops_place(req, forgets[i].ino, &p) == 0)
			ops_forget(&p, forgets[i].nlookup);
	fuse_reply_none(req);
}

static void reply_attr(fuse_req_t req, const struct place *p)
{
	struct fuse_entry_param e;
	int r = ops_entry(p, &e);

	if (r < 0) {
		fuse_reply_err(req, -r);
		return;
	}
	handle_shown_size(e.ino, &e.attr.st_size);
	fuse_reply_attr(req, &e.attr, e.attr_timeout);
}

void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct place p;
	int r = ops_place(req, ino, &p);

	(void)fi;
	if (r < 0)
		fuse_reply_err(req, -r);
	else
		reply_attr(req, &p);
}

/* Times, modes and owners are what they are: setting them succeeds, for `cp -p`, where something
 * can be written at all, and changes nothing. */
void op_setattr(
	fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set, struct fuse_file_info *fi)
{
	struct opener who = ops_opener(req);
	struct place p;
	int r = ops_place(req, ino, &p);

	if (r == 0 && !p.row->store && p.row->kind != ROW_FLAGS && p.row->kind != ROW_SCRATCH &&
		p.row->kind != ROW_WHEEL)
		r = -EPERM;
	if (r == 0 && to_set & FUSE_SET_ATTR_SIZE) {
		struct handle *h = fi ? ops_handle(fi) : NULL;

		if (h && h->kind && h->kind->truncate) {
			LOCK_SCOPE(&h->lock);
			r = h->kind->truncate(h, attr->st_size);
			if (h->snapshot)
				handle_show_size(h);
		} else {
			r = ops_truncate_path(&p, &who, attr->st_size);
		}
	}
	if (r < 0)
		fuse_reply_err(req, -r);
	else
		reply_attr(req, &p);
}

void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	_cleanup_buf_ struct buf target = BUF_INIT;
	struct place p;
	int r = ops_place(req, ino, &p);

	if (r == 0)
		r = walk_target(&p, &target);
	if (r < 0)
		fuse_reply_err(req, -r);
	else
		fuse_reply_readlink(req, buf_str(&target));
}

/* A place where files come and go. -EPERM: it is not one. */
static int operation_dir(fuse_req_t req, fuse_ino_t ino, struct place *ret)
{
	int r = ops_place(req, ino, ret);

	return r < 0 ? r : ret->row->flags & ROW_OPDIR ? 0 : -EPERM;
}

void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct opener who = ops_opener(req);
	struct place dir;
	int r = operation_dir(req, parent, &dir);

	if (r == 0)
		r = opdir_unlink(&dir, name, &who);
	fuse_reply_err(req, -r);
}

void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct opener who = ops_opener(req);
	struct place dir;
	int r = ops_place(req, parent, &dir);

	if (r == 0)
		r = lifecycle_rmdir(&dir, name, &who);
	fuse_reply_err(req, -r);
}

/* Names in an operation's directory, or runs to and from the trash. */
static int rename_place(const struct place *from, const char *name, const struct place *to,
	const char *newname, bool replace, const struct opener *who)
{
	if (!(from->row->flags & ROW_OPDIR))
		return lifecycle_rename(from, name, to, newname, who);
	return ino_encode(from) == ino_encode(to) ? opdir_rename(from, name, newname, replace, who)
						  : -EXDEV;
}

void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent,
	const char *newname, unsigned flags)
{
	struct opener who = ops_opener(req);
	struct place from, to;
	int r = ops_place(req, parent, &from);

	if (r == 0)
		r = ops_place(req, newparent, &to);
	if (r == 0 && flags & ~(unsigned)RENAME_NOREPLACE)
		r = -EINVAL;
	if (r == 0)
		r = rename_place(&from, name, &to, newname, !(flags & RENAME_NOREPLACE), &who);
	fuse_reply_err(req, -r);
}
