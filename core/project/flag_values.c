/* SPDX-License-Identifier: MIT */
/* Decoding and encoding of single flag values. */
#include "project/flag_values.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/shell.h"
#include "yaml/scalar.h"
#include "yaml/yaml.h"

enum { SEQUENCE_MAX = 100000, FLOAT_DIGITS = 5, PATH_LEN = 20 };

/* --- functions and sequences ---------------------------------------------- */

void flag_function_release(struct flag_function *f)
{
	free(f->name);
	strv_release(&f->args);
}

/* NAME[A:B:...] or [A:B...]; false for anything else. */
static bool parse_function(const char *text, struct flag_function *ret)
{
	size_t name = 0, len = strlen(text);
	const char *close = strrchr(text, ']');

	while (isalnum((unsigned char)text[name]) || (text[name] && strchr("_-.", text[name])))
		name++;
	if (text[name] != '[' || !close || close < text + name || (!name && close[1]))
		return false;
	if (name) {
		ret->name = strndup(text, name);
		if (!ret->name)
			return false;
	}
	for (const char *arg = text + name + 1; arg < close;) {
		size_t n = strcspn(arg, ":");
		size_t blank = strspn(arg, " ");

		if (arg + n > close)
			n = (size_t)(close - arg);
		if (blank > n)
			blank = n;
		if (strv_add_len(&ret->args, arg + blank, n - blank) < 0)
			return false;
		arg += n + 1;
	}
	return len > 0;
}

static bool is_search_name(const char *name)
{
	return strcmp(name, "uniform") == 0 || strcmp(name, "loguniform") == 0;
}

static bool is_sequence_name(const char *name)
{
	return strcmp(name, "range") == 0 || strcmp(name, "linspace") == 0 ||
	       strcmp(name, "logspace") == 0 || strcmp(name, "geomspace") == 0;
}

/* [1:2] is one; a list such as [a: 1] or [1:2, 3] is not. */
static bool is_anonymous(const char *text, const struct flag_function *f)
{
	_cleanup_value_ struct value *list = NULL;

	if (f->name || f->args.n < 2)
		return false;
	if (yaml_parse(text, strlen(text), &list, NULL) < 0)
		return true;
	return list->type == VALUE_LIST && list->list.n == 1 &&
	       (list->list.items[0]->type == VALUE_STRING ||
		       list->list.items[0]->type == VALUE_INT);
}

bool flag_parse_function(const struct value *v, struct flag_function *ret)
{
	const char *text = value_str(v);
	struct flag_function f = {0};

	if (text && parse_function(text, &f) &&
		(f.name ? is_search_name(f.name) || is_sequence_name(f.name)
			: is_anonymous(text, &f))) {
		*ret = f;
		return true;
	}
	flag_function_release(&f);
	return false;
}

bool flag_is_function(const struct value *v)
{
	_cleanup_(flag_function_release) struct flag_function f = {0};

	return flag_parse_function(v, &f);
}

static bool number_of(const struct strv *args, size_t i, double absent, double *ret, bool *is_int)
{
	_cleanup_value_ struct value *v = i < args->n ? scalar_decode(args->v[i]) : NULL;

	*ret = absent;
	if (i >= args->n)
		return !isnan(absent);
	if (!v || (v->type != VALUE_INT && v->type != VALUE_FLOAT))
		return false;
	*ret = v->type == VALUE_INT ? (double)v->integer : v->number;
	if (v->type != VALUE_INT)
		*is_int = false;
	return true;
}

/* Floats are rounded to eight digits, as Python's round() does it. */
static struct value *sequence_item(double d, bool is_int)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (is_int && fabs(d) < (double)INT64_MAX)
		return value_int((int64_t)d);
	if (!(d > 1e-8))
		return value_float(d);
	buf_printf(&text, "%.8f", d);
	return buf_error(&text) ? NULL : value_float(strtod(buf_str(&text), NULL));
}

static const char too_long[] = "it has more than 100000 items";

