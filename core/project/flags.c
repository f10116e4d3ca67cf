/* SPDX-License-Identifier: MIT */
/* Flag values of an operation: coercing to types, checking, resolving. */
#include "project/flags_internal.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/name.h"
#include "project/flag_values.h"
#include "project/nearest.h"
#include "project/search.h"
#include "yaml/scalar.h"
#include "yaml/yaml.h"

/* What a check of flags carries along. */
struct check {
	const struct operation *op;
	bool force;
	struct flags_problem *problem; /* never NULL */
	struct err *err;
};

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

/* --- reading -------------------------------------------------------------- */

int flags_assign(const struct operation *op, struct value *flags, const char *name,
	const char *text, struct err *err)
{
	const struct flag *flag = operation_flag(op, name);
	struct value *v = flag_decode(flag ? flag->type : FLAG_AUTO, text);

	(void)err;
	return value_map_set(flags, name, v);
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

struct value *flags_decode_plain(const struct flag *flag, const struct value *v)
{
	struct value *decoded;

	/* `name:` and the words for null are no value; all else is a word of the command line. */
	if (!v->plain || !v->source || v->type == VALUE_NULL)
		return value_copy(v);
	decoded = flag_decode_plain(flag ? flag->type : FLAG_AUTO, v->source);
	if (decoded) {
		decoded->line = v->line;
		decoded->column = v->column;
	}
	return decoded;
}

struct value *flags_by_name(const struct operation *op, const struct value *user_flags)
{
	struct value *named = value_map();
	int r = 0;

	for (size_t i = 0; user_flags && named && r == 0 && i < user_flags->map.n; i++) {
		const struct value_pair *pair = &user_flags->map.pairs[i];
		const struct flag *flag = operation_flag(op, pair->key);
		/* Forced, both may be there: then each is what it is called. */
		bool both = flag && strcmp(flag->name, pair->key) != 0 &&
			    value_get(user_flags, flag->name);

		r = value_map_set(
			named, flag && !both ? flag->name : pair->key, value_copy(pair->value));
	}
	if (r == 0)
		return named;
	value_free(named);
	return NULL;
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
	_cleanup_buf_ struct buf b = BUF_INIT, whole = BUF_INIT;
	const char *home = getenv("HOME");

	if (!text)
		return NULL;
	if (text->string[0] == '~' && (text->string[1] == '/' || !text->string[1]) && home)
		buf_printf(&b, "%s%s", home, text->string + 1);
	else if (text->string[0] == '/' || !text->string[0])
		buf_puts(&b, text->string);
	else {
		buf_printf(&whole, "%s/%s", op->model->file->dir, text->string);
		name_normal_path(&b, buf_str(&whole));
	}
	return buf_error(&b) ? NULL : value_string(buf_str(&b));
}

/* Python's int() and float() take 1_000. */
static bool has_grouped_digits(const char *text)
{
	for (const char *s = strchr(text, '_'); s; s = strchr(s + 1, '_'))
		if (s == text || !isdigit((unsigned char)s[-1]) || !isdigit((unsigned char)s[1]))
			return false;
	return true;
}

/* A string that is a number, as that number; anything else as it is. Never NULL but for memory. */
static struct value *as_number(const struct value *v)
{
	_cleanup_buf_ struct buf digits = BUF_INIT;
	struct value *number;

	if (v->type == VALUE_BOOL)
		return value_int(v->boolean);
	if (v->type != VALUE_STRING || !has_grouped_digits(v->string))
		return value_copy(v);
	buf_replace(&digits, v->string, "_", "");
	number = scalar_decode(buf_str(&digits));
	if (!number || number->type != VALUE_BOOL)
		return number;
	value_free(number);
	return value_copy(v);
}

static struct value *as_float(const struct value *v)
{
	struct value *number = as_number(v);
	double d;

	if (!number || (number->type != VALUE_INT && number->type != VALUE_BIGINT))
		return number;
	d = number->type == VALUE_INT ? (double)number->integer : strtod(number->string, NULL);
	value_free(number);
	return value_float(d);
}

/* Numbers by what they are; an empty text is nothing. Other text is a mistake. */
static struct value *as_boolean(const struct value *v)
{
	bool is_number = v->type == VALUE_INT || v->type == VALUE_FLOAT || v->type == VALUE_BIGINT;
	const char *text = value_str(v);

	return is_number || (text && !*text) ? value_bool(value_truthy(v)) : value_copy(v);
}

static bool has_type(const struct value *v, enum flag_type type)
{
	switch (type) {
	case FLAG_INT:
		return v->type == VALUE_INT || v->type == VALUE_BIGINT;
	case FLAG_FLOAT:
		return v->type == VALUE_FLOAT;
	case FLAG_NUMBER:
		return v->type == VALUE_INT || v->type == VALUE_FLOAT || v->type == VALUE_BIGINT ||
		       v->type == VALUE_BOOL;
	case FLAG_BOOLEAN:
		return v->type == VALUE_BOOL;
	default:
		return true;
	}
}

static struct value *coerce(const struct operation *op, enum flag_type type, const struct value *v)
{
	switch (type) {
	case FLAG_AUTO:
		return value_copy(v);
	case FLAG_STRING:
		return as_string(v);
	case FLAG_PATH:
	case FLAG_EXISTING_PATH:
		return as_path(op, v);
	case FLAG_BOOLEAN:
		return as_boolean(v);
	case FLAG_FLOAT:
		return as_float(v);
	case FLAG_NUMBER:
		/* To Python a bool is a number. */
		return v->type == VALUE_BOOL ? value_copy(v) : as_number(v);
	case FLAG_INT:
		break;
	}
	return as_number(v);
}

/* --- faults --------------------------------------------------------------- */

static int unknown_flag(const struct check *c, const char *name, int line)
{
	const struct operation *op = c->op;
	_cleanup_free_ const char **names = calloc(op->n_flags + 1, sizeof(*names));
	_cleanup_buf_ struct buf list = BUF_INIT;
	const char *near;

	c->problem->kind = PROBLEM_UNKNOWN;
	c->problem->name = name;
	for (size_t i = 0; names && i < op->n_flags; i++) {
		names[i] = op->flags[i].name;
		buf_printf(&list, "%s%s", i ? ", " : "", names[i]);
	}
	near = names ? nearest_name(name, names, op->n_flags) : NULL;
	c->problem->near = near;
	if (!list.len)
		return err_set_at(c->err, -EINVAL, line, 0,
			"unknown flag '%s'; this operation has no flags", name);
	return err_set_at(c->err, -EINVAL, line, 0, "unknown flag '%s'%s%s%s; the flags are: %s",
		name, near ? " - did you mean '" : "", near ? near : "", near ? "'?" : "",
		buf_str(&list));
}

static int wrong_value(const struct check *c, const struct flag *flag, const struct value *given,
	int line, const char *what)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;

	c->problem->kind = PROBLEM_VALUE;
	c->problem->flag = flag;
	if (given->type == VALUE_STRING)
		buf_puts(&shown, given->string);
	else
		value_repr(&shown, given);
	return err_set_at(c->err, -EINVAL, line, 0, "invalid value %s for %s: %s", buf_str(&shown),
		flag->name, what);
}

