/* SPDX-License-Identifier: MIT */
/* One change, every consequence. */
#include "changes.h"

#include "guildfs.h"
#include "ino.h"
#include "notify.h"
#include "tree.h"
#include "waiters.h"
#include "walk.h"
#include "catalog/catalog.h"

static struct place runs_dir(struct guildfs *fs)
{
	struct place p = {.fs = fs, .row = tree_root(), .class = PLACE_STATIC};

	walk_lookup(&p, "runs", &p);
	return p;
}

static void notify_place(const struct place *p)
{
	notify_inode(p->fs->notifier, ino_encode(p));
}

/* The run's directory and every row of it. */
static void notify_run(struct guildfs *fs, uint32_t serial)
{
	struct place run = {.fs = fs, .row = tree_run, .class = PLACE_RUN, .serial = serial};

	notify_place(&run);
	for (const struct row *row = tree_run->rows; row->doc; row++) {
		struct place p = place_at(&run, row);

		notify_place(&p);
	}
}

void changes_run(struct guildfs *fs, const char *id)
{
	struct place runs = runs_dir(fs);
	uint64_t before = catalog_find(fs->catalog, id);
	uint64_t serial = catalog_update(fs->catalog, id);

	if (!serial) {
		changes_run_gone(fs, id);
		return;
	}
	if (serial != before)
		notify_place(&runs);
	catalog_invalidate(fs->catalog, serial);
	notify_run(fs, (uint32_t)serial);
	waiters_check(fs, (uint32_t)serial);
}

void changes_run_gone(struct guildfs *fs, const char *id)
{
	struct place runs = runs_dir(fs);
	uint64_t serial = catalog_find(fs->catalog, id);

	catalog_update(fs->catalog, id);
	notify_entry(fs->notifier, ino_encode(&runs), id);
	notify_place(&runs);
	if (serial)
		waiters_check(fs, (uint32_t)serial);
}

void changes_operation(const struct place *op)
{
	struct place dir = *op;

	dir.row = tree_operation;
	dir.slot = 0;
	notify_place(&dir);
}

void changes_name(const struct place *op, const char *name)
{
	struct place dir = *op;

	dir.row = tree_operation;
	dir.slot = 0;
	notify_entry(op->fs->notifier, ino_encode(&dir), name);
	notify_place(&dir);
}

void changes_projects(struct guildfs *fs)
{
	struct place root = {.fs = fs, .row = tree_root(), .class = PLACE_STATIC};
	static const char *const dirs[] = {"models", "operations"};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		struct place p;

		if (walk_lookup(&root, dirs[i], &p) == 0)
			notify_place(&p);
	}
}
