/* SPDX-License-Identifier: MIT */
/*
 * The index: what lists need to know of runs that are over, in one SQLite file, so that it is read
 * from the store once and not by every process. The store is the truth. The file can be deleted at
 * any time; a damaged one, or one of another version, is thrown away and begun anew.
 *
 * A row is right for every change that was announced (home_poke) before the index's mark; the
 * reader goes through those after it. What nobody announces shows in the run's stamp (stamp.h),
 * which a sweep compares.
 *
 * Opened for one piece of work and closed again: then neither a fork, nor somebody who deletes the
 * file, is in the way. One thread at a time for each open index. Readers never wait for a writer;
 * who cannot write within INDEX_BUSY_MS does not.
 *
 * Errors: -EUCLEAN (damaged: index_discard()), -EBUSY (others write), -ENOENT (a home that is none,
 * such as the trash), and what the file system says. Nothing of it is a reason to fail: without an
 * index everything is read from the store.
 */
#ifndef CATALOG_INDEX_H
#define CATALOG_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "run/home.h"
#include "run/summary.h"

enum { INDEX_BUSY_MS = 250 };

struct index;

/* Makes the file when there is none, and anew when it cannot be used. */
int index_open(const struct home *home, struct index **ret);
/* Leaves it as it is: -ENOENT, -EUCLEAN. */
int index_open_as_is(const struct home *home, struct index **ret);
void index_close(struct index *ix);
/* Closes it, and puts an empty one in its place. */
void index_discard(struct index *ix);

static inline void index_closep(struct index **ix)
{
	if (*ix)
		index_close(*ix);
}
#define _cleanup_index_ _cleanup_(index_closep)

/* Absolute path of the file for a home. -ENOENT, -EPERM (the directory is not ours). */
int index_path(const struct home *home, struct buf *b);

struct index_state {
	struct home_changes_mark mark; /* what was announced up to here is in the rows */
	int64_t swept;    /* when all rows were last compared, microseconds; 0: never */
	uint64_t edition; /* another number after each commit */
};

/* The summary's texts belong to the index, until the next row. */
struct index_row {
	const char *id;
	uint64_t stamp;
	struct run_summary summary;
};

/* What is read from here on is of one moment, until the index is closed. */
int index_view(struct index *ix, struct index_state *ret_state);
/* Calls fn for every row, in no order. A nonzero result ends it and is returned. */
int index_each(struct index *ix, int (*fn)(void *arg, const struct index_row *row), void *arg);
/* The same, with nothing but the stamps: 0 for what is in doubt. */
int index_each_stamp(
	struct index *ix, int (*fn)(void *arg, const char *id, uint64_t stamp), void *arg);

/*
 * Changes are made between index_begin(), after which nobody else changes anything, and
 * index_commit(). Closing without it undoes them.
 */
int index_begin(struct index *ix, struct index_state *ret_state);
int index_put(struct index *ix, const struct index_row *row);
/* The row, if there is one, is not used until it is put again. */
int index_doubt(struct index *ix, const char *id);
/* A run that is gone, with all that is kept of it. */
int index_remove(struct index *ix, const char *id);

/*
 * Facts (facts.h) of a run, good as long as the stamps are these. The memory is the index's, until
 * it is asked for others.
 */
struct index_facts {
	uint64_t stamp;       /* of the run */
	uint64_t watch_stamp; /* of the paths that tell of its event files */
	const char *watch;    /* these, each with its NUL */
	size_t watch_len;
	const void *bytes;
	size_t len;
};

/* -ENOENT: it has none. */
int index_get_facts(struct index *ix, const char *id, struct index_facts *ret);
/* Nothing is written when the index has no row of the run with that stamp. */
int index_put_facts(struct index *ix, const char *id, const struct index_facts *facts);
int index_drop_facts(struct index *ix, const char *id);
/* What is kept of its curves beside its facts, good as long as they are: bytes are NULL when there
 * is nothing. -ENOENT: it has no facts. */
int index_get_curves(struct index *ix, const char *id, struct index_facts *ret);
/* Nothing is written when the index has no facts with these stamps. */
int index_put_curves(struct index *ix, const char *id, const struct index_facts *curves);
/* As index_commit(), when nothing but facts was changed: the edition stays. */
int index_commit_facts(struct index *ix);
/* All that there are, but without their bytes. As index_each(). */
int index_each_facts(struct index *ix,
	int (*fn)(void *arg, const char *id, const struct index_facts *facts), void *arg);

/* Gives state->edition its new value. */
int index_commit(struct index *ix, struct index_state *state);

/* Moves what was committed into the file proper, and syncs it. For who has the time: until it is
 * done each process that opens the index reads it twice. */
void index_settle(struct index *ix);
/* -EUCLEAN with SQLite's sentence when the file's structure is damaged. Reads all of it. */
int index_verify(struct index *ix, struct err *err);

/* The lock of the one process that sweeps this index: a descriptor to close. -EAGAIN. */
int index_lock_sweep(const struct home *home);

#endif
