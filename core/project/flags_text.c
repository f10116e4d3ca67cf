/* SPDX-License-Identifier: MIT */
/* The text of a flags file, both ways. */
#include "project/flags_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/shell.h"
#include "base/utf8.h"
#include "yaml/yaml.h"

#define NOT_FLAGS "not a flags file: expected NAME: VALUE lines or NAME=VALUE words"

/* The first line that says something begins with NAME=, which no line of YAML flags does. */
static bool is_assignments(const char *text)
{
	while (*text) {
		size_t line = strcspn(text, "\n");
		size_t blank = strspn(text, " \t\r");
		size_t name;

		if (blank >= line || text[blank] == '#') {
			text += line + (text[line] == '\n');
			continue;
		}
		name = strcspn(text + blank, " \t\r\n=:'\"[]{}#");
		return name && text[blank + name] == '=';
	}
	return false;
}

/* What a text sets. */
struct set {
	const struct operation *op;
	struct value *flags;
	struct value
		*options; /* of a batch; NULL: it has none, and they are flags that nobody knows */
	bool is_known;    /* the last one is a flag of the operation, or an option */
};

static int fail_twice(const struct value_pair *pair, int first_line, struct err *err)
{
	return err_set_at(err, -EINVAL, pair->key_line, 0,
		"%s '%s' is given twice, first in line %d", *pair->key == '$' ? "option" : "flag",
		pair->key, first_line);
}

static bool is_option(const struct set *set, const char *key)
{
	return set->options && *key == '$' && !operation_flag(set->op, key);
}

/*
 * One more, which nobody has set under this or its other name: of two values in one text only one
 * could count, and nobody could tell which one was meant.
 */
static int add_once(
	struct set *set, const struct value_pair *pair, struct value *v, struct err *err)
{
	const struct flag *flag = operation_flag(set->op, pair->key);
	struct value *to = is_option(set, pair->key) ? set->options : set->flags;
	int r = 0;

	/* Where one is unknown, that is what the check will say: what follows it is of no
	 * interest. */
	set->is_known = flag || to == set->options;
	for (size_t i = 0; r == 0 && i < to->map.n; i++) {
		const struct value_pair *other = &to->map.pairs[i];

		if (strcmp(other->key, pair->key) == 0 ||
			(flag && operation_flag(set->op, other->key) == flag))
			r = fail_twice(pair, other->key_line, err);
	}
	if (r < 0) {
		value_free(v);
		return r;
	}
	r = value_map_set(to, pair->key, v);
	if (r == 0)
		to->map.pairs[to->map.n - 1].key_line = pair->key_line;
	return r;
}

/* NAME=TEXT as the command line takes it. */
static int take_word(struct set *set, const char *word, int line, struct err *err)
{
	_cleanup_value_ struct value *one = value_map();
	int r = one ? flags_assign_word(set->op, one, word, err) : -ENOMEM;
	struct value_pair *pair;

	if (r < 0)
		return r;
	pair = &one->map.pairs[0];
	pair->key_line = line;
	return add_once(set, pair, STEAL(pair->value), err);
}

static int count_lines(const char *from, const char *to)
{
	int n = 0;

	for (; from < to; from++)
		n += *from == '\n';
	return n;
}

static int parse_assignments(
	struct set *set, const char *text, enum flags_extent extent, struct err *err)
{
	const char *at = text;
	int line = 1, r;

	do {
		_cleanup_buf_ struct buf word = BUF_INIT;
		const char *from = at;

		r = shell_next_word(&at, &word, err);
		if (r == -EINVAL && extent == FLAGS_PREFIX) {
			if (err)
				*err = ERR_INIT;
			return 0; /* the quote may still be closed */
		}
		line += count_lines(from, at);
		if (r > 0) {
			int first = line - count_lines(buf_str(&word), buf_str(&word) + word.len);

			r = take_word(set, buf_str(&word), first, err);
			r = r < 0 ? r : set->is_known;
		}
	} while (r > 0);
	return r;
}

/* `name:` with nothing behind it. */
static bool is_blank(const struct value *v)
{
	return v->type == VALUE_NULL && v->plain && v->source && !*v->source;
}

static bool is_number(const struct flag *flag)
{
	return flag->type == FLAG_INT || flag->type == FLAG_FLOAT || flag->type == FLAG_NUMBER;
}

