/* SPDX-License-Identifier: MIT */
/* Values as Python's repr() prints them. */
#include "yaml/value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "yaml/scalar.h"

static void repr_string(struct buf *b, const char *s)
{
	char quote = strchr(s, '\'') && !strchr(s, '"') ? '"' : '\'';

	buf_putc(b, quote);
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '\n')
			buf_puts(b, "\\n");
		else if (c == '\t')
			buf_puts(b, "\\t");
		else if (c == '\r')
			buf_puts(b, "\\r");
		else if (c == '\\' || c == (unsigned char)quote)
			buf_printf(b, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			buf_printf(b, "\\x%02x", c);
		else
			buf_putc(b, *s);
	}
	buf_putc(b, quote);
}

static void repr_date(struct buf *b, const char *text)
{
	int year, month, day;

	if (sscanf(text, "%d-%d-%d", &year, &month, &day) == 3 && strlen(text) <= 10)
		buf_printf(b, "datetime.date(%d, %d, %d)", year, month, day);
	else
		repr_string(b, text);
}

static void repr_key(struct buf *b, const struct value_pair *pair)
{
	_cleanup_value_ struct value *key = value_of_key(pair);

	if (key)
		value_repr(b, key);
	else
		buf_fail(b, -ENOMEM);
}

static void repr_map(struct buf *b, const struct value *v)
{
	if (v->map.is_set && !v->map.n) {
		buf_puts(b, "set()");
		return;
	}
	buf_putc(b, '{');
	for (size_t i = 0; i < v->map.n; i++) {
		buf_puts(b, i ? ", " : "");
		repr_key(b, &v->map.pairs[i]);
		if (!v->map.is_set) {
			buf_puts(b, ": ");
			value_repr(b, v->map.pairs[i].value);
		}
	}
	buf_putc(b, '}');
}

void value_repr(struct buf *b, const struct value *v)
{
	switch (v->type) {
	case VALUE_NULL:
		buf_puts(b, "None");
		break;
	case VALUE_BOOL:
		buf_puts(b, v->boolean ? "True" : "False");
		break;
	case VALUE_INT:
		buf_printf(b, "%" PRId64, v->integer);
		break;
	case VALUE_BIGINT:
		buf_puts(b, v->string);
		break;
	case VALUE_FLOAT:
		scalar_format_float(b, v->number);
		break;
	case VALUE_STRING:
		repr_string(b, v->string);
		break;
	case VALUE_DATE:
		repr_date(b, v->string);
		break;
	case VALUE_LIST:
		buf_putc(b, '[');
		for (size_t i = 0; i < v->list.n; i++) {
			buf_puts(b, i ? ", " : "");
			value_repr(b, v->list.items[i]);
		}
		buf_putc(b, ']');
		break;
	case VALUE_MAP:
		repr_map(b, v);
		break;
	}
}
