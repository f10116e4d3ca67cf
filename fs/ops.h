/* SPDX-License-Identifier: MIT */
/*
 * The adapter: libfuse's requests to the tree engine and back. One file for names and attributes
 * (ops_names.c), one for directories (ops_dir.c), one for open files (ops_file.c), and ops.c,
 * which has the table and the requests that this tree has no use for, each with its errno.
 *
 * Everything here is called by libfuse's worker threads. The request's userdata is the guildfs.
 */
#ifndef FS_OPS_H
#define FS_OPS_H

#include <fuse_lowlevel.h>

#include "handle.h"
#include "node.h"

extern const struct fuse_lowlevel_ops ops;

/* Shared by the files of the adapter. */
struct guildfs *ops_fs(fuse_req_t req);
struct opener ops_opener(fuse_req_t req);
/* -ESTALE for an inode number that is not a place. */
int ops_place(fuse_req_t req, fuse_ino_t ino, struct place *ret);
/* Attributes and time-outs; entry->ino is the place's number. */
int ops_entry(const struct place *p, struct fuse_entry_param *ret);
/* Takes back what a lookup gave (files of the store and scratch files are counted). */
void ops_forget(const struct place *p, uint64_t lookups);
struct handle *ops_handle(const struct fuse_file_info *fi);
/* What is still open when the mount ends, for the kernel says nothing of it any more: closed as by
 * its last release, so that what was acknowledged is done. Without workers. */
void ops_close_all(void);

/* ops_names.c */
void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t nlookup);
void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets);
void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_setattr(
	fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set, struct fuse_file_info *fi);
void op_readlink(fuse_req_t req, fuse_ino_t ino);
void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent,
	const char *newname, unsigned flags);

/* ops_dir.c */
void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_readdir(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi);
void op_readdirplus(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi);
void op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);

/* ops_file.c */
void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
	struct fuse_file_info *fi);
void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi);
void op_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct fuse_pollhandle *ph);
void op_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t offset,
	struct fuse_file_info *fi);
void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);
void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
/* truncate(2) of a path, without an open file. */
int ops_truncate_path(struct place *p, const struct opener *who, off_t size);

#endif
