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
struct event_reader;
struct flags_file;

enum handle_list {
	HANDLES_OPEN,  /* all of them */
	HANDLES_SHOWN, /* snapshots, whose sizes fstat shows */
	HANDLE_LISTS,
};

/* What the kernel may keep of what it reads here. */
enum handle_cache {
	HANDLE_KEEP,        /* all of it, between opens too */
	HANDLE_DIRECT,      /* nothing: each reader has its own snapshot, or the file grows */
	HANDLE_PASSTHROUGH, /* it reads `fd` itself; else as the place allows */
};

struct file_kind {
	/* Fills in the handle. -errno refuses the open. */
	int (*open)(struct handle *h, int flags);
	/* Appends what is at the offset. NULL: `text` is read. */
	int (*read)(struct handle *h, size_t size, off_t offset, struct buf *piece);
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
	bool unlisted;  /* reads list the directory first */
	bool writable;
	bool append;
	bool dirty;     /* written since the last flush */
	bool cleared;   /* truncated, and not written since */
	int spoiled;    /* a write was refused: what those that follow say, -errno */
	bool shown;     /* in the list of these */
	bool unsettled; /* guarded by the lists' lock: see handle_settle() */
	struct buf text;
	struct buf before; /* what a document said before its first lines were stored */
	bool stored;       /* they were */
	int fd;            /* -1: none */
	struct flags_file *flags;
	struct event_reader *events;
	struct listing listing;
	struct {
		struct handle *newer, *older;
	} in[HANDLE_LISTS]; /* guarded by the lists' lock */
	off_t size;         /* likewise: what fstat says */
};

struct handle *handle_new(const struct place *p, const struct opener *who); /* NULL: no memory */
void handle_free(struct handle *h);
/* One that is open; NULL: none. For who alone is left to free it. */
struct handle *handle_any(void);

/*
 * The length that the newest open descriptor of an inode reads, since fstat(2) reaches us without
 * saying which descriptor it is about. False: none is open.
 */
void handle_show_size(struct handle *h); /* again whenever the text has changed */
bool handle_shown_size(uint64_t ino, off_t *ret);

/*
 * What `: > tags` does is there for whoever opens the file after its close. But of a close we are
 * told by a flush, after which there may be another write (shells close copies); the release, which
 * says that it was the last, is handled beside whatever comes next. So such a handle is unsettled
 * from its flush to its next write or its end, and an open of the same file waits for that: a
 * moment, or at most a second where a shell really has a write to come.
 */
void handle_set_unsettled(struct handle *h, bool unsettled);
void handle_settle(uint64_t ino);

#endif
