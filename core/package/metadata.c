/* SPDX-License-Identifier: MIT */
/* Headers, and reStructuredText. */
#include "package/metadata.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- headers ------------------------------------------------------------------- */

/* Lines of files that were made elsewhere end in CR LF. */
static size_t line_len(const char *line)
{
	size_t len = strcspn(line, "\n");

	return len && line[len - 1] == '\r' ? len - 1 : len;
}

static int add_header(struct value *headers, const char *name, const char *text)
{
	struct value *list = value_get(headers, name);
	int r = 0;

	if (!list) {
		r = value_map_set(headers, name, value_list());
		list = value_get(headers, name);
	}
	return r == 0 ? value_list_add(list, value_string(text)) : r;
}

/* The rest of a line from `from` on, without white space before it. Returns the next line. */
static const char *add_rest(struct buf *b, const char *line, size_t from)
{
	size_t len = line_len(line), end = strcspn(line, "\n");

	while (from < len && strchr(" \t", line[from]))
		from++;
	if (from < len)
		buf_add(b, line + from, len - from);
	return line + end + (line[end] == '\n');
}

/* One header, with the lines that go on with it, from `line` on; *ret_end is behind it. */
static int take_header(struct value *headers, const char *line, const char **ret_end)
{
	size_t name_len = strcspn(line, ":\r\n");
	_cleanup_buf_ struct buf name = BUF_INIT, text = BUF_INIT;

	for (size_t i = 0; i < name_len; i++)
		buf_putc(&name, (char)tolower((unsigned char)line[i]));
	line = add_rest(&text, line, name_len + (line[name_len] == ':'));
	while (*line == ' ' || *line == '\t') {
		buf_putc(&text, '\n');
		line = add_rest(&text, line, 0);
	}
	*ret_end = line;
	if (buf_error(&name) || buf_error(&text))
		return -ENOMEM;
	return add_header(headers, buf_str(&name), buf_str(&text));
}

int metadata_read(const char *text, struct value **ret, const char **ret_description)
{
	_cleanup_value_ struct value *headers = value_map();
	const char *line = text;
	int r = headers ? 0 : -ENOMEM;

	while (r == 0 && *line && line_len(line))
		r = take_header(headers, line, &line);
	if (r < 0)
		return r;
	*ret = STEAL(headers);
	if (ret_description)
		*ret_description = line;
	return 0;
}

const char *metadata_header(const struct value *headers, const char *name)
{
	const struct value *list = value_get(headers, name);

	return list && list->list.n ? list->list.items[0]->string : "";
}

void metadata_summary(struct buf *b, const struct value *headers)
{
	static const char suffix[] = " (Guild AI)";
	const char *summary = metadata_header(headers, "summary");
	size_t len = strlen(summary), n = strlen(suffix);

	if (len >= n && strcmp(summary + len - n, suffix) == 0)
		len -= n;
	buf_add(b, summary, len);
}

bool metadata_is_guild(const struct value *headers)
{
	const char *words = metadata_header(headers, "keywords");

	while (*words) {
		size_t len = strcspn(words, " ,");

		if (len == strlen("gpkg") && strncmp(words, "gpkg", len) == 0)
			return true;
		words += len + strspn(words + len, " ,");
	}
	return false;
}

/* --- description ------------------------------------------------------------------ */

/*
 * What follows a heading says what the next ones are: below "Models" the first one is a model, and
 * so are all that are underlined as it is; below "Operations" likewise. Operations that have no
 * model are below "Base operations".
 */
struct outline {
	enum { NOTHING, BASE, MODELS } part;
	char model_line, op_line; /* what underlines them; 0: not seen yet */
	bool in_operations;
	struct buf model;
	struct buf name, text; /* of the operation that is read; a model without any is one, too */
	bool has_name, has_operations, in_text;
	int (*visit)(void *arg, const char *operation, const char *description);
	void *arg;
};

