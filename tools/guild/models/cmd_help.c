/* SPDX-License-Identifier: MIT */
/* guild help: the models and operations of a Guild file or a package, to read or to publish. */
#include "guild.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "models/op_help.h"
#include "term/pager.h"
#include "package/definition.h"
#include "package/description.h"
#include "project/script.h"

struct help_options {
	bool package_description, no_pager;
};

#define OPTION(member, n, s, h)                                                                    \
	{                                                                                          \
		.name = n, .short_name = s, .help = h, .kind = OPTION_FLAG,                        \
		.offset = offsetof(struct help_options, member)                                    \
	}

static const struct option_def help_options[] = {
	OPTION(package_description, "--package-description", NULL,
		"the description that a package of it has, as reStructuredText"),
	OPTION(no_pager, "--no-pager", "-n", "not page by page, on a terminal"),
	{0},
};

static int add_package_description(const struct guildfile *file, struct buf *text)
{
	_cleanup_(package_release) struct package package = {0};
	_cleanup_strv_ struct strv warnings = STRV_INIT;
	struct err err = ERR_INIT;
	int r = package_define(file, &package, &warnings, &err);

	print_warnings(&warnings);
	if (r < 0)
		return complain("%s", err.code ? err_text(&err) : strerror(-r));
	package_describe(text, &package);
	return EXIT_OK;
}

static int add_help(const struct guild *g, const struct help_options *o,
	const struct guildfile *file, struct buf *text)
{
	if (o->package_description)
		return add_package_description(file, text);
	help_project(text, file, g->cwd);
	return EXIT_OK;
}

static int print_help(const struct help_options *o, const struct buf *text)
{
	if (buf_error(text))
		return complain("out of memory");
	if (o->no_pager || !pager_shows_text(buf_str(text)))
		fputs(buf_str(text), stdout);
	return EXIT_OK;
}

/* Of an installed package: `help` also names the Python that it is installed for. */
static int help_package(struct guild *g, const struct help_options *o, const char *name)
{
	_cleanup_buf_ struct buf python = BUF_INIT, text = BUF_INIT;
	_cleanup_dists_ struct dists dists = {0};
	_cleanup_installed_ struct installed in = {0};
	const struct dist *dist;
	int status = EXIT_OK;

	if (guild_find_python(g, &python) != EXIT_OK)
		return EXIT_ERROR;
	if (dists_read(buf_str(&python), &dists) < 0)
		return complain("cannot read what is installed for %s", buf_str(&python));
	dist = dists_find(&dists, name);
	if (dist && installed_add(dist, &in) < 0)
		return complain("out of memory");
	print_warnings(&in.warnings);
	if (!in.n)
		return complain(
			"'%s' is neither a directory with a Guild file (guild.yml) nor a "
			"package that is installed for %s\nTry 'guild packages' for a list.",
			name, buf_str(&python));
	for (size_t i = 0; i < in.n && status == EXIT_OK; i++)
		status = add_help(g, o, in.v[i], &text);
	return status == EXIT_OK ? print_help(o, &text) : status;
}

static bool is_script(const struct guild *g, const char *path)
{
	_cleanup_guildfile_ struct guildfile *file = NULL;

	return script_guildfile(g->cwd, path, &file, NULL) == 0;
}

/* A directory's Guild file, one that is named itself, a package's, or the one here. */
static int help(struct guild *g, void *options, const struct strv *args)
{
	const struct help_options *o = options;
	_cleanup_guildfile_ struct guildfile *file = NULL;
	_cleanup_buf_ struct buf text = BUF_INIT, path = BUF_INIT;
	struct err err = ERR_INIT;
	int r;

	if (args->n && args->v[0][0] != '/')
		buf_printf(&path, "%s/", g->cwd);
	buf_puts(&path, args->n ? args->v[0] : g->cwd);
	r = guildfile_load(buf_str(&path), &file, &err);
	if (r == -ENOTDIR && is_script(g, args->v[0]))
		return complain("%s is a script, where help wants a Guild file, a directory with "
				"one, or a package\nTry 'guild run %s --help-op' for its flags.",
			args->v[0], args->v[0]);
	if (r == -ENOTDIR) {
		err = ERR_INIT;
		r = guildfile_load_file(buf_str(&path), &file, &err);
	}
	if (r == -ENOENT && args->n)
		return help_package(g, o, args->v[0]);
	if (r == -ENOENT)
		return complain("the current directory does not contain a Guild file (guild.yml)");
	if (r < 0)
		return complain("%s", err_text(&err));
	r = add_help(g, o, file, &text);
	print_warnings(&file->warnings);
	return r == EXIT_OK ? print_help(o, &text) : r;
}

const struct command cmd_help = {
	.name = "help",
	.usage = "help [OPTION]... [COMMAND|PATH|PACKAGE]",
	.summary = "Show help for a project or a package",
	.options = help_options,
	.options_size = sizeof(struct help_options),
	.run = help,
};
