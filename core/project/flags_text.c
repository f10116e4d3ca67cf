/* SPDX-License-Identifier: MIT */
/* The text of a flags file, both ways. */
#include "project/flags_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/shell.h"
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

static int parse_assignments(const struct operation *op, const char *text, enum flags_extent extent,
	struct value *flags, struct err *err)
{
	_cleanup_strv_ struct strv words = STRV_INIT;
	struct err open_quote = ERR_INIT;
	int r = shell_split(text, &words, &open_quote);

	if (r == -EINVAL && extent == FLAGS_PREFIX)
		return 0; /* the quote may still be closed */
	if (r < 0)
		return err_set(err, r, "%s", err_text(&open_quote));
	for (size_t i = 0; r == 0 && i < words.n; i++)
		r = flags_assign_word(op, flags, words.v[i], err);
	return r;
}

static int take_pairs(const struct operation *op, const struct value *map, struct value *flags)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < map->map.n; i++) {
		const struct value_pair *pair = &map->map.pairs[i];
		const struct flag *flag = operation_flag(op, pair->key);

		/* An unknown one is taken along, for the check to name it with its line. */
		r = value_map_set(flags, pair->key, flags_decode_plain(flag, pair->value));
		for (size_t j = 0; r == 0 && j < flags->map.n; j++)
			if (strcmp(flags->map.pairs[j].key, pair->key) == 0)
				flags->map.pairs[j].key_line = pair->key_line;
	}
	return r;
}

static int parse_yaml(const struct operation *op, const char *text, size_t len,
	enum flags_extent extent, struct value *flags, struct err *err)
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
	return take_pairs(op, v, flags);
}

int flags_parse(const struct operation *op, const char *text, size_t len, enum flags_extent extent,
	struct value **ret_user_flags, struct err *err)
{
	_cleanup_value_ struct value *flags = value_map();
	int r = flags ? 0 : -ENOMEM;

	if (r == 0 && memchr(text, '\0', len))
		r = err_set(err, -EINVAL, NOT_FLAGS ", found a NUL byte");
	if (r == 0)
		r = is_assignments(text) ? parse_assignments(op, text, extent, flags, err)
					 : parse_yaml(op, text, len, extent, flags, err);
	if (r == 0)
		r = flags_check(op, flags, NULL, err);
	if (r < 0)
		return r;
	if (ret_user_flags) {
		value_map_sort(flags);
		*ret_user_flags = STEAL(flags);
	}
	return 0;
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
