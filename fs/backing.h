/* SPDX-License-Identifier: MIT */
/*
 * Files of the store, shown as they are: a run's directory under files/, and what of it is source
 * code under sourcecode/; and its event files, as links into the store, under tensorboard/, for
 * readers that keep a file open for longer than a daemon lives. A place of class PLACE_FILE names a
 * backing by its serial number: run, view, path below the run directory, and the identity (device,
 * inode, birth time) of what was there when it was looked up, so that a file that is replaced
 * becomes another place.
 *
 * Nothing here follows a link, so that no name leads out of the store. No descriptor is kept but
 * for files that are open. Backings are counted references: backing_lookup() gives one, which
 * backing_forget() takes back. Thread safe.
 * Errors: -ENOENT, -ESTALE (something else is there now), -ENOTDIR, -ENOMEM, I/O errors.
 */
#ifndef FS_BACKING_H
#define FS_BACKING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "node.h"

struct backings;

struct backings *backings_new(void); /* NULL: out of memory */
void backings_free(struct backings *backings);

/* `dir` is a row of kind ROW_FILE of a run, or a place that this function gave. */
int backing_lookup(const struct place *dir, const char *name, struct place *ret);
void backing_forget(const struct place *p, uint64_t lookups);
int backing_list(const struct place *dir, struct listing *out);
int backing_attr(const struct place *p, struct stat *ret);
/* Links into other runs are rewritten to lead there from where the link stands in the mount. */
int backing_target(const struct place *p, struct buf *b);
bool backing_is_live(const struct place *p);

/* Read-only descriptor of a regular file; backing_close() closes it. */
int backing_open(const struct place *p, int *ret_fd);
void backing_close(const struct place *p, int fd);

#endif
