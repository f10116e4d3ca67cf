/* SPDX-License-Identifier: MIT */
/*
 * The table behind fs/backing.h: which serial number stands for which file of the store. An entry
 * lives as long as the kernel knows its inode (or somebody here holds a reference), and serial
 * numbers are never given again. Thread safe; `id`, `path`, `run`, `view` and `serial` of an
 * entry never change.
 */
#ifndef FS_BACKING_TABLE_H
#define FS_BACKING_TABLE_H

#include <stdint.h>
#include <sys/stat.h>

struct backings;

/* What of a run's directory is shown: each view of a file is an inode of its own. */
enum backing_view {
	BACKING_FILES,  /* everything, as it is */
	BACKING_SOURCE, /* the source code */
	BACKING_EVENTS, /* event files, as absolute links to them */
	BACKING_VIEWS,
};

struct backing_identity {
	uint64_t dev, ino;
	int64_t birth_ns;
};

struct backing {
	struct backings *table;
	uint32_t serial;
	uint32_t run;
	enum backing_view view;
	char *path; /* below the run directory */
	struct backing_identity id;

	/* Guarded by the table's lock. */
	uint64_t refs;
	int fd; /* newest open descriptor of the file, owned by its handle; -1: not open */
	struct backing *next_by_serial, *next_by_key;
};

/* The entry for this file with one more reference, made when needed. NULL: out of memory. */
struct backing *backing_intern(struct backings *t, uint32_t run, enum backing_view view,
	const char *path, const struct backing_identity *id);
/* One more reference; NULL when the number is not in use. */
struct backing *backing_get(struct backings *t, uint32_t serial);
/* Takes n references back (NULL is fine). */
void backing_unref(struct backing *b, uint64_t n);

void backing_opened(struct backing *b, int fd);
void backing_closed(struct backing *b, int fd);
/* fstat of the open descriptor. -EBADF when the file is not open. */
int backing_fstat(struct backing *b, struct stat *ret);

#endif
