/* SPDX-License-Identifier: MIT */
/*
 * Files that live in memory only: what editors and copying tools put beside the file that they
 * are about to replace, and flags files before they have become a run. A scratch file has a name
 * in one operation's directory until it is unlinked, renamed away, or a minute after its last
 * close; it answers for its inode until the kernel forgets that. Thread safe.
 *
 * Errors: -ENOENT, -ESTALE, -ENOSPC (too many or too long), -ENOMEM.
 */
#ifndef FS_SCRATCH_H
#define FS_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "node.h"

struct scratches;

struct scratches *scratches_new(void); /* NULL: out of memory */
void scratches_free(struct scratches *s);

/* A new file of this name in the directory of thing `op`, with one reference of the kernel's. */
int scratch_create(struct scratches *s, uint32_t op, const char *name, const struct opener *who,
	uint32_t *ret_serial);
/* The one of this name, with one more reference; 0: none. */
uint32_t scratch_find(struct scratches *s, uint32_t op, const char *name);
void scratch_forget(struct scratches *s, uint32_t serial, uint64_t lookups);
/* Calls visit for each name in the directory. */
void scratch_each(struct scratches *s, uint32_t op,
	void (*visit)(void *arg, const char *name, uint32_t serial), void *arg);

/* Takes the name away, or gives another one. Only the owner and root may: -EACCES. */
int scratch_unlink(struct scratches *s, uint32_t op, const char *name, const struct opener *who);
int scratch_rename(struct scratches *s, uint32_t op, const char *from, const char *to,
	const struct opener *who);
/* The same for a file that has become something else, whoever it belongs to. */
void scratch_detach(struct scratches *s, uint32_t serial);
/* Somebody has unlinked or renamed the file that had this name. */
bool scratch_taken_away(struct scratches *s, uint32_t serial, const char *name);

int scratch_attr(struct scratches *s, uint32_t serial, struct stat *ret);
/* The operation it is in and its name, appended ("" once it has none). */
int scratch_where(struct scratches *s, uint32_t serial, uint32_t *ret_op, struct buf *name);
int scratch_read(struct scratches *s, uint32_t serial, struct buf *b);
int scratch_read_at(struct scratches *s, uint32_t serial, size_t size, off_t offset, struct buf *b);
int scratch_write(struct scratches *s, uint32_t serial, const void *data, size_t len, off_t offset,
	bool append);
int scratch_truncate(struct scratches *s, uint32_t serial, off_t size);
/* The whole content at once. */
int scratch_replace(struct scratches *s, uint32_t serial, const struct buf *text);
void scratch_opened(struct scratches *s, uint32_t serial);
void scratch_closed(struct scratches *s, uint32_t serial);

/* Takes the names of those that nobody has had open for a minute before `now` (clock_monotonic_ms).
 * True when there were any. */
bool scratches_expire(struct scratches *s, int64_t now);

#endif
