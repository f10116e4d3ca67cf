/* SPDX-License-Identifier: MIT */
/*
 * A filter asked of runs of a catalogue. Attributes are those of Guild AI's index: what it says of
 * every run (id, operation, op, status, started ...), what the run logged and its operation gave
 * it, and any other stored attribute. Errors: -ENOENT when the run is gone, -ENOMEM, I/O errors.
 */
#ifndef CATALOG_FILTER_RUN_H
#define CATALOG_FILTER_RUN_H

#include "catalog/facts_reader.h"
#include "catalog/filter.h"

/* 1: selected; 0: not. Summary: as of now. Scalars: as in facts_reader_follow(), or NULL. */
int filter_selects(const struct filter *f, struct catalog *catalog, struct facts_reader *reader,
	uint64_t serial, const struct run_summary *summary, struct scalars **scalars);

/*
 * A sentence for each name in the filter that none of these runs has, with the one that is nearest
 * to it: it may be misspelt, which to the filter is the same as undefined. Reads runs until all
 * names have been seen. No runs, no sentences.
 */
struct filter_runs {
	const uint64_t *serials;
	size_t n;
};

int filter_unknown(const struct filter *f, struct catalog *catalog, struct facts_reader *reader,
	const struct filter_runs *runs, struct strv *ret);

#endif
