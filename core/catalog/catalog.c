/* SPDX-License-Identifier: MIT */
/*
 * Runs in memory. An entry's index + 1 is its serial number, for ever; a sorted array of indexes
 * finds ids and prefixes of them. Summaries and times are read when they are first needed; a
 * summary that is kept is compared with the mtimes of the run's directories, at most once a second,
 * since others change runs too.
 */
#include "catalog/catalog.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/name.h"
#include "run/attr.h"

enum { CHECK_MS = 1000 };

struct entry {
	char *id;
	struct run_summary *summary; /* NULL: not read, or not final */
	int64_t seen_mtime;          /* nanoseconds: of its directories, when summary was read */
	int64_t checked_ms;          /* when they were last compared */
	int64_t born;                /* initialized, which never changes; 0: not known */
	bool over;                   /* known to have ended, also without a summary */
	bool present;
	unsigned version; /* counts invalidations: what was read before one is not kept */
};

struct catalog {
	const struct home *home;
	pthread_mutex_t lock;
	struct entry *entries;
	size_t n, cap;
	uint32_t *by_id; /* indexes of those present, sorted by id */
	size_t n_by_id, cap_by_id;
};

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

static struct entry *find(const struct catalog *c, const char *id)
{
	size_t at = lower_bound(c, id);
	struct entry *e = at < c->n_by_id ? &c->entries[c->by_id[at]] : NULL;

	return e && strcmp(e->id, id) == 0 ? e : NULL;
}

static uint64_t serial_of(const struct catalog *c, const struct entry *e)
{
	return (uint64_t)(e - c->entries) + 1;
}

static struct entry *by_serial(const struct catalog *c, uint64_t serial)
{
	return serial && serial <= c->n ? &c->entries[serial - 1] : NULL;
}

static int grow(void *array, size_t n, size_t *cap, size_t size)
{
	size_t more = *cap ? *cap * 2 : 256;
	void *grown;

	if (n < *cap)
		return 0;
	grown = reallocarray(*(void **)array, more, size);
	if (!grown)
		return -ENOMEM;
	*(void **)array = grown;
	*cap = more;
	return 0;
}

/* A new entry, not yet in the sorted array. NULL: out of memory. */
static struct entry *append(struct catalog *c, const char *id)
{
	struct entry *e;

	if (c->n >= UINT32_MAX - 1 || grow(&c->entries, c->n, &c->cap, sizeof(*c->entries)) < 0 ||
		grow(&c->by_id, c->n_by_id, &c->cap_by_id, sizeof(*c->by_id)) < 0)
		return NULL;
	e = &c->entries[c->n];
	*e = (struct entry){.id = strdup(id), .present = true};
	if (!e->id)
		return NULL;
	c->n++;
	return e;
}

static struct entry *insert(struct catalog *c, const char *id)
{
	struct entry *e = append(c, id);
	size_t at;

	if (!e)
		return NULL;
	at = lower_bound(c, id);
	memmove(&c->by_id[at + 1], &c->by_id[at], (c->n_by_id - at) * sizeof(*c->by_id));
	c->by_id[at] = (uint32_t)(e - c->entries);
	c->n_by_id++;
	return e;
}

static void forget(struct entry *e)
{
	if (e->summary) {
		run_summary_release(e->summary);
		free(e->summary);
		e->summary = NULL;
	}
	e->over = false;
	e->version++;
}

static void take_out(struct catalog *c, struct entry *e)
{
	size_t at = lower_bound(c, e->id);

	c->n_by_id--;
	memmove(&c->by_id[at], &c->by_id[at + 1], (c->n_by_id - at) * sizeof(*c->by_id));
	e->present = false;
	forget(e);
}

/* --- scanning ------------------------------------------------------------- */

static bool is_run_name(const char *name)
{
	return name[0] != '.' && name_is_component(name);
}

