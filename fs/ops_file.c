/* SPDX-License-Identifier: MIT */
/* Open files: their kind (fs/files.h) does the work, this hands over bytes. */
#include "ops.h"

#include <errno.h>
#include <fcntl.h>

#include "files.h"
#include "guildfs.h"
#include "ino.h"
#include "opdir.h"
#include "passthrough.h"
#include "waiters.h"
#include "walk.h"

/* A handle that is open, or -errno. */
static int open_handle(
	const struct place *p, const struct opener *who, int flags, struct handle **ret)
{
	int r;
	const struct file_kind *kind = file_kind_of(p, flags, &r);
	struct handle *h;

	if (!kind)
		return r;
	h = handle_new(p, who);
	if (!h)
		return -ENOMEM;
	h->kind = kind;
	h->ino = ino_encode(p);
	h->writable = (flags & O_ACCMODE) != O_RDONLY;
	r = kind->open(h, flags);
	if (r < 0) {
		handle_free(h);
		return r == -ENOENT ? -ESTALE : r;
	}
	if (h->snapshot)
		handle_show_size(h);
	*ret = h;
	return 0;
}

static void close_handle(struct handle *h)
{
	if (h->kind->release)
		h->kind->release(h);
	handle_free(h);
}

/*
 * What the kernel is told of an open. Live files that it cannot read itself are never cached: a
 * cached page would show NUL bytes where the file grew meanwhile. Beside passthrough the kernel
 * takes no word about its cache, which it does not use then.
 */
static void set_caching(struct handle *h, struct fuse_file_info *fi)
{
	bool passthrough = h->cache == HANDLE_PASSTHROUGH &&
			   passthrough_open(h->place.fs->passthrough, h->ino, h->fd);
	bool direct = h->cache == HANDLE_DIRECT ||
		      (h->cache == HANDLE_PASSTHROUGH && !passthrough && walk_is_live(&h->place));

	fi->fh = (uintptr_t)h;
	fi->direct_io = direct;
	fi->keep_cache = !direct && !passthrough;
	fi->noflush = !h->writable;
}

static void release_passthrough(struct handle *h)
{
	if (h->cache == HANDLE_PASSTHROUGH)
		passthrough_close(h->place.fs->passthrough, h->ino);
}

void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct opener who = ops_opener(req);
	struct handle *h;
	struct place p;
	int r = ops_place(req, ino, &p);

	if (r == 0)
		r = open_handle(&p, &who, fi->flags, &h);
	if (r < 0) {
		fuse_reply_err(req, -r);
		return;
	}
	set_caching(h, fi);
	if (fuse_reply_open(req, fi) < 0) {
		release_passthrough(h);
		close_handle(h);
	}
}

void op_create(
	fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi)
{
	struct opener who = ops_opener(req);
	struct fuse_entry_param e;
	struct handle *h = NULL;
	struct place dir, p;
	int r = ops_place(req, parent, &dir);

	(void)mode;
	if (r == 0)
		r = dir.row->flags & ROW_OPDIR ? opdir_create(&dir, name, &who, &p) : -EPERM;
	if (r < 0) {
		fuse_reply_err(req, -r);
		return;
	}
	/* A new file is empty, whether or not the caller says so. */
	r = open_handle(&p, &who, fi->flags | O_TRUNC, &h);
	if (r == 0)
		r = ops_entry(&p, &e);
	if (r == 0) {
		set_caching(h, fi);
		r = fuse_reply_create(req, &e, fi);
		if (r == 0)
			return;
	} else {
		fuse_reply_err(req, -r);
	}
	if (h)
		close_handle(h);
	if (p.class == PLACE_SCRATCH)
		opdir_unlink(&dir, name, &who);
	ops_forget(&p, 1);
}

/* A copy: once the answer is out the file may be closed, and the handle gone, before we return. */
static void reply_text(fuse_req_t req, struct handle *h, size_t size, off_t offset)
{
	_cleanup_buf_ struct buf piece = BUF_INIT;
	size_t at, left;
	int r = 0;

	pthread_mutex_lock(&h->lock);
	if (h->unprinted) {
		h->unprinted = false;
		r = walk_show(&h->place, &h->text);
	}
	at = (size_t)offset < h->text.len ? (size_t)offset : h->text.len;
	left = h->text.len - at;
	if (left)
		buf_add(&piece, h->text.data + at, left < size ? left : size);
	pthread_mutex_unlock(&h->lock);
	if (r == 0)
		r = buf_error(&piece);
	if (r < 0)
		fuse_reply_err(req, -r);
	else
		fuse_reply_buf(req, piece.data, piece.len);
}

static void reply_fd(fuse_req_t req, const struct handle *h, size_t size, off_t offset)
{
	struct fuse_bufvec data = FUSE_BUFVEC_INIT(size);

	data.buf[0].flags = FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK;
	data.buf[0].fd = h->fd;
	data.buf[0].pos = offset;
	fuse_reply_data(req, &data, 0);
}

void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
	struct handle *h = ops_handle(fi);

	(void)ino;
	if (h->place.row->kind == ROW_WAIT) {
		/* The answer is one read long; the next one is the end of the file. */
		if (offset)
			fuse_reply_buf(req, NULL, 0);
		else
			waiters_add(ops_fs(req), req, h->place.serial);
	} else if (h->fd >= 0) {
		reply_fd(req, h, size, offset);
	} else {
		reply_text(req, h, size, offset);
	}
}

void op_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t offset,
	struct fuse_file_info *fi)
{
	struct handle *h = ops_handle(fi);
	ssize_t taken;

	(void)ino;
	pthread_mutex_lock(&h->lock);
	taken = h->kind->write(h, data, size, offset);
	if (h->snapshot)
		handle_show_size(h);
	pthread_mutex_unlock(&h->lock);
	if (taken < 0)
		fuse_reply_err(req, (int)-taken);
	else
		fuse_reply_write(req, (size_t)taken);
}

static int flush(struct handle *h)
{
	LOCK_SCOPE(&h->lock);

	return h->writable && h->kind->flush ? h->kind->flush(h) : 0;
}

void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	fuse_reply_err(req, -flush(ops_handle(fi)));
}

/* An editor's fsync says that what was written so far is whole: it counts as a flush. */
void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	(void)ino, (void)datasync;
	fuse_reply_err(req, -flush(ops_handle(fi)));
}

void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct handle *h = ops_handle(fi);

	(void)ino;
	release_passthrough(h);
	close_handle(h);
	fuse_reply_err(req, 0);
}

int ops_truncate_path(struct place *p, const struct opener *who, off_t size)
{
	struct handle *h;
	int r = open_handle(p, who, O_WRONLY, &h);

	if (r < 0)
		return r;
	r = h->kind->truncate(h, size);
	if (r == 0)
		r = flush(h);
	close_handle(h);
	return r;
}