/* range[a:b:step=1], where the end belongs to it; range[n] is 0 .. n-1. */
static int expand_range(const struct strv *args, struct value *list, const char **why)
{
	double start, end, step, n;
	bool is_int = true;
	int r = 0;

	if (!number_of(args, 0, NAN, &start, &is_int) || !number_of(args, 1, 0, &end, &is_int) ||
		!number_of(args, 2, 1, &step, &is_int)) {
		*why = "range has one to three arguments, which are numbers";
		return -EINVAL;
	}
	if (step == 0) {
		*why = "the step must not be 0";
		return -EINVAL;
	}
	if (args->n == 1) {
		end = start;
		start = 0;
	} else {
		end += step < 1 ? step : 1;
	}
	n = ceil((end - start) / step);
	if (!(n <= SEQUENCE_MAX)) {
		*why = too_long;
		return -EINVAL;
	}
	for (int i = 0; r == 0 && i < n; i++)
		r = value_list_add(list, sequence_item(start + i * step, is_int));
	return r;
}

/* linspace[a:b:n=5] and logspace[a:b:n=5:base=10]. */
static int expand_space(
	const struct strv *args, bool logarithmic, struct value *list, const char **why)
{
	double start, end, count, base;
	bool is_int = true, is_count = true;
	int r = 0;

	if (!number_of(args, 0, NAN, &start, &is_int) || !number_of(args, 1, NAN, &end, &is_int) ||
		!number_of(args, 2, 5, &count, &is_count) ||
		!number_of(args, 3, 10, &base, &is_int) || !is_count || count < 0) {
		*why = "two numbers are needed, and behind them how many there are to be (5)";
		return -EINVAL;
	}
	if (count > SEQUENCE_MAX) {
		*why = too_long;
		return -EINVAL;
	}
	for (size_t i = 0; r == 0 && i < (size_t)count; i++) {
		double at =
			count < 2 ? start
				  : start + (end - start) * (double)i / (double)((size_t)count - 1);

		r = value_list_add(list, sequence_item(logarithmic ? pow(base, at) : at, false));
	}
	return r;
}

/* -ENOENT: it is no sequence; -EINVAL: one that cannot be, and why. */
static int expand_sequence(const struct flag_function *f, struct value *list, const char **why)
{
	if (strcmp(f->name, "range") == 0)
		return expand_range(&f->args, list, why);
	if (strcmp(f->name, "linspace") == 0)
		return expand_space(&f->args, false, list, why);
	if (strcmp(f->name, "logspace") == 0)
		return expand_space(&f->args, true, list, why);
	return -ENOENT;
}

const char *flag_sequence_fault(const struct flag_function *f)
{
	_cleanup_value_ struct value *list = value_list();
	const char *why = NULL;

	if (list && f->name)
		expand_sequence(f, list, &why);
	return why;
}

/* NULL: the text is no sequence. */
static struct value *decode_sequence(const char *text)
{
	_cleanup_(flag_function_release) struct flag_function f = {0};
	_cleanup_value_ struct value *list = value_list();
	const char *why;

	if (!list || !parse_function(text, &f) || !f.name)
		return NULL;
	return expand_sequence(&f, list, &why) == 0 ? STEAL(list) : NULL;
}

/* [1,2]*2 is [1,2,1,2]. NULL: it is nothing like that. */
static struct value *decode_repetition(const char *text)
{
	const char *star = strrchr(text, '*');
	const char *end = star;
	_cleanup_free_ char *list_text = NULL;
	_cleanup_value_ struct value *list = NULL, *all = NULL;
	unsigned long n;
	char *rest;
	int r = 0;

	if (*text != '[' || !star)
		return NULL;
	while (end > text && end[-1] == ' ')
		end--;
	n = strtoul(star + 1, &rest, 10);
	if (end[-1] != ']' || *rest || rest == star + 1)
		return NULL;
	list_text = strndup(text, (size_t)(end - text));
	list = list_text ? flag_decode(FLAG_AUTO, list_text) : NULL;
	if (!list || list->type != VALUE_LIST || n > SEQUENCE_MAX ||
		n * list->list.n > SEQUENCE_MAX)
		return NULL;
	all = value_list();
	for (unsigned long i = 0; all && i < n; i++)
		for (size_t j = 0; r == 0 && j < list->list.n; j++)
			r = value_list_add(all, value_copy(list->list.items[j]));
	return r == 0 ? STEAL(all) : NULL;
}

