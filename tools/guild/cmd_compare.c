/* SPDX-License-Identifier: MIT */
/* guild compare: runs side by side, as a table, CSV or JSON. */
#include "guild.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compare_runs.h"
#include "run_job.h"
#include "table.h"
#include "base/csv.h"
#include "base/file.h"
#include "metrics/scalars.h"
#include "project/flag_values.h"
#include "yaml/json.h"
#include "yaml/scalar.h"

#define CORE_COLUMNS ".run, .operation, .started, .time, .status, .label"

enum { TABLE_DIGITS = 6 };

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
	OPTION(table, "--table", "-t", NULL, "as a table", OPTION_FLAG),
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
	struct compare_spec spec;
	struct selected runs;
	struct comparison *comparison;
	size_t limit; /* rows */
};

static void request_release(struct request *q)
{
	columns_release(&q->core);
	columns_release(&q->user);
	selected_release(&q->runs);
	comparison_free(q->comparison);
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

/* A column that cannot be read is not shown, and said. */
static void parse(const char *spec, struct columns *to)
{
	struct err err = ERR_INIT;

	if (spec && columns_parse(spec, to, &err) < 0)
		warning("%s", err_text(&err));
}

static bool parse_limit(const char *text, size_t *ret)
{
	errno = 0;
	*ret = strtoul(text, NULL, 10);
	return errno == 0 && *ret && text[strspn(text, "0123456789")] == '\0';
}

static int make_request(struct guild *g, const struct compare_options *o, const struct strv *args,
	struct request *q)
{
	bool strict = o->strict_cols, skip_core = o->skip_core || strict;
	int status;

	q->limit = SIZE_MAX;
	if (o->limit && !parse_limit(o->limit, &q->limit))
		return complain(
			"invalid value '%s' for --limit: a number from 1 is needed", o->limit);
	parse(skip_core ? ".run" : CORE_COLUMNS, &q->core);
	parse(o->extra ? ".sourcecode" : NULL, &q->core);
	parse(strict ? o->strict_cols : o->cols, &q->user);
	q->spec = (struct compare_spec){.core = &q->core,
		.user = &q->user,
		.skip_op = o->skip_op || strict,
		.system_scalars = o->all_scalars};
	status = select_runs(g, &o->sel, args, SELECT_ALL, &q->runs);
	if (status != EXIT_OK)
		return status;
	if (comparison_new(&q->spec, &q->comparison) < 0)
		return complain("out of memory");
	return compare_add_runs(g, &q->runs, o->batches, q->comparison);
}

static int arrange(const struct compare_options *o, struct request *q)
{
	struct grid *grid = comparison_grid(q->comparison);
	const char *by = o->min ? o->min : o->max;
	int r = 0;

	if (by)
		r = grid_sort(grid, by, !o->min);
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

/* Calls `print` for each row that is shown. */
static int each_row(struct guild *g, const struct request *q,
	int (*print)(struct guild *g, struct grid *grid, size_t row, const struct cell *cells,
		void *arg),
	void *arg)
{
	struct grid *grid = comparison_grid(q->comparison);
	_cleanup_free_ struct cell *cells = calloc(grid_n_columns(grid) + 1, sizeof(*cells));
	int r = cells ? 0 : -ENOMEM;

	for (size_t row = 0; r == 0 && row < q->limit; row++) {
		grid_row(grid, row, cells);
		r = print(g, grid, row, cells, arg);
	}
	return r < 0 ? complain("out of memory") : EXIT_OK;
}

/* --- table ----------------------------------------------------------------- */

static void print_cell(struct buf *b, const struct cell *cell)
{
	switch (cell->type) {
	case CELL_NONE:
		break;
	case CELL_BOOL:
		buf_puts(b, cell->boolean ? "yes" : "no");
		break;
	case CELL_INT:
		buf_printf(b, "%lld", (long long)cell->integer);
		break;
	case CELL_NUMBER:
		flag_cut_float(b, cell->number, TABLE_DIGITS);
		break;
	case CELL_TEXT:
		buf_puts(b, cell->text);
		break;
	}
}

static bool is_marked(struct guild *g, uint64_t serial)
{
	_cleanup_summary_ struct run_summary s = {0};

	return catalog_summary(g->catalog, serial, &s) == 0 && s.marked;
}

static int add_table_row(
	struct guild *g, struct grid *grid, size_t row, const struct cell *cells, void *arg)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < grid_n_columns(grid); i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;

		print_cell(&text, &cells[i]);
		if (strcmp(grid_heading(grid, i), "operation") == 0 &&
			is_marked(g, grid_serial(grid, row)))
			buf_puts(&text, " [marked]");
		r = buf_error(&text) ? buf_error(&text) : table_add(arg, buf_str(&text));
	}
	return r;
}

static int print_table(struct guild *g, const struct request *q)
{
	struct grid *grid = comparison_grid(q->comparison);
	_cleanup_(table_release) struct table t = {.columns = grid_n_columns(grid)};
	int status;

	if (!t.columns || !grid_n_rows(grid))
		return EXIT_OK;
	for (size_t i = 0; i < t.columns; i++)
		if (table_add(&t, grid_heading(grid, i)) < 0)
			return complain("out of memory");
	status = each_row(g, q, add_table_row, &t);
	if (status == EXIT_OK)
		table_print(&t, "", stdout);
	return status;
}

