/* SPDX-License-Identifier: MIT */
/* Tables of Markdown, and the sections of a README. */
#include "publish/publish_report.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "project/flag_values.h"
#include "yaml/scalar.h"

/* Of the output; all of it is in output.txt. */
enum { OUTPUT_SHOWN = 1024 * 1024 };

/* --- text of others ------------------------------------------------------- */

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* So that it is read as it is: `_` within a word is nothing special, at its edge it is. */
static void add_text(struct buf *b, const char *text)
{
	for (const char *c = text; *c; c++) {
		bool edge = *c == '_' && !(c > text && is_word(c[-1]) && is_word(c[1]));

		if (*c == '<')
			buf_puts(b, "&lt;");
		else if (*c == '\n')
			buf_puts(b, "<br>");
		else if (strchr("|*`[]\\", *c) || edge)
			buf_printf(b, "\\%c", *c);
		else if (*c != '\r')
			buf_putc(b, *c);
	}
}

/* In a cell; one with nothing in it would not be drawn by everybody. */
static void add_cell(struct buf *b, const char *text)
{
	if (*text)
		add_text(b, text);
	else
		buf_puts(b, "&nbsp;");
}

/* A date is not to be broken at its hyphens. */
static void add_date(struct buf *b, const char *text)
{
	if (*text)
		buf_replace(b, text, "-", "&#8209;");
	else
		buf_puts(b, "&nbsp;");
}

static void add_link(struct buf *b, const char *text, const char *path)
{
	buf_putc(b, '[');
	add_text(b, text);
	buf_puts(b, "](");
	for (; *path; path++)
		if (isalnum((unsigned char)*path) || strchr("/-._~", *path))
			buf_putc(b, *path);
		else
			buf_printf(b, "%%%02X", (unsigned char)*path);
	buf_putc(b, ')');
}

void report_size(struct buf *b, uint64_t bytes)
{
	static const char units[] = "KMGTPE";
	double size = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024) {
		buf_printf(b, "%" PRIu64, bytes);
		return;
	}
	for (; size >= 1024 && units[unit + 1]; unit++)
		size /= 1024;
	buf_printf(b, "%.1f%c", size, units[unit]);
}

static void add_size(struct buf *b, const struct published_file *f)
{
	if (f->exists)
		report_size(b, (uint64_t)f->size);
}

static void add_time(struct buf *b, const struct published_file *f)
{
	time_t seconds = (time_t)(f->mtime / 1000000);
	char text[64];
	struct tm tm;

	if (f->exists && gmtime_r(&seconds, &tm) &&
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm))
		buf_puts(b, text);
}

static const char *text_of(const struct value *run, const char *name)
{
	const char *text = value_str(value_get(run, name));

	return text ? text : "";
}

/* --- sections ------------------------------------------------------------- */

struct report {
	const struct published_run *p;
	int into_fd;
};

static void print_header(struct buf *b, const struct report *r)
{
	(void)r;
	buf_puts(b, "[Published runs](../README.md)");
}

static void print_title(struct buf *b, const struct report *r)
{
	buf_puts(b, "# ");
	add_text(b, text_of(r->p->run, "operation"));
}

static void print_summary(struct buf *b, const struct report *r)
{
	const struct value *run = r->p->run;

	buf_printf(b,
		"| ID | Operation | Started | Time | Status | Label |\n"
		"| -- | --------- | --------- | ---- | ------ | ----- |\n"
		"| %.8s | ",
		text_of(run, "id"));
	add_cell(b, text_of(run, "operation"));
	buf_puts(b, " | ");
	add_date(b, text_of(run, "started"));
	buf_puts(b, " | ");
	add_cell(b, text_of(run, "time"));
	buf_puts(b, " | ");
	add_cell(b, text_of(run, "status"));
	buf_puts(b, " | ");
	add_cell(b, text_of(run, "label"));
	buf_puts(b, " |\n\n[run.yml](run.yml)");
}

/* A name's upper and lower case count only between equal ones. */
static int compare_flags(const void *a, const void *b)
{
	const struct value_pair *const *x = a, *const *y = b;
	int r = strcasecmp((*x)->key, (*y)->key);

	return r ? r : strcmp((*x)->key, (*y)->key);
}

