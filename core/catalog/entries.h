/* SPDX-License-Identifier: MIT */
/*
 * The catalogue's inside, for its own files: catalog.c has the entries, remember.c what is known of
 * each run, order.c their order in time, saved.c how that gets from and to the index, and sweep.c
 * compares all of it with the store.
 */
#ifndef CATALOG_ENTRIES_H
#define CATALOG_ENTRIES_H

#include <pthread.h>

#include "catalog/catalog.h"
#include "catalog/compact.h"
#include "catalog/names.h"

struct entry {
	const char *id;
	struct compact *summary; /* NULL: not read, or not final */
	uint64_t stamp;          /* of the run, when it was read */
	int64_t checked_ms;      /* when the two were last compared; 0: not by us */
	int64_t born;            /* initialized, which never changes; 0: not known */
	unsigned version;        /* counts invalidations: what was read before one is not kept */
	bool over;               /* known to have ended, also without a summary */
	bool present;
	bool indexed; /* the index has the summary */
};

struct catalog {
	const struct home *home;

	pthread_mutex_t lock; /* of all that follows */
	struct entry *entries;
	size_t n, cap;
	uint32_t *by_id; /* indexes of those present, sorted by id */
	size_t n_by_id, cap_by_id;
	struct names ids; /* where the ids' texts are */
	struct opref_table oprefs;
	uint64_t generation; /* counts what may change a list */
	size_t n_learned;    /* summaries that the index does not have, or more */

	pthread_mutex_t index_lock; /* of the rest; taken before the other one */
	bool has_index;
	struct home_changes_mark mark; /* what was announced up to here is in the entries */
	int64_t swept;                 /* when all were compared with the store, microseconds */
	uint64_t edition;              /* of the index, when all of it was known; 0: not */
};

/* With the lock held. NULL: no such number was given. */
static inline struct entry *entry_by_serial(const struct catalog *c, uint64_t serial)
{
	return serial && serial <= c->n ? &c->entries[serial - 1] : NULL;
}

/* With the lock held. NULL: there is no such run. */
struct entry *entry_by_id(const struct catalog *c, const char *id);
/* With the lock held: the next question about this run goes to the store. */
void entry_forget(struct catalog *c, struct entry *e);
/* With the lock held: a run that is over is known from now on. Out of memory, it is not. */
void entry_remember(
	struct catalog *c, struct entry *e, const struct run_summary *s, uint64_t stamp);
/* Serials of those present, ascending. The caller frees; NULL: out of memory. */
uint64_t *entries_present(struct catalog *c, size_t *ret_n);
/* Forgets the entry when the run's stamp is another one: true then. Takes the lock itself. */
bool entry_check(struct catalog *c, uint64_t serial);

/* Fills the entries of a new catalogue from the index, as far as there is one. */
void saved_load(struct catalog *c);

#endif
