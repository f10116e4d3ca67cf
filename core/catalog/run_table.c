/* SPDX-License-Identifier: MIT */
/*
 * Rows are printed one by one. Each may bring columns that were not there before; then those that
 * were printed with fewer are printed again, until all have the same.
 */
#include "catalog/run_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/name.h"
#include "base/shortage.h"
#include "catalog/compare.h"
#include "catalog/facts_reader.h"
#include "catalog/op_columns.h"
#include "metrics/scalars.h"
#include "run/report.h"
#include "yaml/scalar.h"

#define CORE_COLUMNS ".run, .operation, .started, .time, .status, .label"

enum { LIVE_MS = 200 };

struct row {
	uint32_t serial;
	unsigned version; /* of the run, when it was looked at */
	unsigned layout;  /* that it was printed in; 0: not printed */
	bool known, live, member;
	char *text;
	size_t len;
	struct scalars *scalars; /* of a live run, which are read as they grow */
};

struct run_table {
	struct catalog *catalog;
	run_table_member_fn member;
	void *arg;

	struct columns core, none;
	struct comparison *comparison; /* has the columns; rows only while they are printed */
	struct op_columns *op_columns;
	unsigned layout; /* counts changes of the columns */
	struct buf heading;

	struct row *rows; /* also of runs that are not members */
	size_t n;
	size_t *shown; /* members, in the order of rows */
	size_t n_shown;
	size_t n_live;
	size_t bytes;        /* of the rows */
	uint64_t generation; /* of the catalogue, when it was looked at */
	int64_t refreshed_ms;
};

static void row_release(struct row *row)
{
	free(row->text);
	scalars_free(row->scalars);
	*row = (struct row){0};
}

static void drop_columns(struct run_table *t)
{
	comparison_free(STEAL(t->comparison));
	op_columns_free(STEAL(t->op_columns));
}

/* No columns, so that every row has to be printed. */
static int begin_columns(struct run_table *t)
{
	const struct compare_spec spec = {.core = &t->core, .user = &t->none, .keep_nan = true};

	drop_columns(t);
	t->layout++;
	t->op_columns = op_columns_new(t->catalog);
	return t->op_columns ? comparison_new(&spec, &t->comparison) : -ENOMEM;
}

int run_table_new(
	struct catalog *catalog, run_table_member_fn member, void *arg, struct run_table **ret)
{
	struct run_table *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return -ENOMEM;
	t->catalog = catalog;
	t->member = member;
	t->arg = arg;
	r = columns_parse(CORE_COLUMNS, &t->core, NULL);
	if (r == 0)
		r = begin_columns(t);
	if (r < 0)
		run_table_free(t);
	else
		*ret = t;
	return r;
}

void run_table_free(struct run_table *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++)
		row_release(&t->rows[i]);
	free(t->rows);
	free(t->shown);
	drop_columns(t);
	columns_release(&t->core);
	buf_release(&t->heading);
	free(t);
}

/* --- a run's cells -------------------------------------------------------- */

struct look {
	struct catalog *catalog;
	uint64_t serial;
	struct run_summary summary;
};

static void look_release(struct look *look)
{
	run_summary_release(&look->summary);
}

/* Seconds, of a run that has ended. */
static void print_time(const struct run_summary *s, struct buf *b)
{
	int64_t span = run_status_live(s->status) ? -1 : run_summary_span(s);

	if (span >= 0)
		buf_printf(b, "%.6f", (double)span / 1e6);
}

/* What is not in the summary: any other attribute. */
static bool print_stored(const struct look *look, const char *name, struct buf *b)
{
	const struct home *home = catalog_home(look->catalog);
	_cleanup_close_ int fd = home_open_run(home, catalog_id(look->catalog, look->serial));
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (fd < 0 || !name_is_component(name))
		return false;
	report_attr(fd, name, &text);
	buf_add(b, text.data, text.len ? text.len - 1 : 0);
	return buf_error(&text) == 0;
}

static bool print_attr(void *arg, const char *name, struct buf *b)
{
	const struct look *look = arg;
	const struct run_summary *s = &look->summary;

	if (strcmp(name, "run") == 0 || strcmp(name, "id") == 0)
		buf_puts(b, catalog_id(look->catalog, look->serial));
	else if (strcmp(name, "operation") == 0)
		run_summary_operation(s, b);
	else if (strcmp(name, "status") == 0)
		buf_puts(b, run_status_name(s->status));
	else if (strcmp(name, "label") == 0)
		buf_puts(b, s->label);
	else if (strcmp(name, "time") == 0)
		print_time(s, b);
	else if (strcmp(name, "started") == 0 && s->started)
		clock_format_utc(b, s->started);
	else if (strcmp(name, "stopped") == 0 && s->stopped)
		clock_format_utc(b, s->stopped);
	else
		return print_stored(look, name, b);
	return true;
}

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
		scalar_format_float(b, cell->number);
		break;
	case CELL_TEXT:
		buf_add_tsv(b, cell->text);
		break;
	}
}

