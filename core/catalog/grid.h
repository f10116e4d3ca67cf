/* SPDX-License-Identifier: MIT */
/*
 * Rows of typed cells under headings. A row is made by filling cells and ended; columns are found
 * or made by their heading, come in sections, and have their places when all rows are there. Rows
 * are kept sparse: a run has few of the columns that other operations' runs have.
 *
 * A grid owns its headings, cells and texts. Not thread safe. Errors: -ENOMEM.
 */
#ifndef CATALOG_GRID_H
#define CATALOG_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct cell {
	enum { CELL_NONE, CELL_BOOL, CELL_INT, CELL_NUMBER, CELL_TEXT } type;
	union {
		bool boolean;
		int64_t integer;
		double number;
		const char *text; /* the grid's */
	};
};

/* Columns of one section stand together; a heading belongs to the first section that has it. */
enum grid_section { SECTION_CORE, SECTION_OP, SECTION_USER };

/* Numbers and booleans by value, NaN behind all; neither may be a text or nothing. */
int cell_compare_numbers(const struct cell *a, const struct cell *b);

struct grid;

struct grid *grid_new(void); /* NULL: out of memory */
void grid_free(struct grid *g);

/* --- making rows ---------------------------------------------------------- */

/* The number of the column with this heading, for the life of the grid. */
int grid_column(struct grid *g, const char *heading, enum grid_section section, uint32_t *ret);
/* A text cell; takes text over, NULL is out of memory. */
int grid_text(struct grid *g, char *text, struct cell *ret);
/* In the row that is being made. Later sections win; inside a section what comes first does. */
void grid_fill(struct grid *g, uint32_t column, enum grid_section section, struct cell cell);
int grid_end_row(struct grid *g, uint64_t serial);
void grid_drop_row(struct grid *g);  /* what was filled since the last end is forgotten */
void grid_drop_rows(struct grid *g); /* all rows and texts; the columns stay */
/* How many headings there are so far, also without grid_finish(). */
size_t grid_n_headings(const struct grid *g);

/* --- reading -------------------------------------------------------------- */

/* Gives columns their places; before anything below, and again when rows were added. */
int grid_finish(struct grid *g);
/*
 * By the column with that heading: numbers by value, or all as texts where there are texts; rows
 * without a value come last, whichever way. -ENOENT: there is no such column.
 */
int grid_sort(struct grid *g, const char *heading, bool descending);
/* Takes out columns in which all rows have the same, when there is more than one row. */
int grid_drop_unchanged(struct grid *g);

size_t grid_n_rows(const struct grid *g);
size_t grid_n_columns(const struct grid *g);
const char *grid_heading(const struct grid *g, size_t column);
uint64_t grid_serial(const struct grid *g, size_t row);
struct cell grid_cell(const struct grid *g, size_t row, size_t column);
/* The cells of a row, as many as there are columns, into `ret`. */
void grid_row(const struct grid *g, size_t row, struct cell *ret);

#endif
