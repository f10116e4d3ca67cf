/* SPDX-License-Identifier: MIT */
/*
 * The tables of the tree (fs/tree.c) as the engine sees them: the root, and rows by number.
 */
#ifndef FS_TREE_H
#define FS_TREE_H

#include <stdint.h>

#include "base/buf.h"
#include "node.h"

/* Numbers the rows. Once, before any thread starts. */
void tree_init(void);
const struct row *tree_root(void);
const struct row *tree_row(uint16_t id); /* NULL: no such row */
/* One line an entry: mode, kind, path, doc. tests/golden/tree.txt holds a copy. */
void tree_print(struct buf *b);
/* The manual page of the tree, from the same rows. */
void tree_print_man(struct buf *b);

/* Rows that dynamic children are made of; named here because code elsewhere makes places of them.
 */
extern struct row tree_operation_run[], tree_anonymous_run[], tree_package_run[];
extern struct row tree_package_file[], tree_package_dir[], tree_wheel[];
extern struct row tree_model[], tree_operation[], tree_opspec_link[], tree_run[], tree_run_prefix[],
	tree_resource[], tree_metric[], tree_metric_dir[], tree_samples[], tree_samples_dir[],
	tree_plot[], tree_plot_dir[], tree_attr[], tree_file[], tree_source_file[], tree_drop[],
	tree_scratch[], tree_logdir[], tree_event_file[];

#endif
