/* SPDX-License-Identifier: MIT */
/* Columns get numbers as they come, and their places when all are known. */
#include "catalog/grid.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "yaml/value.h"

struct heading {
	char *text;
	enum grid_section section; /* the first that has it */
	uint32_t place;            /* among the columns shown, once that is known */
	bool dropped;
};

struct entry {
	uint32_t column;
	struct cell cell;
};

struct row {
	uint64_t serial;
	struct entry *entries; /* in the order of columns' numbers */
	size_t n;
};

struct grid {
	struct heading *headings;
	size_t n_headings;
	uint32_t *slots; /* hash table of headings by text: number + 1 */
	size_t n_slots;
	struct row *rows;
	size_t n_rows;
	uint32_t *shown; /* numbers of columns, by place */
	size_t n_shown;
	/* The row that is being made, by column. */
	struct cell *cells;
	int *filled; /* the section that a cell comes from, + 1 */
	size_t cap;
	char **texts; /* of all cells */
	size_t n_texts;
};

/* --- memory --------------------------------------------------------------- */

struct grid *grid_new(void)
{
	return calloc(1, sizeof(struct grid));
}

void grid_free(struct grid *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->n_headings; i++)
		free(g->headings[i].text);
	for (size_t i = 0; i < g->n_rows; i++)
		free(g->rows[i].entries);
	for (size_t i = 0; i < g->n_texts; i++)
		free(g->texts[i]);
	free(g->headings);
	free(g->slots);
	free(g->rows);
	free(g->shown);
	free(g->cells);
	free(g->filled);
	free(g->texts);
	free(g);
}

/* Room for one more in an array whose size doubles at powers of two. */
static int grow(void *array, size_t n, size_t size)
{
	void *grown;

	if (n && (n & (n - 1)))
		return 0;
	grown = reallocarray(*(void **)array, n ? n * 2 : 1, size);
	if (!grown)
		return -ENOMEM;
	*(void **)array = grown;
	return 0;
}

int grid_text(struct grid *g, char *text, struct cell *ret)
{
	if (!text || grow(&g->texts, g->n_texts, sizeof(*g->texts)) < 0) {
		free(text);
		return -ENOMEM;
	}
	g->texts[g->n_texts++] = text;
	*ret = (struct cell){.type = CELL_TEXT, .text = text};
	return 0;
}

/* --- columns -------------------------------------------------------------- */

/* FNV-1a. */
static size_t hash(const char *text)
{
	uint64_t h = 14695981039346656037u;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 1099511628211u;
	return (size_t)h;
}

static size_t find_slot(const struct grid *g, const char *text)
{
	size_t at = hash(text) & (g->n_slots - 1);

	while (g->slots[at] && strcmp(g->headings[g->slots[at] - 1].text, text) != 0)
		at = (at + 1) & (g->n_slots - 1);
	return at;
}

