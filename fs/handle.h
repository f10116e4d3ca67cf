/* SPDX-License-Identifier: MIT */
/*
 * An open file or directory. It keeps who opened it, and what a reader of it sees: a snapshot of
 * text, a descriptor of the store, or a listing. What a file does when it is opened, written,
 * flushed and closed follows from its kind (fs/files.h); this module knows none of them.
 *
 * The adapter (fs/ops_*.c) holds `lock` around every call of a kind's functions.
 */
#ifndef FS_HANDLE_H
#define FS_HANDLE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "listing.h"
#include "node.h"
#include "base/buf.h"

struct handle;
struct flags_file;

/* What the kernel may keep of what it reads here. */
enum handle_cache {
	HANDLE_KEEP,        /* all of it, between opens too */
	HANDLE_DIRECT,      /* nothing: each reader has its own snapshot, or the file grows */
	HANDLE_PASSTHROUGH, /* it reads `fd` itself; else as the place allows */
};

struct file_kind {
	/* Fills in the handle. -errno refuses the open. */
	int (*open)(struct handle *h, int flags);
	/* The number of bytes taken, or -errno. NULL: cannot be written. */
	ssize_t (*write)(struct handle *h, const char *data, size_t len, off_t offset);
	int (*truncate)(struct handle *h, off_t size);
	int (*flush)(struct handle *h); /* NULL: nothing to do */
	void (*release)(struct handle *h);
};

struct handle {
	const struct file_kind *kind; /* NULL: a directory */
	struct place place;
	struct opener who;
	uint64_t ino;
	pthread_mutex_t lock;
	enum handle_cache cache;
	bool snapshot;  /* reads give `text`, fstat its length */
	bool unprinted; /* reads print `text` first */
	bool writable;
	bool append;
	bool dirty;   /* written since the last flush */
	bool cleared; /* truncated, and not written since */
	bool spoiled; /* a write was refused */
	bool linked;  /* listed among the open snapshots */
	struct buf text;
	int fd; /* -1: none */
	struct flags_file *flags;
	struct listing listing;
	struct handle *newer, *older; /* open snapshots, guarded by the list's lock */
	off_t size;                   /* likewise: what fstat says */
};

struct handle *handle_new(const struct place *p, const struct opener *who); /* NULL: no memory */
void handle_free(struct handle *h);

/*
 * The length that the newest open descriptor of an inode reads, since fstat(2) reaches us without
 * saying which descriptor it is about. False: none is open.
 */
void handle_show_size(struct handle *h); /* again whenever the text has changed */
bool handle_shown_size(uint64_t ino, off_t *ret);

#endif
