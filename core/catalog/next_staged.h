/* SPDX-License-Identifier: MIT */
/*
 * Which staged run is next: those of a home in the order in which they were staged, and first what
 * a queue that has died had claimed. Chosen and claimed under Guild AI's lock of the run status, so
 * that of several queues, theirs among them, one gets it.
 */
#ifndef CATALOG_NEXT_STAGED_H
#define CATALOG_NEXT_STAGED_H

#include "base/buf.h"
#include "base/proc.h"
#include "base/strv.h"
#include "catalog/catalog.h"

struct next_staged {
	struct proc_ref queue; /* who claims */
	const char *queue_id;
	bool want_running; /* fill in `running`; while there are any, nothing is claimed */
	/* Whether the queue can have this one now. */
	bool (*may_start)(void *arg, const char *id, int run_fd);
	/* One that it cannot have yet, because of these; NULL: nobody wants to know. */
	void (*must_wait)(void *arg, const char *id, const struct strv *running);
	void *arg;
	/* Results. */
	struct strv waiting; /* ids of what is staged and not claimed, in order */
	struct strv running; /* ids of other runs, but for queues, that run */
};

/*
 * 1: *ret_id, appended, is claimed: PENDING with a ticket; 0: there is none that may start. Other
 * users' runs are passed over, but by root. The caller releases `waiting` and `running`, which are
 * emptied at first.
 */
int next_staged_claim(struct catalog *catalog, struct next_staged *n, struct buf *ret_id);

#endif
