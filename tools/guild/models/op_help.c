/* SPDX-License-Identifier: MIT */
/* Text of help: sections, descriptions, and flags in two columns. */
#include "models/op_help.h"

#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "project/flag_import.h"
#include "project/flag_values.h"

enum { WIDTH = 78 };

static void indent(struct buf *b, size_t n)
{
	buf_printf(b, "%*s", (int)n, "");
}

/* --- paragraphs --------------------------------------------------------------- */

/* Words of text from column `at` on, folded to lines that begin at column `left`. */
static void fold(struct buf *b, const char *text, size_t left, size_t at)
{
	bool first = true;

	while (*text) {
		size_t blank = strspn(text, " \t\n"), word = strcspn(text + blank, " \t\n");

		text += blank;
		if (!word)
			break;
		if (!first && at + 1 + word > WIDTH) {
			buf_putc(b, '\n');
			indent(b, left);
			at = left;
		} else if (!first) {
			buf_putc(b, ' ');
			at++;
		}
		buf_add(b, text, word);
		at += word;
		text += word;
		first = false;
	}
	buf_putc(b, '\n');
}

/* Each line of the Guild file is a paragraph. */
static void describe(struct buf *b, const char *text, size_t left)
{
	for (bool first = true; *text; first = false) {
		size_t len = strcspn(text, "\n");
		_cleanup_free_ char *line = strndup(text, len);

		if (!first)
			buf_putc(b, '\n');
		indent(b, left);
		fold(b, line ? line : "", left, left);
		text += len + (text[len] == '\n');
	}
}

/* --- flags -------------------------------------------------------------------- */

static void add_suffix(struct buf *b, const struct flag *flag)
{
	if (!value_is_null(flag->default_value)) {
		buf_puts(b, "(default is ");
		flag_format(b, flag->default_value, false);
		buf_putc(b, ')');
	} else if (flag->required) {
		buf_puts(b, "(required)");
	} else if (flag->null_label) {
		buf_printf(b, "(default is %s)", flag->null_label);
	}
}

static void choice_text(struct buf *b, const struct flag_choice *choice)
{
	if (choice->alias)
		buf_puts(b, choice->alias);
	else
		flag_encode(b, choice->value);
}

static void add_choices(struct buf *b, const struct flag *flag, size_t left)
{
	_cleanup_buf_ struct buf list = BUF_INIT;
	bool described = false;

	for (size_t i = 0; i < flag->n_choices; i++)
		described |= flag->choices[i].description && *flag->choices[i].description;
	buf_putc(b, '\n');
	indent(b, left);
	if (!described) {
		buf_puts(&list, "Choices:  ");
		for (size_t i = 0; i < flag->n_choices; i++) {
			buf_puts(&list, i ? ", " : "");
			choice_text(&list, &flag->choices[i]);
		}
		buf_printf(b, "%s\n\n", buf_str(&list));
		return;
	}
	buf_puts(b, "Choices:\n");
	for (size_t i = 0; i < flag->n_choices; i++) {
		const struct flag_choice *choice = &flag->choices[i];

		indent(b, left + 2);
		choice_text(b, choice);
		buf_puts(b, "  ");
		fold(b, choice->description ? choice->description : "", left + 4, left + 12);
	}
	buf_putc(b, '\n');
}

static size_t name_width(const struct operation *op)
{
	size_t width = 0;

	for (size_t i = 0; i < op->n_flags; i++)
		if (strlen(op->flags[i].name) > width)
			width = strlen(op->flags[i].name);
	return width;
}

static void add_flag(struct buf *b, const struct flag *flag, size_t left, size_t width)
{
	size_t column = left + width + 2, first = strcspn(flag->description, "\n");
	_cleanup_buf_ struct buf text = BUF_INIT;

	buf_printf(&text, "%.*s%s", (int)first, flag->description, first ? " " : "");
	add_suffix(&text, flag);
	indent(b, left);
	buf_printf(b, "%-*s", (int)(text.len ? width + 2 : 0), flag->name);
	fold(b, buf_str(&text), column, column);
	if (flag->description[first]) {
		buf_putc(b, '\n');
		describe(b, flag->description + first + 1, column);
	}
	if (flag->n_choices)
		add_choices(b, flag, column);
}

static void add_flags(struct buf *b, const struct operation *op, size_t left)
{
	indent(b, left);
	buf_puts(b, "Flags:\n");
	for (size_t i = 0; i < op->n_flags; i++)
		add_flag(b, &op->flags[i], left + 2, name_width(op));
}

