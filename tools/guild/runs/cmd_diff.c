/* SPDX-License-Identifier: MIT */
/* guild diff: two runs, or a run and a directory, in another program. */
#include "guild.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "term/child.h"
#include "runs/select.h"
#include "base/name.h"
#include "base/regex.h"
#include "base/shell.h"
#include "project/command.h"
#include "run/attr.h"
#include "run/user_config.h"

struct diff_options {
	struct selection sel;
	bool output, source, env, flags, attrs, deps, working;
	struct strv paths;
	const char *dir, *command;
};

#define OPTION(member, n, s, v, h, k)                                                              \
	{                                                                                          \
		.name = n, .short_name = s, .value = v, .help = h, .kind = k,                      \
		.offset = offsetof(struct diff_options, member)                                    \
	}

static const struct option_def diff_options[] = {
	OPTION(output, "--output", "-O", NULL, "their output", OPTION_FLAG),
	OPTION(source, "--sourcecode", "-s", NULL, "their source code", OPTION_FLAG),
	OPTION(env, "--env", "-e", NULL, "their environment", OPTION_FLAG),
	OPTION(flags, "--flags", "-f", NULL, "their flags", OPTION_FLAG),
	OPTION(attrs, "--attrs", "-a", NULL, "all their attributes", OPTION_FLAG),
	OPTION(deps, "--deps", "-D", NULL, "their dependencies", OPTION_FLAG),
	OPTION(paths, "--path", "-p", "PATH", "this path; may be repeated", OPTION_LIST),
	OPTION(working, "--working", "-w", NULL, "one run and the project it is from", OPTION_FLAG),
	OPTION(dir, "--dir", "-d", "PATH", "one run and this directory", OPTION_VALUE),
	OPTION(command, "--cmd", "-c", "CMD", "the program that compares", OPTION_VALUE),
	{.more = selection_options, .more_offset = offsetof(struct diff_options, sel)},
	{0},
};

static void release_diff(void *options)
{
	struct diff_options *o = options;

	selection_release(&o->sel);
	strv_release(&o->paths);
}

/* --- with what ------------------------------------------------------------ */

static bool is_installed(const struct guild *g, const char *program)
{
	_cleanup_buf_ struct buf path = BUF_INIT;

	return program_find(program, &g->env, &path) == 0;
}

static const char *default_command(const struct guild *g, const char *extension)
{
	static const char *const viewers[][2] = {{"meld", "meld"}, {"xxdiff", "xxdiff -r"},
		{"dirdiff", "dirdiff"}, {"colordiff", "colordiff"}};

	if (strcmp(extension, ".ipynb") == 0)
		return is_installed(g, "nbdiff-web") ? "nbdiff-web -M" : "diff -ru";
	for (size_t i = 0; i < ARRAY_SIZE(viewers); i++)
		if (is_installed(g, viewers[i][0]))
			return viewers[i][1];
	return "diff -ru";
}

static bool matches(const char *extension, const char *pattern)
{
	return strcmp(extension, pattern) == 0 || regex_matches(pattern, extension);
}

/* diff.command is a command, or a map from extensions to commands with one for `default`. */
static const char *configured_command(const struct value *config, const char *extension)
{
	const struct value *command = value_get(value_get(config, "diff"), "command");

	if (!command || command->type != VALUE_MAP)
		return value_str(command);
	for (size_t i = 0; i < command->map.n; i++) {
		const char *pattern = command->map.pairs[i].key;

		if (strcmp(pattern, "default") != 0 && matches(extension, pattern))
			return value_str(command->map.pairs[i].value);
	}
	return value_str(value_get(command, "default"));
}

struct diffing {
	struct guild *g;
	const struct diff_options *o;
	struct value *config;
};

static const char *extension_of(const char *path)
{
	const char *name = name_of_path(path), *dot = strrchr(name, '.');

	return dot && dot > name ? dot : "";
}

/* What differs is no failure of ours. */
static int diff_paths(const struct diffing *d, const char *a, const char *b)
{
	const char *extension = extension_of(a), *command = d->o->command;
	_cleanup_strv_ struct strv argv = STRV_INIT;
	_cleanup_buf_ struct buf line = BUF_INIT;
	struct err err = ERR_INIT;
	int r;

	if (!command)
		command = configured_command(d->config, extension);
	if (!command)
		command = default_command(d->g, extension);
	if (shell_split(command, &argv, &err) < 0)
		return complain("'%s' is no command: %s", command, err_text(&err));
	if (!argv.n)
		return complain("the command that compares is empty");
	if (strv_add(&argv, a) < 0 || strv_add(&argv, b) < 0)
		return complain("out of memory");
	r = run_child((const char *const *)argv.v, NULL);
	if (r >= 0)
		return EXIT_OK;
	for (size_t i = 0; i < argv.n; i++)
		buf_printf(&line, "%s%s", i ? " " : "", argv.v[i]);
	return complain("error running '%s': %s: '%s'", buf_str(&line), strerror(-r), argv.v[0]);
}

/* --- what ----------------------------------------------------------------- */

static int diff_joined(const struct diffing *d, const char *a, const char *b, const char *path)
{
	_cleanup_buf_ struct buf x = BUF_INIT, y = BUF_INIT;

	buf_printf(&x, "%s/%s", a, path);
	buf_printf(&y, "%s/%s", b, path);
	return diff_paths(d, buf_str(&x), buf_str(&y));
}

/* The paths that were given, below each of the two, else the two. */
static int diff_below(const struct diffing *d, const char *a, const char *b)
{
	int r = EXIT_OK;

	if (!d->o->paths.n)
		return diff_paths(d, a, b);
	for (size_t i = 0; r == EXIT_OK && i < d->o->paths.n; i++)
		r = diff_joined(d, a, b, d->o->paths.v[i]);
	return r;
}

