/* SPDX-License-Identifier: MIT */
/* Which runs there are, and which attributes a run has. */
#include "show.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "guildfs.h"
#include "listing.h"
#include "things.h"
#include "tree.h"
#include "walk.h"
#include "base/file.h"
#include "base/name.h"
#include "catalog/catalog.h"
#include "run/attr.h"

static struct place run_place(struct guildfs *fs, uint64_t serial)
{
	return (struct place){
		.fs = fs, .row = tree_run, .class = PLACE_RUN, .serial = (uint32_t)serial};
}

/* A run that its owner keeps from others is in no list that they see. */
static bool may_see(struct guildfs *fs, const struct listing *out, const char *id)
{
	struct stat st;

	if (!fs->shared || out->viewer.uid == 0)
		return true;
	if (fstatat(fs->home->runs_fd, id, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	return st.st_uid == out->viewer.uid ||
	       (st.st_gid == out->viewer.gid && st.st_mode & 0040) || st.st_mode & 0004;
}

struct list_job {
	struct guildfs *fs;
	struct listing *out;
};

static int list_run(void *arg, uint64_t serial)
{
	struct list_job *job = arg;
	struct place p = run_place(job->fs, serial);
	const char *id = catalog_id(job->fs->catalog, serial);

	if (may_see(job->fs, job->out, id))
		listing_add(job->out, id, &p);
	return 0;
}

static int runs_list(const struct place *dir, struct listing *out)
{
	struct list_job job = {.fs = dir->fs, .out = out};

	catalog_each(dir->fs->catalog, list_run, &job);
	return listing_error(out);
}

static int runs_find(const struct place *dir, const char *name, struct place *ret)
{
	struct guildfs *fs = dir->fs;
	uint64_t serial = catalog_find(fs->catalog, name);
	size_t len = strlen(name), matches;

	if (serial) {
		*ret = run_place(fs, serial);
		return 0;
	}
	if (!len || len >= RUN_ID_LEN || strspn(name, "0123456789abcdef") != len)
		return -ENOENT;
	serial = catalog_find_prefix(fs->catalog, name, &matches);
	if (!serial)
		return -ENOENT;
	*ret = run_place(fs, serial);
	ret->row = tree_run_prefix;
	ret->slot = (uint16_t)len;
	return 0;
}

const struct dynamic runs_children = {.list = runs_list, .find = runs_find, .name = "<id>"};

void runs_latest(const struct place *p, struct buf *b)
{
	uint64_t serial = catalog_newest(p->fs->catalog, NULL, NULL);

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
	int r = run_fd < 0 ? run_fd : file_each(run_fd, RUN_ATTRS_DIR, list_attr, &job);

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