static void print_flag(struct buf *b, const struct value_pair *flag)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (flag->value->type == VALUE_STRING)
		buf_puts(&text, flag->value->string);
	else if (!value_is_null(flag->value))
		flag_encode(&text, flag->value);
	buf_puts(b, "| ");
	add_text(b, flag->key);
	buf_puts(b, " | ");
	add_text(b, buf_str(&text));
	buf_puts(b, " |\n");
}

static void print_flags(struct buf *b, const struct report *r)
{
	const struct value *flags = r->p->flags;
	_cleanup_free_ const struct value_pair **sorted = calloc(flags->map.n + 1, sizeof(*sorted));

	if (!flags->map.n) {
		buf_puts(b, "There are no flags for this run.");
		return;
	}
	if (!sorted) {
		buf_fail(b, -ENOMEM);
		return;
	}
	for (size_t i = 0; i < flags->map.n; i++)
		sorted[i] = &flags->map.pairs[i];
	qsort(sorted, flags->map.n, sizeof(*sorted), compare_flags);
	buf_puts(b, "| Name | Value |\n| ---- | ----- |\n");
	for (size_t i = 0; i < flags->map.n; i++)
		print_flag(b, sorted[i]);
	buf_puts(b, "\n[flags.yml](flags.yml)");
}

static void print_scalars(struct buf *b, const struct report *r)
{
	size_t n;
	const struct scalar *list = scalars_list(r->p->scalars, &n);

	if (!n) {
		buf_puts(b, "There are no scalars for this run.");
		return;
	}
	buf_puts(b, "| Key | Step | Value |\n| --- | ---- | ----- |\n");
	for (size_t i = 0; i < n; i++) {
		const struct series_point *last = &list[i].series->summary.last;

		buf_puts(b, "| ");
		add_text(b, list[i].key);
		buf_printf(b, " | %" PRId64 " | ", last->step);
		if (isnan(last->value))
			buf_puts(b, "&nbsp;");
		else
			scalar_format_float(b, last->value);
		buf_puts(b, " |\n");
	}
	buf_puts(b, "\n[scalars.csv](scalars.csv)");
}

static void print_file(struct buf *b, const struct published_file *f, bool with_type)
{
	buf_puts(b, "| ");
	if (f->copy)
		add_link(b, f->path, f->copy);
	else
		add_text(b, f->path);
	if (with_type)
		buf_printf(b, " | %s", f->type);
	buf_puts(b, " | ");
	add_size(b, f);
	buf_puts(b, " | ");
	add_time(b, f);
	buf_printf(b, " | %s |\n", f->md5);
}

static void print_list(struct buf *b, const struct published_files *files, bool with_type,
	const char *what, const char *list)
{
	if (!files->n) {
		buf_printf(b, "There are no %s for this run.", what);
		return;
	}
	buf_printf(b, "| Path |%s Size | Modified | MD5 |\n| ---- |%s ---- | -------- | --- |\n",
		with_type ? " Type |" : "", with_type ? " ---- |" : "");
	for (size_t i = 0; i < files->n; i++)
		print_file(b, &files->v[i], with_type);
	buf_printf(b, "\n[%s](%s)", list, list);
}

static void print_runfiles(struct buf *b, const struct report *r)
{
	print_list(b, &r->p->files, true, "files", "runfiles.csv");
}

static void print_source(struct buf *b, const struct report *r)
{
	print_list(b, &r->p->source, false, "source code files", "sourcecode.csv");
}

/* Longer than anything in it that looks like the end. */
static void add_fence(struct buf *b, const char *text)
{
	size_t longest = 2, run = 0;

	for (; *text; text++) {
		run = *text == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	for (size_t i = 0; i <= longest; i++)
		buf_putc(b, '`');
}

static void print_output(struct buf *b, const struct report *r)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int error = file_read(r->into_fd, "output.txt", OUTPUT_SHOWN, &text);

	if (error == -EFBIG) {
		buf_puts(b, "It is too long to be shown here.\n");
	} else if (error == 0) {
		add_fence(b, buf_str(&text));
		buf_printf(b, "\n%s", buf_str(&text));
		if (text.len && text.data[text.len - 1] != '\n')
			buf_putc(b, '\n');
		add_fence(b, buf_str(&text));
		buf_putc(b, '\n');
	} else {
		buf_puts(b, "There is no output of this run.");
		return;
	}
	buf_puts(b, "\n[output.txt](output.txt)");
}

static void print_contents(struct buf *b, const struct report *r);

