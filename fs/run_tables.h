/* SPDX-License-Identifier: MIT */
/*
 * Tables of runs that are being looked at (index.tsv): made when one is first asked for, brought up
 * to date when it is asked for again, and let go a minute after that, or before when there are
 * many. On a shared mount each user has tables of his own, made of the runs that he may see:
 * nothing in them is of another one.
 *
 * Thread safe. Who asks for a table waits while another thread brings the same one up to date.
 */
#ifndef FS_RUN_TABLES_H
#define FS_RUN_TABLES_H

#include "node.h"

struct run_tables;

struct run_tables *run_tables_new(void); /* NULL: out of memory */
void run_tables_free(struct run_tables *tables);

/*
 * Heading and rows of what p's directory is about (an operation, an expression of where/, a batch,
 * or all runs), of the runs that the viewer may see.
 */
void run_tables_print(const struct place *p, struct buf *b);
/* The newest PAGE_RUNS of them as a page for a browser (page/page.h), with their curves. */
void run_tables_page(const struct place *p, struct buf *b);
/* Serials of the same runs, newest first; the caller frees *ret. */
int run_tables_runs(const struct place *p, uint64_t **ret, size_t *ret_n);
/* Whether the run is one of them: 1 or 0. */
int run_tables_has(const struct place *p, uint64_t serial);
/* Lets go of what nobody has asked for lately; now and then to be called. */
void run_tables_trim(struct run_tables *tables);
/* A Guild file has changed: what operations want to see may be something else. */
void run_tables_forget(struct run_tables *tables);

#endif
