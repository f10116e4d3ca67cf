/* SPDX-License-Identifier: MIT */
/* Open files, and the list of those whose size is that of a snapshot. */
#include "handle.h"

#include <stdlib.h>
#include <unistd.h>

static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;
static struct handle *newest;

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
	return h;
}

static void unlink_handle(struct handle *h)
{
	LOCK_SCOPE(&open_lock);

	if (h->newer)
		h->newer->older = h->older;
	else
		newest = h->older;
	if (h->older)
		h->older->newer = h->newer;
}

void handle_free(struct handle *h)
{
	if (h->linked)
		unlink_handle(h);
	pthread_mutex_destroy(&h->lock);
	buf_release(&h->text);
	listing_release(&h->listing);
	free(h);
}

void handle_show_size(struct handle *h)
{
	LOCK_SCOPE(&open_lock);

	h->size = (off_t)h->text.len;
	if (h->linked)
		return;
	h->linked = true;
	h->older = newest;
	if (newest)
		newest->newer = h;
	newest = h;
}

static struct handle *find(uint64_t ino)
{
	for (struct handle *h = newest; h; h = h->older)
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
