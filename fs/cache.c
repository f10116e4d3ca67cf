/* SPDX-License-Identifier: MIT */
/* Time-outs by kind of place. */
#include "cache.h"

#include "guildfs.h"
#include "show.h"
#include "tree.h"
#include "walk.h"

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
		if (p->row->kind == ROW_LINK || walk_is_live(p))
			return never;
		if (p->row->flags & ROW_MOVES)
			return (struct cache_times){LISTED_SECONDS, 0};
		return p->row == tree_run ? run : over;
	case PLACE_FILE:
		return walk_is_live(p) ? never : file;
	case PLACE_STATIC:
		return p->row->kind == ROW_DIR ? file : never;
	case PLACE_THING:
		return p->row->kind == ROW_DIR ? soon : never;
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
	if (dir->class != PLACE_RUN && dir->class != PLACE_FILE)
		return false;
	return !walk_is_live(dir);
}
