/* SPDX-License-Identifier: MIT */
/*
 * Runs in memory. An entry's index + 1 is its serial number, for ever; a sorted array of indexes
 * finds ids and prefixes of them.
 */
#include "catalog/entries.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/file.h"

/* --- the sorted array; all with the lock held ----------------------------- */

static size_t lower_bound(const struct catalog *c, const char *id)
{
	size_t low = 0, high = c->n_by_id;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(c->entries[c->by_id[mid]].id, id) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct entry *entry_by_id(const struct catalog *c, const char *id)
{
	size_t at = lower_bound(c, id);
	struct entry *e = at < c->n_by_id ? &c->entries[c->by_id[at]] : NULL;

	return e && strcmp(e->id, id) == 0 ? e : NULL;
}

static uint64_t serial_of(const struct catalog *c, const struct entry *e)
{
	return (uint64_t)(e - c->entries) + 1;
}

/* A new entry, not yet in the sorted array, which keeps the id. NULL: out of memory. */
static struct entry *append(struct catalog *c, const char *id)
{
	struct entry *e;

	if (c->n >= UINT32_MAX - 1 ||
		array_grow(&c->entries, c->n, &c->cap, sizeof(*c->entries)) < 0 ||
		array_grow(&c->by_id, c->n_by_id, &c->cap_by_id, sizeof(*c->by_id)) < 0)
		return NULL;
	e = &c->entries[c->n];
	*e = (struct entry){.id = id, .present = true};
	c->n++;
	c->generation++;
	return e;
}

static struct entry *insert(struct catalog *c, const char *id)
{
	const char *copy = names_copy(&c->ids, id);
	struct entry *e = copy ? append(c, copy) : NULL;
	size_t at;

	if (!e)
		return NULL;
	at = lower_bound(c, id);
	memmove(&c->by_id[at + 1], &c->by_id[at], (c->n_by_id - at) * sizeof(*c->by_id));
	c->by_id[at] = (uint32_t)(e - c->entries);
	c->n_by_id++;
	return e;
}

static void take_out(struct catalog *c, struct entry *e)
{
	size_t at = lower_bound(c, e->id);

	c->n_by_id--;
	memmove(&c->by_id[at], &c->by_id[at + 1], (c->n_by_id - at) * sizeof(*c->by_id));
	e->present = false;
	entry_forget(c, e);
}

/* --- scanning ------------------------------------------------------------- */

/* The names as entries, with their texts. */
static int take_names(struct catalog *c, int runs_fd)
{
	int r = names_read(&c->ids, runs_fd);

	for (size_t i = 0; r == 0 && i < c->ids.n; i++) {
		struct entry *e = append(c, c->ids.v[i].text);

		/* Sorted already: no insertion needed. */
		if (e)
			c->by_id[c->n_by_id++] = (uint32_t)(e - c->entries);
		else
			r = -ENOMEM;
	}
	names_drop_list(&c->ids);
	return r;
}

int catalog_new(const struct home *home, struct catalog **ret, struct err *err)
{
	struct catalog *c = calloc(1, sizeof(*c));
	int r = -ENOMEM;

	if (c) {
		pthread_mutex_init(&c->lock, NULL);
		pthread_mutex_init(&c->index_lock, NULL);
		c->home = home;
		r = take_names(c, home->runs_fd);
	}
	if (r < 0) {
		if (c)
			catalog_free(c);
		return err_set(err, r, "cannot read the runs in %s: %s", home->path, strerror(-r));
	}
	saved_load(c);
	*ret = c;
	return 0;
}

void catalog_free(struct catalog *c)
{
	for (size_t i = 0; i < c->n; i++)
		entry_forget(c, &c->entries[i]);
	free(c->entries);
	free(c->by_id);
	names_release(&c->ids);
	opref_table_release(&c->oprefs);
	pthread_mutex_destroy(&c->lock);
	pthread_mutex_destroy(&c->index_lock);
	free(c);
}

const struct home *catalog_home(const struct catalog *c)
{
	return c->home;
}

struct home_changes_mark catalog_mark(struct catalog *c)
{
	LOCK_SCOPE(&c->index_lock);

	return c->mark;
}

struct change {
	enum catalog_change what;
	uint64_t serial;
	const char *id; /* borrowed: ids live as long as the catalogue */
};

struct changes {
	struct change *v;
	size_t n, cap;
};

static int note(struct changes *changes, enum catalog_change what, uint64_t serial, const char *id)
{
	if (array_grow(&changes->v, changes->n, &changes->cap, sizeof(*changes->v)) < 0)
		return -ENOMEM;
	changes->v[changes->n++] = (struct change){.what = what, .serial = serial, .id = id};
	return 0;
}

/* With the lock held: makes the entries those of the sorted names. */
static int compare_with(struct catalog *c, const struct names *names, struct changes *changes)
{
	int r = 0;

	for (size_t i = c->n_by_id; r == 0 && i-- > 0;) {
		struct entry *e = &c->entries[c->by_id[i]];

		if (names_have(names, e->id))
			continue;
		r = note(changes, CATALOG_REMOVED, serial_of(c, e), e->id);
		take_out(c, e);
	}
	for (size_t i = 0; r == 0 && i < names->n; i++) {
		struct entry *e;

		if (entry_by_id(c, names->v[i].text))
			continue;
		e = insert(c, names->v[i].text);
		r = e ? note(changes, CATALOG_ADDED, serial_of(c, e), e->id) : -ENOMEM;
	}
	return r;
}

int catalog_rescan(struct catalog *c, catalog_change_fn changed, void *arg)
{
	_cleanup_names_ struct names names = {0};
	struct changes changes = {0};
	int r = names_read(&names, c->home->runs_fd);

	if (r < 0)
		return r;
	pthread_mutex_lock(&c->lock);
	r = compare_with(c, &names, &changes);
	pthread_mutex_unlock(&c->lock);
	for (size_t i = 0; changed && i < changes.n; i++)
		changed(arg, changes.v[i].what, changes.v[i].serial, changes.v[i].id);
	free(changes.v);
	return r;
}

uint64_t catalog_update(struct catalog *c, const char *id)
{
	int fd = names_may_be_run(id) ? home_open_run(c->home, id) : -ENOENT;
	struct entry *e;

	if (fd >= 0)
		close(fd);
	LOCK_SCOPE(&c->lock);
	e = entry_by_id(c, id);
	if (fd == -ENOENT) {
		if (e)
			take_out(c, e);
		return 0;
	}
	if (!e)
		e = insert(c, id);
	return e ? serial_of(c, e) : 0;
}

/* --- asking --------------------------------------------------------------- */

size_t catalog_count(struct catalog *c)
{
	LOCK_SCOPE(&c->lock);

	return c->n_by_id;
}

uint64_t catalog_find(struct catalog *c, const char *id)
{
	LOCK_SCOPE(&c->lock);
	struct entry *e = entry_by_id(c, id);

	return e ? serial_of(c, e) : 0;
}

size_t catalog_find_prefixed(struct catalog *c, const char *prefix, uint64_t *ret, size_t max)
{
	LOCK_SCOPE(&c->lock);
	size_t len = strlen(prefix), first = lower_bound(c, prefix), n = 0;

	for (; first + n < c->n_by_id; n++) {
		uint32_t at = c->by_id[first + n];

		if (strncmp(c->entries[at].id, prefix, len) != 0)
			break;
		if (n < max)
			ret[n] = (uint64_t)at + 1;
	}
	return n;
}

uint64_t catalog_find_prefix(struct catalog *c, const char *prefix, size_t *ret_matches)
{
	uint64_t serial;
	size_t n = catalog_find_prefixed(c, prefix, &serial, 1);

	if (ret_matches)
		*ret_matches = n;
	return n == 1 ? serial : 0;
}

uint64_t catalog_find_prefix_for(
	struct catalog *c, const char *prefix, const struct catalog_viewer *viewer)
{
	size_t n = catalog_find_prefixed(c, prefix, NULL, 0), seen = 0;
	_cleanup_free_ uint64_t *serials = calloc(n + 1, sizeof(*serials));
	uint64_t found = 0;

	/* What has come or gone between the two looks is as if after or before both. */
	if (serials)
		catalog_find_prefixed(c, prefix, serials, n);
	for (size_t i = 0; serials && i < n && seen < 2; i++)
		if (serials[i] && (!viewer || viewer->may_see(viewer->arg, serials[i])) &&
			seen++ == 0)
			found = serials[i];
	return seen == 1 ? found : 0;
}

const char *catalog_id(struct catalog *c, uint64_t serial)
{
	LOCK_SCOPE(&c->lock);
	struct entry *e = entry_by_serial(c, serial);

	return e ? e->id : NULL;
}

uint64_t catalog_generation(struct catalog *c)
{
	LOCK_SCOPE(&c->lock);

	return c->generation;
}

unsigned catalog_version(struct catalog *c, uint64_t serial)
{
	LOCK_SCOPE(&c->lock);
	struct entry *e = entry_by_serial(c, serial);

	return e ? e->version : 0;
}

bool catalog_present(struct catalog *c, uint64_t serial)
{
	LOCK_SCOPE(&c->lock);
	struct entry *e = entry_by_serial(c, serial);

	return e && e->present;
}

/* --- all of them ---------------------------------------------------------- */

uint64_t *entries_present(struct catalog *c, size_t *ret_n)
{
	LOCK_SCOPE(&c->lock);
	uint64_t *serials = calloc(c->n_by_id + 1, sizeof(*serials));
	size_t n = 0;

	for (size_t i = 0; serials && i < c->n; i++)
		if (c->entries[i].present)
			serials[n++] = i + 1;
	*ret_n = n;
	return serials;
}

int catalog_each(struct catalog *c, int (*fn)(void *arg, uint64_t serial), void *arg)
{
	size_t n;
	_cleanup_free_ uint64_t *serials = entries_present(c, &n);
	int r = serials ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = fn(arg, serials[i]);
	return r;
}