/* Underlined by one character, as far as it goes or farther; else 0. */
static char underline_of(const char *line, size_t len)
{
	const char *under = line + len + (line[len] == '\r') + 1;
	size_t n = 0;

	if (!len || line[len + (line[len] == '\r')] != '\n' || !ispunct((unsigned char)*under))
		return 0;
	while (under[n] == *under)
		n++;
	return n >= len && line_len(under) == n ? *under : 0;
}

static int end_entry(struct outline *o)
{
	int r = 0;

	if (o->has_name)
		r = o->visit(o->arg, buf_str(&o->name), buf_str(&o->text));
	o->has_name = o->in_text = false;
	buf_clear(&o->name);
	buf_clear(&o->text);
	return r;
}

static void begin_entry(struct outline *o, const char *name, size_t len)
{
	if (o->part == MODELS && name)
		buf_printf(&o->name, "%s:%.*s", buf_str(&o->model), (int)len, name);
	else
		buf_printf(&o->name, "%.*s", (int)len, name ? name : "");
	o->has_name = o->in_text = true;
}

static bool is_word(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && strncasecmp(text, word, len) == 0;
}

static int take_model(struct outline *o, const char *name, size_t len, char line)
{
	o->model_line = line;
	o->in_operations = false;
	buf_clear(&o->model);
	buf_add(&o->model, name, len);
	/* Until there is an operation of it, it stands for itself. */
	buf_add(&o->name, name, len);
	o->has_name = o->in_text = true;
	return buf_error(&o->model);
}

static int take_heading(struct outline *o, const char *name, size_t len, char line)
{
	bool top = line != o->model_line && line != o->op_line;
	int r = 0;

	/* A model's own text is over, and not the model. */
	if (o->part == MODELS && top && is_word(name, len, "Operations")) {
		o->in_operations = true;
		o->in_text = false;
		return 0;
	}
	if (o->part != NOTHING && o->in_operations && (!o->op_line || line == o->op_line)) {
		/* The model has operations: they stand for it. */
		if (o->part == MODELS && o->has_name &&
			strcmp(buf_str(&o->name), buf_str(&o->model)) == 0)
			o->has_name = false;
		r = end_entry(o);
		o->op_line = line;
		begin_entry(o, name, len);
		return r;
	}
	if (top && (is_word(name, len, "Models") || is_word(name, len, "Base operations"))) {
		r = end_entry(o);
		o->part = is_word(name, len, "Models") ? MODELS : BASE;
		o->in_operations = o->part == BASE;
		o->op_line = 0;
		return r;
	}
	if (o->part == MODELS && (!o->model_line || line == o->model_line)) {
		r = end_entry(o);
		return r < 0 ? r : take_model(o, name, len, line);
	}
	/* Flags, references and what else there is. */
	o->in_text = false;
	return 0;
}

/* The first paragraph, without the marks of emphasis that are around it. */
static void take_text(struct outline *o, const char *line, size_t len)
{
	size_t blank = strspn(line, " \t");

	if (!o->in_text)
		return;
	if (blank >= len) {
		o->in_text = !o->text.len;
		return;
	}
	buf_puts(&o->text, o->text.len ? " " : "");
	for (size_t i = blank; i < len; i++)
		if (line[i] != '\\' && !(line[i] == '*' && (i == blank || i + 1 == len) &&
					       line[i ? i - 1 : 0] != '\\'))
			buf_putc(&o->text, line[i]);
}

int metadata_operations(const char *description,
	int (*visit)(void *arg, const char *operation, const char *description), void *arg)
{
	struct outline o = {.visit = visit, .arg = arg};
	int r = 0;

	for (const char *line = description; r == 0 && *line;) {
		size_t len = line_len(line), end = strcspn(line, "\n");
		char under = underline_of(line, len);

		if (under) {
			r = take_heading(&o, line, len, under);
			line += end + 1;
			end = strcspn(line, "\n");
		} else {
			take_text(&o, line, len);
		}
		line += end + (line[end] == '\n');
	}
	if (r == 0)
		r = end_entry(&o);
	if (r == 0)
		r = buf_error(&o.name) ? buf_error(&o.name) : buf_error(&o.text);
	buf_release(&o.model);
	buf_release(&o.name);
	buf_release(&o.text);
	return r;
}
