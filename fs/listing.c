/* SPDX-License-Identifier: MIT */
/* A growing vector of directory entries with a sticky error. */
#include "listing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "walk.h"
#include "base/array.h"

static struct listing_entry *add(struct listing *l, const char *name)
{
	struct listing_entry *e;

	if (l->error)
		return NULL;
	l->error = array_grow(&l->entries, l->n, &l->cap, sizeof(*e));
	if (l->error)
		return NULL;
	e = &l->entries[l->n];
	*e = (struct listing_entry){.name = strdup(name)};
	if (!e->name) {
		l->error = -ENOMEM;
		return NULL;
	}
	l->n++;
	return e;
}

void listing_add(struct listing *l, const char *name, const struct place *place)
{
	struct listing_entry *e = add(l, name);

	if (e) {
		e->place = *place;
		e->type = walk_type(place->row);
	}
}

void listing_add_file(struct listing *l, const char *name, uint64_t shown_ino, uint32_t type)
{
	struct listing_entry *e = add(l, name);

	if (e) {
		e->shown_ino = shown_ino;
		e->type = type;
	}
}

int listing_error(const struct listing *l)
{
	return l->error;
}

void listing_release(struct listing *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->entries[i].name);
	free(l->entries);
	*l = (struct listing){0};
}
