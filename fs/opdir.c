/* SPDX-License-Identifier: MIT */
/* Names in an operation's directory that are not rows: dropped files and scratch files. */
#include "opdir.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "changes.h"
#include "errors.h"
#include "flags_file.h"
#include "guildfs.h"
#include "ino.h"
#include "listing.h"
#include "runs_of.h"
#include "scratch.h"
#include "show.h"
#include "things.h"
#include "tree.h"
#include "walk.h"
#include "base/array.h"
#include "base/beneath.h"
#include "base/clock.h"
#include "base/shortage.h"
#include "base/utf8.h"
#include "catalog/catalog.h"
#include "run/batch.h"
#include "run/opref.h"
#include "run/status.h"

enum { HIDDEN_MS = 1000, MAX_DROP_NAME = 4096 };

struct drop {
	uint32_t op; /* serial of the thing */
	uint16_t name;
	uint32_t run;
};

/* What a run is of, as of when it was first looked at. */
struct known_run {
	uint32_t op; /* 0: of none that is shown */
	int64_t born;
};

struct opdirs {
	struct scratches *scratches;
	pthread_mutex_t lock;
	struct drop *drops;
	size_t n, cap;
	struct known_run *runs; /* by serial number */
	size_t n_runs;
	uint64_t seen; /* runs up to this serial number have been looked at */
};

struct opdirs *opdirs_new(void)
{
	struct opdirs *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->scratches = scratches_new();
	if (!o->scratches) {
		free(o);
		return NULL;
	}
	pthread_mutex_init(&o->lock, NULL);
	return o;
}

void opdirs_free(struct opdirs *o)
{
	if (!o)
		return;
	scratches_free(o->scratches);
	pthread_mutex_destroy(&o->lock);
	free(o->drops);
	free(o->runs);
	free(o);
}

struct scratches *opdir_scratches(struct guildfs *fs)
{
	return fs->opdirs->scratches;
}

bool opdir_is_flags_name(const char *name)
{
	static const char *const suffixes[] = {".yml", ".yaml", ".json"};
	const char *dot = strrchr(name, '.');

	/* A leading dot is an editor's swap or backup file. */
	if (!dot || name[0] == '.')
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++)
		if (strcmp(dot, suffixes[i]) == 0)
			return true;
	return false;
}

/* --- dropped files -------------------------------------------------------- */

static void drops_set(struct opdirs *o, uint32_t op, uint16_t name, uint32_t run)
{
	if (!name)
		return;
	for (size_t i = 0; i < o->n; i++) {
		if (o->drops[i].op == op && o->drops[i].name == name) {
			o->drops[i].run = run;
			return;
		}
	}
	if (array_grow(&o->drops, o->n, &o->cap, sizeof(*o->drops)) < 0)
		return;
	o->drops[o->n++] = (struct drop){.op = op, .name = name, .run = run};
}

/* Without memory for it the run is of no operation, and no operation's `latest`. */
static void know_run(struct guildfs *fs, uint64_t serial, uint32_t op)
{
	struct opdirs *o = fs->opdirs;

	if (array_reach(&o->runs, serial, &o->n_runs, sizeof(*o->runs)) < 0)
		return;
	o->runs[serial] = (struct known_run){.op = op, .born = catalog_born(fs->catalog, serial)};
}

static int look_at_run(void *arg, uint64_t serial)
{
	struct guildfs *fs = arg;
	struct opdirs *o = fs->opdirs;
	unsigned before = shortages();
	const char *id;
	_cleanup_close_ int run_fd = -1, proto_fd = -1;
	_cleanup_buf_ struct buf name = BUF_INIT;
	_cleanup_(opref_release) struct opref ref = {0};
	struct thing *op;
	int r;

	if (serial <= o->seen)
		return 0;
	id = catalog_id(fs->catalog, serial);
	run_fd = id ? home_open_run(fs->home, id) : -1;
	/* A batch is of the operation that it tries. */
	proto_fd = run_fd < 0 ? -1 : batch_open_proto(run_fd);
	r = run_fd < 0 ? run_fd : opref_read(proto_fd >= 0 ? proto_fd : run_fd, &ref, NULL);
	/* Without descriptors it is looked at the next time. */
	if (shortage_since(before))
		return shortage_since(before);
	o->seen = serial;
	if (r < 0)
		return 0;
	op = things_of_opref(fs, &ref);
	if (!op)
		return 0;
	know_run(fs, serial, op->serial);
	if (beneath_read(run_fd, RUN_DROP_FILE, MAX_DROP_NAME, &name) == 0)
		drops_set(
			o, op->serial, things_intern(fs->things, buf_str(&name)), (uint32_t)serial);
	return 0;
}

