/* SPDX-License-Identifier: MIT */
/* What is seen of a view: widths of columns, what stands in the window, moving. */
#include "catalog/grid_view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/grid_view_internal.h"
#include "base/term_text.h"

/* Widths that a column gets by itself: more of a heading than this only if its values are wider. */
enum { FIT_HEADING = 20, FIT_TEXT = 32, WIDTH_MAX = 4096 };

/* --- widths ------------------------------------------------------------------ */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t measure(const struct grid_view *v, size_t column, size_t heading_limit, size_t limit)
{
	size_t widest = least(term_width(grid_heading(v->source.grid, column)), heading_limit);
	_cleanup_buf_ struct buf text = BUF_INIT;

	for (size_t i = 0; i < v->n_rows && widest < limit; i++) {
		size_t width;

		buf_clear(&text);
		grid_view_print(v, i, column, &text);
		width = term_width(buf_str(&text));
		if (width > widest)
			widest = width;
	}
	return widest ? least(widest, limit) : 1;
}

static size_t fit_of(struct grid_view *v, size_t column)
{
	if (!v->fits[column])
		v->fits[column] = measure(v, column, v->whole ? WIDTH_MAX : FIT_HEADING,
			v->whole ? WIDTH_MAX : FIT_TEXT);
	return v->fits[column];
}

static size_t widened(size_t width, long steps)
{
	long step = width < 10 ? 1 : (long)width / 5, wide = (long)width + steps * step;

	return wide < 1 ? 1 : least((size_t)wide, WIDTH_MAX);
}

static size_t width_of(struct grid_view *v, size_t place)
{
	size_t column = v->columns[place];
	const struct grid_view_setting *s =
		grid_view_setting(v, grid_heading(v->source.grid, column));

	if (s && s->width)
		return s->width;
	return v->all ? v->all : widened(fit_of(v, column), v->spread);
}

/* --- the window ------------------------------------------------------------- */

/* How many columns do stay; together with the cells that they take, gap and all. More than half of
 * the window is left to the others. */
static size_t frozen_now(struct grid_view *v, size_t *ret_cells)
{
	size_t n = 0, cells = 0;

	while (n < v->frozen && n < v->n_columns) {
		size_t more = width_of(v, n) + GRID_VIEW_GAP;

		if (cells + more > v->width / 2)
			break;
		cells += more;
		n++;
	}
	*ret_cells = cells;
	return n;
}

/* The first column that scrolls such that `place` is the last that is seen as a whole. */
static size_t left_for(struct grid_view *v, size_t place)
{
	size_t cells, first = frozen_now(v, &cells), used = cells + width_of(v, place);

	while (place > first) {
		used += width_of(v, place - 1) + GRID_VIEW_GAP;
		if (used > v->width)
			break;
		place--;
	}
	return place;
}

static void scroll(struct grid_view *v)
{
	size_t cells, frozen = frozen_now(v, &cells), last_top;

	if (v->row < v->top)
		v->top = v->row;
	else if (v->row >= v->top + v->height)
		v->top = v->row - v->height + 1;
	/* No empty lines below the last row while there are rows above the first. */
	last_top = v->n_rows > v->height ? v->n_rows - v->height : 0;
	v->top = least(v->top, last_top);
	if (!v->n_columns)
		return;
	/* Nor empty cells behind the last column. */
	if (v->left > frozen)
		v->left = least(v->left, left_for(v, v->n_columns - 1));
	if (v->left < frozen)
		v->left = frozen;
	if (v->column < frozen)
		return;
	if (v->column < v->left)
		v->left = v->column;
	else if (v->left < left_for(v, v->column))
		v->left = left_for(v, v->column);
}

void grid_view_resize(struct grid_view *v, size_t height, size_t width)
{
	v->height = height ? height : 1;
	v->width = width ? width : 1;
	scroll(v);
}

size_t grid_view_seen(struct grid_view *v, struct grid_view_column *ret, size_t max)
{
	size_t cells, frozen = frozen_now(v, &cells), n = 0, x = 0, width;

	for (size_t place = 0; x < v->width && n < max; place++) {
		if (place == frozen && v->left > frozen)
			place = v->left;
		if (place >= v->n_columns)
			break;
		width = width_of(v, place);
		ret[n++] = (struct grid_view_column){place, x, least(width, v->width - x)};
		x += width + GRID_VIEW_GAP;
	}
	return n;
}

void grid_view_freeze(struct grid_view *v)
{
	v->frozen = v->frozen == v->column + 1 ? 0 : v->column + 1;
	v->left = 0;
	scroll(v);
}

/* --- widths that somebody wants --------------------------------------------- */

int grid_view_set_width(struct grid_view *v, size_t width)
{
	struct grid_view_setting *s;

	if (!v->n_columns)
		return 0;
	s = grid_view_make_setting(v, grid_view_heading(v, v->column));
	if (!s)
		return -ENOMEM;
	s->width = width ? least(width, WIDTH_MAX)
			 : measure(v, v->columns[v->column], WIDTH_MAX, WIDTH_MAX);
	scroll(v);
	return 0;
}

