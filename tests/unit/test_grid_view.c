/* SPDX-License-Identifier: MIT */
/* A grid as it is looked at: order, hidden columns, search, what is in the window. */
#include "support.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/term_text.h"
#include "catalog/grid_view.h"

/* --- a small grid ----------------------------------------------------------- */

enum { RUN, NAME, LOSS, MIXED, COLUMNS };

static void set_text(struct grid *g, uint32_t column, const char *text)
{
	struct cell cell;

	assert_int_equal(grid_text(g, strdup(text), &cell), 0);
	grid_fill(g, column, SECTION_CORE, cell);
}

static void set_number(struct grid *g, uint32_t column, double number)
{
	grid_fill(g, column, SECTION_CORE, (struct cell){.type = CELL_NUMBER, .number = number});
}

static void make_columns(struct grid *g, uint32_t columns[COLUMNS])
{
	static const char *const headings[COLUMNS] = {"run", "name", "loss", "mixed"};

	for (size_t i = 0; i < COLUMNS; i++)
		assert_int_equal(grid_column(g, headings[i], SECTION_CORE, &columns[i]), 0);
}

/* run, name, loss: a a10 0.5, b a2 -, c A9 10, d - nan, e a2 2; from `first` on. */
static struct grid *make_grid(size_t first)
{
	static const char *const names[] = {"a10", "a2", "A9", NULL, "a2"};
	static const double losses[] = {0.5, 0, 10, NAN, 2};
	struct grid *g = grid_new();
	uint32_t c[COLUMNS];

	assert_non_null(g);
	make_columns(g, c);
	for (size_t i = first; i < ARRAY_SIZE(names); i++) {
		const char id[] = {(char)('a' + i), '\0'};

		set_text(g, c[RUN], id);
		if (names[i])
			set_text(g, c[NAME], names[i]);
		if (i != 1)
			set_number(g, c[LOSS], losses[i]);
		if (i == 0)
			set_text(g, c[MIXED], "text");
		else if (i != 2)
			set_number(g, c[MIXED], (double)i);
		assert_int_equal(grid_end_row(g, i + 1), 0);
	}
	assert_int_equal(grid_finish(g), 0);
	return g;
}

static void print(void *arg, const struct grid *g, size_t row, size_t column, struct buf *b)
{
	struct cell cell = grid_cell(g, row, column);

	(void)arg;
	if (cell.type == CELL_TEXT)
		buf_puts(b, cell.text);
	else if (cell.type == CELL_NUMBER)
		buf_printf(b, "%g", cell.number);
}

static void show(struct grid_view *v, const struct grid *g)
{
	const struct grid_source source = {.grid = g, .n_rows = grid_n_rows(g), .print = print};

	assert_int_equal(grid_view_show(v, &source), 0);
}

/* The first column of all rows, in their order. */
static const char *order(const struct grid_view *v)
{
	static char text[64];
	_cleanup_buf_ struct buf b = BUF_INIT;

	for (size_t i = 0; i < v->n_rows; i++)
		grid_view_text(v, i, 0, &b);
	snprintf(text, sizeof(text), "%s", buf_str(&b));
	return text;
}

/* "X:HEADING:WIDTH " of every column that is seen. */
static const char *seen(struct grid_view *v)
{
	static char text[512];
	struct grid_view_column columns[64];
	size_t n = grid_view_seen(v, columns, ARRAY_SIZE(columns));
	_cleanup_buf_ struct buf b = BUF_INIT;

	assert_true(n <= GRID_VIEW_MAX_SEEN(v->width));
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%zu:%s:%zu ", columns[i].x, grid_view_heading(v, columns[i].place),
			columns[i].width);
	snprintf(text, sizeof(text), "%s", buf_str(&b));
	return text;
}

static void at(const struct grid_view *v, size_t row, size_t column)
{
	assert_int_equal(v->row, row);
	assert_int_equal(v->column, column);
}

/* --- order ------------------------------------------------------------------ */