static bool is_seen(const struct place *dir, uint64_t serial)
{
	const struct place run = place_of_run(dir->fs, serial, false);

	return catalog_present(dir->fs->catalog, serial) &&
	       run_may_be_seen(dir->fs, dir->viewer, &run);
}

uint32_t opdir_newest_run(const struct place *op)
{
	struct opdirs *o = op->fs->opdirs;
	size_t newest = 0;

	LOCK_SCOPE(&o->lock);
	catalog_each(op->fs->catalog, look_at_run, op->fs);
	/* From the end, where it mostly is. */
	for (size_t i = o->n_runs; i-- > 1;)
		if (o->runs[i].op == op->serial &&
			(!newest || o->runs[i].born > o->runs[newest].born) && is_seen(op, i))
			newest = i;
	return (uint32_t)newest;
}

uint32_t opdir_drop_run(const struct place *op, const char *name)
{
	struct guildfs *fs = op->fs;
	struct opdirs *o = fs->opdirs;
	uint16_t slot;

	LOCK_SCOPE(&o->lock);
	catalog_each(fs->catalog, look_at_run, fs);
	slot = things_find_interned(fs->things, name);
	for (size_t i = 0; slot && i < o->n; i++)
		if (o->drops[i].op == op->serial && o->drops[i].name == slot &&
			catalog_present(fs->catalog, o->drops[i].run))
			return o->drops[i].run;
	return 0;
}

/* The run forgets the name; the run itself stays. */
static void forget_drop(struct guildfs *fs, uint32_t run)
{
	struct place p = {.fs = fs, .row = tree_run, .class = PLACE_RUN, .serial = run};
	_cleanup_close_ int run_fd = place_open_run(&p);

	if (run_fd >= 0)
		beneath_unlink(run_fd, RUN_DROP_FILE);
}

/* Takes the entry out of the table and returns its run; 0: there was none. */
static uint32_t drops_take(const struct place *op, const char *name)
{
	struct opdirs *o = op->fs->opdirs;
	uint16_t slot = things_find_interned(op->fs->things, name);
	uint32_t run;

	LOCK_SCOPE(&o->lock);
	for (size_t i = 0; slot && i < o->n; i++) {
		if (o->drops[i].op != op->serial || o->drops[i].name != slot)
			continue;
		run = o->drops[i].run;
		o->drops[i] = o->drops[--o->n];
		return run;
	}
	return 0;
}

void opdir_dropped(const struct place *op, const char *name, const char *id)
{
	struct guildfs *fs = op->fs;
	uint32_t run = (uint32_t)catalog_find(fs->catalog, id);
	uint32_t before = drops_take(op, name);
	uint32_t scratch = scratch_find(fs->opdirs->scratches, op->serial, name);

	if (before && before != run)
		forget_drop(fs, before);
	pthread_mutex_lock(&fs->opdirs->lock);
	drops_set(fs->opdirs, op->serial, things_intern(fs->things, name), run);
	pthread_mutex_unlock(&fs->opdirs->lock);
	if (scratch) {
		scratch_detach(fs->opdirs->scratches, scratch);
		scratch_forget(fs->opdirs->scratches, scratch, 1);
	}
	changes_name(op, name);
}

/* --- children that are not rows ------------------------------------------- */

static struct place drop_place(const struct place *dir, const char *name)
{
	struct place p = place_at(dir, tree_drop);

	p.slot = things_intern(dir->fs->things, name);
	return p;
}

static struct place scratch_place(const struct place *dir, uint32_t serial)
{
	return (struct place){
		.fs = dir->fs, .row = tree_scratch, .class = PLACE_SCRATCH, .serial = serial};
}

struct list_job {
	const struct place *dir;
	struct listing *out;
};

static void list_scratch(void *arg, const char *name, uint32_t serial)
{
	struct list_job *job = arg;
	struct place p = scratch_place(job->dir, serial);

	listing_add(job->out, name, &p);
}

