/* SPDX-License-Identifier: MIT */
/*
 * Which of some runs is the best by an objective, as a batch has it: a column (columns.h) that is
 * to be small, or with a `-` before it large. What has not started or ended in an error is not
 * counted, and neither is a value that is no finite number. Of equal ones the one that started
 * first.
 */
#ifndef CATALOG_BEST_H
#define CATALOG_BEST_H

#include <stdint.h>

#include "base/strv.h"
#include "catalog/catalog.h"

#define BEST_OBJECTIVE "loss" /* where none is said, as in Guild AI */

/* -ENOENT: none has a value; -EINVAL: the objective is no column; -ENOMEM. */
int best_run(struct catalog *catalog, const struct strv *ids, const char *objective,
	uint64_t *ret_serial);

#endif