static int check_choice(
	const struct check *c, const struct flag *flag, const struct value *v, int line)
{
	_cleanup_buf_ struct buf list = BUF_INIT, shown = BUF_INIT;

	/* Guild AI lets what is false in Python pass. */
	if (!flag->n_choices || flag->allow_other || !value_truthy(v))
		return 0;
	for (size_t i = 0; i < flag->n_choices; i++) {
		const struct flag_choice *choice = &flag->choices[i];

		if (value_equal(choice->value, v) ||
			(choice->alias && value_str(v) && strcmp(choice->alias, v->string) == 0))
			return 0;
		buf_puts(&list, i ? ", " : "");
		yaml_emit_flow(&list, choice->value);
	}
	yaml_emit_flow(&shown, v);
	c->problem->kind = PROBLEM_CHOICE;
	c->problem->flag = flag;
	return err_set_at(c->err, -EINVAL, line, 0,
		"invalid value %s for flag '%s'; the choices are: %s", buf_str(&shown), flag->name,
		buf_str(&list));
}

static bool as_double(const struct value *v, double *ret)
{
	_cleanup_value_ struct value *number = v ? as_float(v) : NULL;

	if (!number || v->type == VALUE_STRING || number->type != VALUE_FLOAT)
		return false;
	*ret = number->number;
	return true;
}

static int check_range(
	const struct check *c, const struct flag *flag, const struct value *v, int line)
{
	_cleanup_buf_ struct buf what = BUF_INIT;
	double number, limit;

	if (!flag->min && !flag->max)
		return 0;
	if (!as_double(v, &number))
		return wrong_value(
			c, flag, v, line, "not a number, so that it is not in the range");
	if (as_double(flag->min, &limit) && number < limit) {
		buf_puts(&what, "out of range (less than min ");
		value_repr(&what, flag->min);
	} else if (as_double(flag->max, &limit) && number > limit) {
		buf_puts(&what, "out of range (greater than max ");
		value_repr(&what, flag->max);
	} else {
		return 0;
	}
	buf_putc(&what, ')');
	return wrong_value(c, flag, v, line, buf_str(&what));
}

