/* SPDX-License-Identifier: MIT */
/* guild check. */
#include "guild.h"

#include <stddef.h>
#include <stdio.h>

#include "catalog/check.h"

struct check_options {
	bool index;
};

static const struct option_def check_options[] = {
	{.name = "--index",
		.help = "compare the index of runs with the runs, and make it anew",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct check_options, index)},
	{0},
};

static void print_sentence(void *arg, const char *sentence)
{
	(void)arg;
	puts(sentence);
}

/* Not by guild_open_home(), whose catalogue would mend or replace what is to be looked at. */
static int open_home(struct guild *g)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	struct err err = ERR_INIT;

	if (home_find(g->home_option, g->cwd, &path, &err) < 0 ||
		home_open(buf_str(&path), &g->home, &err) < 0)
		return complain("%s", err_text(&err));
	return EXIT_OK;
}

static int check_index(struct guild *g)
{
	struct index_check check = {.say = print_sentence};
	struct err err = ERR_INIT;

	if (index_check(g->home, &check, &err) < 0)
		return complain("%s", err_text(&err));
	printf("index: %zu runs, %zu in the index, %zu out of date, %zu wrong%s\n", check.runs,
		check.rows, check.outdated, check.wrong, check.wrong ? "; made anew" : "");
	return check.wrong ? EXIT_ERROR : EXIT_OK;
}

static int check(struct guild *g, void *options, const struct strv *args)
{
	const struct check_options *o = options;

	if (args->n) {
		complain("unexpected argument '%s'", args->v[0]);
		return EXIT_USAGE;
	}
	if (!o->index) {
		complain("say what to check: --index");
		return EXIT_USAGE;
	}
	return open_home(g) == EXIT_OK ? check_index(g) : EXIT_ERROR;
}

const struct command cmd_check = {
	.name = "check",
	.usage = "check --index",
	.summary = "Check what guild keeps beside the runs",
	.options = check_options,
	.options_size = sizeof(struct check_options),
	.run = check,
};
