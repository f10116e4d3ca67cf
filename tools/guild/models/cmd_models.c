/* SPDX-License-Identifier: MIT */
/* guild models, guild operations: what there is, of the project and of packages. */
#include "guild.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/models_each.h"
#include "term/table.h"
#include "project/flag_import.h"
#include "project/flag_values.h"

struct project_options {
	bool all, installed, verbose;
};

#define OPTION(member, n, s, h)                                                                    \
	{                                                                                          \
		.name = n, .short_name = s, .help = h, .kind = OPTION_FLAG,                        \
		.offset = offsetof(struct project_options, member)                                 \
	}

static const struct option_def project_options[] = {
	OPTION(all, "--all", "-a", "also those whose names begin with _"),
	OPTION(installed, "--installed", "-i", "also those of installed packages"),
	OPTION(verbose, "--verbose", "-v", "what is known of each"),
	{0},
};

/* --- what is listed ---------------------------------------------------------- */

/* A model, or one of its operations. */
struct item {
	const struct model *model;  /* whose Guild file is kept */
	const struct operation *op; /* NULL: the model itself */
	char *name;                 /* [PACKAGE/][MODEL:]OPERATION, [PACKAGE/]MODEL */
	const char *description;
};

static void item_release(struct item *item)
{
	guildfile_unref((struct guildfile *)item->model->file);
	free(item->name);
}

struct listing {
	const struct project_options *o;
	const struct strv *filters;
	struct item *items;
	size_t n;
};

static void listing_release(struct listing *l)
{
	for (size_t i = 0; i < l->n; i++)
		item_release(&l->items[i]);
	free(l->items);
}

/* Filters are parts of what is listed, in any case; all must be there. */
static bool passes(const struct listing *l, const char *name, const char *description)
{
	for (size_t i = 0; i < l->filters->n; i++)
		if (!strcasestr(name, l->filters->v[i]) &&
			!strcasestr(description, l->filters->v[i]))
			return false;
	return true;
}

static int add_item(struct listing *l, const struct item *item, const char *name)
{
	struct item *grown;

	if (!passes(l, name, item->description))
		return 0;
	grown = reallocarray(l->items, l->n + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	l->items = grown;
	grown[l->n] = *item;
	guildfile_ref((struct guildfile *)item->model->file);
	grown[l->n].name = strdup(name);
	return grown[l->n++].name ? 0 : -ENOMEM;
}

/* A hidden model's operations are hidden, too. */
static bool is_hidden(const struct listing *l, const char *name)
{
	return *name == '_' && !l->o->all;
}

static int list_itself(void *arg, const struct model *m)
{
	struct listing *l = arg;
	const struct item item = {.model = m, .description = m->description};
	_cleanup_buf_ struct buf name = BUF_INIT;

	if (m->file->dist_name)
		buf_printf(&name, "%s/", m->file->dist_name);
	buf_puts(&name, m->name);
	return *m->name && !is_hidden(l, m->name) ? add_item(l, &item, buf_str(&name)) : 0;
}

static int list_operations(void *arg, const struct model *m)
{
	struct listing *l = arg;
	size_t n = is_hidden(l, m->name) ? 0 : m->n_operations;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct operation *op = &m->operations[i];
		const struct item item = {.model = m, .op = op, .description = op->description};
		_cleanup_buf_ struct buf spec = BUF_INIT;

		operation_spec(&spec, op);
		if (!is_hidden(l, op->name))
			r = add_item(l, &item, buf_str(&spec));
	}
	return r;
}

/* Those of packages, then the project's; by names. */
static int compare_items(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	const char *of_x = x->model->file->dist_name, *of_y = y->model->file->dist_name;
	int order = !of_x - !of_y;

	if (!order && of_x)
		order = strcmp(of_x, of_y);
	if (!order)
		order = strcmp(x->model->name, y->model->name);
	return order ? order : strcmp(x->name, y->name);
}

/* --- what is said of it ------------------------------------------------------ */

