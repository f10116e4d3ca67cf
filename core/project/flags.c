/* SPDX-License-Identifier: MIT */
/* Flag values: decoding, coercing to types, checking. */
#include "project/flags_internal.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "project/nearest.h"
#include "yaml/scalar.h"
#include "yaml/yaml.h"

struct value *flags_defaults(const struct operation *op)
{
	struct value *flags = value_map();

	for (size_t i = 0; flags && i < op->n_flags; i++) {
		if (value_map_set(
			    flags, op->flags[i].name, value_copy(op->flags[i].default_value)) < 0) {
			value_free(flags);
			return NULL;
		}
	}
	return flags;
}

/* --- decoding ------------------------------------------------------------- */

/* Quotes, brackets and what else means more in YAML than its letters. */
static bool may_be_yaml(const char *text)
{
	return strpbrk(text, "[]{}'\"#") || strstr(text, ": ") || strncmp(text, "- ", 2) == 0;
}

static struct value *decode_yaml(const char *text)
{
	struct value *v;

	if (!may_be_yaml(text) || yaml_parse(text, strlen(text), &v, NULL) < 0)
		return NULL;
	/* A comment behind a plain value leaves the value: a word of the command line again. */
	if (v->plain && v->source) {
		struct value *plain = scalar_decode(v->source);

		value_free(v);
		return plain;
	}
	return v;
}

static bool is_text_type(enum flag_type type)
{
	return type == FLAG_STRING || type == FLAG_PATH || type == FLAG_EXISTING_PATH;
}

/* A word of the command line, or a plain scalar of a flags file (`quoting` off). */
static struct value *decode(const struct flag *flag, const char *text, bool quoting)
{
	struct value *v;

	if (is_text_type(flag->type) && !(quoting && *text && strchr("[{'\"", *text)))
		return value_string(text);
	v = scalar_decode(text);
	if (v && quoting && v->type == VALUE_STRING && may_be_yaml(text)) {
		struct value *yaml = decode_yaml(text);

		if (yaml) {
			value_free(v);
			v = yaml;
		}
	}
	return v;
}

static int unknown_flag(const struct operation *op, const char *name, int line, struct err *err)
{
	_cleanup_free_ const char **names = calloc(op->n_flags + 1, sizeof(*names));
	_cleanup_buf_ struct buf list = BUF_INIT;
	const char *near;

	for (size_t i = 0; names && i < op->n_flags; i++) {
		names[i] = op->flags[i].name;
		buf_printf(&list, "%s%s", i ? ", " : "", names[i]);
	}
	near = names ? nearest_name(name, names, op->n_flags) : NULL;
	if (!list.len)
		return err_set_at(err, -EINVAL, line, 0,
			"unknown flag '%s'; this operation has no flags", name);
	return err_set_at(err, -EINVAL, line, 0, "unknown flag '%s'%s%s%s; the flags are: %s", name,
		near ? " - did you mean '" : "", near ? near : "", near ? "'?" : "",
		buf_str(&list));
}

int flags_assign(const struct operation *op, struct value *flags, const char *name,
	const char *text, struct err *err)
{
	const struct flag *flag = operation_flag(op, name);

	if (!flag)
		return unknown_flag(op, name, 0, err);
	return value_map_set(flags, flag->name, decode(flag, text, true));
}

int flags_assign_word(
	const struct operation *op, struct value *flags, const char *word, struct err *err)
{
	const char *equals = strchr(word, '=');
	_cleanup_free_ char *name = NULL;

	if (!equals || equals == word)
		return err_set(err, -EINVAL, "invalid argument '%s'; expected NAME=VAL", word);
	name = strndup(word, (size_t)(equals - word));
	return name ? flags_assign(op, flags, name, equals + 1, err) : -ENOMEM;
}

/* --- types ---------------------------------------------------------------- */

static struct value *as_string(const struct value *v)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	if (v->type == VALUE_STRING || v->type == VALUE_DATE || v->type == VALUE_BIGINT)
		return value_string(v->string);
	value_repr(&b, v);
	return buf_error(&b) ? NULL : value_string(buf_str(&b));
}

/* `~` and relative paths become absolute; they count from the project. */
static struct value *as_path(const struct operation *op, const struct value *v)
{
	_cleanup_value_ struct value *text = as_string(v);
	_cleanup_buf_ struct buf b = BUF_INIT;
	const char *home = getenv("HOME");

	if (!text)
		return NULL;
	if (text->string[0] == '~' && (text->string[1] == '/' || !text->string[1]) && home)
		buf_printf(&b, "%s%s", home, text->string + 1);
	else if (text->string[0] == '/')
		buf_puts(&b, text->string);
	else
		buf_printf(&b, "%s/%s", op->model->file->dir, text->string);
	return buf_error(&b) ? NULL : value_string(buf_str(&b));
}

/* A string that is a number, as that number; anything else as it is. Never NULL but for memory. */
static struct value *as_number(const struct value *v)
{
	return v->type == VALUE_STRING ? scalar_decode(v->string) : value_copy(v);
}

static bool has_type(const struct value *v, enum flag_type type)
{
	switch (type) {
	case FLAG_INT:
		return v->type == VALUE_INT || v->type == VALUE_BIGINT;
	case FLAG_FLOAT:
		return v->type == VALUE_FLOAT;
	case FLAG_NUMBER:
		return v->type == VALUE_INT || v->type == VALUE_FLOAT || v->type == VALUE_BIGINT;
	case FLAG_BOOLEAN:
		return v->type == VALUE_BOOL;
	default:
		return true;
	}
}

