/* SPDX-License-Identifier: MIT */
/*
 * Two groups of facets: those that a summary tells, and those that take a run's facts, which are
 * read only when somebody asks for one of them. Each group knows for every run which values it
 * had when it was looked at; a run that has changed is taken out of these and put into others.
 */
#include "catalog/facets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/name.h"
#include "catalog/facts_reader.h"
#include "project/flag_values.h"

enum { LIVE_MS = 200, MANY_GONE = 1000 };

struct facet_value {
	enum facet facet;
	uint32_t parent;
	char *text, *name;
	uint32_t *runs; /* serials */
	size_t n, cap;
};

/* The values of one run. */
struct known {
	unsigned version;
	bool looked_at, live, seen;
	uint32_t *values;
	size_t n;
};

struct group {
	struct known *runs; /* by serial */
	size_t cap;
	size_t n_live;
	uint64_t generation;
	int64_t refreshed_ms; /* 0: never */
};

struct facets {
	struct catalog *catalog;
	pthread_mutex_t lock;        /* of all that follows */
	struct facet_value **values; /* by number, from 1 */
	size_t n, cap;
	uint32_t *slots; /* by facet, parent and text; hash table, open addressing; 0: free */
	size_t n_slots;
	struct group summaries, facts;
};

struct facets *facets_new(struct catalog *catalog)
{
	struct facets *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->catalog = catalog;
	pthread_mutex_init(&f->lock, NULL);
	return f;
}

static void group_release(struct group *g)
{
	for (size_t i = 0; i < g->cap; i++)
		free(g->runs[i].values);
	free(g->runs);
}

void facets_free(struct facets *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->n; i++) {
		free(f->values[i]->text);
		free(f->values[i]->name);
		free(f->values[i]->runs);
		free(f->values[i]);
	}
	free(f->values);
	free(f->slots);
	group_release(&f->summaries);
	group_release(&f->facts);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

/* --- values --------------------------------------------------------------- */

static struct facet_value *value_of(const struct facets *f, uint32_t number)
{
	return number && number <= f->n ? f->values[number - 1] : NULL;
}

static size_t hash(enum facet facet, uint32_t parent, const char *text)
{
	return (size_t)XXH3_64bits_withSeed(text, strlen(text), (uint64_t)parent << 8 | facet);
}

/* Where it is, or would be. */
static size_t find_slot(const struct facets *f, enum facet facet, uint32_t parent, const char *text)
{
	size_t at = hash(facet, parent, text) & (f->n_slots - 1);

	for (; f->slots[at]; at = (at + 1) & (f->n_slots - 1)) {
		const struct facet_value *v = f->values[f->slots[at] - 1];

		if (v->facet == facet && v->parent == parent && strcmp(v->text, text) == 0)
			break;
	}
	return at;
}