static int check_type(const struct check *c, const struct flag *flag, const struct value *given,
	const struct value *v)
{
	_cleanup_buf_ struct buf what = BUF_INIT;
	struct stat st;

	if (!has_type(v, flag->type)) {
		buf_printf(&what, "invalid value for type '%s'", flag_type_name(flag->type));
		return wrong_value(c, flag, given, given->line, buf_str(&what));
	}
	if (flag->type == FLAG_EXISTING_PATH && *v->string && stat(v->string, &st) < 0) {
		buf_printf(&what, "%s does not exist", v->string);
		return wrong_value(c, flag, given, given->line, buf_str(&what));
	}
	return 0;
}

/* --- one value ------------------------------------------------------------ */

static int check_single(const struct check *c, const struct flag *flag, const struct value *given,
	struct value **ret)
{
	int r;

	*ret = coerce(c->op, flag->type, given);
	if (!*ret)
		return -ENOMEM;
	if (c->force)
		return 0;
	r = check_type(c, flag, given, *ret);
	if (r == 0)
		r = check_choice(c, flag, *ret, given->line);
	return r < 0 ? r : check_range(c, flag, *ret, given->line);
}

/* Each part by itself, put together again. Without a type the whole stays as it was given. */
static int check_parts(const struct check *c, const struct flag *flag, const struct value *given,
	struct value **ret)
{
	_cleanup_strv_ struct strv parts = STRV_INIT;
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_value_ struct value *list = value_list();
	int r = list ? 0 : -ENOMEM;

	if (given->type == VALUE_STRING)
		buf_puts(&text, given->string);
	else
		flag_encode(&text, given);
	if (r == 0)
		r = flag_split(buf_str(&text), flag->arg_split, &parts);
	if (r == -EINVAL)
		return wrong_value(c, flag, given, given->line, "a quote is not closed");
	for (size_t i = 0; r == 0 && i < parts.n; i++) {
		_cleanup_value_ struct value *part = flag_decode(flag->type, parts.v[i]);
		struct value *checked = NULL;

		r = part ? check_single(c, flag, part, &checked) : -ENOMEM;
		if (r == 0)
			r = value_list_add(list, checked);
		else
			value_free(checked);
	}
	if (r < 0)
		return r;
	buf_clear(&text);
	flag_join(&text, list, flag->arg_split);
	*ret = flag->type == FLAG_AUTO ? value_copy(given) : value_string(buf_str(&text));
	return *ret ? 0 : -ENOMEM;
}

static int check_value(const struct check *c, const struct flag *flag, const struct value *given,
	struct value **ret);

/* Values of a batch's trials, each by itself. */
static int check_list(const struct check *c, const struct flag *flag, const struct value *given,
	struct value **ret)
{
	_cleanup_value_ struct value *list = value_list();
	int r = list ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < given->list.n; i++) {
		struct value *item = NULL;

		r = check_value(c, flag, given->list.items[i], &item);
		if (r == 0)
			r = value_list_add(list, item);
		else
			value_free(item);
	}
	if (r == 0)
		*ret = STEAL(list);
	return r;
}

/*
 * One value, checked and in its type. Null is no value, which is always fine here, and a function
 * has none yet.
 */
static int check_value(const struct check *c, const struct flag *flag, const struct value *given,
	struct value **ret)
{
	if (given->type == VALUE_LIST)
		return check_list(c, flag, given, ret);
	if (value_is_null(given) || flag_is_function(given)) {
		*ret = value_copy(given);
		return *ret ? 0 : -ENOMEM;
	}
	return value_truthy(flag->arg_split) ? check_parts(c, flag, given, ret)
					     : check_single(c, flag, given, ret);
}

/* --- all of them ---------------------------------------------------------- */

static int check_alias(const struct check *c, const struct value *flags, const struct flag *flag)
{
	if (c->force || !flag->alias || strcmp(flag->alias, flag->name) == 0 ||
		!value_get(flags, flag->name) || !value_get(flags, flag->alias))
		return 0;
	c->problem->kind = PROBLEM_ALIAS;
	c->problem->flag = flag;
	return err_set(c->err, -EINVAL, "flag '%s' is set twice: by its name and as '%s'",
		flag->name, flag->alias);
}

