/* SPDX-License-Identifier: MIT */
/* A small cache, least recently used first out. */
#include "run_scalars.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "guildfs.h"
#include "runs_of.h"
#include "walk.h"
#include "base/clock.h"
#include "base/name.h"
#include "run/attr.h"

/* More samples (of 24 bytes) are kept only while somebody looks at them. */
enum { KEPT = 64, SAMPLES_MAX = 2000000, LIVE_MS = 200, OVER_MS = 1000 };

struct kept_scalars {
	/* With the cache's lock. */
	uint32_t serial; /* 0: free */
	unsigned users;
	int64_t used_ms;
	size_t n_samples; /* as the last user left it */
	/* With its own. */
	pthread_mutex_t lock;
	int64_t read_ms; /* when the store was last asked; 0: never */
	struct scalars *scalars;
	struct scalar_name *names;
	size_t n;
	size_t n_read; /* samples of all of them */
};

struct run_scalars {
	pthread_mutex_t lock;
	struct kept_scalars kept[KEPT];
};

struct run_scalars *run_scalars_new(void)
{
	struct run_scalars *cache = calloc(1, sizeof(*cache));

	if (!cache)
		return NULL;
	pthread_mutex_init(&cache->lock, NULL);
	for (size_t i = 0; i < KEPT; i++)
		pthread_mutex_init(&cache->kept[i].lock, NULL);
	return cache;
}

static void free_names(struct kept_scalars *k)
{
	for (size_t i = 0; i < k->n; i++)
		free(k->names[i].path);
	free(k->names);
	k->names = NULL;
	k->n = 0;
}

static void clear(struct kept_scalars *k)
{
	free_names(k);
	scalars_free(k->scalars);
	k->scalars = NULL;
	k->read_ms = 0;
}

void run_scalars_free(struct run_scalars *cache)
{
	if (!cache)
		return;
	for (size_t i = 0; i < KEPT; i++) {
		clear(&cache->kept[i]);
		pthread_mutex_destroy(&cache->kept[i].lock);
	}
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

/* --- names ---------------------------------------------------------------- */

/* Each part of a path by itself; `end` is added to the last one. */
static void add_parts(struct buf *b, const char *text, const char *end)
{
	for (;;) {
		size_t len = strcspn(text, "/");
		bool is_last = !text[len];
		_cleanup_buf_ struct buf part = BUF_INIT;

		buf_add(&part, text, len);
		buf_puts(&part, is_last ? end : "");
		buf_puts(b, b->len ? "/" : "");
		name_encode(b, buf_str(&part), part.len);
		if (is_last)
			return;
		text += len + 1;
	}
}

static char *path_of(const struct scalar *s)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	if (*s->prefix && strcmp(s->prefix, RUN_GUILD_DIR) != 0)
		add_parts(&b, s->prefix, "#");
	add_parts(&b, s->series->tag, "");
	return buf_error(&b) ? NULL : buf_steal(&b, NULL);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct scalar_name *)a)->path, ((const struct scalar_name *)b)->path);
}

static int make_names(struct kept_scalars *k)
{
	size_t n;
	const struct scalar *all = scalars_list(k->scalars, &n);

	free_names(k);
	k->n_read = 0;
	k->names = calloc(n + 1, sizeof(*k->names));
	if (!k->names)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (all[i].shadowed)
			continue;
		k->names[k->n].path = path_of(&all[i]);
		k->names[k->n].scalar = &all[i];
		if (!k->names[k->n].path)
			return -ENOMEM;
		k->n_read += all[i].series->n;
		k->n++;
	}
	if (k->n > 1)
		qsort(k->names, k->n, sizeof(*k->names), compare_names);
	return 0;
}

/* --- keeping -------------------------------------------------------------- */

/* With the cache's lock held: the run's own place, else the one that nobody has used for longest.
 * NULL: all are in use. */
static struct kept_scalars *choose(struct run_scalars *cache, uint32_t serial)
{
	struct kept_scalars *oldest = NULL;

	for (size_t i = 0; i < KEPT; i++) {
		struct kept_scalars *k = &cache->kept[i];

		if (k->serial == serial)
			return k;
		if (!k->users && (!oldest || k->used_ms < oldest->used_ms))
			oldest = k;
	}
	return oldest;
}

static int take(struct run_scalars *cache, uint32_t serial, struct kept_scalars **ret)
{
	LOCK_SCOPE(&cache->lock);
	struct kept_scalars *k = choose(cache, serial);

	if (!k)
		return -EAGAIN;
	if (k->serial != serial) {
		clear(k); /* without users nobody holds its lock */
		k->serial = serial;
	}
	k->users++;
	k->used_ms = clock_monotonic_ms();
	*ret = k;
	return 0;
}

/* With the cache's lock held: lets go of what was not used for longest. */
static void trim(struct run_scalars *cache)
{
	for (;;) {
		struct kept_scalars *oldest = NULL;
		size_t sum = 0;

		for (size_t i = 0; i < KEPT; i++) {
			struct kept_scalars *k = &cache->kept[i];

			sum += k->n_samples;
			if (k->n_samples && !k->users && (!oldest || k->used_ms < oldest->used_ms))
				oldest = k;
		}
		if (sum <= SAMPLES_MAX || !oldest)
			return;
		clear(oldest);
		oldest->serial = 0;
		oldest->n_samples = 0;
	}
}

static void put(struct run_scalars *cache, struct kept_scalars *k, size_t n_samples)
{
	LOCK_SCOPE(&cache->lock);
	bool grown = n_samples > k->n_samples;

	k->users--;
	k->n_samples = n_samples;
	if (grown)
		trim(cache);
}

/* With its lock held. */
static int refresh(struct kept_scalars *k, const struct place *p)
{
	int64_t now = clock_monotonic_ms();
	_cleanup_close_ int run_fd = -1;
	bool changed = false;
	int r = 0;

	if (k->read_ms && now - k->read_ms < (walk_is_live(p) ? LIVE_MS : OVER_MS))
		return 0;
	run_fd = place_open_run(p);
	if (run_fd < 0)
		return run_fd;
	if (!k->scalars)
		r = scalars_new(SCALARS_SAMPLES, &k->scalars);
	if (r == 0)
		r = scalars_refresh(k->scalars, run_fd, &changed);
	if (r == 0 && (changed || !k->names))
		r = make_names(k);
	/* Names lead into what may be half new. */
	if (r < 0)
		free_names(k);
	k->read_ms = r == 0 ? now : 0;
	return r;
}

int scalars_view_open(const struct place *p, struct scalars_view *ret)
{
	struct run_scalars *cache = p->fs->scalars;
	struct kept_scalars *k;
	int r = take(cache, p->serial, &k);

	if (r < 0)
		return r;
	pthread_mutex_lock(&k->lock);
	r = refresh(k, p);
	if (r < 0) {
		size_t n_samples = k->n_read;

		pthread_mutex_unlock(&k->lock);
		put(cache, k, n_samples);
		return r;
	}
	*ret = (struct scalars_view){
		.names = k->names, .n = k->n, .all = k->scalars, .kept = k, .cache = cache};
	return 0;
}

void scalars_view_close(struct scalars_view *view)
{
	size_t n_samples;

	if (!view->kept)
		return;
	n_samples = view->kept->n_read;
	pthread_mutex_unlock(&view->kept->lock);
	put(view->cache, view->kept, n_samples);
	*view = SCALARS_VIEW_INIT;
}

size_t scalars_view_find(const struct scalars_view *view, const char *path)
{
	size_t low = 0, high = view->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(view->names[mid].path, path) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}