static int diff_runs(const struct diffing *d, const struct run_view *a, const struct run_view *b)
{
	const struct diff_options *o = d->o;
	const struct {
		bool wanted;
		const char *option, *path;
		bool attr;
	} parts[] = {
		{o->attrs, "--attrs", RUN_GUILD_DIR "/attrs", false},
		{o->env, "--env", RUN_GUILD_DIR "/attrs/env", true},
		{o->flags, "--flags", RUN_GUILD_DIR "/attrs/flags", true},
		{o->deps, "--deps", RUN_GUILD_DIR "/attrs/deps", true},
		{o->output, "--output", RUN_GUILD_DIR "/output", false},
	};
	bool any = false;
	int r = EXIT_OK;

	for (size_t i = 0; o->attrs && i < ARRAY_SIZE(parts); i++)
		if (parts[i].wanted && parts[i].attr)
			fprintf(stderr, "WARNING: ignoring %s (already included in --attrs)\n",
				parts[i].option);
	for (size_t i = 0; r == EXIT_OK && i < ARRAY_SIZE(parts); i++) {
		if (!parts[i].wanted || (o->attrs && parts[i].attr))
			continue;
		any = true;
		r = diff_joined(d, buf_str(&a->path), buf_str(&b->path), parts[i].path);
	}
	if (r == EXIT_OK && o->source) {
		_cleanup_buf_ struct buf x = BUF_INIT, y = BUF_INIT;

		run_view_source_dir(a, &x);
		run_view_source_dir(b, &y);
		return diff_below(d, buf_str(&x), buf_str(&y));
	}
	if (r == EXIT_OK && (o->paths.n || !any))
		r = diff_below(d, buf_str(&a->path), buf_str(&b->path));
	return r;
}

/* --- with one run --------------------------------------------------------- */

/* The source code in the project that it was copied from. */
static int working_dir(const struct run_view *v, struct buf *b)
{
	_cleanup_value_ struct value *op = NULL;
	const char *root = NULL;

	opref_project_dir(b, &v->summary.opref);
	if (!b->len)
		return complain("cannot find working source code directory for run %.8s\n"
				"Try specifying the directory with 'guild diff %.8s --dir DIR'.",
			v->id, v->id);
	if (attr_read(v->fd, "op", &op, NULL) == 0)
		root = value_str(value_get(value_get(op, "sourcecode"), "root"));
	if (root && *root && strcmp(root, ".") != 0)
		buf_printf(b, "/%s", root);
	return EXIT_OK;
}

static int diff_one(const struct diffing *d, const struct run_view *v)
{
	_cleanup_buf_ struct buf source = BUF_INIT, dir = BUF_INIT;
	int r;

	if (d->o->dir)
		return diff_below(d, buf_str(&v->path), d->o->dir);
	run_view_source_dir(v, &source);
	r = working_dir(v, &dir);
	return r == EXIT_OK ? diff_below(d, buf_str(&source), buf_str(&dir)) : r;
}

static int open_run(const struct diffing *d, const char *spec, struct run_view *ret)
{
	_cleanup_strv_ struct strv one = STRV_INIT;
	uint64_t serial;
	int r = strv_add(&one, spec) < 0 ? complain("out of memory") : EXIT_OK;

	if (r == EXIT_OK)
		r = select_one(d->g, &d->o->sel, &one, &serial);
	return r == EXIT_OK ? run_view_open(d->g, serial, ret) : r;
}

static int diff_selected(const struct diffing *d, const struct strv *args)
{
	_cleanup_run_view_ struct run_view a = RUN_VIEW_INIT, b = RUN_VIEW_INIT;
	bool one = d->o->dir || d->o->working;
	int r = open_run(d, args->n ? args->v[0] : one ? "1" : "2", &a);

	if (r == EXIT_OK && one)
		return diff_one(d, &a);
	if (r == EXIT_OK)
		r = open_run(d, args->n ? args->v[1] : "1", &b);
	return r == EXIT_OK ? diff_runs(d, &a, &b) : r;
}

static int check(const struct diff_options *o, const struct strv *args)
{
	bool one = o->dir || o->working;

	if (exclude("diff", o->working, "--working", o->dir != NULL, "--dir") ||
		exclude("diff", o->working, "--working", o->source, "--sourcecode"))
		return EXIT_ERROR;
	if (args->n > 2) {
		complain("unexpected argument '%s'", args->v[2]);
		return EXIT_USAGE;
	}
	if (args->n == 1 && !one)
		return complain("diff requires two runs\n"
				"Try specifying a second RUN or 'guild diff --help' for more "
				"information.");
	if (args->n == 2 && one)
		return complain("cannot specify second RUN and %s", o->dir ? "--dir" : "--working");
	return EXIT_OK;
}

static int diff(struct guild *g, void *options, const struct strv *args)
{
	struct diffing d = {.g = g, .o = options};
	struct err err = ERR_INIT;
	int r = check(options, args);

	if (r == EXIT_OK)
		r = guild_open_home(g);
	if (r != EXIT_OK)
		return r;
	if (user_config_load(g->home, g->cwd, &d.config, &err) < 0)
		return complain("%s", err_text(&err));
	r = diff_selected(&d, args);
	value_free(d.config);
	return r;
}

const struct command cmd_diff = {
	.name = "diff",
	.in_runs = true,
	.usage = "diff [OPTION]... [RUN RUN]",
	.summary = "Compare the files of two runs",
	.options = diff_options,
	.options_size = sizeof(struct diff_options),
	.run = diff,
	.release = release_diff,
};