/* --- the README ----------------------------------------------------------- */

/*
 * In this order; what has a title has a heading, and is in the table of contents. To a template a
 * section is a block that includes _BLOCK.md; a `part` may be a file of the template's own.
 */
static const struct section {
	const char *block, *title;
	bool part;
	void (*print)(struct buf *b, const struct report *r);
} sections[] = {
	{"header", NULL, false, print_header},
	{"title", NULL, false, print_title},
	{"summary", NULL, true, print_summary},
	{"contents", NULL, false, print_contents},
	{"flags", "Flags", true, print_flags},
	{"scalars", "Scalars", true, print_scalars},
	{"runfiles", "Run Files", true, print_runfiles},
	{"sourcecode", "Source Code", true, print_source},
	{"output", "Output", true, print_output},
};

static void print_contents(struct buf *b, const struct report *r)
{
	(void)r;
	buf_puts(b, "## Contents\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		const char *title = sections[i].title;

		if (!title)
			continue;
		buf_printf(b, "- [%s](#", title);
		for (; *title; title++)
			buf_putc(b, *title == ' ' ? '-' : (char)tolower((unsigned char)*title));
		buf_puts(b, ")\n");
	}
	buf_resize(b, b->len - 1);
}

void report_readme(struct buf *b, const struct published_run *p, int into_fd)
{
	const struct report r = {p, into_fd};

	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		if (i)
			buf_puts(b, "\n\n");
		if (sections[i].title)
			buf_printf(b, "## %s\n\n", sections[i].title);
		sections[i].print(b, &r);
	}
	buf_putc(b, '\n');
}

/* --- for templates -------------------------------------------------------- */

/* Where a section stands in a template. */
static void print_block(struct buf *b, const struct section *s)
{
	buf_printf(b, "{%% block %s %%}", s->block);
	if (s->title)
		buf_printf(b, "## %s\n\n", s->title);
	buf_puts(b, "{% include [");
	if (s->part)
		buf_printf(b, "\"_%s.md\", ", s->block);
	buf_printf(b, "\"publish-default/_%s.md\"] %%}{%% endblock %%}", s->block);
}

/* All but the header are in a block of their own, so that all of it can be replaced. */
static void print_template(struct buf *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		if (i)
			buf_puts(b, "\n\n");
		if (i == 1)
			buf_puts(b, "{% block body %}");
		print_block(b, &sections[i]);
	}
	buf_puts(b, "{% endblock body %}\n{% block footer %}{% endblock %}\n");
}

struct value *report_parts(const struct published_run *p, int into_fd)
{
	_cleanup_buf_ struct buf template = BUF_INIT;
	const struct report report = {p, into_fd};
	struct value *parts = value_map();
	int r = parts ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(sections); i++) {
		_cleanup_buf_ struct buf name = BUF_INIT, text = BUF_INIT;

		buf_printf(&name, "_%s.md", sections[i].block);
		sections[i].print(&text, &report);
		r = buf_error(&text);
		if (r == 0)
			r = value_map_set(
				parts, buf_str(&name), value_string_len(text.data, text.len));
	}
	print_template(&template);
	if (r == 0)
		r = value_map_set(parts, "README.md", value_string(buf_str(&template)));
	if (r == 0 && !buf_error(&template))
		return parts;
	value_free(parts);
	return NULL;
}

/* --- the index ------------------------------------------------------------ */

void report_index(struct buf *b, const struct value *runs)
{
	static const char *const columns[] = {"operation", "started", "time", "status", "label"};

	buf_puts(b, "# Published runs\n\n"
		    "| ID | Operation | Started | Time | Status | Label |\n"
		    "| -- | --------- | ------- | ---- | ------ | ----- |\n");
	for (size_t i = 0; i < runs->list.n; i++) {
		const struct value *run = runs->list.items[i];
		_cleanup_buf_ struct buf id = BUF_INIT, path = BUF_INIT;

		buf_printf(&id, "%.8s", text_of(run, "id"));
		buf_printf(&path, "%s/README.md", text_of(run, "id"));
		buf_puts(b, "| ");
		add_link(b, buf_str(&id), buf_str(&path));
		for (size_t c = 0; c < ARRAY_SIZE(columns); c++) {
			buf_puts(b, " | ");
			add_cell(b, text_of(run, columns[c]));
		}
		buf_puts(b, " |\n");
	}
}
