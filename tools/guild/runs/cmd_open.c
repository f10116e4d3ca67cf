/* SPDX-License-Identifier: MIT */
/* guild open: a run's directory, or something in it, in another program. */
#include "guild.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "term/child.h"
#include "runs/select.h"
#include "base/shell.h"
#include "run/attr.h"

struct open_options {
	struct selection sel;
	const char *path, *command, *shell_command;
	bool source, output, shell;
};

#define OPTION(member, n, s, v, h, k)                                                              \
	{                                                                                          \
		.name = n, .short_name = s, .value = v, .help = h, .kind = k,                      \
		.offset = offsetof(struct open_options, member)                                    \
	}

static const struct option_def open_options[] = {
	OPTION(path, "--path", "-p", "PATH", "path in the run", OPTION_VALUE),
	OPTION(source, "--sourcecode", "-s", NULL, "the source code; PATH is below it",
		OPTION_FLAG),
	OPTION(output, "--output", "-O", NULL, "the run's output", OPTION_FLAG),
	OPTION(command, "--cmd", "-c", "CMD", "the program that opens it", OPTION_VALUE),
	OPTION(shell, "--shell", NULL, NULL, "a shell in the directory", OPTION_FLAG),
	OPTION(shell_command, "--shell-cmd", NULL, "CMD", "this shell", OPTION_VALUE),
	{.more = selection_options, .more_offset = offsetof(struct open_options, sel)},
	{0},
};

static void release_open(void *options)
{
	selection_release(&((struct open_options *)options)->sel);
}

static void print_path(const struct open_options *o, const struct run_view *v, struct buf *b)
{
	if (o->output) {
		if (o->path || o->source)
			fputs("--output cannot be used with other options - ignoring other "
			      "options\n",
				stderr);
		buf_printf(b, "%s/" RUN_GUILD_DIR "/output", buf_str(&v->path));
		return;
	}
	if (o->source)
		run_view_source_dir(v, b);
	else
		buf_puts(b, buf_str(&v->path));
	buf_printf(b, "/%s", o->path ? o->path : "");
}

static int open_shell(const struct open_options *o, struct buf *path)
{
	const char *own = getenv("SHELL");
	const char *shell = o->shell_command ? o->shell_command : own && *own ? own : "bash";
	const char *const argv[] = {shell, NULL};
	struct stat st;
	int r;

	/* Of a file its directory. */
	if (stat(buf_str(path), &st) == 0 && !S_ISDIR(st.st_mode))
		buf_resize(path, (size_t)(strrchr(path->data, '/') - path->data));
	fprintf(stderr,
		"Running a new shell in %s\nTo exit the shell, type 'exit' and press Enter.\n",
		buf_str(path));
	r = run_child(argv, buf_str(path));
	return r < 0 ? complain("cannot run %s in %s: %s", shell, buf_str(path), strerror(-r))
		     : EXIT_OK;
}

static int open_by(const char *command, const char *path)
{
	_cleanup_strv_ struct strv argv = STRV_INIT;
	struct err err = ERR_INIT;
	int r;

	if (shell_split(command, &argv, &err) < 0)
		return complain("'%s' is no command: %s", command, err_text(&err));
	if (!argv.n)
		return complain("the command that opens it is empty");
	if (strv_add(&argv, path) < 0)
		return complain("out of memory");
	r = run_child((const char *const *)argv.v, NULL);
	return r < 0 ? complain("cannot run %s: %s", argv.v[0], strerror(-r)) : EXIT_OK;
}

/* What the desktop has for it. */
static int open_by_desktop(const char *path)
{
	const char *const argv[] = {"xdg-open", path, NULL};
	int r = run_child(argv, NULL);

	if (r == -ENOENT)
		return complain("cannot open %s: xdg-open is not installed\n"
				"Try --cmd to explicitly provide a command.",
			path);
	if (r < 0)
		return complain("cannot run xdg-open: %s", strerror(-r));
	return r > 0 ? complain("xdg-open could not open %s\n"
				"Try --cmd to explicitly provide a command.",
			       path)
		     : EXIT_OK;
}

static int check(const struct open_options *o)
{
	if (o->path && *o->path == '/')
		return complain("PATH must be relative\n"
				"Try 'guild open --help' for more information.");
	if (exclude("open", o->shell, "--shell", o->command != NULL, "--cmd") ||
		exclude("open", o->shell_command != NULL, "--shell-cmd", o->shell, "--shell") ||
		exclude("open", o->shell_command != NULL, "--shell-cmd", o->command != NULL,
			"--cmd"))
		return EXIT_ERROR;
	return EXIT_OK;
}

static int open_run(struct guild *g, void *options, const struct strv *args)
{
	const struct open_options *o = options;
	_cleanup_run_view_ struct run_view v = RUN_VIEW_INIT;
	_cleanup_buf_ struct buf path = BUF_INIT;
	uint64_t serial;
	int r = check(o);

	if (r == EXIT_OK)
		r = guild_open_home(g);
	if (r == EXIT_OK)
		r = select_one(g, &o->sel, args, &serial);
	if (r == EXIT_OK)
		r = run_view_open(g, serial, &v);
	if (r != EXIT_OK)
		return r;
	print_path(o, &v, &path);
	if (buf_error(&path))
		return complain("out of memory");
	if (o->shell || o->shell_command)
		return open_shell(o, &path);
	return o->command ? open_by(o->command, buf_str(&path)) : open_by_desktop(buf_str(&path));
}

const struct command cmd_open = {
	.name = "open",
	.usage = "open [OPTION]... [RUN]",
	.summary = "Open a run's directory, a file of it, or its output",
	.options = open_options,
	.options_size = sizeof(struct open_options),
	.run = open_run,
	.release = release_open,
};
