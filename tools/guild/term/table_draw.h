/* SPDX-License-Identifier: MIT */
/* Drawing a view of a grid on the terminal's screen (terminal.h). */
#ifndef TABLE_DRAW_H
#define TABLE_DRAW_H

#include "catalog/grid_view.h"

/*
 * Gives the view the screen's size and draws what it shows. The status says the message, or with
 * NULL where the cursor is; and the number that is being typed, 0: none.
 */
void table_draw(struct grid_view *v, const char *message, long number);

#endif
