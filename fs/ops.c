/* SPDX-License-Identifier: MIT */
/* The table of requests, what they share, and the requests that are refused. */
#include "ops.h"

#include <errno.h>
#include <sys/statvfs.h>

#include "backing.h"
#include "cache.h"
#include "guildfs.h"
#include "ino.h"
#include "opdir.h"
#include "scratch.h"
#include "walk.h"
#include "run/home.h"

struct guildfs *ops_fs(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

struct opener ops_opener(fuse_req_t req)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);

	return (struct opener){.uid = ctx->uid, .gid = ctx->gid};
}

int ops_place(fuse_req_t req, fuse_ino_t ino, struct place *ret)
{
	struct guildfs *fs = ops_fs(req);
	int r = ino_decode(fs, ino, ret);

	/* Read first: many threads that write the same line take turns. */
	if (!atomic_load_explicit(&fs->asked, memory_order_relaxed))
		atomic_store(&fs->asked, true);
	ret->viewer = ops_opener(req);
	return r;
}

struct handle *ops_handle(const struct fuse_file_info *fi)
{
	return (struct handle *)(uintptr_t)fi->fh;
}

int ops_entry(const struct place *p, struct fuse_entry_param *ret)
{
	struct cache_times times = cache_times_of(p);

	*ret = (struct fuse_entry_param){
		.ino = ino_encode(p),
		.generation = 1, /* numbers are never given twice */
		.entry_timeout = times.entry,
		.attr_timeout = times.attr,
	};
	return walk_attr(p, &ret->attr);
}

void ops_forget(const struct place *p, uint64_t lookups)
{
	if (p->class == PLACE_FILE)
		backing_forget(p, lookups);
	else if (p->class == PLACE_SCRATCH)
		scratch_forget(opdir_scratches(p->fs), p->serial, lookups);
}

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
	(void)userdata;
	/* The writeback cache would turn a refused write into a silent one. */
	conn->want &= ~(unsigned)FUSE_CAP_WRITEBACK_CACHE;
	conn->max_background = 64;
}

static void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct statvfs st;

	(void)ino;
	if (fstatvfs(ops_fs(req)->home->runs_fd, &st) < 0)
		fuse_reply_err(req, errno);
	else
		fuse_reply_statfs(req, &st);
}

/* The kernel checks modes itself (default_permissions); what it still asks is granted. */
static void op_access(fuse_req_t req, fuse_ino_t ino, int mask)
{
	(void)ino, (void)mask;
	fuse_reply_err(req, 0);
}

static void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t dev)
{
	(void)parent, (void)name, (void)mode, (void)dev;
	fuse_reply_err(req, EPERM);
}

static void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	(void)parent, (void)name, (void)mode;
	fuse_reply_err(req, EPERM);
}

static void op_symlink(fuse_req_t req, const char *link, fuse_ino_t parent, const char *name)
{
	(void)link, (void)parent, (void)name;
	fuse_reply_err(req, EPERM);
}

static void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t newparent, const char *newname)
{
	(void)ino, (void)newparent, (void)newname;
	fuse_reply_err(req, EPERM);
}

static void op_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	(void)ino, (void)datasync, (void)fi;
	fuse_reply_err(req, 0);
}

static void op_setxattr(
	fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size, int flags)
{
	(void)ino, (void)name, (void)value, (void)size, (void)flags;
	fuse_reply_err(req, ENOTSUP);
}

/* ENOSYS is remembered by the kernel, which then answers ENOTSUP without asking us again: `ls -l`
 * and every write would ask otherwise. */
static void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	(void)ino, (void)name, (void)size;
	fuse_reply_err(req, ENOSYS);
}

static void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	(void)ino, (void)size;
	fuse_reply_err(req, ENOSYS);
}

static void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	(void)ino, (void)name;
	fuse_reply_err(req, ENOTSUP);
}

static void op_bmap(fuse_req_t req, fuse_ino_t ino, size_t blocksize, uint64_t idx)
{
	(void)ino, (void)blocksize, (void)idx;
	fuse_reply_err(req, EINVAL);
}

static void op_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned cmd, void *arg,
	struct fuse_file_info *fi, unsigned flags, const void *in, size_t in_size, size_t out_size)
{
	(void)ino, (void)cmd, (void)arg, (void)fi, (void)flags, (void)in, (void)in_size;
	(void)out_size;
	fuse_reply_err(req, ENOTTY);
}

static void op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset, off_t length,
	struct fuse_file_info *fi)
{
	(void)ino, (void)mode, (void)offset, (void)length, (void)fi;
	fuse_reply_err(req, EOPNOTSUPP);
}

/* The remaining ones are answered by the kernel itself, and better, once it was told ENOSYS:
 * files are always ready, seeks are arithmetic, copies are reads and writes. */
static void op_lseek(
	fuse_req_t req, fuse_ino_t ino, off_t offset, int whence, struct fuse_file_info *fi)
{
	(void)ino, (void)offset, (void)whence, (void)fi;
	fuse_reply_err(req, ENOSYS);
}

static void op_copy_file_range(fuse_req_t req, fuse_ino_t in, off_t in_at,
	struct fuse_file_info *in_fi, fuse_ino_t out, off_t out_at, struct fuse_file_info *out_fi,
	size_t len, int flags)
{
	(void)in, (void)in_at, (void)in_fi, (void)out, (void)out_at, (void)out_fi, (void)len;
	(void)flags;
	fuse_reply_err(req, ENOSYS);
}

/*
 * Not here: destroy (main frees what it made), getlk, setlk and flock (without them the kernel
 * locks by itself, which is right for files of one machine), write_buf and retrieve_reply (forms
 * of what is here).
 */
const struct fuse_lowlevel_ops ops = {
	.init = op_init,
	.lookup = op_lookup,
	.forget = op_forget,
	.forget_multi = op_forget_multi,
	.getattr = op_getattr,
	.setattr = op_setattr,
	.readlink = op_readlink,
	.mknod = op_mknod,
	.mkdir = op_mkdir,
	.unlink = op_unlink,
	.rmdir = op_rmdir,
	.symlink = op_symlink,
	.rename = op_rename,
	.link = op_link,
	.open = op_open,
	.read = op_read,
	.write = op_write,
	.flush = op_flush,
	.release = op_release,
	.fsync = op_fsync,
	.opendir = op_opendir,
	.readdir = op_readdir,
	.readdirplus = op_readdirplus,
	.releasedir = op_releasedir,
	.fsyncdir = op_fsyncdir,
	.statfs = op_statfs,
	.setxattr = op_setxattr,
	.getxattr = op_getxattr,
	.listxattr = op_listxattr,
	.removexattr = op_removexattr,
	.access = op_access,
	.create = op_create,
	.bmap = op_bmap,
	.ioctl = op_ioctl,
	.poll = op_poll,
	.fallocate = op_fallocate,
	.copy_file_range = op_copy_file_range,
	.lseek = op_lseek,
};
