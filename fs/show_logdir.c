/* SPDX-License-Identifier: MIT */
/*
 * Log directories for TensorBoard: one directory for each run of a set that has started
 * (core/metrics/logdir.h). In tensorboard/ these are all; in where/EXPRESSION/tensorboard/ and in
 * runs/BATCH/tensorboard/ they are links to the former, since a directory can have only one place.
 *
 * A listing costs what the catalogue knows, and reads nothing of a run that is over; what is in a
 * run's directory is found when it is opened. The event files are links into the store, so that
 * TensorBoard, which keeps them open, goes on when the daemon ends; the two files of the session
 * never change and are read at once, so that nothing is lost with those.
 */
#include "show.h"

#include <errno.h>
#include <string.h>

#include "backing.h"
#include "guildfs.h"
#include "listing.h"
#include "run_tables.h"
#include "runs_of.h"
#include "tree.h"
#include "walk.h"
#include "catalog/catalog.h"
#include "metrics/logdir.h"

enum { MAX_NAMESAKES = 64 }; /* runs whose short ids are equal */

/* --- which runs ------------------------------------------------------------ */

static struct place logdir_of(const struct place *dir, uint64_t serial)
{
	struct place run = place_of_run(dir->fs, serial, false);
	struct place p = place_at(&run, tree_logdir);

	p.viewer = dir->viewer;
	return p;
}

/* The slot keeps links of the same run in different views apart, as in fs/show_by.c. */
static struct place link_of(const struct place *dir, uint64_t serial)
{
	struct place p = logdir_of(dir, serial);

	p.row = dir->row->child;
	p.slot = (uint16_t)(dir->serial % UINT16_MAX + 1);
	return p;
}

/* What the run's directory is called now. -ENOENT: it has none. */
static int print_name(struct guildfs *fs, uint64_t serial, struct buf *name)
{
	_cleanup_summary_ struct run_summary s = {0};
	const char *id = catalog_id(fs->catalog, serial);
	int r = catalog_listed(fs->catalog, serial, &s);

	if (r < 0 || !logdir_has(&s))
		return r == -ENOMEM ? r : -ENOENT;
	logdir_name(name, id, &s, NULL);
	return buf_error(name);
}

/* A run that has gone meanwhile, or that cannot be read, is no reason to hide the others. */
static int add_logdir(const struct place *dir, uint64_t serial, struct listing *out)
{
	struct place p = dir->class == PLACE_STATIC ? logdir_of(dir, serial) : link_of(dir, serial);
	_cleanup_buf_ struct buf name = BUF_INIT;
	int r = print_name(dir->fs, serial, &name);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (run_may_be_seen(dir->fs, dir->viewer, &p))
		listing_add(out, buf_str(&name), &p);
	return 0;
}

struct list_job {
	const struct place *dir;
	struct listing *out;
};

static int list_run(void *arg, uint64_t serial)
{
	struct list_job *job = arg;

	return add_logdir(job->dir, serial, job->out);
}

static int list_logdirs(const struct place *dir, struct listing *out)
{
	struct list_job job = {.dir = dir, .out = out};
	int r = catalog_each(dir->fs->catalog, list_run, &job);

	return r < 0 ? r : listing_error(out);
}

static bool is_called(struct guildfs *fs, uint64_t serial, const char *name)
{
	_cleanup_summary_ struct run_summary s = {0};
	_cleanup_buf_ struct buf own = BUF_INIT;

	/* Where one is asked for, others may have changed it. */
	if (catalog_summary(fs->catalog, serial, &s) < 0 || !logdir_has(&s))
		return false;
	logdir_name(&own, catalog_id(fs->catalog, serial), &s, NULL);
	return strcmp(buf_str(&own), name) == 0;
}

static int find_named(const struct place *dir, const char *name, uint64_t *ret)
{
	uint64_t serials[MAX_NAMESAKES];
	char id[LOGDIR_ID_LEN + 1];
	size_t n;

	if (!logdir_id_of_name(name, id))
		return -ENOENT;
	n = catalog_find_prefixed(dir->fs->catalog, id, serials, MAX_NAMESAKES);
	for (size_t i = 0; i < n && i < MAX_NAMESAKES; i++) {
		if (!is_called(dir->fs, serials[i], name))
			continue;
		*ret = serials[i];
		return 0;
	}
	return -ENOENT;
}

static int find_logdir(const struct place *dir, const char *name, struct place *ret)
{
	uint64_t serial;
	int r = find_named(dir, name, &serial);

	if (r < 0)
		return r;
	*ret = logdir_of(dir, serial);
	return run_may_be_seen(dir->fs, dir->viewer, ret) ? 0 : -ENOENT;
}

const struct dynamic logdir_children = {
	.list = list_logdirs, .find = find_logdir, .name = "<name>"};

/* --- the same of the runs of a filter or a batch -------------------------------- */

static int list_links(const struct place *dir, struct listing *out)
{
	_cleanup_free_ uint64_t *serials = NULL;
	size_t n = 0;
	int r = run_tables_runs(dir, &serials, &n);

	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_logdir(dir, serials[i], out);
	return r < 0 ? r : listing_error(out);
}

static int find_link(const struct place *dir, const char *name, struct place *ret)
{
	uint64_t serial = 0;
	int r = find_named(dir, name, &serial);

	if (r == 0)
		r = run_tables_has(dir, serial);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	*ret = link_of(dir, serial);
	return run_may_be_seen(dir->fs, dir->viewer, ret) ? 0 : -ENOENT;
}

const struct dynamic logdir_link_children = {
	.list = list_links, .find = find_link, .name = "<name>"};

/* From where/EXPRESSION/tensorboard/ and runs/BATCH/tensorboard/. */
void logdir_link(const struct place *p, struct buf *b)
{
	_cleanup_buf_ struct buf name = BUF_INIT;
	int r = print_name(p->fs, p->serial, &name);

	if (r < 0)
		buf_fail(b, r == -ENOENT ? -ESTALE : r);
	else
		buf_printf(b, "../../../tensorboard/%s", buf_str(&name));
}

/* --- one run --------------------------------------------------------------- */

static int list_events(const struct place *dir, struct listing *out)
{
	struct place p = place_at(dir, tree_event_file);

	return backing_list(&p, out);
}

static int find_event(const struct place *dir, const char *name, struct place *ret)
{
	struct place p = place_at(dir, tree_event_file);

	return backing_lookup(&p, name, ret);
}

const struct dynamic event_children = {
	.list = list_events, .find = find_event, .name = "<event file>"};

void logdir_start(const struct place *p, struct buf *b)
{
	_cleanup_summary_ struct run_summary s = {0};
	_cleanup_close_ int run_fd = place_open_run(p);
	int r = run_fd < 0 ? run_fd : catalog_summary(p->fs->catalog, p->serial, &s);

	if (r < 0)
		buf_fail(b, r);
	else
		logdir_session_start(b, run_fd, place_run_id(p), &s);
}

bool logdir_has_end(const struct place *p)
{
	return !walk_is_live(p);
}

void logdir_end(const struct place *p, struct buf *b)
{
	_cleanup_summary_ struct run_summary s = {0};
	int r = catalog_summary(p->fs->catalog, p->serial, &s);

	if (r < 0 || run_status_live(s.status))
		buf_fail(b, r < 0 ? r : -ENOENT);
	else
		logdir_session_end(b, &s);
}
