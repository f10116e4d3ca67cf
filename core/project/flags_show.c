/* SPDX-License-Identifier: MIT */
/* Flags for people: help, and labels as Guild AI makes them (reference, 1.10). */
#include "project/flags.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "yaml/scalar.h"
#include "yaml/yaml.h"

/* --- help ----------------------------------------------------------------- */

static void print_choices(struct buf *b, const struct flag *flag)
{
	for (size_t i = 0; i < flag->n_choices; i++) {
		buf_puts(b, i ? ", " : "    choices: ");
		yaml_emit_flow(b, flag->choices[i].value);
	}
	if (flag->n_choices)
		buf_puts(b, flag->allow_other ? ", or another\n" : "\n");
	for (size_t i = 0; i < flag->n_choices; i++) {
		if (!flag->choices[i].description)
			continue;
		buf_puts(b, "      ");
		yaml_emit_flow(b, flag->choices[i].value);
		buf_printf(b, ": %s\n", flag->choices[i].description);
	}
}

static void print_flag_help(struct buf *b, const struct flag *flag)
{
	buf_puts(b, flag->name);
	if (flag->alias)
		buf_printf(b, " (%s)", flag->alias);
	if (flag->type != FLAG_AUTO)
		buf_printf(b, "  %s", flag_type_name(flag->type));
	if (flag->required)
		buf_puts(b, "  required");
	if (!value_is_null(flag->default_value)) {
		buf_puts(b, "  (default is ");
		yaml_emit_flow(b, flag->default_value);
		buf_putc(b, ')');
	} else if (flag->null_label) {
		buf_printf(b, "  (default is %s)", flag->null_label);
	}
	buf_putc(b, '\n');
	for (const char *line = flag->description; *line;) {
		size_t len = strcspn(line, "\n");

		buf_printf(b, "    %.*s\n", (int)len, line);
		line += len + (line[len] == '\n');
	}
	print_choices(b, flag);
}

void flags_print_help(struct buf *b, const struct operation *op)
{
	if (!op->n_flags)
		buf_puts(b, "This operation has no flags.\n");
	for (size_t i = 0; i < op->n_flags; i++)
		print_flag_help(b, &op->flags[i]);
}

/* --- labels --------------------------------------------------------------- */

/* Cut, not rounded, behind the fifth digit of the fraction. */
static void label_float(struct buf *b, double d)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	const char *point;

	scalar_format_float_yaml(&text, d);
	point = strchr(buf_str(&text), '.');
	if (!point || strchr(point, 'e') || !isfinite(d) || strlen(point + 1) <= 5)
		buf_puts(b, buf_str(&text));
	else
		buf_add(b, text.data, (size_t)(point - text.data) + 6);
}

static void label_value(struct buf *b, const struct value *v)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	const char *s;

	switch (v->type) {
	case VALUE_BOOL:
		buf_puts(b, v->boolean ? "yes" : "no");
		return;
	case VALUE_FLOAT:
		label_float(b, v->number);
		return;
	case VALUE_STRING:
		yaml_emit_flow(&text, v);
		s = buf_str(&text);
		if (strchr(s, ' ') && *s != '\'' && *s != '"')
			value_repr(b, v);
		else
			buf_puts(b, s);
		return;
	default:
		yaml_emit_flow(b, v);
	}
}

void flags_label(struct buf *b, const struct value *flags)
{
	size_t start = b->len;

	for (size_t i = 0; flags && i < flags->map.n; i++) {
		const struct value_pair *pair = &flags->map.pairs[i];

		if (value_is_null(pair->value))
			continue;
		buf_printf(b, "%s%s=", b->len > start ? " " : "", pair->key);
		label_value(b, pair->value);
	}
}

void flags_expand_label(struct buf *b, const char *template, const struct value *flags)
{
	while (*template) {
		const char *end = strncmp(template, "${", 2) == 0 ? strchr(template, '}') : NULL;
		_cleanup_free_ char *name = NULL;
		const struct value *v;

		if (!end) {
			buf_putc(b, *template ++);
			continue;
		}
		name = strndup(template + 2, (size_t)(end - template) - 2);
		template = end + 1;
		if (name && strcmp(name, "default_label") == 0) {
			flags_label(b, flags);
			continue;
		}
		v = name ? value_get(flags, name) : NULL;
		if (v && !value_is_null(v))
			label_value(b, v);
	}
}