static int collect_name(void *arg, const char *name, int d_type)
{
	bool may_be_dir = d_type == DT_DIR || d_type == DT_UNKNOWN;

	return may_be_dir && is_run_name(name) ? strv_add(arg, name) : 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in runs/, sorted. That a directory is a run, and whole, shows when it is read. */
static int list_runs(const struct home *home, struct strv *names)
{
	int r = file_each(home->runs_fd, ".", collect_name, names);

	if (r == 0 && names->n > 1)
		qsort(names->v, names->n, sizeof(*names->v), compare_names);
	return r;
}

int catalog_new(const struct home *home, struct catalog **ret, struct err *err)
{
	struct catalog *c = calloc(1, sizeof(*c));
	_cleanup_strv_ struct strv names = STRV_INIT;
	int r = c ? list_runs(home, &names) : -ENOMEM;

	if (c)
		pthread_mutex_init(&c->lock, NULL);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		struct entry *e = append(c, names.v[i]);

		/* Sorted already: no insertion needed. */
		if (e)
			c->by_id[c->n_by_id++] = (uint32_t)(e - c->entries);
		else
			r = -ENOMEM;
	}
	if (r < 0) {
		if (c)
			catalog_free(c);
		return err_set(err, r, "cannot read the runs in %s: %s", home->path, strerror(-r));
	}
	c->home = home;
	*ret = c;
	return 0;
}

