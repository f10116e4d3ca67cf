/* SPDX-License-Identifier: MIT */
/* Files of the store: finding them without following links, and what is shown of them. */
#include "backing.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "backing_table.h"
#include "guildfs.h"
#include "ino.h"
#include "listing.h"
#include "runs_of.h"
#include "tree.h"
#include "walk.h"
#include "base/beneath.h"
#include "base/file.h"
#include "base/name.h"
#include "base/strv.h"
#include "catalog/catalog.h"
#include "metrics/event_files.h"
#include "metrics/logdir.h"
#include "run/attr.h"
#include "run/manifest.h"

/* Where Guild AI before 0.7 kept the source code, without a manifest. */
#define LEGACY_SOURCECODE ".guild/sourcecode"

/* What a place of this module means: a path below a run directory that is open. */
struct spot {
	int run_fd;
	const char *path;        /* "" is the run directory */
	struct backing *backing; /* NULL: the root of a view */
	char root[sizeof(LEGACY_SOURCECODE)];
};

static void spot_release(struct spot *s)
{
	if (s->run_fd >= 0)
		close(s->run_fd);
	backing_unref(s->backing, 1);
}

static enum backing_view view_of(const struct place *p)
{
	if (p->row->flags & ROW_SOURCE)
		return BACKING_SOURCE;
	return p->row->flags & ROW_EVENTS ? BACKING_EVENTS : BACKING_FILES;
}

/* What is found in a view is of the same view. */
static const struct row *row_of(enum backing_view view)
{
	static struct row *const rows[] = {
		[BACKING_FILES] = tree_file,
		[BACKING_SOURCE] = tree_source_file,
		[BACKING_EVENTS] = tree_event_file,
	};

	return rows[view];
}

static int spot_of(const struct place *p, struct spot *ret)
{
	*ret = (struct spot){.run_fd = -1};
	if (p->class == PLACE_FILE) {
		struct place run = *p;

		ret->backing = backing_get(p->fs->backings, p->serial);
		if (!ret->backing)
			return -ESTALE;
		ret->path = ret->backing->path;
		run.serial = ret->backing->run;
		ret->run_fd = place_open_run(&run);
		return ret->run_fd < 0 ? ret->run_fd : 0;
	}
	ret->run_fd = place_open_run(p);
	if (ret->run_fd < 0)
		return ret->run_fd;
	if (view_of(p) == BACKING_SOURCE && beneath_exists(ret->run_fd, LEGACY_SOURCECODE))
		memcpy(ret->root, LEGACY_SOURCECODE, sizeof(LEGACY_SOURCECODE));
	ret->path = ret->root;
	return 0;
}

static int identify(int fd, struct backing_identity *ret)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME, &stx) < 0)
		return -errno;
	*ret = (struct backing_identity){
		.dev = (dev_t)stx.stx_dev_major << 32 | stx.stx_dev_minor,
		.ino = stx.stx_ino,
		.birth_ns =
			stx.stx_mask & STATX_BTIME
				? stx.stx_btime.tv_sec * INT64_C(1000000000) + stx.stx_btime.tv_nsec
				: 0,
	};
	return 0;
}

/* Different runs and views show different numbers for what may be one file of the store. */
static uint64_t shown_ino(uint32_t run, enum backing_view view, const struct backing_identity *id)
{
	return ino_of_backing(id->dev, id->ino, id->birth_ns, run * BACKING_VIEWS + view);
}

/* What a view leaves out. */
struct filter {
	enum backing_view view;
	struct strv paths; /* the source files; with those of the legacy place it leaves out none */
	bool all;
	bool live; /* for event files: the run is not over */
};

static void filter_release(struct filter *f)
{
	strv_release(&f->paths);
}

