/* SPDX-License-Identifier: MIT */
/*
 * What people add to a run afterwards: label, tags, comments, mark. The _show functions print the
 * text of the mount's files, always with a trailing newline unless empty; the _store functions
 * take that text back, check it, and replace the attribute atomically, synced before they return.
 *
 * Text of `comments`: a comment is a heading line `# TIME USER@HOST` and its body; text before the
 * first heading is a new comment by the writer, now. A body line that begins with `#` or `\` is
 * written with a `\` in front.
 * Errors: -EINVAL with a sentence.
 */
#ifndef RUN_ANNOTATE_H
#define RUN_ANNOTATE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"

/*
 * For whoever reads annotations, changes them and writes them back: nobody else of ours does so
 * with this run until the descriptor is closed (flock(2) on attrs/; where the file system has no
 * such locks it goes without). -EBUSY after seconds in which somebody else has held it.
 */
int annotate_lock(int run_fd, struct err *err);

void annotate_show_label(int run_fd, struct buf *b);
int annotate_store_label(int run_fd, const char *text, size_t len, struct err *err);
void annotate_show_tags(int run_fd, struct buf *b);
int annotate_store_tags(int run_fd, const char *text, size_t len, struct err *err);
void annotate_show_marked(int run_fd, struct buf *b); /* "yes\n" or "no\n" */
int annotate_store_marked(int run_fd, const char *text, size_t len, struct err *err);
void annotate_show_comments(int run_fd, struct buf *b);
/* `append` adds the text's comments to those that are there. */
int annotate_store_comments(
	int run_fd, const char *text, size_t len, bool append, const char *user, struct err *err);

int annotate_set_label(int run_fd, const char *label); /* NULL or "": remove */
int annotate_get_tags(int run_fd, struct strv *ret);
int annotate_set_tags(int run_fd, struct strv *tags); /* sorts them */
int annotate_set_marked(int run_fd, bool marked);

#endif