static int grow_slots(struct facets *f)
{
	size_t n = f->n_slots ? f->n_slots * 2 : 256;
	uint32_t *slots = calloc(n, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	free(f->slots);
	f->slots = slots;
	f->n_slots = n;
	for (size_t i = 0; i < f->n; i++) {
		const struct facet_value *v = f->values[i];

		slots[find_slot(f, v->facet, v->parent, v->text)] = (uint32_t)i + 1;
	}
	return 0;
}

static struct facet_value *make_value(enum facet facet, uint32_t parent, const char *text)
{
	struct facet_value *v = calloc(1, sizeof(*v));
	_cleanup_buf_ struct buf name = BUF_INIT;

	if (!v)
		return NULL;
	name_encode(&name, text, strlen(text));
	*v = (struct facet_value){.facet = facet, .parent = parent, .text = strdup(text)};
	v->name = buf_error(&name) ? NULL : buf_steal(&name, NULL);
	if (v->text && v->name)
		return v;
	free(v->text);
	free(v->name);
	free(v);
	return NULL;
}

/* The number of a value, made when needed. */
static int intern(
	struct facets *f, enum facet facet, uint32_t parent, const char *text, uint32_t *ret)
{
	struct facet_value *v;
	size_t at;

	if ((f->n + 1) * 2 > f->n_slots && grow_slots(f) < 0)
		return -ENOMEM;
	at = find_slot(f, facet, parent, text);
	if (!f->slots[at]) {
		if (f->n >= UINT32_MAX - 1 || array_grow(&f->values, f->n, &f->cap, sizeof(v)) < 0)
			return -ENOMEM;
		v = make_value(facet, parent, text);
		if (!v)
			return -ENOMEM;
		f->values[f->n++] = v;
		f->slots[at] = (uint32_t)f->n;
	}
	*ret = f->slots[at];
	return 0;
}

/* --- a run's values ------------------------------------------------------- */

/* What a run has now, while it is found out. */
struct having {
	struct facets *f;
	uint32_t *values;
	size_t n, cap;
};

static int have(
	struct having *h, enum facet facet, uint32_t parent, const char *text, uint32_t *ret)
{
	uint32_t number;
	int r;

	/* What a run does not have is not there. */
	if (!*text)
		return 0;
	r = intern(h->f, facet, parent, text, &number);
	if (r == 0)
		r = array_grow(&h->values, h->n, &h->cap, sizeof(*h->values));
	if (r < 0)
		return r;
	/* A tag may have been written twice. */
	for (size_t i = 0; facet == FACET_TAG && i < h->n; i++)
		if (h->values[i] == number)
			return 0;
	h->values[h->n++] = number;
	if (ret)
		*ret = number;
	return 0;
}

static int have_summary(struct having *h, const struct run_summary *s)
{
	_cleanup_buf_ struct buf opref = BUF_INIT, operation = BUF_INIT, day = BUF_INIT;
	int r;

	opref_format(&opref, &s->opref);
	run_summary_operation(s, &operation);
	if (s->started) {
		clock_format_utc(&day, s->started);
		buf_resize(&day, strlen("YYYY-MM-DD"));
	}
	if (buf_error(&opref) || buf_error(&operation) || buf_error(&day))
		return -ENOMEM;
	r = have(h, FACET_OPREF, 0, buf_str(&opref), NULL);
	if (r == 0)
		r = have(h, FACET_STATUS, 0, run_status_name(s->status), NULL);
	if (r == 0)
		r = have(h, FACET_OPERATION, 0, buf_str(&operation), NULL);
	if (r == 0)
		r = have(h, FACET_MODEL, 0, s->opref.model, NULL);
	if (r == 0)
		r = have(h, FACET_LABEL, 0, s->label, NULL);
	return r < 0 ? r : have(h, FACET_DAY, 0, buf_str(&day), NULL);
}

static int have_facts(struct having *h, const struct run_facts *facts)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < facts->tags.n; i++)
		r = have(h, FACET_TAG, 0, facts->tags.v[i], NULL);
	for (size_t i = 0; r == 0 && i < facts->flags->map.n; i++) {
		const struct value_pair *pair = &facts->flags->map.pairs[i];
		_cleanup_buf_ struct buf text = BUF_INIT;
		uint32_t flag = 0;

		if (value_is_null(pair->value))
			continue;
		flag_encode(&text, pair->value);
		r = buf_error(&text) ? -ENOMEM : have(h, FACET_FLAG, 0, pair->key, &flag);
		if (r == 0 && flag)
			r = have(h, FACET_FLAG_VALUE, flag, buf_str(&text), NULL);
	}
	return r;
}

/* --- keeping -------------------------------------------------------------- */

static void leave(struct facets *f, struct known *k, uint32_t serial)
{
	for (size_t i = 0; i < k->n; i++) {
		struct facet_value *v = value_of(f, k->values[i]);
		size_t at = 0;

		while (at < v->n && v->runs[at] != serial)
			at++;
		if (at < v->n)
			v->runs[at] = v->runs[--v->n];
	}
	free(STEAL(k->values));
	k->n = 0;
}