static void sorting(void **state)
{
	struct grid *g = make_grid(0);
	struct grid_view v = GRID_VIEW_INIT;

	(void)state;
	grid_view_resize(&v, 10, 80);
	show(&v, g);
	assert_string_equal(order(&v), "abcde");
	/* Numbers by value, NaN behind them, nothing last - whichever way. */
	grid_view_go(&v, 2, LOSS);
	assert_int_equal(grid_view_sort(&v, false), 0);
	assert_string_equal(order(&v), "aecdb");
	assert_int_equal(grid_view_serial(&v), 3);
	assert_int_equal(grid_view_sort(&v, true), 0);
	assert_string_equal(order(&v), "dceab");
	/* Texts in natural order; equal ones by what was sorted by before. */
	grid_view_go(&v, 0, NAME);
	assert_int_equal(grid_view_sort(&v, false), 0);
	assert_string_equal(order(&v), "cebad");
	assert_int_equal(v.n_keys, 2);
	/* Numbers before texts. */
	grid_view_go(&v, 0, MIXED);
	assert_int_equal(grid_view_sort(&v, false), 0);
	assert_string_equal(order(&v), "bdeac");
	assert_int_equal(grid_view_sort(&v, false), 0);
	assert_int_equal(v.n_keys, 3);
	for (int i = 0; i < COLUMNS; i++) {
		grid_view_go(&v, 0, i);
		assert_int_equal(grid_view_sort(&v, true), 0);
	}
	assert_int_equal(v.n_keys, GRID_VIEW_KEYS);
	assert_int_equal(grid_view_unsort(&v, true), 0);
	assert_string_equal(order(&v), "edcba");
	assert_int_equal(grid_view_unsort(&v, false), 0);
	assert_string_equal(order(&v), "abcde");
	grid_view_release(&v);
	grid_free(g);
}

/* --- the same view of newer rows ---------------------------------------------- */

static void refresh(void **state)
{
	struct grid *g = make_grid(0), *newer = make_grid(1), *empty = grid_new();
	struct grid_view v = GRID_VIEW_INIT;

	(void)state;
	assert_int_equal(grid_finish(empty), 0);
	grid_view_resize(&v, 10, 80);
	show(&v, g);
	grid_view_go(&v, 3, LOSS);
	assert_int_equal(grid_view_sort(&v, true), 0);
	grid_view_go(&v, 0, NAME);
	assert_int_equal(grid_view_set_width(&v, 7), 0);
	grid_view_go(&v, 0, RUN);
	assert_int_equal(grid_view_hide(&v), 0);
	assert_int_equal(grid_view_n_hidden(&v), 1);
	assert_int_equal(grid_view_hide(&v), 0);
	assert_int_equal(grid_view_n_hidden(&v), 2);
	grid_view_show_all(&v);
	assert_int_equal(grid_view_n_hidden(&v), 0);
	assert_string_equal(grid_view_heading(&v, v.column), "loss");
	grid_view_go(&v, 0, RUN);
	assert_int_equal(grid_view_hide(&v), 0);
	grid_view_go(&v, 1, 1);
	assert_int_equal(grid_view_serial(&v), 3);
	assert_string_equal(seen(&v), "0:name:7 9:loss:4 15:mixed:5 ");

	/* A run less: order, hidden columns, widths, and the cursor on its run and column. */
	show(&v, newer);
	assert_int_equal(grid_view_serial(&v), 3);
	assert_string_equal(grid_view_heading(&v, v.column), "loss");
	assert_string_equal(seen(&v), "0:name:7 9:loss:4 15:mixed:5 ");
	assert_string_equal(order(&v), "A9a2a2");
	/* None, and then some again. */
	show(&v, empty);
	at(&v, 0, 0);
	assert_int_equal(grid_view_serial(&v), 0);
	assert_string_equal(seen(&v), "");
	assert_false(grid_view_find(&v, "a", false, true));
	assert_false(grid_view_next_change(&v, 1, 0));
	grid_view_page(&v, 1);
	grid_view_page_columns(&v, 1);
	grid_view_go(&v, 5, 5);
	assert_int_equal(grid_view_sort(&v, false), 0);
	assert_int_equal(grid_view_hide(&v), 0);
	assert_int_equal(grid_view_widen(&v, 1), 0);
	show(&v, g);
	at(&v, 0, 0);
	assert_string_equal(seen(&v), "0:name:7 9:loss:4 15:mixed:5 ");
	grid_view_release(&v);
	grid_free(g);
	grid_free(newer);
	grid_free(empty);
}

/* --- search ------------------------------------------------------------------- */

