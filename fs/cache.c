/* SPDX-License-Identifier: MIT */
/* Time-outs by kind of place. */
#include "cache.h"

#include "guildfs.h"
#include "listed.h"
#include "runs_of.h"
#include "show.h"
#include "tree.h"
#include "walk.h"
#include "catalog/catalog.h"

#define LISTED_SECONDS 60.0
#define READ_SECONDS   1.0

/* The directory of all runs. Whoever finds that one came or went has the kernel forget its listing
 * (fs/changes.c); its mtime, which the kernel compares, is the second safeguard. */
static bool is_runs(const struct place *p)
{
	return p->row->dynamic == &runs_children;
}

struct cache_times cache_times_of(const struct place *p)
{
	const struct cache_times never = {0, 0}, soon = {READ_SECONDS, 0};
	const struct cache_times file = {READ_SECONDS, READ_SECONDS};
	const struct cache_times over = {LISTED_SECONDS, READ_SECONDS};
	const struct cache_times run = {LISTED_SECONDS, LISTED_SECONDS};

	switch (p->class) {
	case PLACE_RUN:
		/* A list of all runs asks this of each: whether one lives anew is asked for below.
		 */
		if (p->row == tree_run && catalog_known_over(place_catalog(p), place_serial(p)))
			return run;
		if (p->row->kind == ROW_LINK || walk_is_live(p))
			return never;
		if (p->row->flags & ROW_MOVES)
			return (struct cache_times){LISTED_SECONDS, 0};
		return p->row == tree_run || p->row->flags & ROW_EVENTS ? run : over;
	case PLACE_FILE:
		if (walk_is_live(p))
			return never;
		return p->row->flags & ROW_EVENTS ? run : file;
	case PLACE_STATIC:
		return p->row->kind == ROW_DIR ? file : never;
	case PLACE_THING:
	case PLACE_PACKAGE:
		return p->row->kind == ROW_DIR ? soon : never;
	case PLACE_VALUE:
	case PLACE_WHERE:
	case PLACE_SCRATCH:
		break;
	}
	return never;
}

bool cache_text(const struct place *p)
{
	return p->class == PLACE_RUN && !(p->row->flags & ROW_MOVES) && !walk_is_live(p);
}

bool cache_listing(const struct place *dir)
{
	/* On a shared mount each user sees other runs. */
	if (is_runs(dir))
		return !dir->fs->shared;
	if ((dir->class != PLACE_RUN && dir->class != PLACE_FILE) || dir->row->flags & ROW_MOVES)
		return false;
	return !walk_is_live(dir);
}

/* A directory of event files comes into sight with the first one anywhere below it. */
bool cache_keep_listing(const struct place *dir, uint64_t ino)
{
	return !(dir->row->flags & ROW_EVENTS) || listed_lately(dir->fs->listed, ino);
}
