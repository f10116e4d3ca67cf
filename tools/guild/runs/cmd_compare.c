/* SPDX-License-Identifier: MIT */
/* guild compare: runs side by side, on the whole terminal or printed. */
#include "guild.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runs/compare_print.h"
#include "runs/compare_runs.h"
#include "term/table_screen.h"
#include "term/terminal.h"
#include "metrics/scalars.h"
#include "run/annotate.h"

#define CORE_COLUMNS ".run, .operation, .started, .time, .status, .label"

struct compare_options {
	struct selection sel;
	const char *min, *max, *limit, *cols, *strict_cols, *csv;
	bool extra, all_scalars, skip_op, skip_core, skip_unchanged, table, json, batches, scalars;
};

#define OPTION(member, n, s, v, h, k)                                                              \
	{                                                                                          \
		.name = n, .short_name = s, .value = v, .help = h, .kind = k,                      \
		.offset = offsetof(struct compare_options, member)                                 \
	}

static const struct option_def compare_options[] = {
	OPTION(table, "--table", "-t", NULL, "print a table, also on a terminal", OPTION_FLAG),
	OPTION(csv, "--csv", NULL, "PATH", "as CSV into a file, - for standard output",
		OPTION_VALUE),
	OPTION(json, "--json", NULL, NULL, "as JSON", OPTION_FLAG),
	OPTION(cols, "--cols", "-c", "COLUMNS", "also these columns", OPTION_VALUE),
	OPTION(strict_cols, "--strict-cols", "-cc", "COLUMNS", "only these columns", OPTION_VALUE),
	OPTION(min, "--min", NULL, "COLUMN", "lowest values of COLUMN first", OPTION_VALUE),
	OPTION(max, "--max", NULL, "COLUMN", "highest values of COLUMN first", OPTION_VALUE),
	OPTION(limit, "--limit", "-n", "N", "only the first N runs", OPTION_VALUE),
	OPTION(limit, "--top", NULL, "N", "the same", OPTION_VALUE),
	OPTION(extra, "--extra-cols", "-e", NULL, "also the digest of the source code",
		OPTION_FLAG),
	OPTION(all_scalars, "--all-scalars", "-s", NULL, "also scalars of the system", OPTION_FLAG),
	OPTION(skip_op, "--skip-op-cols", "-p", NULL, "no columns of operations", OPTION_FLAG),
	OPTION(skip_core, "--skip-core", "-r", NULL, "no columns that all runs have", OPTION_FLAG),
	OPTION(skip_unchanged, "--skip-unchanged", "-u", NULL,
		"no columns in which all runs have the same", OPTION_FLAG),
	OPTION(batches, "--include-batch", NULL, NULL, "also batch runs", OPTION_FLAG),
	OPTION(scalars, "--print-scalars", NULL, NULL, "show the scalars of each run, and exit",
		OPTION_FLAG),
	{.more = selection_options, .more_offset = offsetof(struct compare_options, sel)},
	{0},
};

static void release(void *options)
{
	selection_release(&((struct compare_options *)options)->sel);
}

/* --- what is compared ------------------------------------------------------ */

struct request {
	struct columns core, user;
	struct compare_spec spec; /* points to these: a request stays where it is */
	struct selected runs;
	struct comparison *comparison;
	size_t limit; /* rows */
	bool *marked; /* by row; only on a terminal */
};

static void request_free(struct request *q)
{
	if (!q)
		return;
	columns_release(&q->core);
	columns_release(&q->user);
	selected_release(&q->runs);
	comparison_free(q->comparison);
	free(q->marked);
	free(q);
}

static void request_freep(struct request **q)
{
	request_free(*q);
}

static int check_options(const struct compare_options *o)
{
	if (exclude("compare", o->table, "--table", o->csv != NULL, "--csv") ||
		exclude("compare", o->table, "--table", o->json, "--json") ||
		exclude("compare", o->csv != NULL, "--csv", o->json, "--json"))
		return EXIT_ERROR;
	if (o->cols && o->strict_cols)
		return complain("--cols cannot be used with --strict-cols");
	return EXIT_OK;
}

/* Columns that cannot be read are not shown, which is said, as in Guild AI. "" is none. */
static int parse(const char *spec, struct columns *to)
{
	struct err err = ERR_INIT;
	int r = spec && *spec ? columns_parse(spec, to, &err) : 0;

	if (r == -EINVAL)
		warning("%s", err_text(&err));
	return r < 0 && r != -EINVAL ? complain("%s", err_text(&err)) : EXIT_OK;
}

static bool parse_limit(const char *text, size_t *ret)
{
	errno = 0;
	*ret = strtoul(text, NULL, 10);
	return errno == 0 && *ret && text[strspn(text, "0123456789")] == '\0';
}

static int read_limit(const struct compare_options *o, size_t *ret)
{
	*ret = SIZE_MAX;
	if (o->limit && !parse_limit(o->limit, ret))
		return complain(
			"invalid value '%s' for --limit: a number from 1 is needed", o->limit);
	return EXIT_OK;
}

