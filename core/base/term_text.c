/* SPDX-License-Identifier: MIT */
/* Character by character, each as a few safe bytes with a width. */
#include "base/term_text.h"

#include <langinfo.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "base/utf8.h"

struct piece {
	char text[12]; /* what is sent */
	size_t len, cells;
};

static bool is_utf8_locale(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* Marks, embeddings, overrides and isolates: text around them would not be where it seems. */
static bool turns_text(uint32_t code)
{
	return code == 0x061c || code == 0x200e || code == 0x200f ||
	       (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

static bool is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

static int print_escape(char *text, size_t size, uint32_t code)
{
	switch (code) {
	case '\n':
		return snprintf(text, size, "\\n");
	case '\t':
		return snprintf(text, size, "\\t");
	case '\r':
		return snprintf(text, size, "\\r");
	default:
		break;
	}
	if (code < 0x100)
		return snprintf(text, size, "\\x%02x", code);
	return snprintf(text, size, code < 0x10000 ? "\\u%04x" : "\\U%08x", code);
}

static void set_escape(struct piece *p, uint32_t code)
{
	p->len = (size_t)print_escape(p->text, sizeof(p->text), code);
	p->cells = p->len;
}

static void set_text(struct piece *p, const char *text, size_t len, size_t cells)
{
	memcpy(p->text, text, len);
	p->len = len;
	p->cells = cells;
}

static void set_wide(struct piece *p, uint32_t code, const char *text, size_t len, bool first)
{
	int cells;

	if (!is_utf8_locale()) {
		set_text(p, "?", 1, 1);
		return;
	}
	cells = turns_text(code) ? -1 : wcwidth((wchar_t)code);
	if (cells < 0)
		set_escape(p, code);
	else if (cells == 0 && first)
		/* It would join what stands before the text. */
		set_text(p, "", 0, 0);
	else
		set_text(p, text, len, (size_t)cells);
}

/* Returns the bytes of `text` that the piece stands for. */
static size_t next_piece(const char *text, size_t left, bool first, struct piece *p)
{
	uint32_t code;
	int n;

	if (*text >= ' ' && *text < 0x7f) {
		set_text(p, text, 1, 1);
		return 1;
	}
	n = utf8_char(text, left, &code);
	if (n < 0)
		set_wide(p, 0xfffd, "\ufffd", 3, first);
	else if (is_control(code))
		set_escape(p, code);
	else
		set_wide(p, code, text, (size_t)n, first);
	return (size_t)(n < 0 ? -n : n);
}

static const char *ellipsis(void)
{
	return is_utf8_locale() ? "\u2026" : "~";
}

size_t term_width(const char *text)
{
	return term_add(NULL, text, SIZE_MAX);
}

/* Appends whole pieces as long as they fit; *ret_all: nothing is left. */
static size_t add_pieces(struct buf *b, const char *text, size_t cells, bool *ret_all)
{
	size_t left = strlen(text), used = 0;
	bool first = true;

	while (left) {
		struct piece p;
		size_t n = next_piece(text, left, first, &p);

		if (p.cells > cells - used)
			break;
		if (b)
			buf_add(b, p.text, p.len);
		used += p.cells;
		text += n;
		left -= n;
		first = false;
	}
	*ret_all = !left;
	return used;
}

size_t term_add(struct buf *b, const char *text, size_t cells)
{
	size_t before = b ? b->len : 0, used;
	bool all;

	used = add_pieces(b, text, cells, &all);
	if (all || !cells)
		return used;
	if (b && !buf_error(b))
		buf_resize(b, before);
	used = add_pieces(b, text, cells - 1, &all);
	if (b)
		buf_puts(b, ellipsis());
	return used + 1;
}