static int grow_slots(struct grid *g)
{
	size_t n = g->n_slots ? g->n_slots * 2 : 64;
	uint32_t *slots = calloc(n, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	free(g->slots);
	g->slots = slots;
	g->n_slots = n;
	for (size_t i = 0; i < g->n_headings; i++)
		g->slots[find_slot(g, g->headings[i].text)] = (uint32_t)i + 1;
	return 0;
}

static int grow_cells(struct grid *g)
{
	size_t cap = g->cap ? g->cap * 2 : 64;
	struct cell *cells = reallocarray(g->cells, cap, sizeof(*cells));
	int *filled;

	if (!cells)
		return -ENOMEM;
	g->cells = cells;
	filled = reallocarray(g->filled, cap, sizeof(*filled));
	if (!filled)
		return -ENOMEM;
	g->filled = filled;
	memset(g->filled + g->cap, 0, (cap - g->cap) * sizeof(*filled));
	g->cap = cap;
	return 0;
}

int grid_column(struct grid *g, const char *text, enum grid_section section, uint32_t *ret)
{
	size_t at;

	if (g->n_headings * 2 >= g->n_slots && grow_slots(g) < 0)
		return -ENOMEM;
	at = find_slot(g, text);
	if (!g->slots[at]) {
		char *copy = strdup(text);

		if (!copy || grow(&g->headings, g->n_headings, sizeof(*g->headings)) < 0 ||
			(g->n_headings == g->cap && grow_cells(g) < 0)) {
			free(copy);
			return -ENOMEM;
		}
		g->headings[g->n_headings++] = (struct heading){.text = copy, .section = section};
		g->slots[at] = (uint32_t)g->n_headings;
	}
	*ret = g->slots[at] - 1;
	if (section < g->headings[*ret].section)
		g->headings[*ret].section = section;
	return 0;
}

void grid_fill(struct grid *g, uint32_t column, enum grid_section section, struct cell cell)
{
	if (cell.type == CELL_NONE || g->filled[column] == (int)section + 1)
		return;
	g->cells[column] = cell;
	g->filled[column] = (int)section + 1;
}

/* --- rows ----------------------------------------------------------------- */

void grid_drop_row(struct grid *g)
{
	if (g->n_headings)
		memset(g->filled, 0, g->n_headings * sizeof(*g->filled));
}

void grid_drop_rows(struct grid *g)
{
	grid_drop_row(g);
	for (size_t i = 0; i < g->n_rows; i++)
		free(g->rows[i].entries);
	for (size_t i = 0; i < g->n_texts; i++)
		free(g->texts[i]);
	g->n_rows = 0;
	g->n_texts = 0;
}

size_t grid_n_headings(const struct grid *g)
{
	return g->n_headings;
}

int grid_end_row(struct grid *g, uint64_t serial)
{
	struct row row = {.serial = serial};
	size_t n = 0;

	for (size_t i = 0; i < g->n_headings; i++)
		n += g->filled[i] != 0;
	row.entries = calloc(n + 1, sizeof(*row.entries));
	if (!row.entries || grow(&g->rows, g->n_rows, sizeof(*g->rows)) < 0) {
		free(row.entries);
		return -ENOMEM;
	}
	for (size_t i = 0; i < g->n_headings; i++)
		if (g->filled[i])
			row.entries[row.n++] =
				(struct entry){.column = (uint32_t)i, .cell = g->cells[i]};
	g->rows[g->n_rows++] = row;
	grid_drop_row(g);
	return 0;
}

/* --- what is shown -------------------------------------------------------- */

int grid_finish(struct grid *g)
{
	uint32_t *shown = calloc(g->n_headings + 1, sizeof(*shown));
	size_t n = 0;

	if (!shown)
		return -ENOMEM;
	for (int section = SECTION_CORE; section <= SECTION_USER; section++) {
		for (size_t i = 0; i < g->n_headings; i++) {
			struct heading *h = &g->headings[i];

			if (h->dropped || (int)h->section != section)
				continue;
			h->place = (uint32_t)n;
			shown[n++] = (uint32_t)i;
		}
	}
	free(g->shown);
	g->shown = shown;
	g->n_shown = n;
	return 0;
}

static int compare_columns(const void *key, const void *entry)
{
	uint32_t a = *(const uint32_t *)key, b = ((const struct entry *)entry)->column;

	return a < b ? -1 : a > b;
}

static struct cell get(const struct row *row, uint32_t column)
{
	const struct entry *e = row->n ? bsearch(&column, row->entries, row->n,
						 sizeof(*row->entries), compare_columns)
				       : NULL;

	return e ? e->cell : (struct cell){.type = CELL_NONE};
}

size_t grid_n_rows(const struct grid *g)
{
	return g->n_rows;
}

size_t grid_n_columns(const struct grid *g)
{
	return g->n_shown;
}

const char *grid_heading(const struct grid *g, size_t column)
{
	return g->headings[g->shown[column]].text;
}

uint64_t grid_serial(const struct grid *g, size_t row)
{
	return g->rows[row].serial;
}

struct cell grid_cell(const struct grid *g, size_t row, size_t column)
{
	return get(&g->rows[row], g->shown[column]);
}

void grid_row(const struct grid *g, size_t row, struct cell *ret)
{
	const struct row *r = &g->rows[row];

	for (size_t i = 0; i < g->n_shown; i++)
		ret[i] = (struct cell){.type = CELL_NONE};
	for (size_t i = 0; i < r->n; i++) {
		const struct heading *h = &g->headings[r->entries[i].column];

		if (!h->dropped)
			ret[h->place] = r->entries[i].cell;
	}
}

/* --- order ---------------------------------------------------------------- */

static bool as_number(const struct cell *cell, double *ret)
{
	switch (cell->type) {
	case CELL_BOOL:
		*ret = cell->boolean;
		return true;
	case CELL_INT:
		*ret = (double)cell->integer;
		return true;
	case CELL_NUMBER:
		*ret = cell->number;
		return true;
	default:
		return false;
	}
}

/* As Python's str() has it. */
static char *text_of(const struct cell *cell)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct value v = {.type = VALUE_NULL};

	switch (cell->type) {
	case CELL_NONE:
		return strdup("");
	case CELL_TEXT:
		return strdup(cell->text);
	case CELL_BOOL:
		v.type = VALUE_BOOL;
		v.boolean = cell->boolean;
		break;
	case CELL_INT:
		v.type = VALUE_INT;
		v.integer = cell->integer;
		break;
	case CELL_NUMBER:
		v.type = VALUE_FLOAT;
		v.number = cell->number;
		break;
	}
	value_repr(&b, &v);
	return buf_error(&b) ? NULL : buf_steal(&b, NULL);
}

