/* SPDX-License-Identifier: MIT */
/* A table in which a directory has one slot, and loses it to another of the same hash. */
#include "listed.h"

#include <stdlib.h>
#include <xxhash.h>

#include "base/cleanup.h"
#include "base/clock.h"

enum { KEEP_MS = 30 * 1000, SLOTS = 1 << 16 };

struct listed {
	pthread_mutex_t lock;
	struct slot {
		uint64_t ino;
		int64_t ms;
	} slots[SLOTS]; /* 1 MiB, of which nothing is touched before it is used */
};

struct listed *listed_new(void)
{
	struct listed *listed = calloc(1, sizeof(*listed));

	if (listed)
		pthread_mutex_init(&listed->lock, NULL);
	return listed;
}

void listed_free(struct listed *listed)
{
	if (!listed)
		return;
	pthread_mutex_destroy(&listed->lock);
	free(listed);
}

bool listed_lately(struct listed *listed, uint64_t ino)
{
	struct slot *slot = &listed->slots[XXH3_64bits(&ino, sizeof(ino)) % SLOTS];
	int64_t now = clock_monotonic_ms();

	LOCK_SCOPE(&listed->lock);
	if (slot->ino == ino && now - slot->ms < KEEP_MS)
		return true;
	*slot = (struct slot){.ino = ino, .ms = now};
	return false;
}
