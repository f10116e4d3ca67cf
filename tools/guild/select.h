/* SPDX-License-Identifier: MIT */
/*
 * Which runs a command is about (reference, 7.1): filters first, then RUN arguments, each an index
 * into the filtered list (newest first, from 1), a slice A:B of it, or the beginning of an id.
 */
#ifndef SELECT_H
#define SELECT_H

#include "guild.h"

struct selection {
	struct strv operations, labels, tags;
	bool marked, unmarked, unlabeled;
	bool running, completed, error, terminated, pending, staged;
};

extern const struct option_def selection_options[];
void selection_release(struct selection *sel);

enum selection_default { SELECT_ALL, SELECT_LATEST, SELECT_RUNNING };

struct selected {
	uint64_t *serials; /* newest first for filters, in the order given for RUN arguments */
	size_t *indexes;   /* from 1, in the filtered list */
	size_t n;
};

void selected_release(struct selected *s);
#define _cleanup_selected_ _cleanup_(selected_release)

/* Without RUN arguments `otherwise` says which of the filtered runs. EXIT_OK, or EXIT_ERROR after a
 * message. */
int select_runs(struct guild *g, const struct selection *sel, const struct strv *args, size_t skip,
	enum selection_default otherwise, struct selected *ret);

/* The row of a run in a list: [INDEX:SHORTID] (or [SHORTID] without an index), operation, time,
 * status, label. */
struct table;
int select_add_row(struct guild *g, uint64_t serial, size_t index, struct table *t);
enum { SELECT_COLUMNS = 5 };

#endif
