/* SPDX-License-Identifier: MIT */
/*
 * What comparisons, filters and views need to know of a run beyond its summary: flags, attributes,
 * tags, and a summary of each scalar. They are read from the store once and packed into bytes,
 * which the index keeps (index.h) and which are all that is needed to have them again.
 *
 * Facts own what they hold; a thing that a run does not have is an empty one. Not thread safe.
 * Errors: -ENOMEM; of reading, that the run's directory cannot be opened.
 */
#ifndef CATALOG_FACTS_H
#define CATALOG_FACTS_H

#include <stddef.h>

#include "base/buf.h"
#include "base/strv.h"
#include "catalog/compare.h"
#include "metrics/scalars.h"
#include "yaml/value.h"

struct run_facts {
	struct value *flags; /* a map */
	struct value *attrs; /* a map: what the operation gave the run, and what the run logged */
	/* By directory as event_files.h orders them, then by tag: of equal tags the first counts.
	 */
	struct compare_scalar *scalars;
	size_t n_scalars;
	struct strv tags;
	struct strv problems; /* a sentence for each damaged event file */
	/* private: what the scalars point to */
	struct series_summary *summaries;
	char *bytes;
};

/* Appends what the store has of a run, packed. `scalars` (may be NULL) keeps the run's scalars from
 * one time to the next, so that only what is new in event files is read; *scalars is NULL at first.
 */
int facts_read(int run_fd, struct scalars **scalars, struct buf *ret);
/* Without what the run has logged: no event file is opened. */
int facts_read_given(int run_fd, struct buf *ret);
/*
 * Paths below the run whose stamp (stamp.h) tells whether its event files are still what they were:
 * these files, their directories, and directories in which others might appear: of those the
 * FACTS_WATCH_DIRS nearest to the run.
 */
int facts_watch(int run_fd, struct strv *ret);
enum { FACTS_WATCH_DIRS = 32 };

/* -EUCLEAN: these are not bytes of facts_read(). */
int facts_unpack(const void *bytes, size_t len, struct run_facts *ret);
void facts_release(struct run_facts *facts);
/* The run compares by these, as long as they are there. */
void facts_compare(const struct run_facts *facts, struct compare_run *run);
#define _cleanup_facts_ _cleanup_(facts_release)

/* A value as bytes, and back: type and content, not where it was written. For facts.c. */
void facts_pack_value(struct buf *b, const struct value *v);
int facts_unpack_value(const void *bytes, size_t len, struct value **ret);

#endif
