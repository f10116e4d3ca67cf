/* SPDX-License-Identifier: MIT */
/* A comparison as a table, CSV or JSON. */
#include "runs/compare_print.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "term/table.h"
#include "base/csv.h"
#include "base/file.h"
#include "project/flag_values.h"
#include "yaml/json.h"
#include "yaml/scalar.h"

enum { TABLE_DIGITS = 6 };

/* Calls `print` for each row that is shown. */
static int each_row(struct guild *g, const struct compared *q,
	int (*print)(struct guild *g, struct grid *grid, size_t row, const struct cell *cells,
		void *arg),
	void *arg)
{
	struct grid *grid = q->grid;
	_cleanup_free_ struct cell *cells = calloc(grid_n_columns(grid) + 1, sizeof(*cells));
	int r = cells ? 0 : -ENOMEM;

	for (size_t row = 0; r == 0 && row < q->n_rows; row++) {
		grid_row(grid, row, cells);
		r = print(g, grid, row, cells, arg);
	}
	return r < 0 ? complain("out of memory") : EXIT_OK;
}

/* --- table ----------------------------------------------------------------- */

void compare_print_cell(struct buf *b, const struct cell *cell)
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

bool compare_is_operation(const struct grid *grid, size_t column)
{
	return strcmp(grid_heading(grid, column), "operation") == 0;
}

bool compare_is_marked(struct guild *g, uint64_t serial)
{
	_cleanup_summary_ struct run_summary s = {0};

	return catalog_listed(g->catalog, serial, &s) == 0 && s.marked;
}

static int add_table_row(
	struct guild *g, struct grid *grid, size_t row, const struct cell *cells, void *arg)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < grid_n_columns(grid); i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;

		compare_print_cell(&text, &cells[i]);
		if (compare_is_operation(grid, i) && compare_is_marked(g, grid_serial(grid, row)))
			buf_puts(&text, COMPARE_MARK);
		r = buf_error(&text) ? buf_error(&text) : table_add(arg, buf_str(&text));
	}
	return r;
}

int compare_print_table(struct guild *g, const struct compared *q)
{
	struct grid *grid = q->grid;
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
			compare_print_cell(b, &cells[i]);
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

int compare_print_csv(struct guild *g, const struct compared *q, const char *path)
{
	struct grid *grid = q->grid;
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
	if (strcmp(path, "-") == 0) {
		fwrite(buf_str(&text), 1, text.len, stdout);
		return EXIT_OK;
	}
	r = write_csv(path, &text);
	if (r < 0)
		return complain("error opening %s: %s", path, strerror(-r));
	fprintf(stderr, "Wrote %zu row(s) to %s\n", q->n_rows, path);
	return EXIT_OK;
}

/* --- JSON ------------------------------------------------------------------ */

struct value *compare_value(const struct cell *cell)
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
		r = value_map_set(object, grid_heading(grid, i), compare_value(&cells[i]));
	if (r < 0) {
		value_free(object);
		return r;
	}
	return value_list_add(arg, object);
}

int compare_print_json(struct guild *g, const struct compared *q)
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
