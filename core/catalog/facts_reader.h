/* SPDX-License-Identifier: MIT */
/*
 * Facts of one run after the other: from the index as far as it has them, else from the store.
 * What had to be read from the store of runs that are over goes to the index, now and then and when
 * the reader is freed.
 *
 * What others do to the event files of a run that is over shows as in lists (catalog.h): in a home
 * of few runs at once, else after the next sweep.
 *
 * A run that cannot be read has a problem, and nothing else: others are shown with it.
 *
 * The catalogue must outlive the reader. One thread at a time. Errors: -ENOMEM, -ENOENT (the run is
 * gone).
 */
#ifndef CATALOG_FACTS_READER_H
#define CATALOG_FACTS_READER_H

#include <stdint.h>

#include "catalog/catalog.h"
#include "catalog/facts.h"

struct facts_reader;

struct facts_reader *facts_reader_new(struct catalog *catalog); /* NULL: out of memory */
void facts_reader_free(struct facts_reader *reader);

static inline void facts_reader_freep(struct facts_reader **reader)
{
	facts_reader_free(*reader);
}
#define _cleanup_facts_reader_ _cleanup_(facts_reader_freep)

int facts_reader_get(struct facts_reader *reader, uint64_t serial, struct run_facts *ret);
/* For a run that is looked at again and again: see facts_read(). */
int facts_reader_follow(struct facts_reader *reader, uint64_t serial, struct scalars **scalars,
	struct run_facts *ret);
/* What a run was given, flags and tags: what it has logged need not be there while it is live. */
int facts_reader_given(struct facts_reader *reader, uint64_t serial, struct run_facts *ret);

/*
 * What was made of a run's samples for showing its curves, as whoever made it wrote it: kept beside
 * the facts, and good as long as they are. 1: appended; 0: there is none, and what is made now may
 * be kept under these stamps.
 */
struct facts_stamps {
	uint64_t stamp, watch_stamp;
};

int facts_reader_curves(
	struct facts_reader *reader, uint64_t serial, struct facts_stamps *ret, struct buf *curves);
/* 0, also when they cannot be kept. */
int facts_reader_keep_curves(struct facts_reader *reader, uint64_t serial,
	const struct facts_stamps *stamps, const struct buf *curves);

#endif