static void searching(void **state)
{
	struct grid *g = make_grid(0);
	struct grid_view v = GRID_VIEW_INIT;

	(void)state;
	grid_view_resize(&v, 10, 80);
	show(&v, g);
	assert_true(grid_view_find(&v, "A", false, true));
	at(&v, 0, RUN);
	assert_true(grid_view_find(&v, "a", false, false));
	at(&v, 0, NAME);
	assert_true(grid_view_find(&v, "A9", false, false));
	at(&v, 2, NAME);
	assert_true(grid_view_find(&v, "a10", false, false));
	at(&v, 0, NAME);
	/* Around the end, backwards, and numbers as they are shown. */
	assert_true(grid_view_find(&v, "2", true, false));
	at(&v, 4, LOSS);
	assert_true(grid_view_find(&v, "nan", true, false));
	at(&v, 3, LOSS);
	assert_true(grid_view_find(&v, "NAN", false, false));
	at(&v, 3, LOSS);
	assert_false(grid_view_find(&v, "zzz", false, false));
	assert_false(grid_view_find(&v, "", false, true));
	at(&v, 3, LOSS);
	/* What is hidden is not found. */
	assert_int_equal(grid_view_hide(&v), 0);
	assert_false(grid_view_find(&v, "nan", false, true));

	grid_view_go(&v, 1, NAME);
	assert_true(grid_view_next_change(&v, 1, 0));
	at(&v, 2, NAME);
	assert_true(grid_view_next_change(&v, 0, -1));
	at(&v, 2, RUN);
	assert_false(grid_view_next_change(&v, 0, -1));
	grid_view_release(&v);
	grid_free(g);
}

/* --- the window ---------------------------------------------------------------- */

enum { MANY_ROWS = 100, MANY_COLUMNS = 20 };

static struct grid *make_large(void)
{
	struct grid *g = grid_new();

	assert_non_null(g);
	for (size_t row = 0; row < MANY_ROWS; row++) {
		for (uint32_t i = 0; i < MANY_COLUMNS; i++) {
			char heading[16];
			uint32_t column;

			snprintf(heading, sizeof(heading), "c%u", i);
			assert_int_equal(grid_column(g, heading, SECTION_CORE, &column), 0);
			set_number(g, column, (double)(row * 1000 + i));
		}
		assert_int_equal(grid_end_row(g, row + 1), 0);
	}
	assert_int_equal(grid_finish(g), 0);
	return g;
}

static void scrolling(void **state)
{
	struct grid *g = make_large();
	struct grid_view v = GRID_VIEW_INIT;

	(void)state;
	grid_view_resize(&v, 10, 30);
	show(&v, g);
	assert_string_equal(seen(&v), "0:c0:5 7:c1:5 14:c2:5 21:c3:5 28:c4:2 ");
	/* The first column stays; the one with the cursor is seen as a whole. */
	grid_view_go(&v, 0, 4);
	assert_string_equal(seen(&v), "0:c0:5 7:c2:5 14:c3:5 21:c4:5 28:c5:2 ");
	grid_view_go(&v, 0, 1);
	assert_string_equal(seen(&v), "0:c0:5 7:c1:5 14:c2:5 21:c3:5 28:c4:2 ");
	grid_view_go(&v, 0, 1000);
	at(&v, 0, MANY_COLUMNS - 1);
	assert_string_equal(seen(&v), "0:c0:5 7:c17:5 14:c18:5 21:c19:5 ");
	grid_view_go(&v, 0, -5);
	at(&v, 0, 0);
	grid_view_page_columns(&v, 1);
	assert_string_equal(seen(&v), "0:c0:5 7:c4:5 14:c5:5 21:c6:5 28:c7:2 ");
	at(&v, 0, 4);
	grid_view_page_columns(&v, -1);
	assert_string_equal(seen(&v), "0:c0:5 7:c1:5 14:c2:5 21:c3:5 28:c4:2 ");
	for (int i = 0; i < MANY_COLUMNS; i++)
		grid_view_page_columns(&v, 1);
	at(&v, 0, MANY_COLUMNS - 1);

	grid_view_go(&v, 10, 0);
	assert_int_equal(v.top, 1);
	grid_view_page(&v, 1);
	assert_int_equal(v.top, 11);
	at(&v, 20, 0);
	grid_view_page(&v, 1000);
	at(&v, MANY_ROWS - 1, 0);
	assert_int_equal(v.top, MANY_ROWS - 10);
	/* A larger window has no empty lines, a smaller one still has the cursor. */
	grid_view_resize(&v, 30, 30);
	assert_int_equal(v.top, MANY_ROWS - 30);
	grid_view_resize(&v, 3, 30);
	assert_int_equal(v.top, MANY_ROWS - 3);
	grid_view_resize(&v, 0, 0);
	assert_int_equal(v.top, MANY_ROWS - 1);
	grid_view_go(&v, 0, MANY_COLUMNS - 1);
	assert_string_equal(seen(&v), "0:c19:1 ");
	grid_view_release(&v);
	grid_free(g);
}

