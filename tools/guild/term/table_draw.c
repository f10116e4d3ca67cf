/* SPDX-License-Identifier: MIT */
/* A heading line, as many rows as there is room for, a status line. */
#include "term/table_draw.h"

#include <stdlib.h>
#include <string.h>

#include "term/terminal.h"
#include "base/term_text.h"

enum { HEADING_LINES = 1, STATUS_LINES = 1 };

/* --- cells --------------------------------------------------------------------------- */

static void draw_at(int y, const struct grid_view_column *c, const char *text, attr_t attr)
{
	_cleanup_buf_ struct buf cut = BUF_INIT;
	size_t used = term_add(&cut, text, c->width);

	attrset(attr);
	mvaddstr(y, (int)c->x, buf_str(&cut));
	if (attr && used < c->width)
		mvhline(y, (int)(c->x + used), ' ' | attr, (int)(c->width - used));
	attrset(A_NORMAL);
}

/* The column that rows are sorted by has an arrow behind its heading. */
static void draw_heading(const struct grid_view *v, const struct grid_view_column *c)
{
	const char *heading = grid_view_heading(v, c->place);
	_cleanup_buf_ struct buf text = BUF_INIT;
	size_t width;

	draw_at(0, c, heading, A_BOLD | A_UNDERLINE);
	if (!v->n_keys || strcmp(v->keys[0].heading, heading) != 0)
		return;
	term_add(&text, v->keys[0].descending ? "\u2193" : "\u2191", 1);
	width = term_width(heading);
	mvaddstr(0, (int)(c->x + (width < c->width ? width : c->width)),
		strcmp(buf_str(&text), "?") != 0 ? buf_str(&text)
		: v->keys[0].descending          ? "v"
						 : "^");
}

static void draw_row(
	const struct grid_view *v, size_t place, const struct grid_view_column *columns, size_t n)
{
	int y = HEADING_LINES + (int)(place - v->top);
	bool is_current = place == v->row;

	for (size_t i = 0; i < n; i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;
		attr_t attr = is_current ? A_BOLD : A_NORMAL;

		if (is_current && columns[i].place == v->column)
			attr = A_REVERSE;
		grid_view_text(v, place, columns[i].place, &text);
		draw_at(y, &columns[i], buf_str(&text), attr);
	}
}

static void draw_cells(struct grid_view *v)
{
	size_t max = GRID_VIEW_MAX_SEEN(v->width), n;
	_cleanup_free_ struct grid_view_column *columns = calloc(max, sizeof(*columns));

	if (!columns)
		return;
	n = grid_view_seen(v, columns, max);
	for (size_t i = 0; i < n; i++)
		draw_heading(v, &columns[i]);
	for (size_t row = v->top; row < v->n_rows && row < v->top + v->height; row++)
		draw_row(v, row, columns, n);
}

/* --- status -------------------------------------------------------------------------- */

/* Where the cursor is, with the whole text of its cell. */
static void print_place(const struct grid_view *v, struct buf *b)
{
	if (!v->n_rows) {
		buf_puts(b, "no runs; r looks again");
		return;
	}
	buf_printf(b, "run %zu of %zu", v->row + 1, v->n_rows);
	buf_printf(b, "  column %zu of %zu  %s: ", v->column + 1, v->n_columns,
		grid_view_heading(v, v->column));
	grid_view_text(v, v->row, v->column, b);
}

static void print_arrangement(const struct grid_view *v, long number, struct buf *b)
{
	size_t hidden = grid_view_n_hidden(v);

	if (number)
		buf_printf(b, "%ld  ", number);
	if (v->n_keys)
		buf_printf(b, "by %s%s  ", v->keys[0].heading,
			v->keys[0].descending ? ", highest first" : "");
	if (hidden)
		buf_printf(b, "%zu hidden  ", hidden);
	buf_puts(b, "?: help ");
}

static void draw_status(const struct grid_view *v, const char *message, long number)
{
	_cleanup_buf_ struct buf left = BUF_INIT, right = BUF_INIT, line = BUF_INIT;
	size_t columns = (size_t)COLS, used, right_width;

	if (message)
		buf_puts(&left, message);
	else
		print_place(v, &left);
	print_arrangement(v, number, &right);
	right_width = term_width(buf_str(&right));
	/* The left side is what changes; it must not vanish. */
	if (right_width > columns / 3)
		right_width = 0;
	buf_putc(&line, ' ');
	used = 1 + term_add(&line, buf_str(&left), columns - right_width - (right_width ? 3 : 1));
	for (; right_width && used < columns - right_width; used++)
		buf_putc(&line, ' ');
	if (right_width)
		term_add(&line, buf_str(&right), right_width);
	terminal_line(LINES - 1, buf_str(&line), A_REVERSE);
}

void table_draw(struct grid_view *v, const char *message, long number)
{
	int height = LINES - HEADING_LINES - STATUS_LINES;

	grid_view_resize(v, height > 0 ? (size_t)height : 0, (size_t)COLS);
	erase();
	draw_cells(v);
	draw_status(v, message, number);
	refresh();
}