/* --- CSV ------------------------------------------------------------------- */

static int add_csv_row(
	struct guild *g, struct grid *grid, size_t row, const struct cell *cells, void *arg)
{
	struct buf *b = arg;

	(void)g;
	(void)row;
	for (size_t i = 0; i < grid_n_columns(grid); i++) {
		buf_puts(b, i ? "," : "");
		if (cells[i].type == CELL_NUMBER)
			scalar_format_float(b, cells[i].number);
		else if (cells[i].type == CELL_BOOL)
			buf_puts(b, cells[i].boolean ? "True" : "False");
		else if (cells[i].type == CELL_TEXT)
			csv_field(b, cells[i].text);
		else
			print_cell(b, &cells[i]);
	}
	buf_putc(b, '\n');
	return buf_error(b);
}

/* A file as a whole or not at all; what is something else, such as /dev/stdout, is written to. */
static int write_csv(const char *path, const struct buf *text)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (lstat(path, &st) < 0 || S_ISREG(st.st_mode))
		return file_write(AT_FDCWD, path, text->data, text->len, 0666, FILE_NOSYNC);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	return fd < 0 ? -errno : file_write_all(fd, text->data, text->len);
}

static int print_csv(struct guild *g, const struct compare_options *o, const struct request *q)
{
	struct grid *grid = comparison_grid(q->comparison);
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r, status;

	for (size_t i = 0; grid_n_rows(grid) && i < grid_n_columns(grid); i++) {
		buf_puts(&text, i ? "," : "");
		csv_field(&text, grid_heading(grid, i));
	}
	if (text.len)
		buf_putc(&text, '\n');
	status = each_row(g, q, add_csv_row, &text);
	if (status != EXIT_OK)
		return status;
	if (strcmp(o->csv, "-") == 0) {
		fwrite(buf_str(&text), 1, text.len, stdout);
		return EXIT_OK;
	}
	r = write_csv(o->csv, &text);
	if (r < 0)
		return complain("error opening %s: %s", o->csv, strerror(-r));
	fprintf(stderr, "Wrote %zu row(s) to %s\n", q->limit, o->csv);
	return EXIT_OK;
}

/* --- JSON ------------------------------------------------------------------ */

static struct value *value_of(const struct cell *cell)
{
	switch (cell->type) {
	case CELL_BOOL:
		return value_bool(cell->boolean);
	case CELL_INT:
		return value_int(cell->integer);
	case CELL_NUMBER:
		return value_float(cell->number);
	case CELL_TEXT:
		return value_string(cell->text);
	case CELL_NONE:
		break;
	}
	return value_null();
}

static int add_object(
	struct guild *g, struct grid *grid, size_t row, const struct cell *cells, void *arg)
{
	struct value *object = value_map();
	int r = object ? 0 : -ENOMEM;

	(void)g;
	(void)row;
	for (size_t i = 0; r == 0 && i < grid_n_columns(grid); i++)
		r = value_map_set(object, grid_heading(grid, i), value_of(&cells[i]));
	if (r < 0) {
		value_free(object);
		return r;
	}
	return value_list_add(arg, object);
}

static int print_json(struct guild *g, const struct request *q)
{
	_cleanup_value_ struct value *list = value_list();
	_cleanup_buf_ struct buf text = BUF_INIT;
	int status = list ? each_row(g, q, add_object, list) : complain("out of memory");

	if (status != EXIT_OK)
		return status;
	json_emit(&text, list);
	if (buf_error(&text))
		return complain("out of memory");
	puts(buf_str(&text));
	return EXIT_OK;
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
	int r;

	if (run_view_open(g, serial, &v) != EXIT_OK)
		return EXIT_ERROR;
	r = scalars_read(SCALARS_SUMMARIES, v.fd, &scalars, &problems);
	if (r < 0)
		return complain("cannot read run %s: %s", v.id, strerror(-r));
	for (size_t i = 0; i < problems.n; i++)
		warning("%s", problems.v[i]);
	select_operation(&v.summary, &operation);
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
	int status = select_runs(g, &o->sel, args, SELECT_ALL, &runs);

	for (size_t i = 0; status == EXIT_OK && i < runs.n; i++)
		status = print_scalars_of(g, runs.serials[i]);
	return status;
}

static int compare(struct guild *g, void *options, const struct strv *args)
{
	const struct compare_options *o = options;
	_cleanup_(request_release) struct request q = {0};
	int status = check_options(o);

	if (status == EXIT_OK)
		status = guild_open_home(g);
	if (status == EXIT_OK && o->scalars)
		return print_scalars(g, o, args);
	if (status == EXIT_OK)
		status = make_request(g, o, args, &q);
	if (status == EXIT_OK)
		status = arrange(o, &q);
	if (status != EXIT_OK)
		return status;
	if (o->csv)
		return print_csv(g, o, &q);
	return o->json ? print_json(g, &q) : print_table(g, &q);
}

const struct command cmd_compare = {
	.name = "compare",
	.usage = "compare [OPTION]... [RUN]...",
	.summary = "Compare flags and results of runs",
	.options = compare_options,
	.options_size = sizeof(struct compare_options),
	.run = compare,
	.release = release,
};
