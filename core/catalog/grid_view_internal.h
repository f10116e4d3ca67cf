/* SPDX-License-Identifier: MIT */
/* What grid_view.c and grid_view_window.c share. */
#ifndef CATALOG_GRID_VIEW_INTERNAL_H
#define CATALOG_GRID_VIEW_INTERNAL_H

#include "catalog/grid_view.h"

struct grid_view_setting {
	char *heading;
	bool hidden;
	size_t width; /* 0: as it needs */
};

/* Of the column with this heading. NULL: nothing was chosen for it. */
struct grid_view_setting *grid_view_setting(const struct grid_view *v, const char *heading);
/* The same, made if there is none. NULL: out of memory. */
struct grid_view_setting *grid_view_make_setting(struct grid_view *v, const char *heading);
/* By the grid's numbers. */
void grid_view_print(const struct grid_view *v, size_t row, size_t column, struct buf *b);

#endif
