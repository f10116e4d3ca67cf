/* SPDX-License-Identifier: MIT */
/* guild models, guild operations: what the project can do. */
#include "guild.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "table.h"

struct project_options {
	bool all;
};

static const struct option_def project_options[] = {
	{.name = "--all",
		.short_name = "-a",
		.help = "also those whose names begin with _",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct project_options, all)},
	{0},
};

/* Filters are parts of what is listed, in any case; all must be there. */
static bool passes(const char *name, const char *description, const struct strv *filters)
{
	for (size_t i = 0; i < filters->n; i++)
		if (!strcasestr(name, filters->v[i]) && !strcasestr(description, filters->v[i]))
			return false;
	return true;
}

static int add_row(struct table *t, const char *name, const char *description)
{
	_cleanup_free_ char *first = strndup(description, strcspn(description, "\n"));
	int r = first ? table_add(t, name) : -1;

	return r < 0 ? r : table_add(t, first);
}

static int models(struct guild *g, void *options, const struct strv *args)
{
	_cleanup_guildfile_ struct guildfile *file = guild_open_project(g);
	_cleanup_(table_release) struct table t = {.columns = 2};
	const struct project_options *o = options;

	if (!file)
		return EXIT_ERROR;
	for (size_t i = 0; i < file->n_models; i++) {
		const struct model *m = &file->models[i];

		if (!*m->name || (*m->name == '_' && !o->all) ||
			!passes(m->name, m->description, args))
			continue;
		if (add_row(&t, m->name, m->description) < 0)
			return complain("out of memory");
	}
	table_print(&t, "", stdout);
	return EXIT_OK;
}

static int operations(struct guild *g, void *options, const struct strv *args)
{
	_cleanup_guildfile_ struct guildfile *file = guild_open_project(g);
	_cleanup_(table_release) struct table t = {.columns = 2};
	const struct project_options *o = options;

	for (size_t m = 0; file && m < file->n_models; m++) {
		for (size_t i = 0; i < file->models[m].n_operations; i++) {
			const struct operation *op = &file->models[m].operations[i];
			_cleanup_buf_ struct buf spec = BUF_INIT;

			operation_spec(&spec, op);
			if ((*op->name == '_' && !o->all) ||
				!passes(buf_str(&spec), op->description, args))
				continue;
			if (add_row(&t, buf_str(&spec), op->description) < 0)
				return complain("out of memory");
		}
	}
	table_print(&t, "", stdout);
	return file ? EXIT_OK : EXIT_ERROR;
}

const struct command cmd_models = {
	.name = "models",
	.usage = "models [OPTION]... [FILTER]...",
	.summary = "Show the models of the project",
	.options = project_options,
	.options_size = sizeof(struct project_options),
	.run = models,
};

const struct command cmd_operations = {
	.name = "operations",
	.usage = "operations [OPTION]... [FILTER]...",
	.summary = "Show the operations of the project",
	.options = project_options,
	.options_size = sizeof(struct project_options),
	.run = operations,
};
