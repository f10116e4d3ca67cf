/* SPDX-License-Identifier: MIT */
/* Two chained hash tables over the same entries: by serial number, and by what they stand for. */
#include "backing_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "backing.h"
#include "base/cleanup.h"

enum { FIRST_BUCKETS = 64 };

struct backings {
	pthread_mutex_t lock;
	struct backing **by_serial, **by_key;
	size_t n, buckets; /* a power of two */
	uint32_t last_serial;
};

struct backings *backings_new(void)
{
	struct backings *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->buckets = FIRST_BUCKETS;
	t->by_serial = calloc(t->buckets, sizeof(struct backing *));
	t->by_key = calloc(t->buckets, sizeof(struct backing *));
	if (!t->by_serial || !t->by_key) {
		free(t->by_serial);
		free(t->by_key);
		free(t);
		return NULL;
	}
	pthread_mutex_init(&t->lock, NULL);
	return t;
}

void backings_free(struct backings *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->buckets; i++) {
		for (struct backing *b = t->by_serial[i], *next; b; b = next) {
			next = b->next_by_serial;
			free(b->path);
			free(b);
		}
	}
	free(t->by_serial);
	free(t->by_key);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static size_t key_hash(
	uint32_t run, enum backing_view view, const char *path, const struct backing_identity *id)
{
	uint64_t seed = XXH3_64bits_withSeed(id, sizeof(*id), (uint64_t)run * BACKING_VIEWS + view);

	return (size_t)XXH3_64bits_withSeed(path, strlen(path), seed);
}

static struct backing **serial_bucket(const struct backings *t, uint32_t serial)
{
	return &t->by_serial[serial & (t->buckets - 1)];
}

static struct backing **key_bucket(const struct backings *t, const struct backing *b)
{
	return &t->by_key[key_hash(b->run, b->view, b->path, &b->id) & (t->buckets - 1)];
}

static void link_entry(struct backings *t, struct backing *b)
{
	struct backing **serial = serial_bucket(t, b->serial);
	struct backing **key = key_bucket(t, b);

	b->next_by_serial = *serial;
	*serial = b;
	b->next_by_key = *key;
	*key = b;
}

static void unlink_entry(struct backings *t, struct backing *b)
{
	struct backing **at = serial_bucket(t, b->serial);

	while (*at != b)
		at = &(*at)->next_by_serial;
	*at = b->next_by_serial;
	at = key_bucket(t, b);
	while (*at != b)
		at = &(*at)->next_by_key;
	*at = b->next_by_key;
}

/* Twice the buckets; without memory for them the chains just get longer. */
static void grow(struct backings *t)
{
	struct backings old = *t;
	struct backing **by_serial = calloc(old.buckets * 2, sizeof(*by_serial));
	struct backing **by_key = calloc(old.buckets * 2, sizeof(*by_key));

	if (!by_serial || !by_key) {
		free(by_serial);
		free(by_key);
		return;
	}
	t->by_serial = by_serial;
	t->by_key = by_key;
	t->buckets *= 2;
	for (size_t i = 0; i < old.buckets; i++) {
		for (struct backing *b = old.by_serial[i], *next; b; b = next) {
			next = b->next_by_serial;
			link_entry(t, b);
		}
	}
	free(old.by_serial);
	free(old.by_key);
}

struct backing *backing_intern(struct backings *t, uint32_t run, enum backing_view view,
	const char *path, const struct backing_identity *id)
{
	LOCK_SCOPE(&t->lock);
	size_t hash = key_hash(run, view, path, id);
	struct backing *b;

	for (b = t->by_key[hash & (t->buckets - 1)]; b; b = b->next_by_key) {
		if (b->run == run && b->view == view && strcmp(b->path, path) == 0 &&
			memcmp(&b->id, id, sizeof(*id)) == 0) {
			b->refs++;
			return b;
		}
	}
	b = malloc(sizeof(*b));
	if (!b)
		return NULL;
	*b = (struct backing){
		.table = t,
		.serial = ++t->last_serial,
		.run = run,
		.view = view,
		.path = strdup(path),
		.id = *id,
		.refs = 1,
		.fd = -1,
	};
	if (!b->path) {
		free(b);
		return NULL;
	}
	if (++t->n > t->buckets)
		grow(t);
	link_entry(t, b);
	return b;
}

struct backing *backing_get(struct backings *t, uint32_t serial)
{
	LOCK_SCOPE(&t->lock);

	for (struct backing *b = *serial_bucket(t, serial); b; b = b->next_by_serial) {
		if (b->serial == serial) {
			b->refs++;
			return b;
		}
	}
	return NULL;
}

void backing_unref(struct backing *b, uint64_t n)
{
	struct backings *t = b ? b->table : NULL;

	if (!t)
		return;
	LOCK_SCOPE(&t->lock);
	b->refs -= n < b->refs ? n : b->refs;
	if (b->refs)
		return;
	unlink_entry(t, b);
	t->n--;
	free(b->path);
	free(b);
}

void backing_opened(struct backing *b, int fd)
{
	LOCK_SCOPE(&b->table->lock);

	b->fd = fd;
}

void backing_closed(struct backing *b, int fd)
{
	LOCK_SCOPE(&b->table->lock);

	if (b->fd == fd)
		b->fd = -1;
}

int backing_fstat(struct backing *b, struct stat *ret)
{
	LOCK_SCOPE(&b->table->lock);

	if (b->fd < 0)
		return -EBADF;
	return fstat(b->fd, ret) < 0 ? -errno : 0;
}
