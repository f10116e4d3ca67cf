/* SPDX-License-Identifier: MIT */
/*
 * Text from anywhere on a terminal's screen: how many cells it takes, and what may be sent. Control
 * characters, and those that turn the direction of text, are written as escapes (\n, \x1b, \u202e);
 * what is not UTF-8 becomes U+FFFD.
 *
 * Widths are those of wcwidth(3) under the process's LC_CTYPE; in a locale that is not UTF-8 all
 * but ASCII is a question mark.
 */
#ifndef BASE_TERM_TEXT_H
#define BASE_TERM_TEXT_H

#include <stddef.h>

#include "base/buf.h"

/* Cells that all of the text takes. */
size_t term_width(const char *text);
/*
 * Appends what of the text fits into so many cells, with an ellipsis as the last one where not all
 * does. Returns the cells taken, which may be one less than there are: a wide character is not cut.
 */
size_t term_add(struct buf *b, const char *text, size_t cells);

#endif
