/* SPDX-License-Identifier: MIT */
/* guild models, guild operations: what the project can do. */
#include "guild.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "op_help.h"
#include "run_job.h"
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

/* A directory's Guild file, or the one here. */
static int help(struct guild *g, void *options, const struct strv *args)
{
	_cleanup_guildfile_ struct guildfile *file = NULL;
	_cleanup_buf_ struct buf text = BUF_INIT, dir = BUF_INIT;
	struct err err = ERR_INIT;
	int r;

	(void)options;
	if (args->n && args->v[0][0] != '/')
		buf_printf(&dir, "%s/", g->cwd);
	buf_puts(&dir, args->n ? args->v[0] : g->cwd);
	r = guildfile_load(buf_str(&dir), &file, &err);
	if (r == -ENOENT)
		return complain("%s does not contain a Guild file (guild.yml)",
			args->n ? args->v[0] : "the current directory");
	if (r < 0)
		return complain("%s", err_text(&err));
	help_project(&text, file, g->cwd);
	print_warnings(file);
	fputs(buf_str(&text), stdout);
	return EXIT_OK;
}

static const struct option_def no_options[] = {{0}};

const struct command cmd_help = {
	.name = "help",
	.usage = "help [PATH]",
	.summary = "Show help for a project",
	.options = no_options,
	.options_size = 1,
	.run = help,
};

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
