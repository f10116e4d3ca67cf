/* SPDX-License-Identifier: MIT */
/*
 * A flags file that is being written: the state machine behind `flags`, `stage` and dropped
 * files. One open makes at most one run, however it is written:
 *
 *	write	  collects; text that is definitely wrong already fails here, since shells look
 *		  at write errors only, and spoils the file: whatever follows starts nothing
 *	flush	  what was written since the last flush, if anything, becomes the run: born, or
 *		  replaced under the same id. A descriptor that was only opened, duplicated or
 *		  truncated starts nothing
 *	release	  the last descriptor is gone: the run's process starts
 *
 * Refusals are said three times: as errno, in `error` beside the file, and in /errors.
 * Errors: -EINVAL, -EFBIG (over 1 MiB), -EACCES, errors of the store. The caller serializes calls
 * for one file.
 */
#ifndef FS_FLAGS_FILE_H
#define FS_FLAGS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "node.h"

#define FLAGS_FILE_MAX ((size_t)1 << 20)

struct flags_file;

enum flags_start {
	FLAGS_START_EMPTY,  /* O_TRUNC, or a new file */
	FLAGS_START_APPEND, /* O_APPEND: what is written counts, in its order */
	FLAGS_START_SHOWN,  /* neither: the text that reads show is there, to be written over */
};

/*
 * `op` is a place of the operation. `dropped` names the file in its directory (copied; the text
 * before the last dot labels the run); NULL: `flags`, or `stage`.
 */
int flags_file_open(const struct place *op, const char *dropped, bool stage, enum flags_start start,
	const struct opener *who, struct flags_file **ret);
int flags_file_write(struct flags_file *f, const void *data, size_t len, off_t offset);
int flags_file_truncate(struct flags_file *f, off_t size);
int flags_file_flush(struct flags_file *f);
/* Starts the run, if there is one, and frees f. */
void flags_file_release(struct flags_file *f);

const struct buf *flags_file_text(const struct flags_file *f);
const char *flags_file_name(const struct flags_file *f); /* NULL: `flags` or `stage` */
/* It has made a run, or was refused: as a file of its own it is over. */
bool flags_file_done(const struct flags_file *f);

/* All of it at once, for a file that is renamed onto such a name. An empty text does nothing. */
int flags_file_submit(const struct place *op, const char *dropped, bool stage, const char *text,
	size_t len, const struct opener *who);

#endif
