/* SPDX-License-Identifier: MIT */
/*
 * A grid as somebody looks at it through a window of so many rows and cells: in which order its
 * rows stand, which columns are hidden and how wide they are, what stands in the window, and where
 * the cursor is. It draws nothing and knows no terminal.
 *
 * A place is where a row or column stands in the view, from 0; the grid's own numbers are called
 * rows and columns. When the grid is replaced by a newer one, what was chosen is kept: columns by
 * their headings, the cursor also by its row's serial number.
 *
 * Texts are printed and columns measured when they are first needed, so that a large grid costs no
 * more than what is seen of it. The view borrows the grid. Not thread safe. Errors: -ENOMEM, after
 * which the view is as it was.
 */
#ifndef CATALOG_GRID_VIEW_H
#define CATALOG_GRID_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "catalog/grid.h"

enum { GRID_VIEW_GAP = 2, GRID_VIEW_KEYS = 4 };

struct grid_source {
	const struct grid *grid; /* finished; outlives the view, or the next grid_view_show() */
	size_t n_rows;           /* the first ones of the grid; no more are shown */
	/* Appends the text of a cell. NULL: nothing has a text. */
	void (*print)(void *arg, const struct grid *grid, size_t row, size_t column, struct buf *b);
	void *arg;
};

struct grid_view_setting; /* what was chosen for a column */

/* To be read by everybody, and changed by the functions below. */
struct grid_view {
	struct grid_source source;
	size_t *rows; /* by place */
	size_t n_rows;
	size_t *columns; /* by place, without those that are hidden */
	size_t n_columns;
	size_t row, column;   /* the cursor's place; 0 when there is none */
	size_t top, left;     /* places of the first row, and of the first column that scrolls */
	size_t frozen;        /* so many first columns do not scroll */
	size_t height, width; /* of the window: rows, and cells */
	bool whole;           /* columns are as wide as what is in them */
	bool reversed;        /* rows that are equal otherwise stand last to first */
	size_t n_keys;        /* what rows are sorted by: */
	struct {
		char *heading;
		bool descending;
	} keys[GRID_VIEW_KEYS];

	/* private */
	size_t *fits; /* by column: how wide it must be for its texts; 0: not measured */
	struct grid_view_setting *settings;
	size_t n_settings;
	long spread; /* steps by which all columns are wider */
	size_t all;  /* width of all columns; 0: as each needs */
};

#define GRID_VIEW_INIT ((struct grid_view){.frozen = 1, .height = 1, .width = 1})

void grid_view_release(struct grid_view *v);
/* Begins to show the source, or another one in place of what was shown. */
int grid_view_show(struct grid_view *v, const struct grid_source *source);
void grid_view_resize(struct grid_view *v, size_t height, size_t width);

/* --- reading -------------------------------------------------------------- */

/* A column that can be seen; the last one may be cut off by the window's edge. */
struct grid_view_column {
	size_t place, x, width;
};

/* The columns in the window, from left to right; as many as `max`, which GRID_VIEW_MAX_SEEN(width)
 * always is enough for. */
size_t grid_view_seen(struct grid_view *v, struct grid_view_column *ret, size_t max);
#define GRID_VIEW_MAX_SEEN(width) ((width) / (1 + GRID_VIEW_GAP) + 2)

const char *grid_view_heading(const struct grid_view *v, size_t column_place);
void grid_view_text(
	const struct grid_view *v, size_t row_place, size_t column_place, struct buf *b);
/* Of the cursor's row; 0: there is no row. */
uint64_t grid_view_serial(const struct grid_view *v);
size_t grid_view_n_hidden(const struct grid_view *v);

/* --- moving --------------------------------------------------------------- */

/* To a place, or the nearest that there is; scrolls so that it is seen. */
void grid_view_go(struct grid_view *v, long row, long column);
/* Windows down (or up, < 0), and to the right (or left). */
void grid_view_page(struct grid_view *v, long pages);
void grid_view_page_columns(struct grid_view *v, long pages);
/* To the next cell in this direction (-1, 0, 1 each) whose text is another one; at the end, false.
 */
bool grid_view_next_change(struct grid_view *v, int down, int right);
/*
 * To the next cell, row by row and around the end, whose text has `text` in it, in upper or lower
 * case; backwards with `back`. With `here` the cursor's own is the first. False: there is none.
 */
bool grid_view_find(struct grid_view *v, const char *text, bool back, bool here);

/* --- arranging ------------------------------------------------------------ */

/*
 * By the cursor's column, then by what it was sorted by before: numbers by value, then texts in
 * natural order, and rows without a value last, whichever way. The cursor stays on its row.
 */
int grid_view_sort(struct grid_view *v, bool descending);
/* As the grid has it, or the other way round. */
int grid_view_unsort(struct grid_view *v, bool reversed);
/* The cursor's column; the last one that is left stays. */
int grid_view_hide(struct grid_view *v);
void grid_view_show_all(struct grid_view *v);
/* Columns up to the cursor's stay where they are when others scroll; if they do already, none. */
void grid_view_freeze(struct grid_view *v);
/* Texts have become other ones: columns get the widths that these need. */
void grid_view_measure_again(struct grid_view *v);
/* The cursor's column; 0: as its widest text. */
int grid_view_set_width(struct grid_view *v, size_t width);
/* That column wider or narrower by a fifth. */
int grid_view_widen(struct grid_view *v, int steps);
/* All columns; 0: as each needs, up to a limit, or if that is so, without the limit. */
void grid_view_set_all_widths(struct grid_view *v, size_t width);
void grid_view_widen_all(struct grid_view *v, int steps);

#endif
