/* SPDX-License-Identifier: MIT */
/*
 * The catalogue's inside, for its own files: catalog.c has the entries, remember.c what is known of
 * each run, order.c their order in time.
 */
#ifndef CATALOG_ENTRIES_H
#define CATALOG_ENTRIES_H

#include <pthread.h>

#include "catalog/catalog.h"

struct entry {
	char *id;
	struct run_summary *summary; /* NULL: not read, or not final */
	int64_t seen_mtime;          /* nanoseconds: of its directories, when summary was read */
	int64_t checked_ms;          /* when they were last compared */
	int64_t born;                /* initialized, which never changes; 0: not known */
	bool over;                   /* known to have ended, also without a summary */
	bool present;
	unsigned version; /* counts invalidations: what was read before one is not kept */
};

struct catalog {
	const struct home *home;
	pthread_mutex_t lock;
	struct entry *entries;
	size_t n, cap;
	uint32_t *by_id; /* indexes of those present, sorted by id */
	size_t n_by_id, cap_by_id;
};

/* With the lock held. NULL: no such number was given. */
static inline struct entry *entry_by_serial(const struct catalog *c, uint64_t serial)
{
	return serial && serial <= c->n ? &c->entries[serial - 1] : NULL;
}

/* With the lock held: the next question about this run goes to the store. */
void entry_forget(struct entry *e);
/* Serials of those present, ascending. The caller frees; NULL: out of memory. */
uint64_t *entries_present(struct catalog *c, size_t *ret_n);

#endif