struct keyed {
	struct row row;
	struct cell key;
	char *text; /* of the key, in a column that has texts: all of it is in their order then */
	size_t before; /* its place until now: equal rows keep their order */
};

/* NaN comes behind all numbers: as equal to everything it would make no order. */
int cell_compare_numbers(const struct cell *a, const struct cell *b)
{
	double m = 0, n = 0;

	as_number(a, &m);
	as_number(b, &n);
	if (isnan(m) || isnan(n))
		return isnan(m) - isnan(n);
	return m < n ? -1 : m > n;
}

static int compare_rows(const void *a, const void *b, void *arg)
{
	const struct keyed *x = a, *y = b;
	bool descending = *(const bool *)arg;
	int r = 0;

	if ((x->key.type == CELL_NONE) != (y->key.type == CELL_NONE))
		return x->key.type == CELL_NONE ? 1 : -1;
	if (x->key.type != CELL_NONE)
		r = x->text ? strcmp(x->text, y->text) : cell_compare_numbers(&x->key, &y->key);
	if (r)
		return descending ? -r : r;
	return x->before < y->before ? -1 : 1;
}

/* Numbers go by their value, unless there are texts beside them. */
static int add_texts(struct keyed *keyed, size_t n)
{
	bool has_text = false;

	for (size_t i = 0; i < n; i++)
		has_text = has_text || keyed[i].key.type == CELL_TEXT;
	for (size_t i = 0; has_text && i < n; i++) {
		keyed[i].text = text_of(&keyed[i].key);
		if (!keyed[i].text)
			return -ENOMEM;
	}
	return 0;
}

int grid_sort(struct grid *g, const char *heading, bool descending)
{
	size_t slot = g->n_slots ? find_slot(g, heading) : 0;
	struct keyed *keyed;
	int r;

	if (!g->n_slots || !g->slots[slot])
		return -ENOENT;
	keyed = calloc(g->n_rows + 1, sizeof(*keyed));
	if (!keyed)
		return -ENOMEM;
	for (size_t i = 0; i < g->n_rows; i++)
		keyed[i] = (struct keyed){.row = g->rows[i],
			.key = get(&g->rows[i], g->slots[slot] - 1),
			.before = i};
	r = add_texts(keyed, g->n_rows);
	if (r == 0)
		qsort_r(keyed, g->n_rows, sizeof(*keyed), compare_rows, &descending);
	for (size_t i = 0; i < g->n_rows; i++) {
		g->rows[i] = keyed[i].row;
		free(keyed[i].text);
	}
	free(keyed);
	return r;
}

static bool is_same(const struct cell *a, const struct cell *b)
{
	double m, n;

	if (a->type == CELL_NONE || b->type == CELL_NONE)
		return a->type == b->type;
	if (as_number(a, &m) && as_number(b, &n))
		return m == n;
	return a->type == CELL_TEXT && b->type == CELL_TEXT && strcmp(a->text, b->text) == 0;
}

int grid_drop_unchanged(struct grid *g)
{
	if (g->n_rows < 2)
		return 0;
	for (size_t i = 0; i < g->n_shown; i++) {
		uint32_t column = g->shown[i];
		struct cell first = get(&g->rows[0], column);
		bool changes = false;

		for (size_t row = 1; !changes && row < g->n_rows; row++) {
			struct cell cell = get(&g->rows[row], column);

			changes = !is_same(&first, &cell);
		}
		g->headings[column].dropped = !changes;
	}
	return grid_finish(g);
}
