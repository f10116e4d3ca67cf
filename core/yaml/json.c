/* SPDX-License-Identifier: MIT */
/* Writing JSON. Reading it is yaml_parse()'s work: JSON is YAML. */
#include "yaml/json.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "yaml/scalar.h"

/* The code point of a UTF-8 sequence and its length; a bad byte stands for itself. */
static unsigned decode_utf8(const unsigned char *s, size_t *len)
{
	static const unsigned char first[] = {0x00, 0x00, 0xc0, 0xe0, 0xf0};
	size_t n = *s >= 0xf0 ? 4 : *s >= 0xe0 ? 3 : *s >= 0xc0 ? 2 : 1;
	unsigned code = *s - first[n];

	*len = 1;
	if (n == 1)
		return *s;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return *s;
		code = code << 6 | (s[i] & 0x3f);
	}
	*len = n;
	return code;
}

static void emit_code(struct buf *b, unsigned code)
{
	if (code >= 0x10000) {
		code -= 0x10000;
		buf_printf(b, "\\u%04x\\u%04x", 0xd800 + (code >> 10), 0xdc00 + (code & 0x3ff));
	} else {
		buf_printf(b, "\\u%04x", code);
	}
}

void json_emit_string(struct buf *b, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	buf_putc(b, '"');
	while (*s) {
		static const char named[] = "\"\\\n\r\t\b\f", letters[] = "\"\\nrtbf";
		const char *at = strchr(named, *s);
		size_t len = 1;
		unsigned code;

		if (at)
			buf_printf(b, "\\%c", letters[at - named]);
		else if (*s >= 0x20 && *s < 0x7f)
			buf_putc(b, (char)*s);
		else {
			code = decode_utf8(s, &len);
			emit_code(b, code);
		}
		s += len;
	}
	buf_putc(b, '"');
}

static void emit_map(struct buf *b, const struct value *v)
{
	_cleanup_value_ struct value *sorted = value_copy(v);

	if (!sorted) {
		buf_fail(b, -ENOMEM);
		return;
	}
	value_map_sort(sorted);
	buf_putc(b, '{');
	for (size_t i = 0; i < sorted->map.n; i++) {
		buf_puts(b, i ? ", " : "");
		json_emit_string(b, sorted->map.pairs[i].key);
		buf_puts(b, ": ");
		json_emit(b, sorted->map.pairs[i].value);
	}
	buf_putc(b, '}');
}

void json_emit(struct buf *b, const struct value *v)
{
	switch (v->type) {
	case VALUE_NULL:
		buf_puts(b, "null");
		break;
	case VALUE_BOOL:
		buf_puts(b, v->boolean ? "true" : "false");
		break;
	case VALUE_INT:
		buf_printf(b, "%lld", (long long)v->integer);
		break;
	case VALUE_BIGINT:
		buf_puts(b, v->string);
		break;
	case VALUE_FLOAT:
		if (isnan(v->number))
			buf_puts(b, "NaN");
		else if (isinf(v->number))
			buf_puts(b, v->number > 0 ? "Infinity" : "-Infinity");
		else
			scalar_format_float(b, v->number);
		break;
	case VALUE_STRING:
	case VALUE_DATE:
		json_emit_string(b, v->string);
		break;
	case VALUE_LIST:
		buf_putc(b, '[');
		for (size_t i = 0; i < v->list.n; i++) {
			buf_puts(b, i ? ", " : "");
			json_emit(b, v->list.items[i]);
		}
		buf_putc(b, ']');
		break;
	case VALUE_MAP:
		emit_map(b, v);
		break;
	}
}
