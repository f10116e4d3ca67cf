/* SPDX-License-Identifier: MIT */
/*
 * The last refused writes, which /errors shows: shells drop the errors of close(2), and an errno
 * says little. One TSV line each, oldest first: time, path, sentence. Thread safe.
 */
#ifndef FS_ERRORS_H
#define FS_ERRORS_H

#include "base/buf.h"

enum { ERRORS_KEPT = 64 };

struct errors;

struct errors *errors_new(void); /* NULL: out of memory */
void errors_free(struct errors *errors);
void errors_add(struct errors *errors, const char *path, const char *sentence);
void errors_print(struct errors *errors, struct buf *b);

#endif