int grid_view_widen(struct grid_view *v, int steps)
{
	return v->n_columns ? grid_view_set_width(v, widened(width_of(v, v->column), steps)) : 0;
}

void grid_view_measure_again(struct grid_view *v)
{
	if (v->source.grid)
		memset(v->fits, 0, grid_n_columns(v->source.grid) * sizeof(*v->fits));
	scroll(v);
}

void grid_view_set_all_widths(struct grid_view *v, size_t width)
{
	if (!width)
		v->whole = !v->whole;
	for (size_t i = 0; i < v->n_settings; i++)
		v->settings[i].width = 0;
	v->all = least(width, WIDTH_MAX);
	v->spread = 0;
	grid_view_measure_again(v);
}

void grid_view_widen_all(struct grid_view *v, int steps)
{
	for (size_t i = 0; i < v->n_settings; i++)
		if (v->settings[i].width)
			v->settings[i].width = widened(v->settings[i].width, steps);
	if (v->all)
		v->all = widened(v->all, steps);
	else
		v->spread += steps;
	scroll(v);
}

/* --- moving ------------------------------------------------------------------ */

static size_t clamp(long place, size_t n)
{
	if (place < 0 || !n)
		return 0;
	return least((size_t)place, n - 1);
}

void grid_view_go(struct grid_view *v, long row, long column)
{
	v->row = clamp(row, v->n_rows);
	v->column = clamp(column, v->n_columns);
	/* It may be one that does not scroll; who goes there wants to see the beginning. */
	if (v->column == 0)
		v->left = 0;
	scroll(v);
}

void grid_view_page(struct grid_view *v, long pages)
{
	long rows = pages * (long)v->height;

	v->top = clamp((long)v->top + rows, v->n_rows);
	grid_view_go(v, (long)v->row + rows, (long)v->column);
}

static void page_column(struct grid_view *v, bool right)
{
	size_t max = GRID_VIEW_MAX_SEEN(v->width), cells, frozen = frozen_now(v, &cells), n;
	_cleanup_free_ struct grid_view_column *seen = calloc(max, sizeof(*seen));

	if (!seen || !v->n_columns)
		return;
	if (!right) {
		v->left = v->left > frozen ? left_for(v, v->left - 1) : frozen;
		grid_view_go(v, (long)v->row, v->left == frozen ? 0 : (long)v->left);
		return;
	}
	n = grid_view_seen(v, seen, max);
	if (seen[n - 1].place + 1 < v->n_columns)
		v->left = seen[n - 1].place > v->left ? seen[n - 1].place : v->left + 1;
	else
		v->left = v->n_columns - 1;
	grid_view_go(v, (long)v->row, (long)v->left);
}

void grid_view_page_columns(struct grid_view *v, long pages)
{
	for (long i = labs(pages); i > 0; i--)
		page_column(v, pages > 0);
}

bool grid_view_next_change(struct grid_view *v, int down, int right)
{
	_cleanup_buf_ struct buf here = BUF_INIT, there = BUF_INIT;
	size_t row = v->row, column = v->column;

	grid_view_text(v, row, column, &here);
	for (;;) {
		/* Below 0 wraps, and so is beyond the end, too. */
		row += (size_t)down;
		column += (size_t)right;
		if (row >= v->n_rows || column >= v->n_columns)
			return false;
		buf_clear(&there);
		grid_view_text(v, row, column, &there);
		if (strcmp(buf_str(&here), buf_str(&there)) == 0)
			continue;
		grid_view_go(v, (long)row, (long)column);
		return true;
	}
}

/* Numbers are many and slow to print: a text with other letters than theirs is in none. */
static bool may_have(const struct cell *cell, bool in_numbers)
{
	if (cell->type == CELL_NONE)
		return false;
	return in_numbers || (cell->type != CELL_INT && cell->type != CELL_NUMBER);
}

bool grid_view_find(struct grid_view *v, const char *text, bool back, bool here)
{
	bool in_numbers = text[strspn(text, "0123456789+-.eEiInNfFaA")] == '\0';
	size_t total = v->n_rows * v->n_columns, at;
	_cleanup_buf_ struct buf b = BUF_INIT;

	if (!*text || !total)
		return false;
	at = v->row * v->n_columns + v->column;
	for (size_t i = 0; i <= total; i++, at = (at + (back ? total - 1 : 1)) % total) {
		size_t row = at / v->n_columns, column = at % v->n_columns;
		struct cell cell = grid_cell(v->source.grid, v->rows[row], v->columns[column]);

		if ((i == 0 && !here) || !may_have(&cell, in_numbers))
			continue;
		buf_clear(&b);
		grid_view_text(v, row, column, &b);
		if (!strcasestr(buf_str(&b), text))
			continue;
		grid_view_go(v, (long)row, (long)column);
		return true;
	}
	return false;
}
