/* SPDX-License-Identifier: MIT */
/* reStructuredText: headings of five levels, paragraphs, and flags as definitions. */
#include "package/description.h"

#include <string.h>

#include "project/flag_import.h"
#include "project/flag_values.h"

enum level { TITLE, SECTION, MODEL, PART, OPERATION };

static void heading(struct buf *b, enum level level, const char *text)
{
	static const char under[] = {'#', '*', '=', '-', '^'};

	buf_printf(b, "%s\n", text);
	/* In bytes: an underline may be too long, never too short. */
	for (size_t i = 0; i < strlen(text); i++)
		buf_putc(b, under[level]);
	buf_puts(b, "\n\n");
}

/* Each line of the Guild file is a paragraph; what RST would take for markup is text. */
static void paragraphs(struct buf *b, const char *text, const char *indent)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (len)
			buf_puts(b, indent);
		for (size_t i = 0; i < len; i++) {
			if (strchr("*\\|", text[i]))
				buf_putc(b, '\\');
			buf_putc(b, text[i]);
		}
		buf_puts(b, len ? "\n\n" : "");
		text += len + (text[len] == '\n');
	}
}

static void default_of(struct buf *b, const struct flag *flag)
{
	if (!value_is_null(flag->default_value)) {
		buf_puts(b, " (default is ");
		flag_format(b, flag->default_value, false);
		buf_putc(b, ')');
	} else if (flag->required) {
		buf_puts(b, " (required)");
	} else if (flag->null_label) {
		buf_printf(b, " (default is %s)", flag->null_label);
	}
}

static void add_flag(struct buf *b, const struct flag *flag)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	buf_printf(&text, "%.*s", (int)strcspn(flag->description, "\n"), flag->description);
	default_of(&text, flag);
	for (size_t i = 0; i < flag->n_choices; i++) {
		buf_puts(&text, i ? ", " : "\nChoices: ");
		if (flag->choices[i].alias)
			buf_puts(&text, flag->choices[i].alias);
		else
			flag_encode(&text, flag->choices[i].value);
	}
	buf_printf(b, "**%s**\n\n", flag->name);
	paragraphs(b, buf_str(&text) + strspn(buf_str(&text), " "), "  ");
}

static void add_operations(struct buf *b, const struct model *m)
{
	for (size_t i = 0; i < m->n_operations; i++) {
		const struct operation *op = &m->operations[i];

		if (*op->name == '_')
			continue;
		operation_import_flags(op);
		heading(b, OPERATION, op->name);
		paragraphs(b, op->description, "");
		for (size_t f = 0; f < op->n_flags; f++)
			add_flag(b, &op->flags[f]);
	}
}

static void add_model(struct buf *b, const struct model *m)
{
	heading(b, MODEL, m->name);
	paragraphs(b, m->description, "");
	if (m->n_operations)
		heading(b, PART, "Operations");
	add_operations(b, m);
	if (m->references.n)
		heading(b, PART, "References");
	for (size_t i = 0; i < m->references.n; i++)
		buf_printf(b, "- %s\n%s", m->references.v[i], i + 1 == m->references.n ? "\n" : "");
}

void package_describe(struct buf *b, const struct package *p)
{
	const struct model *anonymous = guildfile_model(p->file, "");
	bool headed = false;

	heading(b, TITLE, p->name);
	paragraphs(b, p->description, "");
	if (anonymous && anonymous->n_operations) {
		heading(b, SECTION, "Base operations");
		paragraphs(b, anonymous->description, "");
		add_operations(b, anonymous);
	}
	for (size_t i = 0; i < p->file->n_models; i++) {
		const struct model *m = &p->file->models[i];

		if (!*m->name || *m->name == '_')
			continue;
		if (!headed)
			heading(b, SECTION, "Models");
		headed = true;
		add_model(b, m);
	}
}
