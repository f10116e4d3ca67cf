/* SPDX-License-Identifier: MIT */
/* Manual pages: text in the language of man(7), appended to a buffer. Lines end with a newline. */
#ifndef BASE_ROFF_H
#define BASE_ROFF_H

#include "base/buf.h"

/* The heading; `about` is the whole of NAME behind the dash. */
void roff_begin(struct buf *b, const char *name, int section, const char *about);
void roff_section(struct buf *b, const char *title);
/* A paragraph of text. */
void roff_paragraph(struct buf *b, const char *text);
/* What is typed, in bold, and what it means. */
void roff_item(struct buf *b, const char *term, const char *text);
/* Lines as they are. */
void roff_example(struct buf *b, const char *text);

#endif