static int read_columns(const struct compare_options *o, struct request *q)
{
	bool strict = o->strict_cols && *o->strict_cols, skip_core = o->skip_core || strict;
	int status = parse(skip_core ? ".run" : CORE_COLUMNS, &q->core);

	if (status == EXIT_OK)
		status = parse(o->extra ? ".sourcecode" : NULL, &q->core);
	if (status == EXIT_OK)
		status = parse(strict ? o->strict_cols : o->cols, &q->user);
	q->spec = (struct compare_spec){.core = &q->core,
		.user = &q->user,
		.skip_op = o->skip_op || strict,
		.system_scalars = o->all_scalars};
	return status;
}

static int fill_request(struct guild *g, const struct compare_options *o, const struct strv *args,
	struct request *q)
{
	int status = read_limit(o, &q->limit);

	if (status == EXIT_OK)
		status = read_columns(o, q);
	if (status == EXIT_OK)
		status = select_runs(g, &o->sel, args, SELECT_ALL, &q->runs);
	if (status != EXIT_OK)
		return status;
	if (comparison_new(&q->spec, &q->comparison) < 0)
		return complain("out of memory");
	return compare_add_runs(g, &q->runs, o->batches, q->comparison);
}

static const char *heading_of(const struct columns *columns, const struct column *wanted)
{
	for (size_t i = 0; i < columns->n; i++)
		if (column_same(&columns->v[i], wanted))
			return columns->v[i].heading;
	return NULL;
}

/* By a heading, or by a column as --cols takes it. -ENOENT: none is shown. */
static int sort(struct request *q, const char *by, bool descending)
{
	struct grid *grid = comparison_grid(q->comparison);
	_cleanup_columns_ struct columns wanted = {0};
	int r = grid_sort(grid, by, descending);
	const char *heading;

	if (r != -ENOENT || columns_parse(by, &wanted, NULL) < 0 || wanted.n != 1)
		return r;
	heading = heading_of(&q->user, wanted.v);
	if (!heading)
		heading = heading_of(&q->core, wanted.v);
	/* Operations' columns show a scalar's last value. */
	if (!heading && wanted.v->qualifier == QUALIFIER_LAST)
		heading = wanted.v->heading;
	return heading ? grid_sort(grid, heading, descending) : -ENOENT;
}

static int arrange(const struct compare_options *o, struct request *q)
{
	struct grid *grid = comparison_grid(q->comparison);
	const char *by = o->min ? o->min : o->max;
	int r = 0;

	if (by)
		r = sort(q, by, !o->min);
	if (r == -ENOENT && grid_n_rows(grid)) {
		warning("there is no column '%s' to sort by", by);
		r = 0;
	}
	if (r >= 0 && o->skip_unchanged)
		r = grid_drop_unchanged(grid);
	if (grid_n_rows(grid) < q->limit)
		q->limit = grid_n_rows(grid);
	return r == -ENOMEM ? complain("out of memory") : EXIT_OK;
}

static int make_request(struct guild *g, const struct compare_options *o, const struct strv *args,
	struct request **ret)
{
	_cleanup_(request_freep) struct request *q = calloc(1, sizeof(*q));
	int status = q ? fill_request(g, o, args, q) : complain("out of memory");

	if (status == EXIT_OK)
		status = arrange(o, q);
	if (status == EXIT_OK)
		*ret = STEAL(q);
	return status;
}

/* --- on the whole terminal --------------------------------------------------- */

struct shown {
	struct guild *g;
	const struct compare_options *o;
	const struct strv *args;
	struct grid_view view;
	struct request *request; /* what the view shows */
};

static void shown_release(struct shown *s)
{
	grid_view_release(&s->view);
	request_free(s->request);
}

static void print_shown(
	void *arg, const struct grid *grid, size_t row, size_t column, struct buf *b)
{
	const struct request *q = arg;
	struct cell cell = grid_cell(grid, row, column);

	compare_print_cell(b, &cell);
	if (q->marked[row] && compare_is_operation(grid, column))
		buf_puts(b, COMPARE_MARK);
}

static bool *read_marks(struct guild *g, const struct grid *grid, size_t n)
{
	bool *marked = calloc(n + 1, sizeof(*marked));

	for (size_t i = 0; marked && i < n; i++)
		marked[i] = compare_is_marked(g, grid_serial(grid, i));
	return marked;
}

/* Takes the request over. */
static int show(struct shown *s, struct request *q)
{
	const struct grid_source source = {.grid = comparison_grid(q->comparison),
		.n_rows = q->limit,
		.print = print_shown,
		.arg = q};

	q->marked = read_marks(s->g, source.grid, source.n_rows);
	if (!q->marked || grid_view_show(&s->view, &source) < 0) {
		request_free(q);
		return complain("out of memory");
	}
	request_free(s->request);
	s->request = q;
	return EXIT_OK;
}

