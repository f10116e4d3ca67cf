/* SPDX-License-Identifier: MIT */
/* Quoting. */
#include "base/csv.h"

#include <string.h>

void csv_field(struct buf *b, const char *text)
{
	if (!strpbrk(text, ",\"\r\n")) {
		buf_puts(b, text);
		return;
	}
	buf_putc(b, '"');
	for (; *text; text++) {
		if (*text == '"')
			buf_putc(b, '"');
		buf_putc(b, *text);
	}
	buf_putc(b, '"');
}