static struct value *coerce(
	const struct operation *op, const struct flag *flag, const struct value *v)
{
	struct value *number;

	switch (flag->type) {
	case FLAG_AUTO:
		return value_copy(v);
	case FLAG_STRING:
		return as_string(v);
	case FLAG_PATH:
	case FLAG_EXISTING_PATH:
		return as_path(op, v);
	case FLAG_BOOLEAN:
		return v->type == VALUE_INT || v->type == VALUE_FLOAT ? value_bool(value_truthy(v))
								      : value_copy(v);
	case FLAG_FLOAT:
		number = as_number(v);
		if (number && number->type == VALUE_INT) {
			struct value *whole = value_float((double)number->integer);

			value_free(number);
			return whole;
		}
		return number;
	case FLAG_INT:
	case FLAG_NUMBER:
		break;
	}
	return as_number(v);
}

/* --- checks --------------------------------------------------------------- */

static void print_value(struct buf *b, const struct value *v)
{
	yaml_emit_flow(b, v);
}

/* Ranges and functions make a batch of the run. Only names that Guild AI knows: img[1].png is a
 * file. */
static bool is_flag_function(const struct value *v)
{
	static const char *const names[] = {
		"uniform[", "loguniform[", "range[", "linspace[", "logspace[", "geomspace["};
	const char *text = value_str(v);

	if (!text || !*text || text[strlen(text) - 1] != ']')
		return false;
	if (text[0] == '[' && strchr(text, ':'))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strncmp(text, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static int check_choice(const struct flag *flag, const struct value *v, int line, struct err *err)
{
	_cleanup_buf_ struct buf list = BUF_INIT, shown = BUF_INIT;

	/* Guild AI lets what is false in Python pass. */
	if (!flag->n_choices || flag->allow_other || !value_truthy(v))
		return 0;
	for (size_t i = 0; i < flag->n_choices; i++) {
		if (value_equal(flag->choices[i].value, v))
			return 0;
		buf_puts(&list, i ? ", " : "");
		print_value(&list, flag->choices[i].value);
	}
	print_value(&shown, v);
	return err_set_at(err, -EINVAL, line, 0,
		"invalid value %s for flag '%s'; the choices are: %s", buf_str(&shown), flag->name,
		buf_str(&list));
}

static int check_type(const struct flag *flag, const struct value *given, const struct value *v,
	int line, struct err *err)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;
	struct stat st;

	print_value(&shown, given);
	if (!has_type(v, flag->type))
		return err_set_at(err, -EINVAL, line, 0,
			"invalid value %s for flag '%s'; a value of type %s is needed",
			buf_str(&shown), flag->name, flag_type_name(flag->type));
	if (flag->type == FLAG_EXISTING_PATH && stat(v->string, &st) < 0)
		return err_set_at(err, -EINVAL, line, 0,
			"invalid value %s for flag '%s'; the path of an existing file is needed",
			buf_str(&shown), flag->name);
	return 0;
}

/* One value, checked and in its type. Null is no value, which is always fine here. */
static int check_value(const struct operation *op, const struct flag *flag,
	const struct value *given, struct value **ret, struct err *err)
{
	int line = given->line;
	int r;

	if (given->type == VALUE_LIST || is_flag_function(given))
		return err_set_at(err, -EINVAL, line, 0,
			"flag '%s' has several values, which makes a batch: batches are not "
			"supported yet, give one value",
			flag->name);
	if (value_is_null(given)) {
		*ret = value_null();
		return *ret ? 0 : -ENOMEM;
	}
	*ret = coerce(op, flag, given);
	if (!*ret)
		return -ENOMEM;
	r = check_type(flag, given, *ret, line, err);
	return r < 0 ? r : check_choice(flag, *ret, line, err);
}

int flags_check(const struct operation *op, const struct value *user_flags, struct err *err)
{
	for (size_t i = 0; i < user_flags->map.n; i++) {
		const struct value_pair *pair = &user_flags->map.pairs[i];
		const struct flag *flag = operation_flag(op, pair->key);
		_cleanup_value_ struct value *checked = NULL;
		int r = flag ? check_value(op, flag, pair->value, &checked, err)
			     : unknown_flag(op, pair->key, pair->key_line, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static bool is_missing(const struct flag *flag, const struct value *v)
{
	return flag->required && (value_is_null(v) || (value_str(v) && !*value_str(v)));
}

int flags_resolve(const struct operation *op, const struct value *user_flags, struct value **ret,
	struct err *err)
{
	_cleanup_value_ struct value *flags = value_map();
	int r = flags ? 0 : -ENOMEM;

	if (r == 0 && user_flags)
		r = flags_check(op, user_flags, err);
	for (size_t i = 0; r == 0 && i < op->n_flags; i++) {
		const struct flag *flag = &op->flags[i];
		const struct value *given = value_get(user_flags, flag->name);
		struct value *checked = NULL;

		r = check_value(op, flag, given ? given : flag->default_value, &checked, err);
		if (r == 0 && is_missing(flag, checked))
			r = err_set(
				err, -EINVAL, "flag '%s' is required: give it a value", flag->name);
		if (r == 0)
			r = value_map_set(flags, flag->name, checked);
		else
			value_free(checked);
	}
	if (r < 0)
		return r;
	value_map_sort(flags);
	*ret = STEAL(flags);
	return 0;
}

struct value *flags_decode_plain(const struct flag *flag, const struct value *v)
{
	struct value *decoded;

	/* `name:` and the words for null are no value; all else is a word of the command line. */
	if (!v->plain || !v->source || v->type == VALUE_NULL)
		return value_copy(v);
	decoded = decode(flag, v->source, false);
	if (decoded) {
		decoded->line = v->line;
		decoded->column = v->column;
	}
	return decoded;
}
