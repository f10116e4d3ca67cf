/* SPDX-License-Identifier: MIT */
/* Aliases, and what the groups of a match mean. */
#include "metrics/capture_pattern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/regex.h"
#include "project/framework.h"

#define KEY    "[_a-zA-Z]\\S*"
#define NUMBER "(?:[-+]?[0-9]*\\.?(?:[0-9]+)?(?:[eE][-+]?[0-9]+)?|[nN][aA][nN]|[-+]?[iI][nN][fF])"

static const struct alias {
	const char *name, *pattern;
} scalar_aliases[] = {{"\\key", KEY}, {"\\value", NUMBER}, {"\\step", "[0-9]+"}, {NULL, NULL}},
  attr_aliases[] = {{"\\key", KEY}, {"\\value", "\\S+"}, {NULL, NULL}};

static const char *const default_attrs[] = {"^(\\key):\\s+(\\value)$", NULL};

/* --- patterns ------------------------------------------------------------------------------- */

static int expand(enum capture_kind kind, const char *text, char **ret)
{
	const struct alias *alias = kind == CAPTURE_SCALARS ? scalar_aliases : attr_aliases;
	struct buf b = BUF_INIT;

	buf_puts(&b, text);
	for (; alias->name; alias++) {
		struct buf next = BUF_INIT;

		buf_replace(&next, buf_str(&b), alias->name, alias->pattern);
		buf_release(&b);
		b = next;
	}
	*ret = buf_steal(&b, NULL);
	return *ret ? 0 : -ENOMEM;
}

static bool has_names(const struct regex *regex)
{
	for (size_t i = 1; i <= regex_groups(regex); i++)
		if (regex_group_name(regex, i))
			return true;
	return false;
}

static int warn_of_groups(const struct capture_pattern *pattern, struct strv *warnings)
{
	size_t n = regex_groups(pattern->regex);

	if (has_names(pattern->regex) || n == 2 || (n == 1 && pattern->key))
		return 0;
	if (n == 1)
		return strv_addf(
			warnings, "pattern '%s' captures a value for no key", pattern->text);
	return strv_addf(
		warnings, "pattern '%s' has %zu groups; one or two are needed", pattern->text, n);
}

static int add_pattern(
	struct capture_patterns *p, const char *key, const char *text, struct strv *warnings)
{
	struct capture_pattern *grown, *pattern;
	struct err err = ERR_INIT;
	int r;

	grown = reallocarray(p->v, p->n + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	p->v = grown;
	pattern = &p->v[p->n++];
	*pattern = (struct capture_pattern){.key = key ? strdup(key) : NULL};
	if (key && !pattern->key)
		return -ENOMEM;
	r = expand(p->kind, text, &pattern->text);
	if (r < 0)
		return r;
	r = regex_compile(pattern->text, &pattern->regex, &err);
	if (r == 0)
		return warn_of_groups(pattern, warnings);
	free(pattern->key);
	free(pattern->text);
	p->n--;
	return r == -ENOMEM ? r : strv_add(warnings, err_text(&err));
}

static int add_value(
	struct capture_patterns *p, const char *key, const struct value *v, struct strv *warnings)
{
	if (v->type == VALUE_STRING)
		return add_pattern(p, key, v->string, warnings);
	return strv_addf(warnings, "%s of output-%s is %s, not a pattern", key ? key : "an item",
		p->kind == CAPTURE_SCALARS ? "scalars" : "attrs", value_type_name(v));
}

/* A string, or a map whose keys count in their order. */
static int add_item(struct capture_patterns *p, const struct value *item, struct strv *warnings)
{
	_cleanup_value_ struct value *sorted = NULL;
	int r = 0;

	if (item->type != VALUE_MAP)
		return add_value(p, NULL, item, warnings);
	sorted = value_copy(item);
	if (!sorted)
		return -ENOMEM;
	value_map_sort(sorted);
	for (size_t i = 0; r == 0 && i < sorted->map.n; i++)
		r = add_value(p, sorted->map.pairs[i].key, sorted->map.pairs[i].value, warnings);
	return r;
}

static int add_defaults(struct capture_patterns *p, struct strv *warnings)
{
	const char *const *list =
		p->kind == CAPTURE_SCALARS ? default_output_scalars : default_attrs;
	int r = 0;

	p->is_default = true;
	for (; r == 0 && *list; list++)
		r = add_pattern(p, NULL, *list, warnings);
	return r;
}

int capture_patterns_init(struct capture_patterns *p, enum capture_kind kind,
	const struct value *config, struct strv *warnings)
{
	int r = 0;

	*p = (struct capture_patterns){.kind = kind};
	if (value_is_null(config))
		return add_defaults(p, warnings);
	if (config->type == VALUE_BOOL)
		return 0;
	if (config->type != VALUE_LIST)
		return add_item(p, config, warnings);
	for (size_t i = 0; r == 0 && i < config->list.n; i++)
		r = add_item(p, config->list.items[i], warnings);
	return r;
}

void capture_patterns_release(struct capture_patterns *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->v[i].key);
		free(p->v[i].text);
		regex_free(p->v[i].regex);
	}
	free(p->v);
	*p = (struct capture_patterns){0};
}

/* --- matches -------------------------------------------------------------------------------- */

static bool is_number_word(const char *text)
{
	text += *text == '+' || *text == '-';
	return strcasecmp(text, "nan") == 0 || strcasecmp(text, "inf") == 0 ||
	       strcasecmp(text, "infinity") == 0;
}