static void reload(void *arg)
{
	struct shown *s = arg;
	struct request *q = NULL;
	int r = catalog_refresh(s->g->catalog);

	if (r < 0)
		complain("cannot read the runs: %s", strerror(-r));
	else if (make_request(s->g, s->o, s->args, &q) == EXIT_OK)
		show(s, q);
}

static void details(void *arg, uint64_t serial, struct buf *b)
{
	const struct shown *s = arg;

	if (catalog_update(s->g->catalog, catalog_id(s->g->catalog, serial)))
		run_info(s->g, serial, b);
	else
		buf_puts(b, "This run no longer exists.\n");
}

static void mark(void *arg, uint64_t serial, bool marked)
{
	struct shown *s = arg;
	const struct grid *grid = comparison_grid(s->request->comparison);
	const char *id = catalog_id(s->g->catalog, serial);
	_cleanup_close_ int fd = home_open_run(s->g->home, id);
	int r = fd < 0 ? fd : annotate_set_marked(fd, marked);

	if (r < 0) {
		complain("cannot change run %s: %s", id, strerror(-r));
		return;
	}
	home_poke(s->g->home, id);
	catalog_invalidate(s->g->catalog, serial);
	for (size_t i = 0; i < s->request->limit; i++)
		if (grid_serial(grid, i) == serial)
			s->request->marked[i] = marked;
}

/* Takes the request over. */
static int show_table(struct guild *g, const struct compare_options *o, const struct strv *args,
	struct request *q)
{
	_cleanup_(shown_release) struct shown s = {
		.g = g, .o = o, .args = args, .view = GRID_VIEW_INIT};
	const struct table_screen t = {
		.view = &s.view, .arg = &s, .reload = reload, .details = details, .mark = mark};
	int status = show(&s, q);

	if (status != EXIT_OK)
		return status;
	return table_screen_run(&t) ? EXIT_OK : complain("the terminal cannot be used");
}

/* --- the command ----------------------------------------------------------- */

static int print_scalars_of(struct guild *g, uint64_t serial)
{
	_cleanup_run_view_ struct run_view v = RUN_VIEW_INIT;
	_cleanup_scalars_ struct scalars *scalars = NULL;
	_cleanup_strv_ struct strv problems = STRV_INIT;
	_cleanup_buf_ struct buf operation = BUF_INIT;
	const struct scalar *all;
	size_t n;
	int r = run_view_try(g, serial, &v);

	if (r == -ENOENT)
		return EXIT_OK; /* deleted meanwhile */
	if (r == 0)
		r = scalars_read(SCALARS_SUMMARIES, v.fd, &scalars, &problems);
	if (r < 0)
		return complain("cannot read run %s: %s", v.id, strerror(-r));
	print_warnings(&problems);
	run_summary_operation(&v.summary, &operation);
	printf("[%.8s] %s\n", v.id, buf_str(&operation));
	all = scalars_list(scalars, &n);
	for (size_t i = 0; i < n; i++)
		if (!all[i].shadowed)
			printf("  %s: %f (step %lld)\n", all[i].key,
				all[i].series->summary.last.value,
				(long long)all[i].series->summary.last.step);
	return EXIT_OK;
}

static int print_scalars(struct guild *g, const struct compare_options *o, const struct strv *args)
{
	_cleanup_selected_ struct selected runs = {0};
	size_t limit;
	int status = read_limit(o, &limit);

	if (status == EXIT_OK)
		status = select_runs(g, &o->sel, args, SELECT_ALL, &runs);
	for (size_t i = 0; status == EXIT_OK && i < runs.n && i < limit; i++)
		status = print_scalars_of(g, runs.serials[i]);
	return status;
}

static int compare(struct guild *g, void *options, const struct strv *args)
{
	const struct compare_options *o = options;
	_cleanup_(request_freep) struct request *q = NULL;
	struct compared rows;
	int status = check_options(o);

	if (status == EXIT_OK)
		status = guild_open_home(g);
	if (status == EXIT_OK && o->scalars)
		return print_scalars(g, o, args);
	if (status == EXIT_OK)
		status = make_request(g, o, args, &q);
	if (status != EXIT_OK)
		return status;
	if (!o->csv && !o->json && !o->table && terminal_is_usable())
		return show_table(g, o, args, STEAL(q));
	rows = (struct compared){comparison_grid(q->comparison), q->limit};
	if (o->csv)
		return compare_print_csv(g, &rows, o->csv);
	return o->json ? compare_print_json(g, &rows) : compare_print_table(g, &rows);
}

const struct command cmd_compare = {
	.name = "compare",
	.in_runs = true,
	.usage = "compare [OPTION]... [RUN]...",
	.summary = "Compare flags and results of runs",
	.options = compare_options,
	.options_size = sizeof(struct compare_options),
	.run = compare,
	.release = release,
};