static int check_given(const struct check *c, const struct value *user_flags)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->op->n_flags; i++)
		r = check_alias(c, user_flags, &c->op->flags[i]);
	for (size_t i = 0; r == 0 && i < user_flags->map.n; i++) {
		const struct value_pair *pair = &user_flags->map.pairs[i];
		const struct flag *flag = operation_flag(c->op, pair->key);
		_cleanup_value_ struct value *checked = NULL;

		r = flag ? check_value(c, flag, pair->value, &checked)
			 : unknown_flag(c, pair->key, pair->key_line);
	}
	return r;
}

int flags_check(const struct operation *op, const struct value *user_flags,
	struct flags_problem *problem, struct err *err)
{
	struct flags_problem own = {0};
	struct check c = {.op = op, .problem = problem ? problem : &own, .err = err};

	int r = check_given(&c, user_flags);

	for (size_t i = 0; r == 0 && i < user_flags->map.n; i++) {
		const struct value_pair *pair = &user_flags->map.pairs[i];
		struct dimension d = {0};

		if (!flag_is_function(pair->value))
			continue;
		r = dimension_parse(pair->key, pair->value, &d, err);
		dimension_release(&d);
	}
	return r;
}

/* What a chosen value stands for, and the flags that it brings along. */
static int apply_choice(const struct flag_choice *choice, const char *name,
	const struct value *given, struct value *flags)
{
	int r = choice->alias ? value_map_set(flags, name, value_copy(choice->value)) : 0;

	for (size_t i = 0; r == 0 && choice->flags && i < choice->flags->map.n; i++) {
		const struct value_pair *pair = &choice->flags->map.pairs[i];

		if (value_is_null(value_get(given, pair->key)))
			r = value_map_set(flags, pair->key, value_copy(pair->value));
	}
	return r;
}

static int apply_choices(const struct operation *op, const struct value *given, struct value *flags)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < op->n_flags; i++) {
		const struct flag *flag = &op->flags[i];
		const struct value *v = value_get(flags, flag->name);

		for (size_t j = 0; r == 0 && v && v->type != VALUE_NULL && j < flag->n_choices;
			j++) {
			const struct flag_choice *choice = &flag->choices[j];
			bool chosen = choice->alias
					      ? value_str(v) && !strcmp(choice->alias, v->string)
					      : value_equal(choice->value, v);

			if (!chosen)
				continue;
			r = apply_choice(choice, flag->name, given, flags);
			break;
		}
	}
	return r;
}

static bool is_missing(const struct flag *flag, const struct value *v)
{
	return flag->required && (value_is_null(v) || (value_str(v) && !*value_str(v)));
}

static int check_required(const struct check *c, const struct value *flags)
{
	for (size_t i = 0; !c->force && i < c->op->n_flags; i++) {
		const struct flag *flag = &c->op->flags[i];

		if (!is_missing(flag, value_get(flags, flag->name)))
			continue;
		c->problem->kind = PROBLEM_REQUIRED;
		c->problem->flag = flag;
		return err_set(
			c->err, -EINVAL, "flag '%s' is required: give it a value", flag->name);
	}
	return 0;
}

static int resolve_each(const struct check *c, const struct value *given, struct value *flags)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->op->n_flags; i++) {
		const struct flag *flag = &c->op->flags[i];
		const struct value *own = value_get(given, flag->name);
		struct value *checked = NULL;

		r = check_value(c, flag, own ? own : flag->default_value, &checked);
		if (r == 0)
			r = value_map_set(flags, flag->name, checked);
		else
			value_free(checked);
	}
	/* Those that the operation does not have, when the user insists. */
	for (size_t i = 0; r == 0 && i < given->map.n; i++)
		if (!value_get(flags, given->map.pairs[i].key))
			r = value_map_set(flags, given->map.pairs[i].key,
				value_copy(given->map.pairs[i].value));
	return r;
}

int flags_resolve(const struct operation *op, const struct value *user_flags, bool force,
	struct value **ret, struct flags_problem *problem, struct err *err)
{
	struct flags_problem own = {0};
	struct check c = {
		.op = op, .force = force, .problem = problem ? problem : &own, .err = err};
	_cleanup_value_ struct value *flags = value_map();
	_cleanup_value_ struct value *given = flags_by_name(op, user_flags);
	int r = flags && given ? 0 : -ENOMEM;

	if (r == 0 && user_flags && !force)
		r = check_given(&c, user_flags);
	if (r == 0)
		r = resolve_each(&c, given, flags);
	if (r == 0)
		r = apply_choices(op, given, flags);
	if (r == 0)
		r = check_required(&c, flags);
	if (r < 0)
		return r;
	value_map_sort(flags);
	*ret = STEAL(flags);
	return 0;
}
