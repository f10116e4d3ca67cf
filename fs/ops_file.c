/* SPDX-License-Identifier: MIT */
/* Open files: their kind (fs/files.h) does the work, this hands over bytes. */
#include "ops.h"

#include <errno.h>
#include <poll.h>
#include <fcntl.h>

#include "errors.h"
#include "files.h"
#include "guildfs.h"
#include "ino.h"
#include "opdir.h"
#include "passthrough.h"
#include "event_stream.h"
#include "runs_of.h"
#include "show.h"
#include "tree.h"
#include "waiters.h"
#include "walk.h"
#include "wheel_file.h"

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
	if (p->row && p->row->kind == ROW_DOC)
		handle_settle(h->ino);
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
	if (h->kind && h->kind->release)
		h->kind->release(h);
	handle_free(h);
}

void ops_close_all(void)
{
	struct handle *h;

	while ((h = handle_any()))
		close_handle(h);
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

/*
 * Where `cp` and `>` go by the link that a dropped flags file has become. They look where it leads
 * before they ask us: only a sentence can be given.
 */
static int refuse_in_run(const struct place *dir, const char *name)
{
	_cleanup_buf_ struct buf path = BUF_INIT;

	buf_printf(&path, "runs/%s/%s", place_run_id(dir), name);
	errors_add(dir->fs->errors, buf_str(&path),
		"nothing is put into a run; to start anew by a flags file whose name is a run's "
		"link now, rm the link first");
	return -EPERM;
}

static int create_place(
	const struct place *dir, const char *name, const struct opener *who, struct place *ret)
{
	if (dir->row->flags & ROW_OPDIR)
		return opdir_create(dir, name, who, ret);
	if (dir->row == tree_run)
		return refuse_in_run(dir, name);
	return dir->row->dynamic == &packages_children ? wheel_file_create(dir, name, who, ret)
						       : -EPERM;
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
		r = create_place(&dir, name, &who, &p);
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
	int r;

	pthread_mutex_lock(&h->lock);
	if (h->unprinted) {
		h->unprinted = false;
		walk_show(&h->place, &h->text);
	}
	/* Of each read, not the first alone: that one reads ahead, and the kernel tries again. */
	r = buf_error(&h->text);
	if (r == -ENOENT)
		r = -ESTALE;
	if (r == 0 && h->kind->read)
		r = h->kind->read(h, size, offset, &piece);
	else
		buf_add_range(&piece, &h->text, size, offset);
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

/* Everything but what blocks can always be read and written. */
void op_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct fuse_pollhandle *ph)
{
	struct handle *h = ops_handle(fi);
	unsigned events = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;

	(void)ino;
	if (h->events)
		events = event_stream_poll(ops_fs(req), h->events, ph) ? POLLIN | POLLRDNORM : 0;
	else if (h->place.row->kind == ROW_WAIT)
		events =
			waiters_poll(ops_fs(req), h, h->place.serial, ph) ? POLLIN | POLLRDNORM : 0;
	else if (ph)
		fuse_pollhandle_destroy(ph);
	fuse_reply_poll(req, events);
}

void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
	struct handle *h = ops_handle(fi);

	(void)ino;
	if (h->place.row->kind == ROW_WAIT) {
		waiters_read(
			ops_fs(req), req, h->place.serial, size, offset, !(fi->flags & O_NONBLOCK));
	} else if (h->events) {
		event_stream_read(ops_fs(req), h->events, req, size, !(fi->flags & O_NONBLOCK));
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
