/* SPDX-License-Identifier: MIT */
/* Macros of man(7), and what text must not be taken for. */
#include "base/roff.h"

#include <ctype.h>

/* Text as it is: no macro at the beginning of a line, no escape, hyphens that can be copied. */
static void add_text(struct buf *b, const char *text)
{
	for (const char *c = text; *c; c++) {
		if ((c == text || c[-1] == '\n') && (*c == '.' || *c == '\''))
			buf_puts(b, "\\&");
		if (*c == '\\')
			buf_puts(b, "\\e");
		else if (*c == '-')
			buf_puts(b, "\\-");
		else
			buf_putc(b, *c);
	}
	buf_putc(b, '\n');
}

void roff_begin(struct buf *b, const char *name, int section, const char *about)
{
	buf_puts(b, ".TH ");
	for (const char *c = name; *c; c++)
		buf_putc(b, (char)toupper((unsigned char)*c));
	buf_printf(b, " %d \"\" \"guildfs " GUILDFS_VERSION "\"\n.SH NAME\n", section);
	buf_printf(b, "%s \\- ", name);
	add_text(b, about);
}

void roff_section(struct buf *b, const char *title)
{
	buf_printf(b, ".SH %s\n", title);
}

void roff_paragraph(struct buf *b, const char *text)
{
	buf_puts(b, ".PP\n");
	add_text(b, text);
}

void roff_item(struct buf *b, const char *term, const char *text)
{
	buf_puts(b, ".TP\n\\fB");
	add_text(b, term);
	buf_resize(b, b->len - 1);
	buf_puts(b, "\\fR\n");
	add_text(b, text);
}

void roff_example(struct buf *b, const char *text)
{
	buf_puts(b, ".PP\n.nf\n");
	add_text(b, text);
	buf_puts(b, ".fi\n");
}