/* --- operations and models ------------------------------------------------------ */

void help_operation(struct buf *b, const struct operation *op)
{
	_cleanup_buf_ struct buf spec = BUF_INIT;

	/* As Guild AI has it: without the package. */
	buf_printf(&spec, "%s%s%s", op->model->name, *op->model->name ? ":" : "", op->name);
	buf_printf(b, "Usage: guild run [OPTIONS] %s [FLAG]...\n\n", buf_str(&spec));
	if (*op->description) {
		describe(b, op->description, 0);
		buf_putc(b, '\n');
	}
	buf_puts(b, "Use 'guild run --help' for a list of options.\n");
	if (!op->n_flags)
		return;
	buf_putc(b, '\n');
	add_flags(b, op, 0);
}

static void add_operations(struct buf *b, const struct model *m, size_t left)
{
	bool first = true;

	for (size_t i = 0; i < m->n_operations; i++) {
		const struct operation *op = &m->operations[i];

		if (op->name[0] == '_')
			continue;
		operation_import_flags(op);
		if (!first)
			buf_putc(b, '\n');
		first = false;
		indent(b, left);
		buf_printf(b, "%s\n", op->name);
		describe(b, op->description, left + 2);
		if (op->n_flags && *op->description)
			buf_putc(b, '\n');
		if (op->n_flags)
			add_flags(b, op, left + 2);
	}
}

void help_model(struct buf *b, const struct model *m)
{
	buf_printf(b, "  %s\n\n", m->name);
	if (*m->description) {
		describe(b, m->description, 4);
		buf_putc(b, '\n');
	}
	buf_puts(b, "    Operations:\n\n");
	if (m->n_operations)
		add_operations(b, m, 6);
	else
		buf_puts(b, "      No operations defined for this model\n");
	if (m->references.n)
		buf_puts(b, "\n    References:\n");
	for (size_t i = 0; i < m->references.n; i++)
		buf_printf(b, "      - %s\n", m->references.v[i]);
}

static int compare_models(const void *a, const void *b)
{
	const struct model *const *x = a, *const *y = b;
	bool hidden_x = (*x)->name[0] == '_', hidden_y = (*y)->name[0] == '_';

	return hidden_x != hidden_y ? hidden_x - hidden_y : strcmp((*x)->name, (*y)->name);
}

void help_project(struct buf *b, const struct guildfile *file, const char *cwd)
{
	_cleanup_free_ const struct model **sorted = calloc(file->n_models + 1, sizeof(*sorted));
	_cleanup_buf_ struct buf place = BUF_INIT, way = BUF_INIT;
	bool headed = false;

	if (file->dist_name) {
		buf_printf(&place, "the '%s' package", file->dist_name);
	} else if (strcmp(file->dir, cwd) == 0) {
		buf_puts(&place, "the current directory");
	} else {
		name_relative_path(&way, cwd, file->dir);
		buf_printf(&place, "'%s%s'", buf_str(&way)[0] == '.' ? "" : "./", buf_str(&way));
	}
	buf_printf(b,
		"OVERVIEW\n\n"
		"  You are viewing help for operations defined in %s.\n\n"
		"  To run an operation use 'guild run OPERATION' where OPERATION is one of\n"
		"  options listed below. If an operation is associated with a model, include\n"
		"  the model name as MODEL:OPERATION.\n\n"
		"  To list available operations, run 'guild operations'.\n\n"
		"  Set operation flags using 'FLAG=VALUE' arguments to the run command. Refer\n"
		"  to the operations below for a list of supported flags.\n\n"
		"  For more information on running operations, try 'guild run --help'.\n\n"
		"  For general information, try 'guild --help'.\n",
		buf_str(&place));
	for (size_t i = 0; sorted && i < file->n_models; i++)
		sorted[i] = &file->models[i];
	if (sorted && file->n_models)
		qsort(sorted, file->n_models, sizeof(*sorted), compare_models);
	for (size_t i = 0; sorted && i < file->n_models; i++) {
		const struct model *m = sorted[i];

		if (!*m->name && m->n_operations) {
			buf_puts(b, "\nBASE OPERATIONS\n\n");
			add_operations(b, m, 4);
		} else if (*m->name) {
			buf_puts(b, headed ? "\n" : "\nMODELS\n\n");
			headed = true;
			help_model(b, m);
		}
	}
}