/* --- a row ---------------------------------------------------------------- */

/* The comparison's only row. */
static int print_cells(struct run_table *t, struct row *row)
{
	struct grid *grid = comparison_grid(t->comparison);
	size_t n = grid_n_columns(grid);
	_cleanup_free_ struct cell *cells = calloc(n + 1, sizeof(*cells));
	_cleanup_buf_ struct buf b = BUF_INIT;

	if (!cells)
		return -ENOMEM;
	grid_row(grid, 0, cells);
	for (size_t i = 0; i < n; i++) {
		buf_puts(&b, i ? "\t" : "");
		print_cell(&b, &cells[i]);
	}
	buf_putc(&b, '\n');
	if (buf_error(&b))
		return buf_error(&b);
	free(row->text);
	row->text = buf_steal(&b, &row->len);
	row->layout = t->layout;
	return 0;
}

/* With columns that it brought, in their places. */
static int compare_run(struct run_table *t, const struct compare_run *run)
{
	struct grid *grid = comparison_grid(t->comparison);
	size_t known = grid_n_headings(grid);
	int r = comparison_add(t->comparison, run);

	if (r == 0 && grid_n_headings(grid) != known) {
		t->layout++;
		r = grid_finish(grid);
	}
	return r;
}

static int print_row(struct run_table *t, struct facts_reader *reader, struct row *row)
{
	_cleanup_(look_release) struct look look = {.catalog = t->catalog, .serial = row->serial};
	_cleanup_facts_ struct run_facts facts = {0};
	_cleanup_strv_ struct strv warnings = STRV_INIT;
	struct compare_run run = {.serial = row->serial, .attr = print_attr, .arg = &look};
	int r = catalog_listed(t->catalog, row->serial, &look.summary);

	if (r == 0)
		r = op_columns_find(t->op_columns, row->serial, &look.summary.opref,
			&run.op_columns, &warnings);
	if (r == 0)
		r = facts_reader_follow(
			reader, row->serial, row->live ? &row->scalars : NULL, &facts);
	if (r < 0)
		return r;
	facts_compare(&facts, &run);
	r = compare_run(t, &run);
	if (r == 0)
		r = print_cells(t, row);
	grid_drop_rows(comparison_grid(t->comparison));
	return r;
}

/* --- all of them ---------------------------------------------------------- */

/* Rows by serial, from 1: where they are, or none. */
static uint32_t *find_rows(const struct run_table *t, uint64_t max)
{
	uint32_t *at = calloc(max + 1, sizeof(*at));

	for (size_t i = 0; at && i < t->n; i++)
		if (t->rows[i].serial <= max)
			at[t->rows[i].serial] = (uint32_t)i + 1;
	return at;
}

static int ask_member(struct run_table *t, struct facts_reader *reader, struct row *row)
{
	_cleanup_summary_ struct run_summary s = {0};
	struct run_table_question q = {
		.reader = reader, .serial = row->serial, .summary = &s, .scalars = &row->scalars};
	int r = catalog_listed(t->catalog, row->serial, &s);

	row->live = run_status_live(s.status);
	/* Gone meanwhile. */
	if (r < 0)
		return is_shortage(r) ? r : 0;
	return t->member ? t->member(t->arg, &q) : 1;
}

/* What is known of the run; the text of a row is kept as long as it is right. */
static int look_at(
	struct run_table *t, struct facts_reader *reader, struct row *row, uint64_t serial)
{
	unsigned version = catalog_version(t->catalog, serial);
	int r;

	row->serial = (uint32_t)serial;
	if (row->known && row->version == version && !row->live)
		return 0;
	r = ask_member(t, reader, row);
	row->member = r > 0;
	row->known = r >= 0;
	row->version = version;
	row->layout = 0;
	if (!row->live)
		scalars_free(STEAL(row->scalars));
	return r < 0 ? r : 0;
}

static int look_at_all(struct run_table *t, const uint64_t *serials)
{
	_cleanup_facts_reader_ struct facts_reader *reader = facts_reader_new(t->catalog);
	int r = reader ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < t->n; i++)
		r = look_at(t, reader, &t->rows[i], serials[i]);
	return r;
}