static int filter_load(const struct place *p, const struct spot *s, struct filter *ret)
{
	*ret = (struct filter){.view = view_of(p)};
	switch (ret->view) {
	case BACKING_SOURCE:
		ret->all = strncmp(s->path, LEGACY_SOURCECODE, strlen(LEGACY_SOURCECODE)) == 0;
		return ret->all ? 0 : manifest_paths(s->run_fd, 's', &ret->paths);
	case BACKING_EVENTS:
		ret->live = walk_is_live(p);
		return 0;
	default:
		ret->all = true;
		return 0;
	}
}

/* A directory below which something is shown. */
static bool has_events(int fd)
{
	_cleanup_event_files_ struct event_files found = {0};

	return event_files_find(fd, EVENT_LINKS_NONE, &found) == 0 && found.n;
}

/* An event file, or a directory with some; fd is O_PATH. */
static bool is_of_events(const struct filter *f, const char *name, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	if (S_ISDIR(st.st_mode))
		return has_events(fd);
	return S_ISREG(st.st_mode) && logdir_shows(name, f->live);
}

/* The path is in the manifest, or is a directory of one that is. */
static bool is_of_manifest(const struct filter *f, const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < f->paths.n; i++)
		if (strncmp(f->paths.v[i], path, len) == 0 &&
			(f->paths.v[i][len] == '\0' || f->paths.v[i][len] == '/'))
			return true;
	return false;
}

/* fd is an O_PATH descriptor of what is there. */
static bool filter_has(const struct filter *f, const char *path, const char *name, int fd)
{
	if (f->view == BACKING_EVENTS)
		return is_of_events(f, name, fd);
	return f->all || is_of_manifest(f, path);
}

static void child_path(struct buf *b, const char *dir, const char *name)
{
	if (*dir)
		buf_printf(b, "%s/", dir);
	buf_puts(b, name);
}

int backing_lookup(const struct place *dir, const char *name, struct place *ret)
{
	_cleanup_(spot_release) struct spot s = {.run_fd = -1};
	_cleanup_(filter_release) struct filter filter = {0};
	_cleanup_buf_ struct buf path = BUF_INIT;
	_cleanup_close_ int fd = -1;
	struct backing_identity id;
	struct backing *b;
	int r = spot_of(dir, &s);

	if (r < 0)
		return r;
	if (!name_is_component(name))
		return -ENOENT;
	child_path(&path, s.path, name);
	r = buf_error(&path) ? buf_error(&path) : filter_load(dir, &s, &filter);
	if (r < 0)
		return r;
	fd = beneath_open(s.run_fd, buf_str(&path), O_PATH, 0);
	if (fd < 0)
		return fd == -ENOTDIR || fd == -ELOOP ? -ENOENT : fd;
	if (!filter_has(&filter, buf_str(&path), name, fd))
		return -ENOENT;
	r = identify(fd, &id);
	if (r < 0)
		return r;
	b = backing_intern(dir->fs->backings, s.backing ? s.backing->run : dir->serial, filter.view,
		buf_str(&path), &id);
	if (!b)
		return -ENOMEM;
	*ret = (struct place){
		.fs = dir->fs,
		.row = row_of(filter.view),
		.class = PLACE_FILE,
		.serial = b->serial,
	};
	return 0;
}

void backing_forget(const struct place *p, uint64_t lookups)
{
	struct backing *b = backing_get(p->fs->backings, p->serial);

	backing_unref(b, 1);
	backing_unref(b, lookups);
}

/* How what is there is shown: without what could be done to it, and an event file as a link. */
static mode_t shown_mode(enum backing_view view, mode_t mode)
{
	if (view == BACKING_EVENTS && S_ISREG(mode))
		return S_IFLNK | 0777;
	if (S_ISLNK(mode))
		return mode;
	return mode & ~(mode_t)(S_ISUID | S_ISGID | S_ISVTX | (S_ISDIR(mode) ? 0 : 0222));
}

struct list_job {
	const struct place *dir;
	const struct spot *spot;
	struct filter filter;
	int fd;
	struct listing *out;
};