void catalog_free(struct catalog *c)
{
	for (size_t i = 0; i < c->n; i++) {
		forget(&c->entries[i]);
		free(c->entries[i].id);
	}
	free(c->entries);
	free(c->by_id);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

const struct home *catalog_home(const struct catalog *c)
{
	return c->home;
}

struct change {
	enum catalog_change what;
	uint64_t serial;
	char *id; /* borrowed: ids live as long as the catalogue */
};

struct changes {
	struct change *v;
	size_t n, cap;
};

static int note(struct changes *changes, enum catalog_change what, uint64_t serial, char *id)
{
	if (grow(&changes->v, changes->n, &changes->cap, sizeof(*changes->v)) < 0)
		return -ENOMEM;
	changes->v[changes->n++] = (struct change){.what = what, .serial = serial, .id = id};
	return 0;
}

/* With the lock held: makes the entries those of the sorted names. */
static int compare_with(struct catalog *c, const struct strv *names, struct changes *changes)
{
	int r = 0;

	for (size_t i = c->n_by_id; r == 0 && i-- > 0;) {
		struct entry *e = &c->entries[c->by_id[i]];

		if (names->n &&
			bsearch(&e->id, names->v, names->n, sizeof(*names->v), compare_names))
			continue;
		r = note(changes, CATALOG_REMOVED, serial_of(c, e), e->id);
		take_out(c, e);
	}
	for (size_t i = 0; r == 0 && i < names->n; i++) {
		struct entry *e;

		if (find(c, names->v[i]))
			continue;
		e = insert(c, names->v[i]);
		r = e ? note(changes, CATALOG_ADDED, serial_of(c, e), e->id) : -ENOMEM;
	}
	return r;
}

int catalog_rescan(struct catalog *c, catalog_change_fn changed, void *arg)
{
	_cleanup_strv_ struct strv names = STRV_INIT;
	struct changes changes = {0};
	int r = list_runs(c->home, &names);

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
	int fd = is_run_name(id) ? home_open_run(c->home, id) : -ENOENT;
	struct entry *e;

	if (fd >= 0)
		close(fd);
	LOCK_SCOPE(&c->lock);
	e = find(c, id);
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
	struct entry *e = find(c, id);

	return e ? serial_of(c, e) : 0;
}

uint64_t catalog_find_prefix(struct catalog *c, const char *prefix, size_t *ret_matches)
{
	LOCK_SCOPE(&c->lock);
	size_t len = strlen(prefix), first = lower_bound(c, prefix), n = 0;

	while (first + n < c->n_by_id &&
		strncmp(c->entries[c->by_id[first + n]].id, prefix, len) == 0)
		n++;
	if (ret_matches)
		*ret_matches = n;
	return n == 1 ? (uint64_t)c->by_id[first] + 1 : 0;
}

const char *catalog_id(struct catalog *c, uint64_t serial)
{
	LOCK_SCOPE(&c->lock);
	struct entry *e = by_serial(c, serial);

	return e ? e->id : NULL;
}

bool catalog_present(struct catalog *c, uint64_t serial)
{
	LOCK_SCOPE(&c->lock);
	struct entry *e = by_serial(c, serial);

	return e && e->present;
}

void catalog_invalidate(struct catalog *c, uint64_t serial)
{
	LOCK_SCOPE(&c->lock);
	struct entry *e = by_serial(c, serial);

	if (e)
		forget(e);
}

/* Changes when a marker or an attribute comes, goes or is replaced. */
static int64_t dirs_mtime(const struct catalog *c, const char *id)
{
	static const char *const dirs[] = {RUN_GUILD_DIR, RUN_ATTRS_DIR};
	int64_t sum = 0;

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		char path[NAME_MAX + sizeof(RUN_ATTRS_DIR) + 1];
		struct stat st;

		snprintf(path, sizeof(path), "%s/%s", id, dirs[i]);
		if (fstatat(c->home->runs_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
			sum += st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec;
	}
	return sum;
}

/* With the lock held: forgets a summary that is out of date. */
static void check_entry(const struct catalog *c, struct entry *e)
{
	int64_t now = clock_monotonic_ms();

	if ((!e->summary && !e->over) || now - e->checked_ms < CHECK_MS)
		return;
	e->checked_ms = now;
	if (dirs_mtime(c, e->id) != e->seen_mtime)
		forget(e);
}

/* 0: *ret is filled in. 1: it must be read, and *ret_id and *ret_version say what. */
static int from_memory(struct catalog *c, uint64_t serial, struct run_summary *ret,
	const char **ret_id, unsigned *ret_version)
{
	LOCK_SCOPE(&c->lock);
	struct entry *e = by_serial(c, serial);

	if (!e || !e->present)
		return -ENOENT;
	check_entry(c, e);
	if (e->summary)
		return run_summary_copy(ret, e->summary);
	*ret_id = e->id;
	*ret_version = e->version;
	return 1;
}

/* What is over stays as it is until somebody says otherwise. */
static void keep(struct catalog *c, uint64_t serial, const struct run_summary *s, unsigned version,
	int64_t mtime)
{
	struct run_summary *copy;
	struct entry *e;

	if (run_status_live(s->status))
		return;
	copy = calloc(1, sizeof(*copy));
	if (!copy || run_summary_copy(copy, s) < 0) {
		free(copy);
		return;
	}
	LOCK_SCOPE(&c->lock);
	e = by_serial(c, serial);
	if (e->summary || !e->present || e->version != version) {
		run_summary_release(copy);
		free(copy);
		return;
	}
	e->summary = copy;
	e->seen_mtime = mtime;
	e->checked_ms = clock_monotonic_ms();
}

int catalog_summary(struct catalog *c, uint64_t serial, struct run_summary *ret)
{
	unsigned version = 0;
	const char *id = NULL;
	_cleanup_close_ int fd = -1;
	int r = from_memory(c, serial, ret, &id, &version);
	int64_t mtime;

	if (r <= 0)
		return r;
	/* Before it is read: a change in between makes it out of date, never too new. */
	mtime = dirs_mtime(c, id);
	fd = home_open_run(c->home, id);
	r = fd < 0 ? fd : run_summary_load(fd, ret);
	if (r == 0)
		keep(c, serial, ret, version, mtime);
	return r;
}

bool catalog_is_live(struct catalog *c, uint64_t serial)
{
	_cleanup_close_ int fd = -1;
	const char *id = NULL;
	unsigned version = 0;
	bool known = false;
	struct entry *e;
	int64_t mtime;

	pthread_mutex_lock(&c->lock);
	e = by_serial(c, serial);
	if (e && e->present) {
		check_entry(c, e);
		known = e->over || e->summary;
		id = e->id;
		version = e->version;
	}
	pthread_mutex_unlock(&c->lock);
	if (known || !id)
		return !known;
	mtime = dirs_mtime(c, id);
	fd = home_open_run(c->home, id);
	if (fd < 0 || run_status_live(run_status_get(fd)))
		return true;
	LOCK_SCOPE(&c->lock);
	e = by_serial(c, serial);
	if (e->version == version && !e->summary) {
		e->over = true;
		e->seen_mtime = mtime;
		e->checked_ms = clock_monotonic_ms();
	}
	return false;
}

/* --- all of them ---------------------------------------------------------- */

/* Serials of those present, ascending. The caller frees. */
static uint64_t *list_serials(struct catalog *c, size_t *ret_n)
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
	_cleanup_free_ uint64_t *serials = list_serials(c, &n);
	int r = serials ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = fn(arg, serials[i]);
	return r;
}

/* When it was born, which is read once. A run without that was there when it was started, or never.
 */
static int64_t birth_of(struct catalog *c, uint64_t serial)
{
	_cleanup_close_ int fd = -1;
	int64_t born;

	pthread_mutex_lock(&c->lock);
	born = by_serial(c, serial)->born;
	pthread_mutex_unlock(&c->lock);
	if (born)
		return born;
	fd = home_open_run(c->home, catalog_id(c, serial));
	if (attr_read_int(fd, "initialized", &born) < 0) {
		attr_read_int(fd, "started", &born);
		return born;
	}
	LOCK_SCOPE(&c->lock);
	by_serial(c, serial)->born = born;
	return born;
}

/* As lists have it: when it was started, last, else when it was born. */
static int64_t start_of(struct catalog *c, uint64_t serial)
{
	_cleanup_close_ int fd = home_open_run(c->home, catalog_id(c, serial));
	int64_t started;

	return attr_read_int(fd, "started", &started) == 0 ? started : birth_of(c, serial);
}

struct timed {
	int64_t time;
	uint64_t serial;
};

static int compare_times(const void *a, const void *b)
{
	const struct timed *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? 1 : -1;
	return x->serial < y->serial ? 1 : -1;
}

typedef int64_t (*time_fn)(struct catalog *c, uint64_t serial);

/* Serials by time, newest first. The caller frees *ret. */
static int sorted_by(struct catalog *c, time_fn time, uint64_t **ret, size_t *ret_n)
{
	size_t n;
	uint64_t *serials = list_serials(c, &n);
	_cleanup_free_ struct timed *timed = calloc(n + 1, sizeof(*timed));

	if (!serials || !timed) {
		free(serials);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++)
		timed[i] = (struct timed){.time = time(c, serials[i]), .serial = serials[i]};
	qsort(timed, n, sizeof(*timed), compare_times);
	for (size_t i = 0; i < n; i++)
		serials[i] = timed[i].serial;
	*ret = serials;
	*ret_n = n;
	return 0;
}

int catalog_newest_first(struct catalog *c, uint64_t **ret, size_t *ret_n)
{
	return sorted_by(c, start_of, ret, ret_n);
}

uint64_t catalog_newest(
	struct catalog *c, bool (*want)(void *arg, const struct run_summary *summary), void *arg)
{
	_cleanup_free_ uint64_t *serials = NULL;
	uint64_t found = 0;
	size_t n = 0;

	if (sorted_by(c, birth_of, &serials, &n) < 0)
		return 0;
	for (size_t i = 0; !found && i < n; i++) {
		_cleanup_summary_ struct run_summary s = {0};

		if (!want || (catalog_summary(c, serials[i], &s) == 0 && want(arg, &s)))
			found = serials[i];
	}
	return found;
}
