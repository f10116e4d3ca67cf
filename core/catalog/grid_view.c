/* SPDX-License-Identifier: MIT */
/* What is shown, and in which order: arrays of places over the grid. */
#include "catalog/grid_view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/grid_view_internal.h"
#include "base/natural.h"

/* --- what was chosen for columns ------------------------------------------- */

struct grid_view_setting *grid_view_setting(const struct grid_view *v, const char *heading)
{
	for (size_t i = 0; i < v->n_settings; i++)
		if (strcmp(v->settings[i].heading, heading) == 0)
			return &v->settings[i];
	return NULL;
}

struct grid_view_setting *grid_view_make_setting(struct grid_view *v, const char *heading)
{
	struct grid_view_setting *s = grid_view_setting(v, heading);
	char *copy;

	if (s)
		return s;
	s = reallocarray(v->settings, v->n_settings + 1, sizeof(*s));
	if (!s)
		return NULL;
	v->settings = s;
	copy = strdup(heading);
	if (!copy)
		return NULL;
	s += v->n_settings++;
	*s = (struct grid_view_setting){.heading = copy};
	return s;
}

static void drop_keys(struct grid_view *v)
{
	while (v->n_keys)
		free(v->keys[--v->n_keys].heading);
}

void grid_view_release(struct grid_view *v)
{
	drop_keys(v);
	for (size_t i = 0; i < v->n_settings; i++)
		free(v->settings[i].heading);
	free(v->settings);
	free(v->rows);
	free(v->columns);
	free(v->fits);
	*v = GRID_VIEW_INIT;
}

/* --- order of rows ---------------------------------------------------------- */

struct keyed {
	size_t row;
	struct cell keys[GRID_VIEW_KEYS];
};

enum rank { RANK_NUMBER, RANK_TEXT, RANK_NONE };

static enum rank rank_of(const struct cell *c)
{
	if (c->type == CELL_NONE || (c->type == CELL_TEXT && !*c->text))
		return RANK_NONE;
	return c->type == CELL_TEXT ? RANK_TEXT : RANK_NUMBER;
}

static int compare_keys(const struct cell *a, const struct cell *b, bool descending)
{
	enum rank x = rank_of(a), y = rank_of(b);
	int r = 0;

	if (x == RANK_NONE || y == RANK_NONE)
		return (x == RANK_NONE) - (y == RANK_NONE);
	if (x != y)
		r = x < y ? -1 : 1;
	else if (x == RANK_TEXT)
		r = natural_compare(a->text, b->text);
	else
		r = cell_compare_numbers(a, b);
	return descending ? -r : r;
}

static int compare_rows(const void *a, const void *b, void *arg)
{
	const struct keyed *x = a, *y = b;
	const struct grid_view *v = arg;
	int r = 0;

	for (size_t i = 0; r == 0 && i < v->n_keys; i++)
		r = compare_keys(&x->keys[i], &y->keys[i], v->keys[i].descending);
	if (r)
		return r;
	return (x->row < y->row ? -1 : 1) * (v->reversed ? -1 : 1);
}

/* The column of this heading in the grid, or n_columns. */
static size_t column_of(const struct grid *grid, const char *heading)
{
	size_t i = 0;

	while (i < grid_n_columns(grid) && strcmp(grid_heading(grid, i), heading) != 0)
		i++;
	return i;
}

/* Fills rows[] with the rows of the source by the view's keys; a key without a column is passed. */
static int order_rows(const struct grid_view *v, const struct grid_source *source, size_t *rows)
{
	_cleanup_free_ struct keyed *keyed = calloc(source->n_rows + 1, sizeof(*keyed));

	if (!keyed)
		return -ENOMEM;
	for (size_t i = 0; i < source->n_rows; i++)
		keyed[i].row = i;
	for (size_t k = 0; k < v->n_keys; k++) {
		size_t column = column_of(source->grid, v->keys[k].heading);

		for (size_t i = 0; column < grid_n_columns(source->grid) && i < source->n_rows; i++)
			keyed[i].keys[k] = grid_cell(source->grid, i, column);
	}
	qsort_r(keyed, source->n_rows, sizeof(*keyed), compare_rows, (void *)v);
	for (size_t i = 0; i < source->n_rows; i++)
		rows[i] = keyed[i].row;
	return 0;
}

/* --- the source ------------------------------------------------------------- */

/* Those that are not hidden; if all are, the first one. */
static size_t choose_columns(
	const struct grid_view *v, const struct grid_source *source, size_t *columns)
{
	size_t all = grid_n_columns(source->grid), n = 0;

	for (size_t i = 0; i < all; i++) {
		const struct grid_view_setting *s =
			grid_view_setting(v, grid_heading(source->grid, i));

		if (!s || !s->hidden)
			columns[n++] = i;
	}
	if (!n && all)
		columns[n++] = 0;
	return n;
}

/* The place of `wanted` in an array, or n. */
static size_t place_of(const size_t *array, size_t n, size_t wanted)
{
	size_t i = 0;

	while (i < n && array[i] != wanted)
		i++;
	return i;
}

