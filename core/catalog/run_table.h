/* SPDX-License-Identifier: MIT */
/*
 * Runs as rows of tab-separated text, newest first: the columns of a comparison (compare.h), with
 * full ids, and values that read back as what they are. Kept from one look to the next: only rows
 * of what has changed meanwhile are made anew, and all of them when columns come or go.
 *
 * A table owns its rows, which are good until the next refresh. Not thread safe. The catalogue
 * must outlive it. Errors: -ENOMEM, and those of the catalogue; after one the rows are what they
 * were, or fewer.
 */
#ifndef CATALOG_RUN_TABLE_H
#define CATALOG_RUN_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "catalog/catalog.h"
#include "catalog/facts_reader.h"

struct run_table;

/* Whether a run is a row of it; of a run that is not known to have changed it is not asked again.
 */
struct run_table_question {
	struct facts_reader *reader;
	uint64_t serial;
	const struct run_summary *summary;
	struct scalars **scalars; /* kept while it is live, facts_reader_follow() */
};
/* 1: it is; 0: it is not; -ENOMEM. */
typedef int (*run_table_member_fn)(void *arg, const struct run_table_question *q);

/* member NULL: all runs. */
int run_table_new(
	struct catalog *catalog, run_table_member_fn member, void *arg, struct run_table **ret);
void run_table_free(struct run_table *t);

/* Runs that are live are looked at several times a second at most. */
int run_table_refresh(struct run_table *t);

/* The headings, and the rows, each with its newline. */
const char *run_table_heading(const struct run_table *t, size_t *ret_len);
size_t run_table_rows(const struct run_table *t);
size_t run_table_bytes(const struct run_table *t); /* what it takes in memory, about */
const char *run_table_row(
	const struct run_table *t, size_t at, uint64_t *ret_serial, size_t *ret_len);

#endif
