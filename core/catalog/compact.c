/* SPDX-License-Identifier: MIT */
/* Packing and unpacking. */
#include "catalog/compact.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

struct compact {
	const struct opref *opref;
	int64_t initialized, started, stopped;
	int exit_status;
	uint32_t dropped, proto, damage; /* where they are in text; 0: none */
	uint8_t status;
	bool has_exit_status, marked;
	char text[]; /* label, dropped, proto, damage, each with its NUL */
};

/* --- oprefs --------------------------------------------------------------- */

void opref_table_release(struct opref_table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		opref_release(t->v[i]);
		free(t->v[i]);
	}
	free(t->v);
	*t = (struct opref_table){0};
}

static int compare(const struct opref *a, const struct opref *b)
{
	const char *const x[] = {a->op, a->model, a->pkg_version, a->pkg_name, a->pkg_type};
	const char *const y[] = {b->op, b->model, b->pkg_version, b->pkg_name, b->pkg_type};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(x); i++)
		r = x[i] == y[i] ? 0 : strcmp(x[i], y[i]);
	return r;
}

static struct opref *copy(const struct opref *ref)
{
	struct opref *made = calloc(1, sizeof(*made));

	if (made && opref_copy(made, ref) == 0)
		return made;
	free(made);
	return NULL;
}

static const struct opref *intern(struct opref_table *t, const struct opref *ref)
{
	size_t low = 0, high = t->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int r = compare(t->v[mid], ref);

		if (r == 0)
			return t->v[mid];
		if (r < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (array_grow(&t->v, t->n, &t->cap, sizeof(struct opref *)) < 0)
		return NULL;
	memmove(&t->v[low + 1], &t->v[low], (t->n - low) * sizeof(struct opref *));
	t->v[low] = copy(ref);
	if (t->v[low]) {
		t->n++;
		return t->v[low];
	}
	memmove(&t->v[low], &t->v[low + 1], (t->n - low) * sizeof(struct opref *));
	return NULL;
}

/* --- summaries ------------------------------------------------------------ */

/* Where the text begins; 0: there is none. */
static uint32_t put(struct compact *c, size_t *len, const char *text)
{
	size_t at = *len;

	if (!text)
		return 0;
	memcpy(c->text + at, text, strlen(text) + 1);
	*len += strlen(text) + 1;
	return (uint32_t)at;
}

struct compact *compact_new(struct opref_table *oprefs, const struct run_summary *s)
{
	const struct opref *opref = intern(oprefs, &s->opref);
	size_t len = strlen(s->label) + 1;
	struct compact *c;

	if (!opref)
		return NULL;
	len += s->dropped ? strlen(s->dropped) + 1 : 0;
	len += s->proto ? strlen(s->proto) + 1 : 0;
	len += s->damage ? strlen(s->damage) + 1 : 0;
	c = malloc(sizeof(*c) + len);
	if (!c)
		return NULL;
	*c = (struct compact){
		.opref = opref,
		.initialized = s->initialized,
		.started = s->started,
		.stopped = s->stopped,
		.exit_status = s->exit_status,
		.has_exit_status = s->has_exit_status,
		.marked = s->marked,
		.status = (uint8_t)s->status,
	};
	len = 0;
	put(c, &len, s->label);
	c->dropped = put(c, &len, s->dropped);
	c->proto = put(c, &len, s->proto);
	c->damage = put(c, &len, s->damage);
	return c;
}

struct run_summary compact_view(const struct compact *c)
{
	char *text = (char *)c->text;

	return (struct run_summary){
		.opref = *c->opref,
		.status = (enum run_status)c->status,
		.initialized = c->initialized,
		.started = c->started,
		.stopped = c->stopped,
		.has_exit_status = c->has_exit_status,
		.exit_status = c->exit_status,
		.label = text,
		.dropped = c->dropped ? text + c->dropped : NULL,
		.proto = c->proto ? text + c->proto : NULL,
		.damage = c->damage ? text + c->damage : NULL,
		.marked = c->marked,
	};
}