/* What is last may go on in the next line, as long as one can come. */
static int take_pairs(
	struct set *set, const struct value *map, enum flags_extent extent, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < map->map.n; i++) {
		const struct value_pair *pair = &map->map.pairs[i];
		const struct flag *flag = operation_flag(set->op, pair->key);
		bool may_go_on = extent == FLAGS_PREFIX && i + 1 == map->map.n;

		if (pair->first_line)
			return fail_twice(pair, pair->first_line, err);
		if (may_go_on && is_option(set, pair->key) && is_blank(pair->value))
			continue;
		if (flag && is_number(flag) && is_blank(pair->value) && !may_go_on)
			return err_set_at(err, -EINVAL, pair->key_line, 0,
				"no value for flag '%s', whose type is '%s'; null says that it "
				"has none",
				pair->key, flag_type_name(flag->type));
		/* An unknown one is taken along, for the check to name it with its line. */
		r = add_once(set, pair, flags_decode_plain(flag, pair->value), err);
		if (!set->is_known)
			break;
	}
	return r;
}

static int parse_yaml(
	struct set *set, const char *text, size_t len, enum flags_extent extent, struct err *err)
{
	_cleanup_value_ struct value *v = NULL;
	bool incomplete = false;
	int r = yaml_parse_prefix(text, len, &v, &incomplete, err);

	if (r < 0 && incomplete && extent == FLAGS_PREFIX) {
		if (err)
			*err = ERR_INIT;
		return 0;
	}
	if (r < 0)
		return r;
	if (v->type == VALUE_NULL)
		return 0;
	if (v->type != VALUE_MAP)
		return err_set_at(err, -EINVAL, v->line, v->column, NOT_FLAGS ", found %s",
			value_type_name(v));
	return take_pairs(set, v, extent, err);
}

static int parse(
	struct set *set, const char *text, size_t len, enum flags_extent extent, struct err *err)
{
	size_t mark = utf8_mark(text, len);
	int r = 0;

	text += mark;
	len -= mark;
	if (memchr(text, '\0', len))
		r = err_set(err, -EINVAL, NOT_FLAGS ", found a NUL byte");
	if (r == 0)
		r = is_assignments(text) ? parse_assignments(set, text, extent, err)
					 : parse_yaml(set, text, len, extent, err);
	return r < 0 ? r : flags_check(set->op, set->flags, NULL, err);
}

int flags_parse(const struct operation *op, const char *text, size_t len, enum flags_extent extent,
	struct value **ret_user_flags, struct err *err)
{
	_cleanup_value_ struct value *flags = value_map();
	struct set set = {.op = op, .flags = flags};
	int r = flags ? parse(&set, text, len, extent, err) : -ENOMEM;

	if (r == 0 && ret_user_flags) {
		value_map_sort(flags);
		*ret_user_flags = STEAL(flags);
	}
	return r;
}

int flags_parse_batch(const struct operation *op, const char *text, size_t len,
	enum flags_extent extent, struct value **ret_user_flags, struct batch_options *ret_options,
	struct err *err)
{
	_cleanup_value_ struct value *flags = value_map(), *options = value_map();
	struct set set = {.op = op, .flags = flags, .options = options};
	int r = flags && options ? parse(&set, text, len, extent, err) : -ENOMEM;

	if (r == 0)
		r = batch_options_read(options, ret_options, err);
	if (r == 0 && ret_user_flags) {
		value_map_sort(flags);
		*ret_user_flags = STEAL(flags);
	}
	return r;
}

static void print_name(struct buf *b, const char *name)
{
	_cleanup_value_ struct value *key = value_string(name);
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (!key) {
		buf_fail(b, -ENOMEM);
		return;
	}
	yaml_emit_flow(&text, key);
	if (buf_error(&text))
		buf_fail(b, buf_error(&text));
	/* A name that holds `=` would look like an assignment. */
	if (strchr(name, '=') && !strchr("'\"", *buf_str(&text))) {
		buf_putc(b, '\'');
		buf_replace(b, buf_str(&text), "'", "''");
		buf_putc(b, '\'');
	} else {
		buf_puts(b, buf_str(&text));
	}
}

static int compare_pairs(const void *a, const void *b)
{
	const struct value_pair *const *x = a, *const *y = b;

	return strcmp((*x)->key, (*y)->key);
}

void flags_print(struct buf *b, const struct value *flags)
{
	_cleanup_free_ const struct value_pair **pairs = calloc(flags->map.n + 1, sizeof(*pairs));

	if (!pairs) {
		buf_fail(b, -ENOMEM);
		return;
	}
	for (size_t i = 0; i < flags->map.n; i++)
		pairs[i] = &flags->map.pairs[i];
	qsort(pairs, flags->map.n, sizeof(*pairs), compare_pairs);
	for (size_t i = 0; i < flags->map.n; i++) {
		print_name(b, pairs[i]->key);
		buf_puts(b, ": ");
		yaml_emit_flow(b, pairs[i]->value);
		buf_putc(b, '\n');
	}
	/* The text of no flags, so that what is read can be written: all defaults. */
	if (!flags->map.n)
		buf_puts(b, "{}\n");
}