/* The rows of the runs that there are now, newest first, with what is known of those that stay. */
static int arrange(struct run_table *t, const uint64_t *serials, size_t n)
{
	struct row *rows = calloc(n + 1, sizeof(*rows));
	uint64_t max = 0;
	_cleanup_free_ uint32_t *at = NULL;
	bool lost = false;

	for (size_t i = 0; i < n; i++)
		max = serials[i] > max ? serials[i] : max;
	at = find_rows(t, max);
	if (!rows || !at) {
		free(rows);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		struct row *old = at[serials[i]] ? &t->rows[at[serials[i]] - 1] : NULL;

		if (old) {
			rows[i] = *old;
			*old = (struct row){0};
		}
	}
	for (size_t i = 0; i < t->n; i++) {
		lost = lost || t->rows[i].member;
		row_release(&t->rows[i]);
	}
	free(t->rows);
	t->rows = rows;
	t->n = n;
	/* There may be columns that only they had. */
	return lost ? begin_columns(t) : 0;
}

/*
 * Prints what has to be, which is more as long as there are new columns. What one reader has read
 * from the store is in the index for the next.
 */
static int print_rows(struct run_table *t)
{
	unsigned layout;
	int r;

	do {
		_cleanup_facts_reader_ struct facts_reader *facts = facts_reader_new(t->catalog);

		r = facts ? 0 : -ENOMEM;
		layout = t->layout;
		for (size_t i = 0; r == 0 && i < t->n; i++) {
			struct row *row = &t->rows[i];

			if (!row->member || row->layout == t->layout)
				continue;
			r = print_row(t, facts, row);
			/* Deleted meanwhile. */
			if (r == -ENOENT) {
				row->member = false;
				r = 0;
			}
		}
	} while (r == 0 && layout != t->layout);
	return r;
}

static int print_heading(struct run_table *t)
{
	struct grid *grid = comparison_grid(t->comparison);
	int r = grid_finish(grid);

	buf_clear(&t->heading);
	for (size_t i = 0; r == 0 && i < grid_n_columns(grid); i++) {
		buf_puts(&t->heading, i ? "\t" : "");
		buf_add_tsv(&t->heading, grid_heading(grid, i));
	}
	buf_putc(&t->heading, '\n');
	return r < 0 ? r : buf_error(&t->heading);
}

static int choose_shown(struct run_table *t)
{
	size_t *shown = calloc(t->n + 1, sizeof(*shown));

	if (!shown)
		return -ENOMEM;
	free(t->shown);
	t->shown = shown;
	t->n_shown = 0;
	t->n_live = 0;
	t->bytes = t->n * sizeof(*t->rows);
	for (size_t i = 0; i < t->n; i++) {
		t->bytes += t->rows[i].len;
		t->n_live += t->rows[i].live;
		if (t->rows[i].member)
			shown[t->n_shown++] = i;
	}
	return 0;
}

/* Of the core columns at least, which a table without runs has, too. */
static int add_core_columns(struct run_table *t)
{
	struct grid *grid = comparison_grid(t->comparison);
	int r = 0;

	for (size_t i = 0; r == 0 && i < t->core.n; i++) {
		uint32_t number;

		r = grid_column(grid, t->core.v[i].heading, SECTION_CORE, &number);
	}
	return r;
}

/* New columns that runs brought may have their place before others that came with older runs. */
static int print_all(struct run_table *t, bool had_rows)
{
	unsigned layout = t->layout;
	int r = add_core_columns(t);

	if (r == 0)
		r = print_rows(t);
	if (r < 0 || t->layout == layout || !had_rows)
		return r;
	r = begin_columns(t);
	if (r == 0)
		r = add_core_columns(t);
	return r < 0 ? r : print_rows(t);
}

int run_table_refresh(struct run_table *t)
{
	uint64_t generation = catalog_generation(t->catalog);
	_cleanup_free_ uint64_t *serials = NULL;
	int64_t now = clock_monotonic_ms();
	bool had_rows = t->n_shown > 0;
	size_t n;
	int r;

	if (t->refreshed_ms && t->generation == generation &&
		(!t->n_live || now - t->refreshed_ms < LIVE_MS))
		return 0;
	r = catalog_newest_first(t->catalog, &serials, &n);
	if (r == 0)
		r = arrange(t, serials, n);
	if (r == 0)
		r = look_at_all(t, serials);
	if (r == 0)
		r = print_all(t, had_rows);
	if (r == 0)
		r = print_heading(t);
	if (r == 0)
		r = choose_shown(t);
	t->generation = generation;
	t->refreshed_ms = r == 0 ? now : 0;
	return r;
}

const char *run_table_heading(const struct run_table *t, size_t *ret_len)
{
	*ret_len = t->heading.len;
	return buf_str(&t->heading);
}

size_t run_table_rows(const struct run_table *t)
{
	return t->n_shown;
}

size_t run_table_bytes(const struct run_table *t)
{
	return t->bytes;
}

const char *run_table_row(
	const struct run_table *t, size_t at, uint64_t *ret_serial, size_t *ret_len)
{
	const struct row *row = &t->rows[t->shown[at]];

	*ret_serial = row->serial;
	*ret_len = row->len;
	return row->text;
}
