/* SPDX-License-Identifier: MIT */
/* One change, every consequence. */
#include "changes.h"

#include "event_stream.h"
#include "guildfs.h"
#include "ino.h"
#include "notify.h"
#include "run_tables.h"
#include "runs_of.h"
#include "tree.h"
#include "waiters.h"
#include "walk.h"
#include "catalog/catalog.h"
#include "metrics/logdir.h"

static struct place top_dir(struct guildfs *fs, const char *name)
{
	struct place p = {.fs = fs, .row = tree_root(), .class = PLACE_STATIC};

	walk_lookup(&p, name, &p);
	return p;
}

static void notify_place(const struct place *p)
{
	notify_inode(p->fs->notifier, ino_encode(p));
}

/* A directory of the run, and every row of it. */
static void notify_rows(struct guildfs *fs, uint64_t serial, const struct row *dir)
{
	struct place run = place_of_run(fs, serial, false);
	struct place p = place_at(&run, dir);

	notify_place(&p);
	for (const struct row *row = dir->rows; row->doc; row++) {
		p = place_at(&run, row);
		notify_place(&p);
	}
}

static void notify_run(struct guildfs *fs, uint64_t serial)
{
	notify_rows(fs, serial, tree_run);
	notify_rows(fs, serial, tree_logdir);
}

/* Its directory for TensorBoard may get another name. The kernel keeps names of what is over. */
static void forget_logdir(struct guildfs *fs, uint64_t serial)
{
	struct place dir = top_dir(fs, "tensorboard");
	_cleanup_summary_ struct run_summary s = {0};
	_cleanup_buf_ struct buf name = BUF_INIT;

	if (!serial || !catalog_known_over(fs->catalog, serial) ||
		catalog_listed(fs->catalog, serial, &s) < 0)
		return;
	logdir_name(&name, catalog_id(fs->catalog, serial), &s, NULL);
	if (!buf_error(&name))
		notify_entry(fs->notifier, ino_encode(&dir), buf_str(&name));
}

/* What comes or goes in runs/ mostly goes or comes in trash/. */
static void notify_trash(struct guildfs *fs, const char *id)
{
	struct place trash = top_dir(fs, "trash");

	notify_entry(fs->notifier, ino_encode(&trash), id);
	notify_place(&trash);
}

/* It had this number; 0: none. */
static void run_gone(struct guildfs *fs, const char *id, uint64_t serial)
{
	struct place runs = top_dir(fs, "runs");

	notify_entry(fs->notifier, ino_encode(&runs), id);
	notify_place(&runs);
	notify_trash(fs, id);
	if (!serial)
		return;
	event_stream_run(fs, serial, id, true);
	waiters_check(fs, (uint32_t)serial);
}

void changes_run(struct guildfs *fs, const char *id)
{
	struct place runs = top_dir(fs, "runs");
	uint64_t before = catalog_find(fs->catalog, id);
	uint64_t serial;

	forget_logdir(fs, before);
	serial = catalog_update(fs->catalog, id);
	if (!serial) {
		run_gone(fs, id, before);
		return;
	}
	/* After a rename the kernel has the inode of the trash under that name. */
	if (serial != before) {
		notify_entry(fs->notifier, ino_encode(&runs), id);
		notify_place(&runs);
		notify_trash(fs, id);
	}
	catalog_invalidate(fs->catalog, serial);
	notify_run(fs, serial);
	event_stream_run(fs, serial, id, false);
	waiters_check(fs, (uint32_t)serial);
}

void changes_run_gone(struct guildfs *fs, const char *id, uint64_t serial)
{
	if (!serial)
		serial = catalog_find(fs->catalog, id);
	forget_logdir(fs, serial);
	catalog_update(fs->catalog, id);
	run_gone(fs, id, serial);
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

	run_tables_forget(fs->run_tables);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		struct place p;

		if (walk_lookup(&root, dirs[i], &p) == 0)
			notify_place(&p);
	}
}
