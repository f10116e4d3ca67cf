/* SPDX-License-Identifier: MIT */
/* UTF-8 from outside, which may be anything: what operations print, tags in event files. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * The character at text, of which there are len > 0 bytes: how many bytes it has. What is not
 * UTF-8 (overlong forms, surrogates, beyond U+10FFFF, cut off) gives -n: n bytes to pass over, as
 * Unicode recommends and Python does.
 */
int utf8_char(const char *text, size_t len, uint32_t *ret_code);

/* Length of the byte order mark that some editors put in front of a text; 0: there is none. */
size_t utf8_mark(const char *text, size_t len);

/* Whether all of it is UTF-8. */
bool utf8_is_valid(const char *text, size_t len);

/* Appends the text without what is not UTF-8, as Python's decode(errors="ignore"). */
void utf8_add_valid(struct buf *b, const char *text, size_t len);

/*
 * Appends it as text or attribute of XML or HTML. What no document may hold (control characters,
 * what is not UTF-8) becomes U+FFFD.
 */
void utf8_add_xml(struct buf *b, const char *text);

#endif
