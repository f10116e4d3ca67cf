/* SPDX-License-Identifier: MIT */
/* Open files, and the lists that they are in. */
#include "handle.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;
static struct handle *newest[HANDLE_LISTS];
static pthread_cond_t settled = PTHREAD_COND_INITIALIZER;

enum { SETTLE_S = 1 };

/* The lists are changed with their lock held. */
static void add(enum handle_list list, struct handle *h)
{
	h->in[list].older = newest[list];
	if (newest[list])
		newest[list]->in[list].newer = h;
	newest[list] = h;
}

static void take_out(enum handle_list list, struct handle *h)
{
	struct handle *newer = h->in[list].newer, *older = h->in[list].older;

	if (newer)
		newer->in[list].older = older;
	else
		newest[list] = older;
	if (older)
		older->in[list].newer = newer;
}

struct handle *handle_new(const struct place *p, const struct opener *who)
{
	struct handle *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->place = *p;
	h->who = *who;
	h->fd = -1;
	h->listing.viewer = *who;
	pthread_mutex_init(&h->lock, NULL);
	LOCK_SCOPE(&open_lock);
	add(HANDLES_OPEN, h);
	return h;
}

static void forget(struct handle *h)
{
	LOCK_SCOPE(&open_lock);

	take_out(HANDLES_OPEN, h);
	if (!h->shown)
		return;
	take_out(HANDLES_SHOWN, h);
	pthread_cond_broadcast(&settled);
}

void handle_free(struct handle *h)
{
	forget(h);
	pthread_mutex_destroy(&h->lock);
	buf_release(&h->text);
	buf_release(&h->before);
	listing_release(&h->listing);
	free(h);
}

struct handle *handle_any(void)
{
	LOCK_SCOPE(&open_lock);

	return newest[HANDLES_OPEN];
}

void handle_show_size(struct handle *h)
{
	LOCK_SCOPE(&open_lock);

	h->size = (off_t)h->text.len;
	if (!h->shown)
		add(HANDLES_SHOWN, h);
	h->shown = true;
}

static struct handle *find(uint64_t ino)
{
	for (struct handle *h = newest[HANDLES_SHOWN]; h; h = h->in[HANDLES_SHOWN].older)
		if (h->ino == ino)
			return h;
	return NULL;
}

bool handle_shown_size(uint64_t ino, off_t *ret)
{
	LOCK_SCOPE(&open_lock);
	struct handle *h = find(ino);

	if (!h)
		return false;
	*ret = h->size;
	return true;
}

void handle_set_unsettled(struct handle *h, bool unsettled)
{
	LOCK_SCOPE(&open_lock);

	h->unsettled = unsettled;
	pthread_cond_broadcast(&settled);
}

static bool is_unsettled(uint64_t ino)
{
	for (const struct handle *h = newest[HANDLES_SHOWN]; h; h = h->in[HANDLES_SHOWN].older)
		if (h->ino == ino && h->unsettled)
			return true;
	return false;
}

void handle_settle(uint64_t ino)
{
	LOCK_SCOPE(&open_lock);
	struct timespec end;

	if (!is_unsettled(ino))
		return;
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += SETTLE_S;
	while (is_unsettled(ino) &&
		pthread_cond_clockwait(&settled, &open_lock, CLOCK_MONOTONIC, &end) == 0)
		;
}
