/* SPDX-License-Identifier: MIT */
/* guild api runs, guild api compare: runs as JSON. */
#include "guild.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "api/api.h"
#include "api/api_run.h"
#include "runs/compare_print.h"
#include "runs/compare_runs.h"

struct runs_options {
	struct selection sel;
	const char *version;
	bool format, deleted, batches;
};

#define OPTION(member, n, s, v, h, k)                                                              \
	{                                                                                          \
		.name = n, .short_name = s, .value = v, .help = h, .kind = k,                      \
		.offset = offsetof(struct runs_options, member)                                    \
	}
#define BATCHES OPTION(batches, "--include-batch", NULL, NULL, "also batch runs", OPTION_FLAG)
#define SELECT                                                                                     \
	{                                                                                          \
		.more = selection_options, .more_offset = offsetof(struct runs_options, sel)       \
	}

static void release(void *options)
{
	selection_release(&((struct runs_options *)options)->sel);
}

/* --- runs ----------------------------------------------------------------- */

static const struct option_def runs_options[] = {
	API_FORMAT_OPTION(struct runs_options, format),
	OPTION(version, "--api-version", "-v", "2", "the only one that there is", OPTION_VALUE),
	OPTION(deleted, "--deleted", "-d", NULL, "deleted runs", OPTION_FLAG),
	BATCHES,
	SELECT,
	{0},
};

/* Runs of `where`: of the home that `g` has open, or of its trash. */
static int describe_runs(
	struct guild *g, struct guild *where, const struct runs_options *o, const struct strv *args)
{
	_cleanup_value_ struct value *list = value_list();
	_cleanup_selected_ struct selected runs = {0};
	int r = select_runs(where, &o->sel, args, SELECT_ALL, &runs);

	for (size_t i = 0; r == EXIT_OK && i < runs.n; i++) {
		_cleanup_run_view_ struct run_view v = RUN_VIEW_INIT;

		r = run_view_try(where, runs.serials[i], &v);
		if (r == -ENOENT) {
			r = EXIT_OK;
			continue;
		}
		if (r < 0)
			return complain("cannot read run %s: %s", v.id, strerror(-r));
		/* Among deleted ones a batch is not apart. */
		if (v.summary.proto && !o->batches && !o->deleted)
			continue;
		if (!list || value_list_add(list, api_describe_run(g, &v)) < 0)
			r = complain("cannot describe run %s", v.id);
	}
	return r == EXIT_OK ? api_print(o->format, STEAL(list)) : r;
}

static int api_runs(struct guild *g, void *options, const struct strv *args)
{
	const struct runs_options *o = options;
	struct guild trash;
	int r;

	if (o->version && strcmp(o->version, "2") != 0) {
		complain("version '%s' of this command is not there: it is 2", o->version);
		return EXIT_USAGE;
	}
	r = guild_open_home(g);
	if (r != EXIT_OK || !o->deleted)
		return r == EXIT_OK ? describe_runs(g, g, o, args) : r;
	r = select_open_trash(g, &trash);
	if (r == EXIT_OK)
		r = describe_runs(g, &trash, o, args);
	select_close_trash(&trash);
	return r;
}

const struct command cmd_api_runs = {
	.group = "api",
	.name = "runs",
	.usage = "api runs [OPTION]... [RUN]...",
	.summary = "All that is known of runs, as JSON",
	.options = runs_options,
	.options_size = sizeof(struct runs_options),
	.run = api_runs,
	.release = release,
};

/* --- compare -------------------------------------------------------------- */

static const struct option_def compare_options[] = {
	API_FORMAT_OPTION(struct runs_options, format),
	BATCHES,
	SELECT,
	{0},
};

enum { CORE_COLUMNS = 6 };

/* What a run does not have is null, and so is one of the columns that all runs have. */
static struct value *value_at(const struct grid *grid, size_t row, size_t column)
{
	struct cell cell = grid_cell(grid, row, column);

	if (column < CORE_COLUMNS && cell.type == CELL_TEXT && !*cell.text)
		return value_null();
	return compare_value(&cell);
}

/* A list of lists: headings, then a row for each run. Nothing without runs. */
static struct value *table_of(const struct grid *grid)
{
	struct value *table = value_list();
	size_t n = grid_n_columns(grid), n_rows = grid_n_rows(grid);
	int r = table ? 0 : -1;

	for (size_t row = 0; r == 0 && n_rows && row <= n_rows; row++) {
		struct value *line = value_list();

		r = value_list_add(table, line);
		for (size_t i = 0; r == 0 && i < n; i++)
			r = value_list_add(line, row ? value_at(grid, row - 1, i)
						     : value_string(grid_heading(grid, i)));
	}
	if (r == 0)
		return table;
	value_free(table);
	return NULL;
}

static int compare_selected(
	struct guild *g, const struct runs_options *o, const struct selected *runs)
{
	_cleanup_columns_ struct columns core = {0};
	struct columns user = {0};
	const struct compare_spec spec = {.core = &core, .user = &user};
	_cleanup_comparison_ struct comparison *c = NULL;
	int r;

	if (columns_parse(".id, .operation, .started, .time, .status, .label", &core, NULL) < 0 ||
		comparison_new(&spec, &c) < 0)
		return complain("out of memory");
	r = compare_add_runs(g, runs, o->batches, c);
	return r == EXIT_OK ? api_print(o->format, table_of(comparison_grid(c))) : r;
}

static int api_compare(struct guild *g, void *options, const struct strv *args)
{
	const struct runs_options *o = options;
	_cleanup_selected_ struct selected runs = {0};
	int r = guild_open_home(g);

	if (r == EXIT_OK)
		r = select_runs(g, &o->sel, args, SELECT_ALL, &runs);
	return r == EXIT_OK ? compare_selected(g, o, &runs) : r;
}

const struct command cmd_api_compare = {
	.group = "api",
	.name = "compare",
	.usage = "api compare [OPTION]... [RUN]...",
	.summary = "The table of compare as JSON: a list of rows",
	.options = compare_options,
	.options_size = sizeof(struct runs_options),
	.run = api_compare,
	.release = release,
};
