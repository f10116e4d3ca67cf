/* SPDX-License-Identifier: MIT */
/*
 * What lists, selections and links need to know of a run, read in one go. A damaged run has
 * status RUN_ERROR and a sentence in `damage`; everything that could be read is there all the same.
 */
#ifndef RUN_SUMMARY_H
#define RUN_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "run/opref.h"
#include "run/status.h"

struct run_summary {
	struct opref opref; /* fields are "" when damaged, never NULL */
	enum run_status status;
	int64_t initialized, started, stopped; /* microseconds; 0: not set */
	bool has_exit_status;
	int exit_status;
	char *label;   /* "" when there is none */
	char *dropped; /* name of the flags file in its operation directory; NULL: none */
	char *proto;   /* of a batch: the operation that it tries, as lists show it; else NULL */
	char *damage;  /* NULL: intact */
	bool marked;
};

int run_summary_load(int run_fd, struct run_summary *ret); /* -ENOMEM or 0 */
int run_summary_copy(struct run_summary *to, const struct run_summary *from);
void run_summary_release(struct run_summary *s);
#define _cleanup_summary_ _cleanup_(run_summary_release)

/* The operation's name in lists; that of a batch has its prototype's before it. */
void run_summary_operation(const struct run_summary *s, struct buf *b);
/* What lists sort by: started, else initialized, else 0. */
int64_t run_summary_time(const struct run_summary *s);
/* Microseconds from its start to its end, or to now while it runs; -1: not known, which it is not
 * either when the clock was set back in between. */
int64_t run_summary_span(const struct run_summary *s);
/* When it last changed state: stopped, else started, else initialized. */
int64_t run_summary_changed(const struct run_summary *s);

#endif
