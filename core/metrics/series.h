/* SPDX-License-Identifier: MIT */
/*
 * Scalars by tag: for each tag a summary and, where wanted, its samples in the order in which they
 * were added. A set owns its series; pointers to them stay good until the set is released. Errors:
 * -ENOMEM, after which the set is as it was. Not thread safe while it is added to.
 */
#ifndef METRICS_SERIES_H
#define METRICS_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct sample {
	int64_t step;
	double value;
	double time; /* seconds since the epoch */
};

struct series_point {
	int64_t step;
	double value; /* NaN is what Guild AI's index has as NULL */
};

/*
 * As Guild AI summarises (reference, 6.2): first is what came first with the lowest step; last is
 * what came last with the highest; min and max have the step where they were first. A NaN stays
 * minimum and maximum when it was there first, and is neither when it comes later, because nothing
 * compares with it. Count is at least 1: a series has samples.
 */
struct series_summary {
	struct series_point first, last, min, max;
	double total;
	uint64_t count;
};

static inline double series_avg(const struct series_summary *s)
{
	return s->total / (double)s->count;
}

struct series {
	char *tag;      /* NUL-terminated; without a NUL inside */
	size_t tag_len; /* in bytes */
	struct series_summary summary;
	struct sample *samples; /* NULL in sets that keep none */
	size_t n, cap;
	struct series *next; /* private: what was added to after it the last time */
};

struct series_set {
	struct series **v; /* in the order of their first samples */
	size_t n;
	/* private */
	bool keep_samples;
	struct series *last; /* what was added to last */
	size_t cap;
	struct series_slot *slots; /* hash table, open addressing */
	size_t n_slots;            /* a power of two, or 0 */
};

void series_set_init(struct series_set *set, bool keep_samples);
void series_set_release(struct series_set *set);
/* -EILSEQ: a tag with a NUL in it, which nothing can name. */
int series_set_add(
	struct series_set *set, const void *tag, size_t len, const struct sample *sample);
/* NULL: no such tag. */
struct series *series_set_find(const struct series_set *set, const char *tag);

#endif
