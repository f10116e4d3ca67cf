/* SPDX-License-Identifier: MIT */
/* Reading RECORD. */
#include "package/record.h"

#include <errno.h>
#include <string.h>

/* One field of CSV from `line` on; returns what follows its comma, or the end of the line. */
static const char *take_field(struct buf *b, const char *line)
{
	size_t len;

	if (*line == '"') {
		for (line++; *line; line++) {
			if (*line == '"' && line[1] != '"')
				break;
			line += *line == '"';
			buf_putc(b, *line);
		}
		line += *line == '"';
	}
	len = strcspn(line, ",\r\n");
	buf_add(b, line, len);
	line += len;
	return line + (*line == ',');
}

int record_each(
	const char *text, int (*visit)(void *arg, const char *path, const char *digest), void *arg)
{
	int r = 0;

	while (r == 0 && *text) {
		_cleanup_buf_ struct buf path = BUF_INIT, digest = BUF_INIT;

		text = take_field(&digest, take_field(&path, text));
		if (buf_error(&path) || buf_error(&digest))
			return -ENOMEM;
		if (path.len)
			r = visit(arg, buf_str(&path), buf_str(&digest));
		text += strcspn(text, "\r\n");
		text += strspn(text, "\r\n");
	}
	return r;
}