/* As Guild AI prints a list: ['a', 'b']. */
static void print_list(const char *name, const struct value *list)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	value_repr(&text, list);
	printf("  %s: %s\n", name, buf_str(&text));
}

/* "NAME: DESCRIPTION (default is VALUE)" */
static int add_flag_line(struct value *list, const struct flag *flag)
{
	_cleanup_buf_ struct buf line = BUF_INIT;

	buf_printf(&line, "%s:%s%s (default is ", flag->name, *flag->description ? " " : "",
		flag->description);
	flag_encode(&line, flag->default_value);
	buf_putc(&line, ')');
	return value_list_add(list, value_string(buf_str(&line)));
}

static void print_flag_lines(const struct operation *op)
{
	_cleanup_value_ struct value *list = value_list();

	operation_import_flags(op);
	for (size_t i = 0; list && i < op->n_flags; i++)
		if (add_flag_line(list, &op->flags[i]) < 0)
			return;
	if (list)
		print_list("flags", list);
}

/* The description's other lines, as paragraphs. */
static void print_details(const char *description)
{
	_cleanup_value_ struct value *list = value_list();
	const char *line = strchr(description, '\n');

	for (bool first = true; list && line; first = false) {
		size_t len = strcspn(line + 1, "\n");

		if ((!first && value_list_add(list, value_string("")) < 0) ||
			value_list_add(list, value_string_len(line + 1, len)) < 0)
			return;
		line = strchr(line + 1, '\n');
	}
	if (list)
		print_list("details", list);
}

static void print_model(const struct model *m)
{
	printf("  source: %s\n  operations: ", m->file->path);
	for (size_t i = 0; i < m->n_operations; i++)
		printf("%s%s", i ? ", " : "", m->operations[i].name);
	putchar('\n');
}

static void print_item(void *arg, size_t row)
{
	const struct listing *l = arg;
	const struct item *item = &l->items[row];

	if (item->op) {
		printf("  main: %s\n", item->op->main ? item->op->main : "");
		print_flag_lines(item->op);
	} else {
		print_model(item->model);
	}
	print_details(item->description);
}

static int print_listing(struct listing *l)
{
	_cleanup_(table_release) struct table t = {.columns = 2};
	int r = 0;

	if (l->n)
		qsort(l->items, l->n, sizeof(*l->items), compare_items);
	for (size_t i = 0; r == 0 && i < l->n; i++) {
		const char *text = l->items[i].description;
		_cleanup_free_ char *first = strndup(text, strcspn(text, "\n"));

		r = first ? table_add(&t, l->items[i].name) : -ENOMEM;
		if (r == 0)
			r = table_add(&t, first);
	}
	if (r < 0)
		return r;
	if (l->o->verbose)
		table_print_detailed(&t, print_item, l);
	else
		table_print(&t, "", stdout);
	return 0;
}

static int show(struct guild *g, void *options, const struct strv *args, model_visit list)
{
	_cleanup_(listing_release) struct listing l = {.o = options, .filters = args};
	int status = models_each(g, l.o->installed, list, &l);

	if (status != EXIT_OK)
		return status;
	return print_listing(&l) < 0 ? complain("out of memory") : EXIT_OK;
}

static int models(struct guild *g, void *options, const struct strv *args)
{
	return show(g, options, args, list_itself);
}

static int operations(struct guild *g, void *options, const struct strv *args)
{
	return show(g, options, args, list_operations);
}

const struct command cmd_models = {
	.name = "models",
	.usage = "models [OPTION]... [FILTER]...",
	.summary = "Show the models of the project, or of installed packages",
	.options = project_options,
	.options_size = sizeof(struct project_options),
	.run = models,
};

const struct command cmd_operations = {
	.name = "operations",
	.usage = "operations [OPTION]... [FILTER]...",
	.summary = "Show the operations of the project, or of installed packages",
	.options = project_options,
	.options_size = sizeof(struct project_options),
	.run = operations,
};
