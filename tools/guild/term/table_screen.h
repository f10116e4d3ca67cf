/* SPDX-License-Identifier: MIT */
/*
 * A table on the whole terminal: a view of a grid (core/catalog/grid_view.h) drawn, and keys that
 * change the view. Keys are those of Guild AI's table where it has them (reference, 6.3).
 */
#ifndef TABLE_SCREEN_H
#define TABLE_SCREEN_H

#include "catalog/grid_view.h"

struct table_screen {
	struct grid_view *view; /* shows something */
	void *arg;              /* of the functions, which may complain() and warn */
	/* Shows what is there now in the view; what was shown stays if that fails. */
	void (*reload)(void *arg);
	void (*details)(void *arg, uint64_t serial, struct buf *b);
	void (*mark)(void *arg, uint64_t serial, bool marked);
};

/*
 * Until the user quits. False: the terminal cannot be used, nothing has happened. Does not return
 * when a signal ends it: the terminal is given back and the process ends by that signal.
 */
bool table_screen_run(const struct table_screen *t);

#endif
