/* SPDX-License-Identifier: MIT */
/* Writing JSON. Reading it is yaml_parse()'s work: JSON is YAML. */
#include "yaml/json.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "yaml/scalar.h"

/* Readers have doubles: JavaScript, and most that are written in other languages. */
#define EXACT_MAX (1LL << 53)

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

/* The gap before the next item, or the closing bracket; `depth` is -1 on one line. */
static void emit_gap(struct buf *b, int depth, const char *on_one_line)
{
	if (depth < 0)
		buf_puts(b, on_one_line);
	else
		buf_printf(b, "\n%*s", depth * 2, "");
}

/* depth: of the brackets; -1 on one line. exact: json_emit_exact(). */
static void emit(struct buf *b, const struct value *v, int depth, bool exact);

static void emit_map(struct buf *b, const struct value *v, int depth, bool exact)
{
	_cleanup_value_ struct value *sorted = exact ? NULL : value_copy(v);
	const struct value *map = exact ? v : sorted;
	int inner = depth < 0 ? depth : depth + 1;

	if (!map) {
		buf_fail(b, -ENOMEM);
		return;
	}
	if (sorted)
		value_map_sort(sorted);
	buf_putc(b, '{');
	for (size_t i = 0; i < map->map.n; i++) {
		buf_puts(b, i ? "," : "");
		emit_gap(b, inner, i ? " " : "");
		json_emit_string(b, map->map.pairs[i].key);
		buf_puts(b, ": ");
		emit(b, map->map.pairs[i].value, inner, exact);
	}
	if (map->map.n)
		emit_gap(b, depth, "");
	buf_putc(b, '}');
}

static void emit_list(struct buf *b, const struct value *v, int depth, bool exact)
{
	int inner = depth < 0 ? depth : depth + 1;

	buf_putc(b, '[');
	for (size_t i = 0; i < v->list.n; i++) {
		buf_puts(b, i ? "," : "");
		emit_gap(b, inner, i ? " " : "");
		emit(b, v->list.items[i], inner, exact);
	}
	if (v->list.n)
		emit_gap(b, depth, "");
	buf_putc(b, ']');
}

/* JSON has no sets: a list of the members. */
static void emit_set(struct buf *b, const struct value *set, int depth, bool exact)
{
	_cleanup_value_ struct value *members = value_list();
	int r = members ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < set->map.n; i++)
		r = value_list_add(members, value_of_key(&set->map.pairs[i]));
	if (r == 0)
		emit_list(b, members, depth, exact);
	else
		buf_fail(b, r);
}

/* A number that JSON has no word for, or whose last digits a reader would lose. */
static bool is_inexact(const struct value *v)
{
	return v->type == VALUE_BIGINT || (v->type == VALUE_FLOAT && !isfinite(v->number)) ||
	       (v->type == VALUE_INT && (v->integer > EXACT_MAX || v->integer < -EXACT_MAX));
}

static void emit_float(struct buf *b, double number)
{
	if (isnan(number))
		buf_puts(b, "NaN");
	else if (isinf(number))
		buf_puts(b, number > 0 ? "Infinity" : "-Infinity");
	else
		scalar_format_float(b, number);
}

static void emit(struct buf *b, const struct value *v, int depth, bool exact)
{
	const char *quote = exact && is_inexact(v) ? "\"" : "";

	switch (v->type) {
	case VALUE_NULL:
		buf_puts(b, "null");
		break;
	case VALUE_BOOL:
		buf_puts(b, v->boolean ? "true" : "false");
		break;
	case VALUE_INT:
		buf_printf(b, "%s%lld%s", quote, (long long)v->integer, quote);
		break;
	case VALUE_BIGINT:
		buf_printf(b, "%s%s%s", quote, v->string, quote);
		break;
	case VALUE_FLOAT:
		buf_puts(b, quote);
		emit_float(b, v->number);
		buf_puts(b, quote);
		break;
	case VALUE_STRING:
	case VALUE_DATE:
		json_emit_string(b, v->string);
		break;
	case VALUE_LIST:
		emit_list(b, v, depth, exact);
		break;
	case VALUE_MAP:
		if (v->map.is_set)
			emit_set(b, v, depth, exact);
		else
			emit_map(b, v, depth, exact);
		break;
	}
}

void json_emit(struct buf *b, const struct value *v)
{
	emit(b, v, -1, false);
}

void json_emit_indented(struct buf *b, const struct value *v)
{
	emit(b, v, 0, false);
}

void json_emit_exact(struct buf *b, const struct value *v)
{
	emit(b, v, -1, true);
}
