/* SPDX-License-Identifier: MIT */
/* Which runs there are, and which attributes a run has. */
#include "show.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "guildfs.h"
#include "listing.h"
#include "runs_of.h"
#include "things.h"
#include "tree.h"
#include "walk.h"
#include "base/beneath.h"
#include "base/name.h"
#include "catalog/catalog.h"
#include "run/attr.h"

bool run_may_be_seen(struct guildfs *fs, struct opener viewer, const struct place *run)
{
	struct catalog *catalog;
	const char *id;
	struct stat st;

	if (!fs->shared || viewer.uid == 0)
		return true;
	catalog = place_catalog(run);
	id = place_run_id(run);
	if (!id || fstatat(catalog_home(catalog)->runs_fd, id, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	return st.st_uid == viewer.uid || (st.st_gid == viewer.gid && st.st_mode & 0040) ||
	       st.st_mode & 0004;
}

struct list_job {
	struct guildfs *fs;
	struct listing *out;
	bool in_trash;
};

static int list_run(void *arg, uint64_t serial)
{
	struct list_job *job = arg;
	struct place p = place_of_run(job->fs, serial, job->in_trash);
	const char *id = place_run_id(&p);

	if (id && run_may_be_seen(job->fs, job->out->viewer, &p))
		listing_add(job->out, id, &p);
	return 0;
}

static int runs_list(const struct place *dir, struct listing *out)
{
	struct list_job job = {.fs = dir->fs, .out = out};

	catalog_each(dir->fs->catalog, list_run, &job);
	return listing_error(out);
}

/* What others may not know of is not there for them, by whichever name. */
static int found_run(const struct place *dir, uint64_t serial, bool in_trash, struct place *ret)
{
	*ret = place_of_run(dir->fs, serial, in_trash);
	return serial && run_may_be_seen(dir->fs, dir->viewer, ret) ? 0 : -ENOENT;
}

static bool may_see(const void *arg, uint64_t serial)
{
	const struct place *asked = arg;
	struct place run = place_of_run(asked->fs, serial, false);

	return run_may_be_seen(asked->fs, asked->viewer, &run);
}

struct catalog_viewer runs_viewer(const struct place *asked)
{
	return (struct catalog_viewer){.may_see = may_see, .arg = asked};
}

/* A prefix means the only run that begins so of those that the viewer may see. */
static int find_by_prefix(const struct place *dir, const char *prefix, struct place *ret)
{
	const struct catalog_viewer viewer = runs_viewer(dir);
	uint64_t serial = catalog_find_prefix_for(dir->fs->catalog, prefix, &viewer);

	*ret = place_of_run(dir->fs, serial, false);
	return serial ? 0 : -ENOENT;
}

static int runs_find(const struct place *dir, const char *name, struct place *ret)
{
	uint64_t serial = catalog_find(dir->fs->catalog, name);
	size_t len = strlen(name);
	int r;

	if (serial)
		return found_run(dir, serial, false, ret);
	if (!len || len >= RUN_ID_LEN || strspn(name, "0123456789abcdef") != len)
		return -ENOENT;
	r = find_by_prefix(dir, name, ret);
	if (r < 0)
		return r;
	ret->row = tree_run_prefix;
	ret->slot = (uint16_t)len;
	return 0;
}

/* Others delete and purge as they like: it is read again each time. */
static int trash_list(const struct place *dir, struct listing *out)
{
	struct list_job job = {.fs = dir->fs, .out = out, .in_trash = true};
	struct catalog *trash = trash_catalog(dir->fs);
	int r = trash ? catalog_rescan(trash, NULL, NULL) : 0;

	if (trash && r == 0)
		catalog_each(trash, list_run, &job);
	return r < 0 ? r : listing_error(out);
}

static int trash_find(const struct place *dir, const char *name, struct place *ret)
{
	struct catalog *trash = trash_catalog(dir->fs);
	uint64_t serial = trash ? catalog_update(trash, name) : 0;

	return found_run(dir, serial, true, ret);
}

const struct dynamic trash_children = {.list = trash_list, .find = trash_find, .name = "<id>"};
const struct dynamic runs_children = {.list = runs_list, .find = runs_find, .name = "<id>"};

struct latest_job {
	const struct place *link;
	uint64_t found;
	int64_t born;
};

static int look_for_latest(void *arg, uint64_t serial)
{
	struct latest_job *job = arg;
	int64_t born = catalog_born(job->link->fs->catalog, serial);
	struct place run;

	if ((job->found && born < job->born) || found_run(job->link, serial, false, &run) < 0)
		return 0;
	job->found = serial;
	job->born = born;
	return 0;
}

void runs_latest(const struct place *p, struct buf *b)
{
	uint64_t serial = catalog_newest(p->fs->catalog, NULL, NULL);
	struct latest_job job = {.link = p};
	struct place run;

	/* Only where it is private all others have to be looked at. */
	if (serial && found_run(p, serial, false, &run) < 0) {
		catalog_each(p->fs->catalog, look_for_latest, &job);
		serial = job.found;
	}
	if (serial)
		buf_puts(b, catalog_id(p->fs->catalog, serial));
	else
		buf_fail(b, -ENOENT);
}

void runs_prefix(const struct place *p, struct buf *b)
{
	const char *id = place_run_id(p);

	if (id)
		buf_puts(b, id);
	else
		buf_fail(b, -ESTALE);
}

/* --- attrs/ --------------------------------------------------------------- */

/* It has an entry of its own beside attrs/. */
static bool is_run_row(const char *name)
{
	for (const struct row *r = tree_run->rows; r->doc; r++)
		if (strcmp(r->name, name) == 0)
			return true;
	return false;
}

struct attrs_job {
	const struct place *dir;
	struct listing *out;
};

static int attr_place(const struct place *dir, const char *name, struct place *ret)
{
	*ret = place_at(dir, tree_attr);
	ret->slot = things_intern(dir->fs->things, name);
	return ret->slot ? 0 : -ENOMEM;
}

static int list_attr(void *arg, const char *name, int d_type)
{
	struct attrs_job *job = arg;
	struct place p;

	(void)d_type;
	if (name[0] != '.' && !is_run_row(name) && attr_place(job->dir, name, &p) == 0)
		listing_add(job->out, name, &p);
	return 0;
}

static int attrs_list(const struct place *dir, struct listing *out)
{
	struct attrs_job job = {.dir = dir, .out = out};
	_cleanup_close_ int run_fd = place_open_run(dir);
	int r = run_fd < 0 ? run_fd : beneath_each(run_fd, RUN_ATTRS_DIR, list_attr, &job);

	return r == -ENOENT ? 0 : r < 0 ? r : listing_error(out);
}

static int attrs_find(const struct place *dir, const char *name, struct place *ret)
{
	_cleanup_close_ int run_fd = place_open_run(dir);

	if (run_fd < 0)
		return run_fd;
	if (name[0] == '.' || is_run_row(name) || !attr_exists(run_fd, name))
		return -ENOENT;
	return attr_place(dir, name, ret);
}

const struct dynamic attrs_children = {.list = attrs_list, .find = attrs_find, .name = "<name>"};