static int opdir_list(const struct place *dir, struct listing *out)
{
	struct guildfs *fs = dir->fs;
	struct opdirs *o = fs->opdirs;
	struct list_job job = {.dir = dir, .out = out};

	pthread_mutex_lock(&o->lock);
	catalog_each(fs->catalog, look_at_run, fs);
	for (size_t i = 0; i < o->n; i++) {
		const char *name = things_interned(fs->things, o->drops[i].name);
		struct place p;

		if (o->drops[i].op != dir->serial || !name || !is_seen(dir, o->drops[i].run))
			continue;
		p = drop_place(dir, name);
		listing_add(out, name, &p);
	}
	pthread_mutex_unlock(&o->lock);
	scratch_each(o->scratches, dir->serial, list_scratch, &job);
	return listing_error(out);
}

static int opdir_find(const struct place *dir, const char *name, struct place *ret)
{
	uint32_t serial = scratch_find(dir->fs->opdirs->scratches, dir->serial, name);

	if (serial) {
		*ret = scratch_place(dir, serial);
		return 0;
	}
	serial = opdir_is_flags_name(name) ? opdir_drop_run(dir, name) : 0;
	if (!serial || !is_seen(dir, serial))
		return -ENOENT;
	*ret = drop_place(dir, name);
	return ret->slot ? 0 : -ENOMEM;
}

const struct dynamic opdir_children = {
	.list = opdir_list,
	.find = opdir_find,
	.name = "<name>.yml",
};

int opdir_scratch_attr(const struct place *p, struct stat *ret)
{
	*ret = (struct stat){.st_ino = ino_encode(p), .st_blksize = 4096};
	return scratch_attr(p->fs->opdirs->scratches, p->serial, ret);
}

/* --- flags and stage, unlinked -------------------------------------------- */

/* The row of flags or stage in this directory; NULL when the name is neither. */
static const struct row *flags_row(const struct place *dir, const char *name)
{
	for (const struct row *r = dir->row->rows; r->doc; r++)
		if (strcmp(r->name, name) == 0)
			return r->kind == ROW_FLAGS ? r : NULL;
	return NULL;
}

static bool is_row(const struct place *dir, const char *name)
{
	for (const struct row *r = dir->row->rows; r->doc; r++)
		if (strcmp(r->name, name) == 0)
			return true;
	return false;
}

static void hide(const struct place *dir, const struct row *row, int64_t until_ms)
{
	struct thing *thing = things_by_serial(dir->fs->things, dir->serial);

	if (!thing)
		return;
	LOCK_SCOPE(&thing->lock);
	thing->hidden_until_ms[row->flags & ROW_STAGE ? 1 : 0] = until_ms;
}

bool opdir_hidden(const struct place *p)
{
	struct thing *thing = things_by_serial(p->fs->things, p->serial);

	if (!thing)
		return false;
	LOCK_SCOPE(&thing->lock);
	return clock_monotonic_ms() < thing->hidden_until_ms[p->row->flags & ROW_STAGE ? 1 : 0];
}

/* --- what tools do -------------------------------------------------------- */

/* Of a flags file's name its run's label is made, and that is text. */
static int check_name(const struct place *dir, const char *name)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	struct thing *thing = things_by_serial(dir->fs->things, dir->serial);
	static const char reason[] = "the name of a flags file is the label of its run: it has to "
				     "be UTF-8 text";

	if (strlen(name) > NAME_MAX)
		return -ENAMETOOLONG;
	if (!thing || !opdir_is_flags_name(name) || utf8_is_valid(name, strlen(name)))
		return 0;
	thing_path(dir->fs, thing, &path);
	buf_putc(&path, '/');
	utf8_add_xml(&path, name);
	thing_set_error(thing, reason);
	errors_add(dir->fs->errors, buf_str(&path), reason);
	return -EINVAL;
}

int opdir_create(
	const struct place *dir, const char *name, const struct opener *who, struct place *ret)
{
	const struct row *row = flags_row(dir, name);
	uint32_t serial;
	int r;

	if (row) {
		hide(dir, row, 0);
		*ret = place_at(dir, row);
		return 0;
	}
	if (is_row(dir, name) || opdir_drop_run(dir, name))
		return -EEXIST;
	r = check_name(dir, name);
	if (r < 0)
		return r;
	r = scratch_create(dir->fs->opdirs->scratches, dir->serial, name, who, &serial);
	if (r < 0)
		return r;
	*ret = scratch_place(dir, serial);
	changes_operation(dir);
	return 0;
}