static int list_entry(void *arg, const char *name, int d_type)
{
	struct list_job *job = arg;
	uint32_t run = job->spot->backing ? job->spot->backing->run : job->dir->serial;
	_cleanup_buf_ struct buf path = BUF_INIT;
	_cleanup_close_ int fd = -1;
	struct backing_identity id;
	struct stat st;

	(void)d_type;
	child_path(&path, job->spot->path, name);
	fd = openat(job->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	/* Gone since readdir: not an error of the listing. */
	if (fd < 0 || !filter_has(&job->filter, buf_str(&path), name, fd) ||
		identify(fd, &id) < 0 || fstat(fd, &st) < 0)
		return 0;
	listing_add_file(job->out, name, shown_ino(run, job->filter.view, &id),
		shown_mode(job->filter.view, st.st_mode) & S_IFMT);
	return 0;
}

int backing_list(const struct place *dir, struct listing *out)
{
	_cleanup_(spot_release) struct spot s = {.run_fd = -1};
	struct list_job job = {.dir = dir, .spot = &s, .fd = -1, .out = out};
	int r = spot_of(dir, &s);

	if (r < 0)
		return r;
	job.fd = beneath_open(s.run_fd, s.path, O_RDONLY | O_DIRECTORY, 0);
	if (job.fd < 0)
		return job.fd;
	r = filter_load(dir, &s, &job.filter);
	if (r == 0)
		r = file_each(job.fd, ".", list_entry, &job);
	filter_release(&job.filter);
	close(job.fd);
	return r < 0 ? r : listing_error(out);
}

/* An O_PATH descriptor of the very file that was looked up. */
static int open_same(const struct spot *s, int flags)
{
	struct backing_identity id;
	int fd = beneath_open(s->run_fd, s->path, flags, 0);
	int r;

	if (fd < 0)
		return fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP ? -ESTALE : fd;
	r = identify(fd, &id);
	if (r == 0 && memcmp(&id, &s->backing->id, sizeof(id)) != 0)
		r = -ESTALE;
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

/* Path below the view's root, where `files` or `sourcecode` stands in the mount. */
static const char *path_in_view(const struct backing *b)
{
	size_t len = strlen(LEGACY_SOURCECODE);

	if (b->view == BACKING_SOURCE && strncmp(b->path, LEGACY_SOURCECODE "/", len + 1) == 0)
		return b->path + len + 1;
	return b->path;
}

/* Folds "." and ".." of an absolute path, by its text alone. */
static void normalize(struct buf *out, const char *path)
{
	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && memcmp(path, "..", 2) == 0) {
			const char *slash = out->len ? strrchr(buf_str(out), '/') : NULL;

			buf_resize(out, slash ? (size_t)(slash - out->data) : 0);
		} else if (len && !(len == 1 && *path == '.')) {
			buf_putc(out, '/');
			buf_add(out, path, len);
		}
		path += len + (path[len] == '/');
	}
}

/* "../" for each directory between a link and `runs` or the view it stands in. */
static void climb(struct buf *b, const struct backing *link, int more)
{
	for (const char *c = path_in_view(link); *c; c++)
		if (*c == '/')
			buf_puts(b, "../");
	while (more--)
		buf_puts(b, "../");
}

