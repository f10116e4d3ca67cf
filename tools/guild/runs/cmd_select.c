/* SPDX-License-Identifier: MIT */
/* guild select: the id of a run, or something else of it, for scripts. */
#include "guild.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "runs/archives.h"
#include "runs/compare_runs.h"
#include "runs/select.h"
#include "run/attr.h"
#include "yaml/yaml.h"

struct select_options {
	struct selection sel;
	bool all, short_id, path;
	const char *attr, *archive, *min, *max;
};

#define OPTION(member, n, s, v, h, k)                                                              \
	{                                                                                          \
		.name = n, .short_name = s, .value = v, .help = h, .kind = k,                      \
		.offset = offsetof(struct select_options, member)                                  \
	}

static const struct option_def select_options[] = {
	OPTION(all, "--all", "-A", NULL, "all matching runs, not only the latest", OPTION_FLAG),
	OPTION(min, "--min", "-min", "COLUMN", "the run with the lowest value there", OPTION_VALUE),
	OPTION(max, "--max", "-max", "COLUMN", "the run with the highest value there",
		OPTION_VALUE),
	OPTION(short_id, "--short-id", "-s", NULL, "the short id", OPTION_FLAG),
	OPTION(attr, "--attr", "-a", "ATTR", "this attribute, not the id", OPTION_VALUE),
	OPTION(path, "--path", "-p", NULL, "the run's directory, not the id", OPTION_FLAG),
	OPTION(path, "--dir", NULL, NULL, "the same", OPTION_FLAG),
	OPTION(archive, "--archive", NULL, "PATH", "a run of an archive", OPTION_VALUE),
	{.more = selection_options, .more_offset = offsetof(struct select_options, sel)},
	{0},
};

static void release_select(void *options)
{
	selection_release(&((struct select_options *)options)->sel);
}

/* As lists show it where they do, else as it is stored. */
static int print_attr(const struct run_view *v, const char *name)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_value_ struct value *value = NULL;
	int r;

	if (run_field(v, name, &text)) {
		puts(buf_str(&text));
		return EXIT_OK;
	}
	r = attr_read(v->fd, name, &value, NULL);
	if (r == -EINVAL || r == -EFBIG)
		r = attr_read_text(v->fd, name, &text);
	else if (r == 0 && (value->type == VALUE_MAP || value->type == VALUE_LIST))
		yaml_emit_plain(&text, value);
	else if (r == 0)
		yaml_emit_flow(&text, value);
	if (r < 0)
		return complain("no such run attribute '%s'", name);
	printf("%s%s", buf_str(&text), text.len && text.data[text.len - 1] == '\n' ? "" : "\n");
	return EXIT_OK;
}

static int print_run(struct guild *g, const struct select_options *o, uint64_t serial)
{
	_cleanup_run_view_ struct run_view v;

	if (run_view_open(g, serial, &v) != EXIT_OK)
		return EXIT_ERROR;
	if (o->attr)
		return print_attr(&v, o->attr);
	if (o->short_id)
		printf("%.8s\n", v.id);
	else
		puts(o->path ? buf_str(&v.path) : v.id);
	return EXIT_OK;
}

static int select_all(struct guild *g, const struct select_options *o, const struct strv *args)
{
	_cleanup_selected_ struct selected runs = {0};
	int r = select_runs(g, &o->sel, args, SELECT_ALL, &runs);

	for (size_t i = 0; r == EXIT_OK && i < runs.n; i++)
		r = print_run(g, o, runs.serials[i]);
	return r;
}

/* --- by value ------------------------------------------------------------- */

static int parse_column(const char *spec, struct columns *ret)
{
	struct err err = ERR_INIT;

	if (columns_parse(spec, ret, &err) < 0)
		return complain("invalid col spec '%s': %s", spec, err_text(&err));
	return ret->n == 1 ? EXIT_OK
			   : complain("invalid col spec '%s': multiple cols not supported", spec);
}

/* The first row of a sorted table of that one column. */
static int best_of(const struct grid *grid, const char *spec, uint64_t *ret_serial)
{
	struct cell cell = {.type = CELL_NONE};

	if (grid_n_rows(grid) && grid_n_columns(grid) == 1)
		grid_row(grid, 0, &cell);
	if (cell.type == CELL_NONE)
		return complain("no matching run has a value for '%s'", spec);
	*ret_serial = grid_serial(grid, 0);
	return EXIT_OK;
}

static int select_best(struct guild *g, const struct select_options *o, const struct strv *args)
{
	const char *spec = o->min ? o->min : o->max;
	_cleanup_selected_ struct selected runs = {0};
	_cleanup_columns_ struct columns column = {0};
	const struct columns none = {0};
	const struct compare_spec wanted = {
		.core = &none, .user = &column, .skip_op = true, .system_scalars = true};
	_cleanup_comparison_ struct comparison *c = NULL;
	uint64_t serial = 0;
	int r = parse_column(spec, &column);

	if (r == EXIT_OK)
		r = select_runs(g, &o->sel, args, SELECT_ALL, &runs);
	if (r == EXIT_OK && !runs.n)
		r = complain("no matching runs");
	if (r == EXIT_OK && comparison_new(&wanted, &c) < 0)
		r = complain("out of memory");
	if (r == EXIT_OK)
		r = compare_add_runs(g, &runs, false, c);
	if (r != EXIT_OK)
		return r;
	/* Runs without a value come last both ways; a column that no run has is none. */
	grid_sort(comparison_grid(c), column.v[0].heading, o->max != NULL);
	r = best_of(comparison_grid(c), spec, &serial);
	return r == EXIT_OK ? print_run(g, o, serial) : r;
}

static int select_command(struct guild *g, void *options, const struct strv *args)
{
	const struct select_options *o = options;
	_cleanup_archive_ struct open_archive archive = OPEN_ARCHIVE_INIT;
	struct guild *where;
	uint64_t serial;
	int r = exclude("select", o->short_id, "--short-id", o->attr != NULL, "--attr");

	if (r == EXIT_OK)
		r = exclude("select", o->min != NULL, "--min", o->max != NULL, "--max");
	if (r == EXIT_OK)
		r = archive_or_home(g, o->archive, &archive, &where);
	if (r != EXIT_OK)
		return r;
	if (o->min || o->max)
		return select_best(where, o, args);
	if (o->all || args->n > 1)
		return select_all(where, o, args);
	r = select_one(where, &o->sel, args, &serial);
	return r == EXIT_OK ? print_run(where, o, serial) : r;
}

const struct command cmd_select = {
	.name = "select",
	.usage = "select [OPTION]... [RUN]...",
	.summary = "Show the id of a run",
	.options = select_options,
	.options_size = sizeof(struct select_options),
	.run = select_command,
	.release = release_select,
};