static bool may_unlink_drop(const struct place *dir, uint32_t run, const struct opener *who)
{
	struct place p = {.fs = dir->fs, .row = tree_run, .class = PLACE_RUN, .serial = run};
	struct stat st;

	return who->uid == 0 || (walk_attr(&p, &st) == 0 && st.st_uid == who->uid);
}

int opdir_unlink(const struct place *dir, const char *name, const struct opener *who)
{
	const struct row *row = flags_row(dir, name);
	uint32_t run;
	int r;

	if (row) {
		hide(dir, row, clock_monotonic_ms() + HIDDEN_MS);
		return 0;
	}
	if (is_row(dir, name))
		return -EPERM;
	r = scratch_unlink(dir->fs->opdirs->scratches, dir->serial, name, who);
	if (r == -ENOENT) {
		run = opdir_drop_run(dir, name);
		if (!run)
			return -ENOENT;
		if (!may_unlink_drop(dir, run, who))
			return -EACCES;
		drops_take(dir, name);
		forget_drop(dir->fs, run);
		r = 0;
	}
	changes_operation(dir);
	return r;
}

/* What a rename takes along: the text of a scratch file, or of flags as it is shown. */
static int text_of(const struct place *dir, const char *name, struct buf *b)
{
	struct scratches *s = dir->fs->opdirs->scratches;
	const struct row *row = flags_row(dir, name);
	struct place p;
	uint32_t serial;
	int r;

	if (row) {
		p = place_at(dir, row);
		return opdir_hidden(&p) ? -ENOENT : walk_show(&p, b);
	}
	if (is_row(dir, name))
		return -EPERM;
	serial = scratch_find(s, dir->serial, name);
	if (!serial)
		return opdir_drop_run(dir, name) ? -EPERM : -ENOENT;
	r = scratch_read(s, serial, b);
	scratch_forget(s, serial, 1);
	return r;
}

/* Under the new name it is a scratch file; `flags` moved away leaves a copy of its text. */
static int rename_to_scratch(const struct place *dir, const char *from, const char *to,
	const struct buf *text, const struct opener *who)
{
	struct scratches *s = dir->fs->opdirs->scratches;
	const struct row *row = flags_row(dir, from);
	uint32_t serial;
	int r;

	if (!row)
		return scratch_rename(s, dir->serial, from, to, who);
	r = scratch_unlink(s, dir->serial, to, who);
	if (r < 0 && r != -ENOENT)
		return r;
	r = scratch_create(s, dir->serial, to, who, &serial);
	if (r < 0)
		return r;
	r = scratch_replace(s, serial, text);
	scratch_forget(s, serial, 1);
	hide(dir, row, clock_monotonic_ms() + HIDDEN_MS);
	return r;
}

static int rename_to_flags(const struct place *dir, const char *from, const char *to,
	const struct row *row, const struct buf *text, const struct opener *who)
{
	struct place op = row ? place_at(dir, row) : *dir;
	int r = flags_file_submit(
		&op, row ? NULL : to, row && row->flags & ROW_STAGE, text->data, text->len, who);

	if (r < 0)
		return r;
	if (row)
		hide(dir, row, 0);
	if (!text->len && !row)
		return rename_to_scratch(dir, from, to, text, who);
	return opdir_unlink(dir, from, who);
}

int opdir_rename(const struct place *dir, const char *from, const char *to, bool replace,
	const struct opener *who)
{
	const struct row *row = flags_row(dir, to);
	_cleanup_buf_ struct buf text = BUF_INIT;
	uint32_t existing = scratch_find(dir->fs->opdirs->scratches, dir->serial, to);
	bool flags_name = row || opdir_is_flags_name(to);
	int r = text_of(dir, from, &text);

	if (existing)
		scratch_forget(dir->fs->opdirs->scratches, existing, 1);
	if (r < 0 || strcmp(from, to) == 0)
		return r;
	if (is_row(dir, to) && !row)
		return -EPERM;
	r = check_name(dir, to);
	if (r < 0)
		return r;
	if (!replace && (existing || row || opdir_drop_run(dir, to)))
		return -EEXIST;
	r = flags_name ? rename_to_flags(dir, from, to, row, &text, who)
		       : rename_to_scratch(dir, from, to, &text, who);
	changes_operation(dir);
	return r;
}

void opdir_tick(struct guildfs *fs)
{
	scratches_expire(fs->opdirs->scratches, clock_monotonic_ms());
}
