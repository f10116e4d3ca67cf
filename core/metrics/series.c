/* SPDX-License-Identifier: MIT */
/* Tags in a hash table; samples in arrays that double. */
#include "metrics/series.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { FIRST_SLOTS = 16, FIRST_SAMPLES = 16 };

/* The hash's upper half beside the place, so that most other tags are passed without a look. */
struct series_slot {
	uint32_t hash;
	uint32_t place; /* in v, from 1; 0: free */
};

void series_set_init(struct series_set *set, bool keep_samples)
{
	*set = (struct series_set){.keep_samples = keep_samples};
}

static void series_free(struct series *s)
{
	free(s->tag);
	free(s->samples);
	free(s);
}

void series_set_release(struct series_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		series_free(set->v[i]);
	free(set->v);
	free(set->slots);
	series_set_init(set, set->keep_samples);
}

static bool has_tag(const struct series *s, const void *tag, size_t len)
{
	return s->tag_len == len && memcmp(s->tag, tag, len) == 0;
}

/* The slot of the tag, or the free one where it belongs. There are free ones. */
static struct series_slot *slot_of(
	const struct series_set *set, uint64_t hash, const void *tag, size_t len)
{
	size_t mask = set->n_slots - 1;

	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		struct series_slot *slot = &set->slots[i];

		if (!slot->place)
			return slot;
		if (slot->hash == hash >> 32 && has_tag(set->v[slot->place - 1], tag, len))
			return slot;
	}
}

/* At most half of the slots are ever taken. */
static int grow_table(struct series_set *set)
{
	size_t n = set->n_slots ? 2 * set->n_slots : FIRST_SLOTS;
	struct series_slot *before = set->slots;

	if (n > UINT32_MAX)
		return -ENOMEM;
	set->slots = calloc(n, sizeof(*set->slots));
	if (!set->slots) {
		set->slots = before;
		return -ENOMEM;
	}
	set->n_slots = n;
	for (size_t i = 0; i < set->n; i++) {
		const struct series *s = set->v[i];
		uint64_t hash = XXH3_64bits(s->tag, s->tag_len);

		*slot_of(set, hash, s->tag, s->tag_len) = (struct series_slot){
			.hash = (uint32_t)(hash >> 32), .place = (uint32_t)i + 1};
	}
	free(before);
	return 0;
}

static int grow_list(struct series_set *set)
{
	size_t cap = set->cap ? 2 * set->cap : FIRST_SLOTS;
	struct series **grown = reallocarray(set->v, cap, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	set->v = grown;
	set->cap = cap;
	return 0;
}

static int reserve(struct series *s)
{
	size_t cap = s->cap ? 2 * s->cap : FIRST_SAMPLES;
	struct sample *grown;

	if (s->n < s->cap)
		return 0;
	grown = reallocarray(s->samples, cap, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	s->samples = grown;
	s->cap = cap;
	return 0;
}

static int add_series(
	struct series_set *set, uint64_t hash, const void *tag, size_t len, struct series **ret)
{
	struct series *s;

	if (memchr(tag, '\0', len))
		return -EILSEQ;
	if ((set->n == set->cap && grow_list(set) < 0) ||
		(2 * (set->n + 1) > set->n_slots && grow_table(set) < 0))
		return -ENOMEM;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->tag = malloc(len + 1);
	if (!s->tag || (set->keep_samples && reserve(s) < 0)) {
		series_free(s);
		return -ENOMEM;
	}
	memcpy(s->tag, tag, len);
	s->tag[len] = '\0';
	s->tag_len = len;
	*slot_of(set, hash, tag, len) =
		(struct series_slot){.hash = (uint32_t)(hash >> 32), .place = (uint32_t)set->n + 1};
	set->v[set->n++] = s;
	*ret = s;
	return 0;
}

static void summarize(struct series_summary *sum, const struct sample *sample)
{
	struct series_point point = {.step = sample->step, .value = sample->value};

	if (!sum->count++)
		sum->first = sum->last = sum->min = sum->max = point;
	if (point.step < sum->first.step)
		sum->first = point;
	if (point.step >= sum->last.step)
		sum->last = point;
	if (point.value < sum->min.value)
		sum->min = point;
	if (point.value > sum->max.value)
		sum->max = point;
	sum->total += point.value;
}

static int find_or_add(struct series_set *set, const void *tag, size_t len, struct series **ret)
{
	uint64_t hash = XXH3_64bits(tag, len);
	const struct series_slot *slot = set->n_slots ? slot_of(set, hash, tag, len) : NULL;

	if (!slot || !slot->place)
		return add_series(set, hash, tag, len, ret);
	*ret = set->v[slot->place - 1];
	return 0;
}

int series_set_add(struct series_set *set, const void *tag, size_t len, const struct sample *sample)
{
	/* Programs log their tags in the same order again and again. */
	struct series *s = set->last ? set->last->next : NULL;
	int r = 0;

	if (!s || !has_tag(s, tag, len))
		r = find_or_add(set, tag, len, &s);
	if (r == 0 && set->keep_samples)
		r = reserve(s);
	if (r < 0)
		return r;
	if (set->keep_samples)
		s->samples[s->n++] = *sample;
	summarize(&s->summary, sample);
	if (set->last)
		set->last->next = s;
	set->last = s;
	return 0;
}

struct series *series_set_find(const struct series_set *set, const char *tag)
{
	size_t len = strlen(tag);
	const struct series_slot *slot =
		set->n_slots ? slot_of(set, XXH3_64bits(tag, len), tag, len) : NULL;

	return slot && slot->place ? set->v[slot->place - 1] : NULL;
}
