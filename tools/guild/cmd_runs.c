/* SPDX-License-Identifier: MIT */
/* guild runs list, guild runs info. */
#include "guild.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "select.h"
#include "table.h"
#include "run/report.h"

enum { FIRST_ROWS = 20 };

struct list_options {
	struct selection sel;
	bool all, simple;
	unsigned more;
	const char *limit;
};

#define OPTION(member, n, s, v, h, k)                                                              \
	{                                                                                          \
		.name = n, .short_name = s, .value = v, .help = h, .kind = k,                      \
		.offset = offsetof(struct list_options, member)                                    \
	}

static const struct option_def list_options[] = {
	OPTION(all, "--all", "-a", NULL, "show all runs, not only the first 20", OPTION_FLAG),
	OPTION(more, "--more", "-m", NULL, "show 20 more; may be repeated", OPTION_COUNT),
	OPTION(limit, "--limit", "-n", "N", "show at most N runs", OPTION_VALUE),
	OPTION(simple, "--simple", "-s", NULL, "operation, status and label only", OPTION_FLAG),
	{.more = selection_options, .more_offset = offsetof(struct list_options, sel)},
	{0},
};

static void release_list(void *options)
{
	selection_release(&((struct list_options *)options)->sel);
}

static size_t row_limit(const struct list_options *o, size_t n)
{
	size_t limit = FIRST_ROWS * (1 + o->more);

	if (o->limit)
		limit = strtoul(o->limit, NULL, 10);
	else if (o->all)
		limit = n;
	return limit < n ? limit : n;
}

static int add_simple_row(struct guild *g, uint64_t serial, size_t index, struct table *t)
{
	_cleanup_summary_ struct run_summary s = {0};
	_cleanup_buf_ struct buf number = BUF_INIT, operation = BUF_INIT;
	int r = catalog_summary(g->catalog, serial, &s);

	if (r < 0)
		return r;
	buf_printf(&number, "[%zu]", index);
	opref_display(&operation, &s.opref);
	r = table_add(t, buf_str(&number));
	if (r == 0)
		r = table_add(t, buf_str(&operation));
	if (r == 0)
		r = table_add(t, run_status_name(s.status));
	return r < 0 ? r : table_add(t, s.label);
}

static int list(struct guild *g, void *options, const struct strv *args)
{
	const struct list_options *o = options;
	_cleanup_selected_ struct selected runs = {0};
	_cleanup_(table_release) struct table t = {.columns = o->simple ? 4 : SELECT_COLUMNS};
	size_t limit;
	int r = guild_open_home(g);

	if (r == EXIT_OK)
		r = select_runs(g, &o->sel, args, 0, SELECT_ALL, &runs);
	if (r != EXIT_OK)
		return r;
	limit = row_limit(o, runs.n);
	for (size_t i = 0; i < limit; i++) {
		int added = o->simple ? add_simple_row(g, runs.serials[i], runs.indexes[i], &t)
				      : select_add_row(g, runs.serials[i], runs.indexes[i], &t);

		if (added < 0)
			return complain("cannot read a run: %s", strerror(-added));
	}
	table_print(&t, "", stdout);
	fflush(stdout);
	if (limit < runs.n && !o->limit)
		fprintf(stderr,
			"Showing the first %zu runs (%zu total) - use --all to show all or -m to "
			"show "
			"more\n",
			limit, runs.n);
	return EXIT_OK;
}

const struct command cmd_runs_list = {
	.group = "runs",
	.name = "list",
	.usage = "runs [list] [OPTION]... [RUN]...",
	.summary = "List runs, newest first",
	.options = list_options,
	.options_size = sizeof(struct list_options),
	.run = list,
	.release = release_list,
};

/* --- info ----------------------------------------------------------------- */

struct info_options {
	struct selection sel;
	bool env;
};

static const struct option_def info_options[] = {
	{.name = "--env",
		.short_name = "-e",
		.help = "also the environment",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct info_options, env)},
	{.more = selection_options, .more_offset = offsetof(struct info_options, sel)},
	{0},
};

static void release_info(void *options)
{
	selection_release(&((struct info_options *)options)->sel);
}

static void print_env(int run_fd)
{
	_cleanup_buf_ struct buf env = BUF_INIT;

	report_env(run_fd, &env);
	puts("environment:");
	for (const char *line = buf_str(&env); *line;) {
		size_t len = strcspn(line, "\n"), name = strcspn(line, "=");

		printf("  %.*s: %.*s\n", (int)name, line, (int)(len - name - 1), line + name + 1);
		line += len + (line[len] == '\n');
	}
}

static int info(struct guild *g, void *options, const struct strv *args)
{
	const struct info_options *o = options;
	_cleanup_selected_ struct selected runs = {0};
	_cleanup_summary_ struct run_summary s = {0};
	_cleanup_buf_ struct buf text = BUF_INIT, path = BUF_INIT;
	_cleanup_close_ int run_fd = -1;
	const char *id;
	int r = guild_open_home(g);

	if (r == EXIT_OK)
		r = select_runs(g, &o->sel, args, 0, SELECT_LATEST, &runs);
	if (r != EXIT_OK)
		return r;
	if (runs.n != 1)
		return complain("info is about one run; %zu were given", runs.n);
	id = catalog_id(g->catalog, runs.serials[0]);
	run_fd = home_open_run(g->home, id);
	r = run_fd < 0 ? run_fd : catalog_summary(g->catalog, runs.serials[0], &s);
	if (r < 0)
		return complain("cannot read run %s: %s", id, strerror(-r));
	buf_printf(&path, "%s/runs/%s", g->home->path, id);
	report_info(run_fd, id, buf_str(&path), &s, &text);
	fputs(buf_str(&text), stdout);
	if (o->env)
		print_env(run_fd);
	return EXIT_OK;
}

const struct command cmd_runs_info = {
	.group = "runs",
	.name = "info",
	.usage = "runs info [OPTION]... [RUN]",
	.summary = "Show what is known of a run",
	.options = info_options,
	.options_size = sizeof(struct info_options),
	.run = info,
	.release = release_info,
};
