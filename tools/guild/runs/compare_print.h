/* SPDX-License-Identifier: MIT */
/* What is printed of a comparison. Functions that return an int give EXIT_OK, or EXIT_ERROR after a
 * message. */
#ifndef COMPARE_PRINT_H
#define COMPARE_PRINT_H

#include "guild.h"
#include "catalog/grid.h"
#include "yaml/value.h"

struct compared {
	struct grid *grid; /* finished and sorted */
	size_t n_rows;     /* the first ones of it */
};

/* On stdout; nothing without rows. */
int compare_print_table(struct guild *g, const struct compared *q);
int compare_print_json(struct guild *g, const struct compared *q);
/* Into a file, or "-" for stdout; the file is written as a whole or not at all. */
int compare_print_csv(struct guild *g, const struct compared *q, const char *path);

/* A cell as tables have it, appended. */
void compare_print_cell(struct buf *b, const struct cell *cell);
/* The same as JSON has it. NULL: out of memory. */
struct value *compare_value(const struct cell *cell);
/* Behind the operation of a marked run stands its mark. */
#define COMPARE_MARK " [marked]"
bool compare_is_operation(const struct grid *grid, size_t column);
bool compare_is_marked(struct guild *g, uint64_t serial);

#endif
