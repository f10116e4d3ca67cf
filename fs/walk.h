/* SPDX-License-Identifier: MIT */
/*
 * The tree engine: lookup, listing and attributes of any place, from its row. Knows no FUSE.
 * Errors are negative errno: -ENOENT, -ENOTDIR, -ESTALE for a place whose thing is gone, -ENOMEM,
 * I/O errors of the store.
 */
#ifndef FS_WALK_H
#define FS_WALK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "listing.h"
#include "node.h"

/* S_IFDIR, S_IFREG or S_IFLNK. ROW_FILE rows are directories here; their places know better. */
uint32_t walk_type(const struct row *row);
int walk_lookup(const struct place *dir, const char *name, struct place *ret);
int walk_list(const struct place *dir, struct listing *out);
/* st_size is exact: what is printed now. st_ino is what stat(2) shows. */
int walk_attr(const struct place *p, struct stat *ret);
int walk_target(const struct place *p, struct buf *b);
/* The text of ROW_TEXT, ROW_DOC, ROW_CTL and ROW_FLAGS. */
int walk_show(const struct place *p, struct buf *b);

/*
 * What holds still: a place whose content changes only by a change that somebody announces may be
 * cached by the kernel between opens; a live run and everything of it may not.
 */
bool walk_is_live(const struct place *p);

#endif
