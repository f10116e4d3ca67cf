/* SPDX-License-Identifier: MIT */
/*
 * Directories: a listing made at opendir, handed out in pieces. Offsets count entries. Where the
 * kernel may use a listing that it has, it mostly does, so that one is made only when it asks.
 */
#include "ops.h"

#include <errno.h>
#include <stdlib.h>

#include "cache.h"
#include "ino.h"
#include "walk.h"

void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct opener who = ops_opener(req);
	struct handle *h;
	struct place p;
	int r = ops_place(req, ino, &p);
	bool cached, keep;

	if (r < 0) {
		fuse_reply_err(req, -r);
		return;
	}
	cached = cache_listing(&p);
	keep = cached && cache_keep_listing(&p, ino);
	h = handle_new(&p, &who);
	r = !h ? -ENOMEM : keep ? 0 : walk_list(&p, &h->listing);
	if (r < 0) {
		if (h)
			handle_free(h);
		fuse_reply_err(req, -r);
		return;
	}
	fi->fh = (uintptr_t)h;
	h->unlisted = keep;
	fi->keep_cache = keep;
	fi->cache_readdir = cached;
	if (fuse_reply_open(req, fi) < 0)
		handle_free(h);
}

/* "." and "..", which nobody looks up by these numbers; 0 entries when they do not fit. */
static size_t add_dot(fuse_req_t req, char *at, size_t room, off_t index, uint64_t ino, bool plus)
{
	const char *name = index ? ".." : ".";
	struct fuse_entry_param e = {.attr = {.st_ino = ino, .st_mode = S_IFDIR}};

	if (plus)
		return fuse_add_direntry_plus(req, at, room, name, &e, index + 1);
	return fuse_add_direntry(req, at, room, name, &e.attr, index + 1);
}

/* What readdir says is its inode. */
static uint64_t shown_ino(const struct listing_entry *entry)
{
	return entry->shown_ino ? entry->shown_ino : ino_encode(&entry->place);
}

static size_t add_name(
	fuse_req_t req, char *at, size_t room, const struct listing_entry *entry, off_t next)
{
	struct stat st = {
		.st_ino = shown_ino(entry),
		.st_mode = entry->type,
	};

	return fuse_add_direntry(req, at, room, entry->name, &st, next);
}

/* An entry with its attributes counts as a lookup; one that has gone meanwhile is only a name, and
 * so is one whose attributes take long. */
static size_t add_plus(fuse_req_t req, char *at, size_t room, const struct place *dir,
	const struct listing_entry *entry, off_t next)
{
	struct fuse_entry_param e;
	struct place p = entry->place;
	bool counted = entry->shown_ino || p.class == PLACE_SCRATCH;
	bool costly = p.row && p.row->flags & ROW_COSTLY;
	int r = counted ? walk_lookup(dir, entry->name, &p) : costly ? -EAGAIN : 0;
	bool found = r == 0;
	size_t used;

	if (r == 0)
		r = ops_entry(&p, &e);
	if (r < 0)
		e = (struct fuse_entry_param){
			.attr = {.st_ino = shown_ino(entry), .st_mode = entry->type}};
	used = fuse_add_direntry_plus(req, at, room, entry->name, &e, next);
	if (counted && found && (used > room || r < 0))
		ops_forget(&p, 1);
	return used;
}

/* The kernel reads an open directory by one thread at a time. */
static int list_now(struct handle *h)
{
	LOCK_SCOPE(&h->lock);
	int r = h->unlisted ? walk_list(&h->place, &h->listing) : 0;

	h->unlisted = h->unlisted && r < 0;
	return r;
}

static void read_listing(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct handle *h, bool plus)
{
	_cleanup_free_ char *reply = malloc(size);
	size_t used = 0;
	int r = reply ? list_now(h) : -ENOMEM;

	if (r < 0) {
		fuse_reply_err(req, -r);
		return;
	}
	for (off_t i = offset; (size_t)i < h->listing.n + 2; i++) {
		const struct listing_entry *entry = i < 2 ? NULL : &h->listing.entries[i - 2];
		char *at = reply + used;
		size_t room = size - used, n;

		if (!entry)
			n = add_dot(req, at, room, i, ino, plus);
		else if (plus)
			n = add_plus(req, at, room, &h->place, entry, i + 1);
		else
			n = add_name(req, at, room, entry, i + 1);
		if (n > room)
			break;
		used += n;
	}
	fuse_reply_buf(req, reply, used);
}

void op_readdir(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
	read_listing(req, ino, size, offset, ops_handle(fi), false);
}

void op_readdirplus(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
	read_listing(req, ino, size, offset, ops_handle(fi), true);
}

void op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	handle_free(ops_handle(fi));
	fuse_reply_err(req, 0);
}
