/* SPDX-License-Identifier: MIT */
/* One decoder, strict. */
#include "base/utf8.h"

#include <stdbool.h>
#include <string.h>

/*
 * Lead bytes: how many bytes follow, and between which bounds the first of them must be, which is
 * what excludes overlong forms, surrogates and what is beyond Unicode.
 */
struct lead {
	unsigned char from, to, follow, low, high;
};

static const struct lead leads[] = {
	{0x00, 0x7f, 0, 0, 0},
	{0xc2, 0xdf, 1, 0x80, 0xbf},
	{0xe0, 0xe0, 2, 0xa0, 0xbf},
	{0xe1, 0xec, 2, 0x80, 0xbf},
	{0xed, 0xed, 2, 0x80, 0x9f},
	{0xee, 0xef, 2, 0x80, 0xbf},
	{0xf0, 0xf0, 3, 0x90, 0xbf},
	{0xf1, 0xf3, 3, 0x80, 0xbf},
	{0xf4, 0xf4, 3, 0x80, 0x8f},
};

static const struct lead *lead_of(unsigned char byte)
{
	for (size_t i = 0; i < ARRAY_SIZE(leads); i++)
		if (byte >= leads[i].from && byte <= leads[i].to)
			return &leads[i];
	return NULL;
}

int utf8_char(const char *text, size_t len, uint32_t *ret_code)
{
	const unsigned char *s = (const unsigned char *)text;
	const struct lead *lead = lead_of(s[0]);
	uint32_t code;

	if (!lead)
		return -1;
	code = lead->follow ? s[0] & (0x3fu >> lead->follow) : s[0];
	for (int i = 1; i <= lead->follow; i++) {
		unsigned char low = i == 1 ? lead->low : 0x80, high = i == 1 ? lead->high : 0xbf;

		if ((size_t)i >= len || s[i] < low || s[i] > high)
			return -i;
		code = code << 6 | (s[i] & 0x3f);
	}
	*ret_code = code;
	return lead->follow + 1;
}

size_t utf8_mark(const char *text, size_t len)
{
	static const char mark[] = "\xef\xbb\xbf";

	return len >= strlen(mark) && memcmp(text, mark, strlen(mark)) == 0 ? strlen(mark) : 0;
}

bool utf8_is_valid(const char *text, size_t len)
{
	uint32_t code;
	int n;

	for (; len; len -= (size_t)n, text += n) {
		n = utf8_char(text, len, &code);
		if (n < 0)
			return false;
	}
	return true;
}

void utf8_add_valid(struct buf *b, const char *text, size_t len)
{
	while (len) {
		uint32_t code;
		int n = utf8_char(text, len, &code);
		size_t used = (size_t)(n < 0 ? -n : n);

		if (n > 0)
			buf_add(b, text, used);
		text += used;
		len -= used;
	}
}

static bool is_xml(uint32_t code)
{
	if (code < 0x20)
		return code == '\t' || code == '\n' || code == '\r';
	return (code < 0x7f || code > 0x9f) && (code & 0xfffe) != 0xfffe;
}

static const char *entity(uint32_t code)
{
	switch (code) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void utf8_add_xml(struct buf *b, const char *text)
{
	size_t len = strlen(text);

	while (len) {
		uint32_t code = 0;
		int n = utf8_char(text, len, &code);
		size_t used = (size_t)(n < 0 ? -n : n);

		if (n < 0 || !is_xml(code))
			buf_puts(b, "\ufffd");
		else if (entity(code))
			buf_puts(b, entity(code));
		else
			buf_add(b, text, used);
		text += used;
		len -= used;
	}
}
