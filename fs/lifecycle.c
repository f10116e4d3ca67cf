/* SPDX-License-Identifier: MIT */
/* Who may do what with which run, and then one rename. */
#include "lifecycle.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "changes.h"
#include "errors.h"
#include "guildfs.h"
#include "packages.h"
#include "runs_of.h"
#include "show.h"
#include "tree.h"
#include "walk.h"
#include "run/status.h"
#include "run/trash.h"

enum where { NOWHERE, IN_RUNS, IN_TRASH };

static enum where where_of(const struct place *dir)
{
	return dir->row->dynamic == &runs_children    ? IN_RUNS
	       : dir->row->dynamic == &trash_children ? IN_TRASH
						      : NOWHERE;
}

static int refuse(const struct place *dir, const char *name, int error, const char *sentence)
{
	_cleanup_buf_ struct buf path = BUF_INIT;

	buf_printf(&path, "%s/%s", dir->row->name, name);
	errors_add(dir->fs->errors, buf_str(&path), sentence);
	return error;
}

/* The run of that name, which this user owns. A prefix of an id is a link, and names no run here.
 */
static int find_run(
	const struct place *dir, const char *name, const struct opener *who, struct place *ret)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r = walk_lookup(dir, name, ret);

	if (r < 0)
		return r;
	if (ret->row != tree_run)
		return -ENOTDIR;
	fd = place_open_run(ret);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fd < 0 ? fd : -errno;
	if (who->uid != 0 && who->uid != st.st_uid)
		return refuse(dir, name, -EACCES, "the run belongs to somebody else");
	return 0;
}

/* What runs, or is about to, is stopped first: by whoever knows that it may be. */
static int check_idle(const struct place *dir, const char *name, const struct place *run)
{
	_cleanup_close_ int fd = place_open_run(run);
	enum run_status status = fd < 0 ? RUN_ERROR : run_status_get(fd);

	if (fd < 0)
		return fd;
	if (status != RUN_RUNNING && status != RUN_PENDING)
		return 0;
	return refuse(dir, name, -EBUSY,
		status == RUN_RUNNING ? "the run is running: stop it first (echo stop > ctl)"
				      : "the run is pending: stop it first (echo stop > ctl)");
}

/* `busy`: why it is, after all. */
static int finish(const struct place *dir, const char *id, int r, const char *busy)
{
	if (r == 0)
		changes_run(dir->fs, id);
	return r == -EBUSY ? refuse(dir, id, r, busy) : r;
}

static const struct home *home_of(const struct place *run)
{
	return catalog_home(place_catalog(run));
}

static int put(const struct place *dir, const char *name, const struct place *run)
{
	int r = check_idle(dir, name, run);

	if (r < 0)
		return r;
	r = trash_put(dir->fs->home, dir->fs->home, name, NULL);
	return finish(dir, name, r, "the run has been started meanwhile");
}

static int remove_for_ever(const struct place *dir, const char *name, const struct place *run)
{
	int r = trash_remove(dir->fs->home, home_of(run), name);

	return finish(dir, name, r, "a process of the run is still there");
}

int lifecycle_rmdir(const struct place *dir, const char *name, const struct opener *who)
{
	enum where where = where_of(dir);
	struct place run;
	int r;

	if (dir->row->dynamic == &packages_children)
		return walk_lookup(dir, name, &run) < 0 ? -ENOENT
							: packages_uninstall(dir->fs, name, who);
	r = where == NOWHERE ? -EPERM : find_run(dir, name, who, &run);
	if (r < 0)
		return r;
	return where == IN_RUNS ? put(dir, name, &run) : remove_for_ever(dir, name, &run);
}

/* Ids are for life, and a rename replaces no run. */
int lifecycle_rename(const struct place *from, const char *name, const struct place *to,
	const char *new_name, const struct opener *who)
{
	enum where where = where_of(from);
	struct place run, there;
	bool moves = where != NOWHERE && where_of(to) != NOWHERE && where != where_of(to);
	int r = moves ? find_run(from, name, who, &run) : -EPERM;

	if (r == 0 && strcmp(name, new_name) != 0)
		r = refuse(from, name, -EPERM, "a run keeps its id: move it under the same name");
	if (r == 0 && walk_lookup(to, new_name, &there) == 0)
		r = -EEXIST;
	if (r < 0)
		return r;
	return where == IN_RUNS ? put(from, name, &run)
				: finish(from, name,
					  trash_restore(from->fs->home, home_of(&run), name, NULL),
					  strerror(EBUSY));
}
