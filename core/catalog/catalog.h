/* SPDX-License-Identifier: MIT */
/*
 * All runs of a home, in memory: which there are, and a summary of each, from the index (index.h)
 * or read when first asked for. One for each process; the store stays the truth. What our own
 * programs change shows at once, when they are asked for; what others change in runs that are over
 * shows where one run is asked for within a second, and everywhere after the next sweep.
 *
 * A run gets a serial number, starting at 1, for the life of the catalogue; a number is never
 * reused, and a run that was deleted and comes back gets a new one.
 *
 * Thread safe. Summaries are copied out. Callbacks are called without the catalogue's lock.
 */
#ifndef CATALOG_CATALOG_H
#define CATALOG_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"
#include "run/home.h"
#include "run/summary.h"

struct catalog;

/* Scans runs/ and loads the index. The home must outlive the catalogue. */
int catalog_new(const struct home *home, struct catalog **ret, struct err *err);
void catalog_free(struct catalog *catalog);
const struct home *catalog_home(const struct catalog *catalog);
/* Up to where the changes file was read before the catalogue was filled. */
struct home_changes_mark catalog_mark(struct catalog *catalog);

enum catalog_change { CATALOG_ADDED, CATALOG_REMOVED };
typedef void (*catalog_change_fn)(
	void *arg, enum catalog_change change, uint64_t serial, const char *id);

/* Reads runs/ again and reports what came and went. */
int catalog_rescan(struct catalog *catalog, catalog_change_fn changed, void *arg);
/* Also forgets what our own programs have changed since it was filled; in a home of few runs, what
 * anybody has. */
int catalog_refresh(struct catalog *catalog);
/* One run that was just born, or may be gone. Returns its serial, 0 when it is not there. */
uint64_t catalog_update(struct catalog *catalog, const char *id);

size_t catalog_count(struct catalog *catalog);
uint64_t catalog_find(struct catalog *catalog, const char *id); /* 0: none */
/* The only run whose id starts so; 0 when there is none or several (*ret_matches says). */
uint64_t catalog_find_prefix(struct catalog *catalog, const char *prefix, size_t *ret_matches);
/* Runs whose ids start so, by id: their number, of which at most `max` are in ret. */
size_t catalog_find_prefixed(
	struct catalog *catalog, const char *prefix, uint64_t *ret, size_t max);
/* For whom something is looked up: what he may not see is as if it were not there. NULL: all. */
struct catalog_viewer {
	bool (*may_see)(const void *arg, uint64_t serial);
	const void *arg;
};
/* The only run whose id starts so of those that the viewer may see; 0: none, or several. */
uint64_t catalog_find_prefix_for(
	struct catalog *catalog, const char *prefix, const struct catalog_viewer *viewer);
/* The id, valid for the life of the catalogue (also after the run is gone); NULL: no such serial.
 */
const char *catalog_id(struct catalog *catalog, uint64_t serial);
bool catalog_present(struct catalog *catalog, uint64_t serial);

/* From memory when it is known and final, else from the store. -ENOENT when the run is gone. */
int catalog_summary(struct catalog *catalog, uint64_t serial, struct run_summary *ret);
/* The same without a look at the store for what is known, for lists of all runs. */
int catalog_listed(struct catalog *catalog, uint64_t serial, struct run_summary *ret);
/* In memory as over, with nothing left to be done for it. Asks nothing of the store. */
bool catalog_known_over(struct catalog *catalog, uint64_t serial);
/* When such a run last changed its state; 0: its summary is not in memory. Asks nothing, too. */
int64_t catalog_known_changed(struct catalog *catalog, uint64_t serial);
/* Pending, staged or running. Asks less of the store than a summary; a run that is gone is live. */
bool catalog_is_live(struct catalog *catalog, uint64_t serial);
/* The next catalog_summary() reads the store again. */
void catalog_invalidate(struct catalog *catalog, uint64_t serial);

/* Another number after a run has come, gone, or was found or said to have changed. */
uint64_t catalog_generation(struct catalog *catalog);
/* The same for one run. */
unsigned catalog_version(struct catalog *catalog, uint64_t serial);

/* When the run was born (initialized, else started), in microseconds; 0: nobody knows. */
int64_t catalog_born(struct catalog *catalog, uint64_t serial);
/* Calls fn for every serial that is present, ascending; stops on nonzero and returns that. */
int catalog_each(struct catalog *catalog, int (*fn)(void *arg, uint64_t serial), void *arg);
/* Serials, newest first (started, else initialized). The caller frees *ret. */
int catalog_newest_first(struct catalog *catalog, uint64_t **ret, size_t *ret_n);
/* The run that was born last of those for which want() says yes (NULL: any); 0: none. Not the one
 * that was started last: a run is the newest from its birth on, before it has started. */
uint64_t catalog_newest(struct catalog *catalog,
	bool (*want)(void *arg, uint64_t serial, const struct run_summary *summary), void *arg);

/* --- the index ------------------------------------------------------------- */

/* How many summaries were read from the store since the last catalog_save(). */
size_t catalog_learned(struct catalog *catalog);
/* Writes them to the index. 0, or why they are not there: nobody needs to care. */
int catalog_save(struct catalog *catalog);

/* What a sweep tells, and asks; each may be NULL. */
struct catalog_sweep {
	void *arg;
	void (*changed)(void *arg, const char *id); /* somebody else has changed this run */
	bool (*stop)(void *arg);
};

/*
 * Compares all runs that are known with the store, reads those that are not, and brings the index
 * up to date. Takes long. -EAGAIN: another process is at it; -ECANCELED: stop() said so. Other
 * errors: the index was not written.
 */
int catalog_sweep(struct catalog *catalog, const struct catalog_sweep *told);
/* Microseconds until that is due: a minute, or $GUILD_SWEEP_SECONDS, after the last one. */
int64_t catalog_sweep_wait(struct catalog *catalog);
/* Few enough runs to compare each with the store where another catalogue waits for a sweep. */
bool catalog_is_small(struct catalog *catalog);
/* Whether there is an index, which others profit from. */
bool catalog_has_index(struct catalog *catalog);

#endif
