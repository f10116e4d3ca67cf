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

static void print_range(struct buf *b, const struct flag *flag)
{
	if (!flag->min && !flag->max)
		return;
	buf_puts(b, "    ");
	if (flag->min) {
		buf_puts(b, "at least ");
		yaml_emit_flow(b, flag->min);
	}
	if (flag->max) {
		buf_puts(b, flag->min ? ", at most " : "at most ");
		yaml_emit_flow(b, flag->max);
	}
	buf_putc(b, '\n');
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
	print_range(b, flag);
	print_choices(b, flag);
}

void flags_print_help(struct buf *b, const struct operation *op)
{
	if (!op->n_flags)
		buf_puts(b, "This operation has no flags.\n");
	for (size_t i = 0; i < op->n_flags; i++)
		print_flag_help(b, &op->flags[i]);
}
