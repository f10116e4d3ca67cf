/* SPDX-License-Identifier: MIT */
/* A growing buffer with one spare byte for the NUL, always. */
#include "base/buf.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_CAP = 64 };

void buf_release(struct buf *b)
{
	free(b->data);
	*b = BUF_INIT;
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->error = 0;
	if (b->data)
		b->data[0] = '\0';
}

int buf_error(const struct buf *b)
{
	return b->error;
}

void buf_fail(struct buf *b, int error)
{
	if (!b->error)
		b->error = error;
}

/* Room for `more` bytes and the NUL. False: the buffer has failed. */
static bool reserve(struct buf *b, size_t more)
{
	size_t need, cap = b->cap ? b->cap : FIRST_CAP;
	char *grown;

	if (b->error)
		return false;
	if (more > SIZE_MAX / 2 - b->len) {
		b->error = -ENOMEM;
		return false;
	}
	need = b->len + more + 1;
	if (need <= b->cap)
		return true;
	while (cap < need)
		cap *= 2;
	grown = realloc(b->data, cap);
	if (!grown) {
		b->error = -ENOMEM;
		return false;
	}
	b->data = grown;
	b->cap = cap;
	return true;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	if (!reserve(b, len))
		return;
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_puts(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_vprintf(struct buf *b, const char *format, va_list ap)
{
	va_list again;
	int len;

	va_copy(again, ap);
	len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len < 0)
		buf_fail(b, -EINVAL);
	else if (reserve(b, (size_t)len)) {
		vsnprintf(b->data + b->len, (size_t)len + 1, format, ap);
		b->len += (size_t)len;
	}
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	buf_vprintf(b, format, ap);
	va_end(ap);
}

void buf_replace(struct buf *b, const char *text, const char *what, const char *by)
{
	const char *at;

	while ((at = strstr(text, what))) {
		buf_add(b, text, (size_t)(at - text));
		buf_puts(b, by);
		text = at + strlen(what);
	}
	buf_puts(b, text);
}

void buf_resize(struct buf *b, size_t len)
{
	if (len > b->len) {
		if (!reserve(b, len - b->len))
			return;
		memset(b->data + b->len, 0, len - b->len);
	}
	b->len = len;
	if (b->data)
		b->data[len] = '\0';
}

void buf_write_at(struct buf *b, size_t offset, const void *data, size_t len)
{
	if (len > SIZE_MAX / 2 - offset) {
		buf_fail(b, -ENOMEM);
		return;
	}
	if (offset + len > b->len)
		buf_resize(b, offset + len);
	if (!b->error && len)
		memcpy(b->data + offset, data, len);
}

void buf_add_range(struct buf *b, const struct buf *from, size_t size, off_t offset)
{
	size_t left;

	if (offset < 0 || (size_t)offset >= from->len)
		return;
	left = from->len - (size_t)offset;
	buf_add(b, from->data + offset, left < size ? left : size);
}

const char *buf_str(const struct buf *b)
{
	return b->data && !b->error ? b->data : "";
}

char *buf_steal(struct buf *b, size_t *ret_len)
{
	char *data;

	if (!reserve(b, 0))
		return NULL;
	data = b->data;
	data[b->len] = '\0';
	if (ret_len)
		*ret_len = b->len;
	*b = BUF_INIT;
	return data;
}

void buf_add_tsv(struct buf *b, const char *s)
{
	for (; *s; s++) {
		switch (*s) {
		case '\t':
			buf_puts(b, "\\t");
			break;
		case '\n':
			buf_puts(b, "\\n");
			break;
		case '\\':
			buf_puts(b, "\\\\");
			break;
		default:
			buf_putc(b, *s);
		}
	}
}
