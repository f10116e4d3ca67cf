/* SPDX-License-Identifier: MIT */
/*
 * A growing text buffer whose error state sticks: generators just print, and the caller checks
 * buf_error() once at the end. data is NUL-terminated whenever it is not NULL; len does not count
 * that NUL, and the bytes may contain NULs themselves.
 *
 *	_cleanup_buf_ struct buf b = BUF_INIT;
 *	buf_printf(&b, "%s\n", name);
 *	if ((r = buf_error(&b)))
 *		return r;
 *
 * The buffer owns data until buf_steal(). Errors: -ENOMEM; whatever buf_fail() was given.
 * Not thread safe; one owner at a time.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/cleanup.h"

struct buf {
	char *data;
	size_t len;
	size_t cap;
	int error; /* 0 or a negative errno; the first one stays */
};

#define BUF_INIT ((struct buf){0})

void buf_release(struct buf *b);
#define _cleanup_buf_ _cleanup_(buf_release)

/* Empties the buffer and its error, keeps the memory. */
void buf_clear(struct buf *b);
int buf_error(const struct buf *b);
/* Makes every later call a no-op and buf_error() return `error` (negative). */
void buf_fail(struct buf *b, int error);

void buf_add(struct buf *b, const void *data, size_t len);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *format, va_list ap)
	__attribute__((format(printf, 2, 0)));

/* Appends text with each `what` in it replaced. */
void buf_replace(struct buf *b, const char *text, const char *what, const char *by);

/* Shortens to len; a longer len pads with NUL bytes (what a file does). */
void buf_resize(struct buf *b, size_t len);
/* Writes at an offset, as pwrite(2) does: grows and pads with NUL bytes as needed. */
void buf_write_at(struct buf *b, size_t offset, const void *data, size_t len);

/* Appends what is in another buffer at an offset, size bytes at most, as pread(2) reads. */
void buf_add_range(struct buf *b, const struct buf *from, size_t size, off_t offset);

/* The text, "" when empty or failed; valid until the next change. */
const char *buf_str(const struct buf *b);
/* Hands data over (the caller frees it); never NULL unless the buffer has failed. */
char *buf_steal(struct buf *b, size_t *ret_len);

/* Appends a cell of a TSV row: tab, newline and backslash become \t, \n, \\. */
void buf_add_tsv(struct buf *b, const char *s);

#endif