static int enter(struct facets *f, struct known *k, uint32_t serial, struct having *h)
{
	for (size_t i = 0; i < h->n; i++) {
		struct facet_value *v = value_of(f, h->values[i]);

		if (array_grow(&v->runs, v->n, &v->cap, sizeof(*v->runs)) < 0)
			return -ENOMEM;
		v->runs[v->n++] = serial;
		k->n = i + 1;
	}
	k->values = STEAL(h->values);
	return 0;
}

static bool is_same(const struct known *k, const struct having *h)
{
	return k->n == h->n &&
	       (!k->n || memcmp(k->values, h->values, k->n * sizeof(*k->values)) == 0);
}

struct refresh {
	struct facets *f;
	struct group *group;
	struct facts_reader *reader; /* NULL: for the group of summaries */
};

static int ask(struct refresh *refresh, uint64_t serial, struct known *k, struct having *h)
{
	_cleanup_summary_ struct run_summary s = {0};
	_cleanup_facts_ struct run_facts facts = {0};
	int r = catalog_listed(refresh->f->catalog, serial, &s);

	if (r < 0)
		return r;
	k->live = run_status_live(s.status);
	if (!refresh->reader)
		return have_summary(h, &s);
	r = facts_reader_given(refresh->reader, serial, &facts);
	return r < 0 ? r : have_facts(h, &facts);
}

/* Gone meanwhile is without values. */
static int look_at(void *arg, uint64_t serial)
{
	struct refresh *refresh = arg;
	struct group *g = refresh->group;
	unsigned version = catalog_version(refresh->f->catalog, serial);
	struct having h = {.f = refresh->f};
	struct known *k;
	int r = array_reach(&g->runs, serial, &g->cap, sizeof(*g->runs));

	if (r < 0)
		return r;
	k = &g->runs[serial];
	k->seen = true;
	if (k->looked_at && k->version == version && !k->live)
		return 0;
	k->live = false;
	k->version = version;
	r = ask(refresh, serial, k, &h);
	if ((r == 0 || r == -ENOENT) && !is_same(k, &h)) {
		leave(refresh->f, k, (uint32_t)serial);
		r = enter(refresh->f, k, (uint32_t)serial, &h);
	}
	k->looked_at = r == 0 || r == -ENOENT;
	g->n_live += k->live;
	free(h.values);
	return r == -ENOENT ? 0 : r;
}

static struct group *group_of(struct facets *f, enum facet facet)
{
	return facet >= FACET_TAG ? &f->facts : &f->summaries;
}

static bool is_gone(const struct known *k)
{
	return k->looked_at && !k->seen;
}

/* As at first. */
static void forget_all(struct facets *f, struct group *g)
{
	for (size_t i = 0; i < f->n; i++)
		if (group_of(f, f->values[i]->facet) == g)
			f->values[i]->n = 0;
	group_release(g);
	*g = (struct group){0};
}

/* Takes out runs that no longer are, one by one. Many are not: 1, everything is to be asked again.
 */
static int drop_gone(struct facets *f, struct group *g)
{
	size_t gone = 0;

	for (size_t serial = 1; serial < g->cap; serial++)
		gone += is_gone(&g->runs[serial]);
	if (gone > MANY_GONE) {
		forget_all(f, g);
		return 1;
	}
	for (size_t serial = 1; serial < g->cap; serial++) {
		struct known *k = &g->runs[serial];

		if (is_gone(k)) {
			leave(f, k, (uint32_t)serial);
			*k = (struct known){0};
		}
		k->seen = false;
	}
	return 0;
}