static void rewrite_link(
	const struct place *p, const struct backing *link, const char *target, struct buf *b)
{
	const struct place run = {.fs = p->fs, .class = PLACE_RUN, .serial = link->run};
	const struct home *home = p->fs->home;
	const char *id = place_run_id(&run);
	_cleanup_buf_ struct buf raw = BUF_INIT, full = BUF_INIT, runs = BUF_INIT;
	const char *rest, *slash;

	buf_printf(&runs, "%s/runs/", home->path);
	if (*target != '/') {
		slash = strrchr(link->path, '/');
		buf_printf(&raw, "%s%s/%.*s/", buf_str(&runs), id,
			slash ? (int)(slash - link->path) : 0, link->path);
	}
	buf_puts(&raw, target);
	normalize(&full, buf_str(&raw));
	if (strncmp(buf_str(&full), buf_str(&runs), runs.len) != 0) {
		buf_add(b, full.data, full.len);
		return;
	}
	rest = buf_str(&full) + runs.len;
	slash = strchrnul(rest, '/');
	if ((size_t)(slash - rest) == strlen(id) && memcmp(rest, id, strlen(id)) == 0) {
		if (*target != '/') {
			buf_puts(b, target);
			return;
		}
		climb(b, link, 0);
		buf_puts(b, *slash ? slash + 1 : ".");
		return;
	}
	climb(b, link, 2);
	buf_puts(b, place_in_trash(&run) ? "../runs/" : "");
	buf_printf(b, "%.*s/files%s", (int)(slash - rest), rest, slash);
}

int backing_target(const struct place *p, struct buf *b)
{
	_cleanup_(spot_release) struct spot s = {.run_fd = -1};
	_cleanup_buf_ struct buf target = BUF_INIT;
	_cleanup_close_ int fd = -1;
	int r = spot_of(p, &s);

	if (r < 0)
		return r;
	if (!s.backing)
		return -EINVAL;
	if (s.backing->view == BACKING_EVENTS) {
		struct place run = *p;

		run.serial = s.backing->run;
		place_run_path(&run, b);
		buf_printf(b, "/%s", s.path);
		return buf_error(b);
	}
	fd = open_same(&s, O_PATH);
	if (fd < 0)
		return fd;
	r = file_readlink(fd, "", &target);
	if (r < 0)
		return r;
	rewrite_link(p, s.backing, buf_str(&target), b);
	return buf_error(b);
}

int backing_attr(const struct place *p, struct stat *ret)
{
	_cleanup_(spot_release) struct spot s = {.run_fd = -1};
	_cleanup_close_ int fd = -1;
	_cleanup_buf_ struct buf target = BUF_INIT;
	int r = spot_of(p, &s);

	/* An open file can be asked for its size after another took its name. */
	if (s.backing && backing_fstat(s.backing, ret) == 0)
		r = 0;
	else if (r == 0) {
		fd = open_same(&s, O_PATH);
		if (fd < 0)
			return fd;
		if (fstat(fd, ret) < 0)
			return -errno;
	}
	if (r < 0)
		return r;
	ret->st_ino = shown_ino(s.backing->run, s.backing->view, &s.backing->id);
	ret->st_nlink = 1;
	ret->st_mode = shown_mode(s.backing->view, ret->st_mode);
	if (!S_ISLNK(ret->st_mode))
		return 0;
	r = backing_target(p, &target);
	ret->st_size = (off_t)target.len;
	return r;
}

bool backing_is_live(const struct place *p)
{
	struct backing *b = backing_get(p->fs->backings, p->serial);
	struct place run = {.fs = p->fs, .row = tree_run, .class = PLACE_RUN};

	if (!b)
		return true;
	run.serial = b->run;
	backing_unref(b, 1);
	return walk_is_live(&run);
}

int backing_open(const struct place *p, int *ret_fd)
{
	_cleanup_(spot_release) struct spot s = {.run_fd = -1};
	struct stat st;
	int fd, r = spot_of(p, &s);

	if (r < 0)
		return r;
	/* Not O_RDONLY at once: opening a fifo or a device must not do what opening them does. */
	fd = open_same(&s, O_PATH);
	if (fd < 0)
		return fd;
	r = fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? 0 : -ENXIO;
	close(fd);
	if (r < 0)
		return r;
	fd = open_same(&s, O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		return fd;
	backing_opened(s.backing, fd);
	*ret_fd = fd;
	return 0;
}

void backing_close(const struct place *p, int fd)
{
	struct backing *b = backing_get(p->fs->backings, p->serial);

	if (b) {
		backing_closed(b, fd);
		backing_unref(b, 1);
	}
	close(fd);
}
