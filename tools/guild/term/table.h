/* SPDX-License-Identifier: MIT */
/*
 * Rows of cells, two spaces between columns, each padded to its widest cell but the last. On a
 * terminal lines are cut to its width.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stdio.h>

#include "base/strv.h"

struct table {
	size_t columns;
	struct strv cells; /* row after row */
};

int table_add(struct table *t, const char *cell);
void table_print(const struct table *t, const char *indent, FILE *to);
/* The same on stdout; `detail` is called behind each row. */
void table_print_detailed(const struct table *t, void (*detail)(void *arg, size_t row), void *arg);
void table_release(struct table *t);

#endif
