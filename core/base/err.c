/* SPDX-License-Identifier: MIT */
/* Sentences for people; the first one that is set stays. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

static int __attribute__((format(printf, 5, 0)))
set(struct err *err, int code, int line, int column, const char *format, va_list ap)
{
	if (!err || err->code)
		return code;
	err->code = code;
	err->line = line;
	err->column = column;
	vsnprintf(err->text, sizeof(err->text), format, ap);
	return code;
}

int err_set(struct err *err, int code, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	set(err, code, 0, 0, format, ap);
	va_end(ap);
	return code;
}

int err_set_at(struct err *err, int code, int line, int column, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	set(err, code, line, column, format, ap);
	va_end(ap);
	return code;
}

int err_in_file(struct err *err, int code, int file)
{
	if (!err)
		return code;
	err->file = file;
	return err->code;
}

int err_prefix(struct err *err, int code, const char *format, ...)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	va_list ap;

	if (!err)
		return code;
	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	buf_printf(&text, ": %s", err->code ? err_text(err) : strerror(-code));
	snprintf(err->text, sizeof(err->text), "%s", buf_str(&text));
	if (!err->code)
		err->code = code;
	return err->code;
}

const char *err_text(const struct err *err)
{
	return err->text[0] ? err->text : strerror(err->code < 0 ? -err->code : err->code);
}