/* --- decoding ------------------------------------------------------------- */

static bool is_number(const struct value *v)
{
	return v->type == VALUE_INT || v->type == VALUE_FLOAT || v->type == VALUE_BIGINT;
}

static bool is_text_type(enum flag_type type)
{
	return type == FLAG_STRING || type == FLAG_PATH || type == FLAG_EXISTING_PATH;
}

/* 1:30 and 1_000 are far more often times or names, unless a tag says otherwise. */
static bool is_surprising(const struct value *v, const char *text)
{
	return (is_number(v) || v->type == VALUE_BOOL) && strpbrk(text, "_:") &&
	       !strstr(text, "!!");
}

/* NULL: not YAML. */
static struct value *decode_yaml(const char *text)
{
	struct value *v;

	if (yaml_parse(text, strlen(text), &v, NULL) < 0)
		return NULL;
	if (is_surprising(v, text)) {
		value_free(v);
		return value_string(text);
	}
	return v;
}

/* What reads as a number is true or false. NULL: not YAML. */
static struct value *decode_boolean(const char *text)
{
	struct value *v = decode_yaml(text), *truth;

	if (!v || !is_number(v))
		return v;
	truth = value_bool(value_truthy(v));
	value_free(v);
	return truth;
}

/* A number of a word, in the type's own kind. */
static struct value *decode_scalar(enum flag_type type, const char *text)
{
	struct value *v = scalar_decode(text);

	if (v && type == FLAG_FLOAT && v->type == VALUE_INT) {
		double d = (double)v->integer;

		value_free(v);
		return value_float(d);
	}
	return v;
}

struct value *flag_decode_plain(enum flag_type type, const char *text)
{
	struct value *v = NULL;

	if (is_text_type(type))
		return value_string(text);
	if (type == FLAG_BOOLEAN && *text)
		v = decode_boolean(text);
	if (!v)
		v = decode_sequence(text);
	return v ? v : decode_scalar(type, text);
}

struct value *flag_decode(enum flag_type type, const char *text)
{
	_cleanup_value_ struct value *plain = NULL, *text_value = value_string(text);
	struct value *v = NULL;

	if (!text_value || !*text || (is_text_type(type) && !strchr("[{'\"", *text)))
		return STEAL(text_value);
	if (type == FLAG_BOOLEAN)
		v = decode_boolean(text);
	if (v)
		return v;
	plain = decode_scalar(type, text);
	if (!plain || plain->type != VALUE_STRING)
		return STEAL(plain);
	v = decode_sequence(text);
	if (!v && flag_is_function(text_value))
		return STEAL(plain);
	if (!v)
		v = decode_repetition(text);
	if (!v)
		v = decode_yaml(text);
	return v ? v : STEAL(plain);
}

/* --- parts ---------------------------------------------------------------- */

static const char *separator(const struct value *arg_split)
{
	const char *text = value_str(arg_split);

	return text && strcmp(text, "shlex") != 0 ? text : NULL;
}

int flag_split(const char *text, const struct value *arg_split, struct strv *ret_parts)
{
	const char *at = separator(arg_split);
	int r = 0;

	if (!at || !*at)
		return shell_split(text, ret_parts, NULL);
	while (r == 0 && *text) {
		const char *end = strstr(text, at);
		size_t n = end ? (size_t)(end - text) : strlen(text);

		if (n)
			r = strv_add_len(ret_parts, text, n);
		text += n + (end ? strlen(at) : 0);
	}
	return r;
}

/* inf and the like are quoted only for command lines, where they would be numbers. */
static bool is_bare(const struct value *v)
{
	_cleanup_value_ struct value *word = v->type == VALUE_STRING && scalar_is_string(v->string)
						     ? scalar_decode(v->string)
						     : NULL;

	return word && is_number(word);
}

