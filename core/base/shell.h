/* SPDX-License-Identifier: MIT */
/*
 * Shell words as Python's shlex has them, which is what Guild AI's files use: POSIX quoting,
 * no expansion of anything, no operators. Nothing here starts a shell.
 */
#ifndef BASE_SHELL_H
#define BASE_SHELL_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"

/* Appends the word at *at, which ends behind it. 1; 0: there is none any more; errors as below. */
int shell_next_word(const char **at, struct buf *word, struct err *err);
/* Appends the words of text. -EINVAL for an open quote or a trailing backslash. */
int shell_split(const char *text, struct strv *ret_words, struct err *err);
/* One word, quoted only where it must be: shlex.quote. */
void shell_quote(struct buf *b, const char *word);
/* All words with single spaces between. */
void shell_join(struct buf *b, char *const *words, size_t n);

#endif
