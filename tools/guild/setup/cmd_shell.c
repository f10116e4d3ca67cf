/* SPDX-License-Identifier: MIT */
/* guild shell: a prompt of the Python that runs have, which knows runs (tools/python). */
#include "guild.h"

#include <stdlib.h>
#include <string.h>

#include "term/child.h"
#include "base/libexec.h"

/* What the shim asks later is to be answered from the home that is meant here. */
static int prepare_env(const struct guild *g)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	int r = libexec_python_path(&g->env, &path);

	if (r < 0)
		return complain("cannot find what belongs to guild: %s", strerror(-r));
	if (setenv("PYTHONPATH", buf_str(&path), 1) < 0 ||
		setenv("GUILD_HOME", g->home->path, 1) < 0)
		return complain("out of memory");
	return EXIT_OK;
}

/* By its path: `-m` would look for it, and for what it imports, in the current directory first. */
static int prompt(const struct guild *g, const char *python)
{
	_cleanup_buf_ struct buf script = BUF_INIT, program = BUF_INIT;
	int r = libexec_dir(&script);

	buf_puts(&script, "/python/guild/shell.py");
	if (r == 0)
		r = libexec_guild(&program);
	if (r == 0 && !buf_error(&script)) {
		const char *const argv[] = {
			python, buf_str(&script), buf_str(&program), NULL};

		r = run_child(argv, g->cwd);
	}
	return r < 0 ? complain("cannot run %s: %s", python, strerror(-r)) : r;
}

static int shell(struct guild *g, void *options, const struct strv *args)
{
	_cleanup_buf_ struct buf python = BUF_INIT;
	int r = guild_no_arguments(args);

	(void)options;
	if (r == EXIT_OK)
		r = guild_open_home(g);
	if (r == EXIT_OK)
		r = guild_find_python(g, &python);
	if (r == EXIT_OK)
		r = prepare_env(g);
	return r == EXIT_OK ? prompt(g, buf_str(&python)) : r;
}

static const struct option_def no_options[] = {{0}};

const struct command cmd_shell = {
	.name = "shell",
	.usage = "shell",
	.summary = "Start a Python shell that knows runs: runs(), compare(), ops()",
	.options = no_options,
	.run = shell,
};
