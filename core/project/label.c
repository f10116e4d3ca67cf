/* SPDX-License-Identifier: MIT */
/* Labels from flags and templates (reference, 1.10). */
#include "project/flags.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "project/flag_values.h"

void flags_label(struct buf *b, const struct value *flags)
{
	_cleanup_value_ struct value *sorted = flags ? value_copy(flags) : NULL;
	size_t start = b->len;

	if (sorted)
		value_map_sort(sorted);
	for (size_t i = 0; sorted && i < sorted->map.n; i++) {
		const struct value_pair *pair = &sorted->map.pairs[i];

		if (value_is_null(pair->value))
			continue;
		buf_printf(b, "%s%s=", b->len > start ? " " : "", pair->key);
		flag_format(b, pair->value, true);
	}
}

/* --- functions of templates ------------------------------------------------ */

static bool is_true_number(const struct value *v)
{
	return v->type == VALUE_INT || v->type == VALUE_FLOAT || v->type == VALUE_BOOL;
}

static double number_of(const struct value *v)
{
	if (v->type == VALUE_FLOAT)
		return v->number;
	return v->type == VALUE_INT ? (double)v->integer : v->boolean;
}

/* A number that 64 bits hold when its fraction is cut off. */
static bool is_whole_range(const struct value *v)
{
	return is_true_number(v) && fabs(number_of(v)) <= (double)INT64_MAX &&
	       (v->type == VALUE_INT || fabs(number_of(v)) < (double)INT64_MAX);
}

static long long whole_number(const struct value *v)
{
	return v->type == VALUE_INT ? (long long)v->integer : (long long)number_of(v);
}

/* What stands behind the conversion; false when that is another conversion. */
static bool add_rest(struct buf *b, const char *rest)
{
	for (; *rest; rest++) {
		if (*rest == '%' && *++rest != '%')
			return false;
		buf_putc(b, *rest);
	}
	return true;
}

/* `spec` is a conversion without its letter. */
static bool convert(struct buf *b, struct buf *spec, char kind, const struct value *v)
{
	_cleanup_buf_ struct buf own = BUF_INIT;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (strchr("eEfFgG", kind) && is_true_number(v)) {
		buf_putc(spec, kind);
		buf_printf(b, buf_str(spec), number_of(v));
	} else if (strchr("dioxX", kind) && is_whole_range(v)) {
		buf_printf(spec, "ll%c", kind);
		buf_printf(b, buf_str(spec), whole_number(v));
	} else if (strchr("di", kind) && v->type == VALUE_FLOAT && isfinite(v->number)) {
		buf_printf(b, "%.0f", v->number);
	} else if (kind == 's' || kind == 'r') {
		if (v->type == VALUE_STRING && kind == 's')
			buf_puts(&own, v->string);
		else
			value_repr(&own, v);
		buf_putc(spec, 's');
		buf_printf(b, buf_str(spec), buf_str(&own));
	} else {
		return false;
	}
#pragma GCC diagnostic pop
	return true;
}

/*
 * Python's % formatting of one value. Only the conversions of numbers and strings that both
 * languages share are taken; anything else, and a value of another type, passes as it is.
 */
static struct value *format_value(const struct value *v, const char *format)
{
	_cleanup_buf_ struct buf b = BUF_INIT, spec = BUF_INIT;
	size_t flags = 1 + strspn(format + 1, "#0- +");
	size_t width = strspn(format + flags, "0123456789");
	size_t len = flags + width, precision = 0;

	if (format[len] == '.') {
		precision = strspn(format + len + 1, "0123456789");
		len += 1 + precision;
	}
	buf_add(&spec, format, len);
	/* Nobody reads labels of thousands of characters. */
	if (!format[len] || flags > 6 || width > 3 || precision > 3 ||
		!convert(&b, &spec, format[len], v) || !add_rest(&b, format + len + 1))
		return value_copy(v);
	return value_string(buf_str(&b));
}

static struct value *basename_of(const struct value *v)
{
	const char *text = value_str(v);
	_cleanup_free_ char *copy = strdup(text ? text : "");
	size_t len = copy ? strlen(copy) : 0;

	while (len > 1 && copy[len - 1] == '/')
		copy[--len] = '\0';
	if (!copy)
		return NULL;
	return value_string(strrchr(copy, '/') ? strrchr(copy, '/') + 1 : copy);
}

static struct value *unquoted(const struct value *v)
{
	const char *text = value_str(v);
	size_t len = text ? strlen(text) : 0;

	if (len >= 2 && text[0] == '\'' && text[len - 1] == '\'')
		return value_string_len(text + 1, len - 2);
	return value_copy(v);
}

/* NULL stands for a value that is not there. */
static struct value *apply(struct value *v, char *function)
{
	char *arg = strchr(function, ':');
	struct value *result;

	if (arg)
		*arg++ = '\0';
	if (function[0] == '%') {
		result = v ? format_value(v, function) : NULL;
		value_free(v);
		return result;
	}
	if (strcmp(function, "default") == 0)
		return v ? v : value_string(arg ? arg : "");
	if (strcmp(function, "basename") == 0)
		result = basename_of(v);
	else if (strcmp(function, "unquote") == 0)
		result = v ? unquoted(v) : NULL;
	else
		result = value_string("#error#");
	value_free(v);
	return result;
}

/* --- templates --------------------------------------------------------------- */

static void expand(struct buf *b, char *reference, const struct value *flags)
{
	char *function = strchr(reference, '|');
	const struct value *flag;
	struct value *v;
	bool changed = false;

	if (function)
		*function++ = '\0';
	if (strcmp(reference, "default_label") == 0) {
		flags_label(b, flags);
		return;
	}
	flag = value_get(flags, reference);
	v = value_is_null(flag) ? NULL : value_copy(flag);
	while (function) {
		char *next = strchr(function, '|');

		if (next)
			*next++ = '\0';
		v = apply(v, function);
		changed = true;
		function = next;
	}
	if (v && changed && v->type == VALUE_STRING)
		buf_puts(b, v->string);
	else if (v && changed)
		value_repr(b, v);
	else if (v)
		flag_format(b, v, true);
	value_free(v);
}

void flags_expand_label(struct buf *b, const char *template, const struct value *flags)
{
	while (*template) {
		const char *end = strncmp(template, "${", 2) == 0 ? strchr(template, '}') : NULL;
		_cleanup_free_ char *reference = NULL;

		if (!end || end == template + 2) {
			buf_putc(b, *template ++);
			continue;
		}
		reference = strndup(template + 2, (size_t)(end - template) - 2);
		template = end + 1;
		if (reference)
			expand(b, reference, flags);
	}
}