/* With the lock held. */
static int bring_up_to_date(struct facets *f, enum facet facet)
{
	struct group *g = group_of(f, facet);
	_cleanup_facts_reader_ struct facts_reader *reader = NULL;
	struct refresh refresh = {.f = f, .group = g};
	uint64_t generation = catalog_generation(f->catalog);
	int64_t now = clock_monotonic_ms();
	int r;

	if (g->refreshed_ms && g->generation == generation &&
		(!g->n_live || now - g->refreshed_ms < LIVE_MS))
		return 0;
	if (g == &f->facts) {
		reader = facts_reader_new(f->catalog);
		if (!reader)
			return -ENOMEM;
		refresh.reader = reader;
	}
	do {
		g->n_live = 0;
		r = catalog_each(f->catalog, look_at, &refresh);
	} while (r == 0 && drop_gone(f, g));
	g->generation = generation;
	g->refreshed_ms = r == 0 ? now : 0;
	return r;
}

/* --- asking --------------------------------------------------------------- */

int facets_values(
	struct facets *f, enum facet facet, uint32_t parent, struct facet_item **ret, size_t *ret_n)
{
	LOCK_SCOPE(&f->lock);
	struct facet_item *items;
	int r = bring_up_to_date(f, facet);

	if (r < 0)
		return r;
	items = calloc(f->n + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	*ret_n = 0;
	for (size_t i = 0; i < f->n; i++) {
		const struct facet_value *v = f->values[i];

		if (v->facet == facet && v->parent == parent && v->n)
			items[(*ret_n)++] = (struct facet_item){(uint32_t)i + 1, v->name};
	}
	*ret = items;
	return 0;
}

/* A name that can be decoded is its text; one that was cut has to be looked for. */
static uint32_t find_name(
	const struct facets *f, enum facet facet, uint32_t parent, const char *name)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (f->n_slots && name_decode(&text, name) == 0 && strlen(buf_str(&text)) == text.len) {
		uint32_t number = f->slots[find_slot(f, facet, parent, buf_str(&text))];

		return number && strcmp(f->values[number - 1]->name, name) == 0 ? number : 0;
	}
	for (size_t i = 0; i < f->n; i++) {
		const struct facet_value *v = f->values[i];

		if (v->facet == facet && v->parent == parent && strcmp(v->name, name) == 0)
			return (uint32_t)i + 1;
	}
	return 0;
}

int facets_find(
	struct facets *f, enum facet facet, uint32_t parent, const char *name, uint32_t *ret_value)
{
	LOCK_SCOPE(&f->lock);
	int r = bring_up_to_date(f, facet);
	uint32_t number = r < 0 ? 0 : find_name(f, facet, parent, name);

	if (r < 0)
		return r;
	if (!number || !f->values[number - 1]->n)
		return -ENOENT;
	*ret_value = number;
	return 0;
}

bool facets_has(struct facets *f, uint32_t value, uint64_t serial)
{
	LOCK_SCOPE(&f->lock);
	const struct facet_value *v = value_of(f, value);
	const struct group *g;

	if (!v || bring_up_to_date(f, v->facet) < 0)
		return false;
	g = group_of(f, v->facet);
	if (serial >= g->cap)
		return false;
	for (size_t i = 0; i < g->runs[serial].n; i++)
		if (g->runs[serial].values[i] == value)
			return true;
	return false;
}

int facets_runs(struct facets *f, uint32_t value, uint64_t **ret, size_t *ret_n)
{
	LOCK_SCOPE(&f->lock);
	struct facet_value *v = value_of(f, value);
	uint64_t *serials;
	int r = v ? bring_up_to_date(f, v->facet) : -ENOENT;

	if (r < 0)
		return r;
	serials = calloc(v->n + 1, sizeof(*serials));
	if (!serials)
		return -ENOMEM;
	for (size_t i = 0; i < v->n; i++)
		serials[i] = v->runs[i];
	*ret = serials;
	*ret_n = v->n;
	return 0;
}

const char *facets_text(struct facets *f, uint32_t value)
{
	LOCK_SCOPE(&f->lock);
	const struct facet_value *v = value_of(f, value);

	return v ? v->text : NULL;
}