static void widths(void **state)
{
	struct grid *g = make_large();
	struct grid_view v = GRID_VIEW_INIT;

	(void)state;
	grid_view_resize(&v, 10, 30);
	show(&v, g);
	grid_view_go(&v, 0, 1);
	assert_int_equal(grid_view_widen(&v, 2), 0);
	assert_string_equal(seen(&v), "0:c0:5 7:c1:7 16:c2:5 23:c3:5 ");
	assert_int_equal(grid_view_set_width(&v, 0), 0);
	assert_string_equal(seen(&v), "0:c0:5 7:c1:5 14:c2:5 21:c3:5 28:c4:2 ");
	assert_int_equal(grid_view_widen(&v, -100), 0);
	assert_string_equal(seen(&v), "0:c0:5 7:c1:1 10:c2:5 17:c3:5 24:c4:5 ");
	grid_view_set_all_widths(&v, 3);
	assert_string_equal(seen(&v), "0:c0:3 5:c1:3 10:c2:3 15:c3:3 20:c4:3 25:c5:3 ");
	grid_view_widen_all(&v, 1);
	assert_string_equal(seen(&v), "0:c0:4 6:c1:4 12:c2:4 18:c3:4 24:c4:4 ");
	grid_view_set_all_widths(&v, 0);
	grid_view_widen_all(&v, 1);
	assert_string_equal(seen(&v), "0:c0:6 8:c1:6 16:c2:6 24:c3:6 ");
	grid_view_widen_all(&v, -1);
	/* Columns that do not scroll leave half of the window to the others. */
	grid_view_go(&v, 0, 3);
	grid_view_freeze(&v);
	grid_view_go(&v, 0, 10);
	assert_string_equal(seen(&v), "0:c0:5 7:c1:5 14:c9:5 21:c10:5 28:c11:2 ");
	grid_view_go(&v, 0, 3);
	grid_view_freeze(&v);
	grid_view_go(&v, 0, 10);
	assert_string_equal(seen(&v), "0:c7:5 7:c8:5 14:c9:5 21:c10:5 28:c11:2 ");
	grid_view_release(&v);
	grid_free(g);
}

/* --- texts ----------------------------------------------------------------------- */

static void fits(const char *text, size_t cells, const char *wanted, size_t used)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	assert_int_equal(term_add(&b, text, cells), used);
	assert_string_equal(buf_str(&b), wanted);
}

static void texts(void **state)
{
	(void)state;
	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	fits("plain", 5, "plain", 5);
	fits("plain", 4, "pla\u2026", 4);
	fits("plain", 1, "\u2026", 1);
	fits("plain", 0, "", 0);
	fits("", 3, "", 0);
	/* Two cells each; one that is cut in the middle is left out. */
	fits("\u65e5\u672c", 4, "\u65e5\u672c", 4);
	fits("\u65e5\u672c", 3, "\u65e5\u2026", 3);
	fits("\u65e5\u672c", 2, "\u2026", 1);
	/* No cell of its own; at the start it would join what stands before. */
	fits("e\u0301x", 2, "e\u0301x", 2);
	fits("\u0301x", 2, "x", 1);
	/* Nothing of it reaches the terminal as it is. */
	fits("a\tb\nc\rd", 20, "a\\tb\\nc\\rd", 10);
	fits("\x1b[31m\x7f\xc2\x9b", 20, "\\x1b[31m\\x7f\\x9b", 16);
	fits("a\u202eb", 20, "a\\u202eb", 8);
	fits("a\x1b", 4, "a\u2026", 2);
	fits("a\xff\xc3", 9, "a\ufffd\ufffd", 3);
	assert_int_equal(term_width("\u65e5\n"), 4);
	assert_non_null(setlocale(LC_CTYPE, "C"));
	fits("\u65e5x\xff", 9, "?x?", 3);
	fits("plain", 4, "pla~", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sorting),
		cmocka_unit_test(refresh),
		cmocka_unit_test(searching),
		cmocka_unit_test(scrolling),
		cmocka_unit_test(widths),
		cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