/* What Python's float() takes: strtod() would take hexadecimal numbers too. */
static bool parse_number(const char *text, double *ret)
{
	char *end;

	text += strspn(text, " \t\n\v\f\r");
	if (!is_number_word(text) && text[strspn(text, "0123456789+-.eE")] &&
		!strchr(" \t\n\v\f\r", text[strspn(text, "0123456789+-.eE")]))
		return false;
	*ret = strtod(text, &end);
	return end != text && !end[strspn(end, " \t\n\v\f\r")];
}

struct span {
	const char *start; /* NULL: the group took no part */
	size_t len;
};

static struct span group_of(const struct regex_match *m, size_t i)
{
	return i < m->n ? (struct span){m->group[i].start, m->group[i].len} : (struct span){0};
}

static int assign(
	const struct capture_patterns *p, const char *key, struct span text, struct value *vals)
{
	_cleanup_free_ char *copy = text.start ? strndup(text.start, text.len) : NULL;
	double number;

	if (!key || !text.start)
		return 0;
	if (!copy)
		return -ENOMEM;
	if (p->kind == CAPTURE_ATTRS)
		return value_map_set(vals, key, value_string(copy));
	if (!parse_number(copy, &number))
		return 0;
	return value_map_set(vals, key, value_float(number));
}

static int assign_to(
	const struct capture_patterns *p, struct span key, struct span text, struct value *vals)
{
	_cleanup_free_ char *copy = key.start ? strndup(key.start, key.len) : NULL;

	if (!key.start)
		return 0;
	return copy ? assign(p, copy, text, vals) : -ENOMEM;
}

static int assign_named(const struct capture_patterns *p, const struct regex *regex,
	const struct regex_match *m, struct value *vals)
{
	size_t key = 0, val = 0;
	int r = 0;

	for (size_t i = 1; i <= regex_groups(regex); i++) {
		const char *name = regex_group_name(regex, i);

		if (name && strcmp(name, "_key") == 0)
			key = i;
		if (name && strcmp(name, "_val") == 0)
			val = i;
	}
	if (key && val)
		return assign_to(p, group_of(m, key), group_of(m, val), vals);
	for (size_t i = 1; r == 0 && i <= regex_groups(regex); i++)
		r = assign(p, regex_group_name(regex, i), group_of(m, i), vals);
	return r;
}

static int assign_match(const struct capture_patterns *p, const struct capture_pattern *pattern,
	const struct regex_match *m, struct value *vals)
{
	if (has_names(pattern->regex))
		return assign_named(p, pattern->regex, m, vals);
	switch (regex_groups(pattern->regex)) {
	case 1:
		return assign(p, pattern->key, group_of(m, 1), vals);
	case 2:
		return assign_to(p, group_of(m, 1), group_of(m, 2), vals);
	default:
		return 0;
	}
}

int capture_match(const struct capture_patterns *p, const char *line, struct value *vals)
{
	int r = 0;

	for (size_t i = 0; i < p->n; i++) {
		struct regex_match m = {0};

		while (r == 0 && regex_next(p->v[i].regex, line, &m))
			r = assign_match(p, &p->v[i], &m, vals);
	}
	return r;
}

/* --- for people who write patterns ---------------------------------------------------------- */

/* A tuple of what was captured, as Python prints it. */
static void put_groups(struct buf *b, const struct regex *regex, const struct regex_match *m)
{
	size_t n = regex_groups(regex);

	buf_putc(b, '(');
	for (size_t i = 1; i <= n; i++) {
		struct span group = group_of(m, i);
		_cleanup_value_ struct value *text =
			group.start ? value_string_len(group.start, group.len) : value_null();

		buf_puts(b, i > 1 ? ", " : "");
		if (text)
			value_repr(b, text);
		else
			buf_fail(b, -ENOMEM);
	}
	buf_puts(b, n == 1 ? ",)" : ")");
}

static void put_assigned(struct buf *b, struct value *vals)
{
	value_map_sort(vals);
	for (size_t i = 0; i < vals->map.n; i++) {
		const struct value *v = vals->map.pairs[i].value;

		buf_printf(b, "%s%s=", i ? ", " : "", vals->map.pairs[i].key);
		if (value_str(v))
			buf_puts(b, value_str(v));
		else
			value_repr(b, v);
	}
}

static int trace_pattern(const struct capture_patterns *p, const struct capture_pattern *pattern,
	const char *line, const struct capture_trace *trace)
{
	_cleanup_buf_ struct buf groups = BUF_INIT, assigned = BUF_INIT;
	_cleanup_value_ struct value *vals = value_map();
	struct regex_match m = {0};
	int r = vals ? 0 : -ENOMEM;

	while (r == 0 && regex_next(pattern->regex, line, &m)) {
		buf_puts(&groups, groups.len ? ", " : "[");
		put_groups(&groups, pattern->regex, &m);
		r = assign_match(p, pattern, &m, vals);
	}
	if (r < 0)
		return r;
	buf_puts(&groups, groups.len ? "]" : "");
	put_assigned(&assigned, vals);
	if (buf_error(&groups) || buf_error(&assigned))
		return -ENOMEM;
	trace->pattern(trace->arg, pattern->text, groups.len ? buf_str(&groups) : NULL,
		buf_str(&assigned));
	return 0;
}

int capture_trace_line(
	const struct capture_patterns *p, const char *line, const struct capture_trace *trace)
{
	int r = 0;

	trace->line(trace->arg, line);
	for (size_t i = 0; r == 0 && i < p->n; i++)
		r = trace_pattern(p, &p->v[i], line, trace);
	return r;
}