void flag_join(struct buf *b, const struct value *list, const struct value *arg_split)
{
	const char *at = separator(arg_split);

	for (size_t i = 0; i < list->list.n; i++) {
		_cleanup_buf_ struct buf item = BUF_INIT;

		if (is_bare(list->list.items[i]))
			buf_puts(&item, list->list.items[i]->string);
		else
			flag_encode(&item, list->list.items[i]);
		buf_puts(b, i ? (at ? at : " ") : "");
		if (at)
			buf_puts(b, buf_str(&item));
		else
			shell_quote(b, buf_str(&item));
	}
}

/* --- encoding ------------------------------------------------------------- */

static void encode_list(struct buf *b, const struct value *v)
{
	buf_putc(b, '[');
	for (size_t i = 0; i < v->list.n; i++) {
		const struct value *item = v->list.items[i];
		_cleanup_buf_ struct buf text = BUF_INIT;

		flag_encode(&text, item);
		buf_puts(b, i ? ", " : "");
		if (item->type == VALUE_STRING && strchr(buf_str(&text), ',')) {
			_cleanup_value_ struct value *quoted = value_string(buf_str(&text));

			if (quoted)
				value_repr(b, quoted);
		} else {
			buf_puts(b, buf_str(&text));
		}
	}
	buf_putc(b, ']');
}

static void encode_map(struct buf *b, const struct value *v)
{
	_cleanup_value_ struct value *sorted = value_copy(v);

	if (!sorted) {
		buf_fail(b, -ENOMEM);
		return;
	}
	value_map_sort(sorted);
	buf_putc(b, '{');
	for (size_t i = 0; i < sorted->map.n; i++) {
		_cleanup_value_ struct value *key = value_of_key(&sorted->map.pairs[i]);

		if (!key) {
			buf_fail(b, -ENOMEM);
			return;
		}
		buf_puts(b, i ? ", " : "");
		flag_encode(b, key);
		buf_puts(b, ": ");
		flag_encode(b, sorted->map.pairs[i].value);
	}
	buf_putc(b, '}');
}

void flag_encode(struct buf *b, const struct value *v)
{
	switch (v->type) {
	case VALUE_NULL:
		buf_puts(b, "null");
		break;
	case VALUE_BOOL:
		buf_puts(b, v->boolean ? "yes" : "no");
		break;
	case VALUE_LIST:
		encode_list(b, v);
		break;
	case VALUE_MAP:
		if (v->map.is_set)
			yaml_emit_flow(b, v);
		else
			encode_map(b, v);
		break;
	default:
		yaml_emit_flow(b, v);
	}
}

void flag_cut_float(struct buf *b, double d, size_t keep)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	const char *point, *rest;
	size_t digits;

	scalar_format_float_yaml(&text, d);
	point = isfinite(d) ? strchr(buf_str(&text), '.') : NULL;
	digits = point ? strspn(point + 1, "0123456789") : 0;
	if (digits <= keep) {
		buf_puts(b, buf_str(&text));
		return;
	}
	rest = point + 1 + digits;
	buf_add(b, text.data, (size_t)(point - text.data) + 1 + keep);
	buf_puts(b, rest);
}

void flag_format(struct buf *b, const struct value *v, bool cut)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_value_ struct value *quoted = NULL;

	if (v->type == VALUE_FLOAT && cut) {
		flag_cut_float(b, v->number, FLOAT_DIGITS);
		return;
	}
	if (v->type == VALUE_STRING && cut && strchr(v->string, '/') &&
		access(v->string, F_OK) == 0)
		name_shorten_path(&text, v->string, PATH_LEN);
	else
		flag_encode(&text, v);
	if (v->type != VALUE_STRING || !strchr(buf_str(&text), ' ') ||
		strchr("'\"", buf_str(&text)[0])) {
		buf_puts(b, buf_str(&text));
		return;
	}
	quoted = value_string(buf_str(&text));
	if (quoted)
		value_repr(b, quoted);
}