/* Puts the cursor on the row with this serial and scrolls so that it stays where it is seen. */
static void follow_row(struct grid_view *v, uint64_t serial, size_t offset)
{
	size_t i = 0;

	while (i < v->n_rows && grid_serial(v->source.grid, v->rows[i]) != serial)
		i++;
	if (i == v->n_rows)
		return;
	v->row = i;
	v->top = i > offset ? i - offset : 0;
}

/* Puts the cursor on this column of the grid, or the nearest one behind it. */
static void follow_column(struct grid_view *v, size_t column)
{
	size_t i = 0;

	while (i + 1 < v->n_columns && v->columns[i] < column)
		i++;
	v->column = i;
}

int grid_view_show(struct grid_view *v, const struct grid_source *source)
{
	size_t n = grid_n_columns(source->grid), offset = v->row - v->top;
	uint64_t serial = grid_view_serial(v);
	const char *heading = v->n_columns ? grid_view_heading(v, v->column) : NULL;
	size_t at = heading ? column_of(source->grid, heading) : n;
	_cleanup_free_ size_t *rows = calloc(source->n_rows + 1, sizeof(*rows));
	_cleanup_free_ size_t *columns = calloc(n + 1, sizeof(*columns));
	_cleanup_free_ size_t *fits = calloc(n + 1, sizeof(*fits));

	if (!rows || !columns || !fits || order_rows(v, source, rows) < 0)
		return -ENOMEM;
	free(v->rows);
	free(v->columns);
	free(v->fits);
	v->n_columns = choose_columns(v, source, columns);
	v->n_rows = source->n_rows;
	v->rows = STEAL(rows);
	v->columns = STEAL(columns);
	v->fits = STEAL(fits);
	v->source = *source;
	follow_row(v, serial, offset);
	if (at < n)
		follow_column(v, at);
	grid_view_go(v, (long)v->row, (long)v->column);
	return 0;
}

/* --- texts ------------------------------------------------------- */

const char *grid_view_heading(const struct grid_view *v, size_t place)
{
	return grid_heading(v->source.grid, v->columns[place]);
}

void grid_view_print(const struct grid_view *v, size_t row, size_t column, struct buf *b)
{
	if (v->source.print)
		v->source.print(v->source.arg, v->source.grid, row, column, b);
}

void grid_view_text(const struct grid_view *v, size_t row, size_t column, struct buf *b)
{
	if (row < v->n_rows && column < v->n_columns)
		grid_view_print(v, v->rows[row], v->columns[column], b);
}

uint64_t grid_view_serial(const struct grid_view *v)
{
	return v->row < v->n_rows ? grid_serial(v->source.grid, v->rows[v->row]) : 0;
}

size_t grid_view_n_hidden(const struct grid_view *v)
{
	return v->source.grid ? grid_n_columns(v->source.grid) - v->n_columns : 0;
}

/* --- arranging --------------------------------------------------------------- */

/* The rows anew by the keys, with the cursor on the row that it was on. */
static int reorder(struct grid_view *v)
{
	size_t row = v->n_rows ? v->rows[v->row] : 0;
	int r = order_rows(v, &v->source, v->rows);

	if (r == 0)
		grid_view_go(v, (long)place_of(v->rows, v->n_rows, row), (long)v->column);
	return r;
}

/* Makes this the first key; what else was sorted by decides between equal values. */
static int put_key(struct grid_view *v, const char *heading, bool descending)
{
	char *copy = strdup(heading);
	size_t at = 0;

	if (!copy)
		return -ENOMEM;
	while (at < v->n_keys && strcmp(v->keys[at].heading, heading) != 0)
		at++;
	if (at == GRID_VIEW_KEYS)
		at--;
	if (at < v->n_keys)
		free(v->keys[at].heading);
	else
		v->n_keys++;
	memmove(&v->keys[1], &v->keys[0], at * sizeof(v->keys[0]));
	v->keys[0].heading = copy;
	v->keys[0].descending = descending;
	return 0;
}

int grid_view_sort(struct grid_view *v, bool descending)
{
	int r;

	if (!v->n_columns)
		return 0;
	r = put_key(v, grid_view_heading(v, v->column), descending);
	return r < 0 ? r : reorder(v);
}

int grid_view_unsort(struct grid_view *v, bool reversed)
{
	drop_keys(v);
	v->reversed = reversed;
	return reorder(v);
}

/* Which columns are shown, after a change of that, with the cursor at `column` or behind it. */
static void choose_again(struct grid_view *v, size_t column)
{
	v->n_columns = choose_columns(v, &v->source, v->columns);
	follow_column(v, column);
	grid_view_go(v, (long)v->row, (long)v->column);
}

int grid_view_hide(struct grid_view *v)
{
	struct grid_view_setting *s;

	if (v->n_columns < 2)
		return 0;
	s = grid_view_make_setting(v, grid_view_heading(v, v->column));
	if (!s)
		return -ENOMEM;
	s->hidden = true;
	choose_again(v, v->columns[v->column]);
	return 0;
}

void grid_view_show_all(struct grid_view *v)
{
	for (size_t i = 0; i < v->n_settings; i++)
		v->settings[i].hidden = false;
	if (v->n_columns)
		choose_again(v, v->columns[v->column]);
}
