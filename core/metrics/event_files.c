/* SPDX-License-Identifier: MIT */
/* A walk below a run, which opens directories and nothing else. */
#include "metrics/event_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/beneath.h"
#include "base/file.h"
#include "base/strv.h"
#include "run/attr.h"

/* Each level holds a descriptor. */
enum { MAX_DEPTH = 100 };

#define NAME_MARK ".tfevents."

/* Runs that a link has led to. */
struct place {
	dev_t dev;
	ino_t ino;
};

struct walk {
	enum event_links links;
	struct event_files *found;
	struct place *runs;
	size_t n_runs;
	/* Root looks at somebody's run, and shows him nothing that he could not read himself. */
	bool guarded;
	uid_t owner;
	struct place parent; /* the directory that the run is in */
};

/* What is in one directory. */
struct listing {
	const struct walk *walk;
	int fd;
	struct strv dirs, links, events;
};

static void listing_release(struct listing *l)
{
	strv_release(&l->dirs);
	strv_release(&l->links);
	strv_release(&l->events);
}

void event_files_release(struct event_files *found)
{
	for (size_t i = 0; i < found->n; i++) {
		struct event_dir *dir = &found->dirs[i];

		for (size_t j = 0; j < dir->n; j++)
			free(dir->files[j].name);
		free(dir->files);
		free(dir->path);
	}
	free(found->dirs);
	strv_release(&found->others);
	*found = (struct event_files){0};
}

bool event_file_name(const char *name)
{
	return strstr(name, NAME_MARK) != NULL;
}

/* By the bits for the owner's and for everybody's access that an ls shows: "r" is 4, "x" is 1. */
static bool may(const struct walk *w, const struct stat *st, mode_t access)
{
	mode_t granted = st->st_uid == w->owner ? st->st_mode >> 6 : st->st_mode;

	return !w->guarded || (granted & access) == access;
}

static bool is_place(const struct place *p, const struct stat *st)
{
	return p->ino == st->st_ino && p->dev == st->st_dev;
}

/* Whether the directory that a link leads to can be reached from where the run is, or from /. */
static bool may_reach(const struct walk *w, int fd)
{
	_cleanup_close_ int at =
		w->guarded ? openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	struct place below = {0};
	struct stat st;

	if (!w->guarded)
		return true;
	for (;;) {
		int up;

		if (at < 0 || fstat(at, &st) < 0)
			return false;
		if (is_place(&w->parent, &st) || is_place(&below, &st))
			return true;
		if (!may(w, &st, 1))
			return false;
		below = (struct place){.dev = st.st_dev, .ino = st.st_ino};
		up = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		close(at);
		at = up;
	}
}

static int visit(void *arg, const char *name, int d_type)
{
	struct listing *l = arg;
	struct stat st;

	if (d_type == DT_UNKNOWN && fstatat(l->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		d_type = IFTODT(st.st_mode);
	switch (d_type) {
	case DT_DIR:
		return strv_add(&l->dirs, name);
	case DT_LNK:
		return strv_add(&l->links, name);
	case DT_REG:
		return event_file_name(name) ? strv_add(&l->events, name) : 0;
	default:
		return 0;
	}
}

static int keep_files(const struct listing *l, struct event_dir *dir)
{
	dir->files = calloc(l->events.n, sizeof(*dir->files));
	if (!dir->files)
		return -ENOMEM;
	for (size_t i = 0; i < l->events.n; i++) {
		struct event_file *file = &dir->files[dir->n];
		struct stat st;

		if (fstatat(l->fd, l->events.v[i], &st, AT_SYMLINK_NOFOLLOW) < 0 ||
			!S_ISREG(st.st_mode) || !may(l->walk, &st, 4))
			continue;
		*file = (struct event_file){.name = l->events.v[i],
			.dev = st.st_dev,
			.ino = st.st_ino,
			.size = st.st_size};
		l->events.v[i] = NULL;
		dir->n++;
	}
	return 0;
}

/* Among those with event files, unless they have gone meanwhile, or among the others. */
static int keep_dir(struct event_files *found, const struct listing *l, const char *path)
{
	struct event_dir *dir, *grown;
	struct stat st;
	int r;

	if (!l->events.n || fstat(l->fd, &st) < 0)
		return strv_add(&found->others, path);
	grown = reallocarray(found->dirs, found->n + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	found->dirs = grown;
	dir = &grown[found->n];
	*dir = (struct event_dir){.path = strdup(path), .dev = st.st_dev, .ino = st.st_ino};
	found->n++;
	if (!dir->path)
		return -ENOMEM;
	r = keep_files(l, dir);
	if (r == 0 && !dir->n) {
		free(dir->path);
		free(dir->files);
		found->n--;
		r = strv_add(&found->others, path);
	}
	return r;
}

/* Is it a run that no link has led to yet? Then it is remembered. 1, 0 or -ENOMEM. */
static int first_visit(struct walk *w, int fd)
{
	struct place *grown;
	struct stat st;

	if (!beneath_exists(fd, RUN_GUILD_DIR "/opref") || fstat(fd, &st) < 0)
		return 0;
	for (size_t i = 0; i < w->n_runs; i++)
		if (is_place(&w->runs[i], &st))
			return 0;
	grown = reallocarray(w->runs, w->n_runs + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	w->runs = grown;
	w->runs[w->n_runs++] = (struct place){.dev = st.st_dev, .ino = st.st_ino};
	return 1;
}

/* What may be passed over; anything else may be different another time. */
static bool is_absent(int error)
{
	return error == ENOENT || error == ENOTDIR || error == ELOOP || error == EACCES ||
	       error == EPERM;
}

static int walk_dir(struct walk *w, int fd, const char *path, int depth);

static int walk_child(struct walk *w, int parent_fd, const char *parent, const char *name,
	bool is_link, int depth)
{
	_cleanup_close_ int fd = openat(
		parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (is_link ? 0 : O_NOFOLLOW));
	_cleanup_buf_ struct buf path = BUF_INIT;
	struct stat st;
	int r = 1;

	if (fd < 0 || fstat(fd, &st) < 0)
		return is_absent(errno) ? 0 : -errno;
	if (!may(w, &st, 5) || (is_link && !may_reach(w, fd)))
		return 0;
	if (is_link)
		r = first_visit(w, fd);
	if (r <= 0)
		return r;
	buf_printf(&path, "%s%s%s", parent, *parent ? "/" : "", name);
	if (buf_error(&path))
		return buf_error(&path);
	return walk_dir(w, fd, buf_str(&path), depth + 1);
}

/* Real directories before links: what has both kinds of path is found under its own. */
static int walk_dir(struct walk *w, int fd, const char *path, int depth)
{
	_cleanup_(listing_release) struct listing l = {.walk = w, .fd = fd};
	int r = file_each(fd, ".", visit, &l);

	if (r < 0 && !is_absent(-r))
		return r;
	if (r < 0 || depth > MAX_DEPTH)
		return 0;
	strv_sort(&l.dirs);
	strv_sort(&l.links);
	strv_sort(&l.events);
	r = keep_dir(w->found, &l, path);
	for (size_t i = 0; r == 0 && i < l.dirs.n; i++)
		r = walk_child(w, fd, path, l.dirs.v[i], false, depth);
	for (size_t i = 0; r == 0 && w->links == EVENT_LINKS_RUNS && i < l.links.n; i++)
		r = walk_child(w, fd, path, l.links.v[i], true, depth);
	return r;
}

static int rank(const char *path)
{
	return !*path ? 0 : strcmp(path, RUN_GUILD_DIR) == 0 ? 1 : 2;
}

int event_dir_compare(const char *a, const char *b)
{
	int difference = rank(a) - rank(b);

	return difference ? difference : strcmp(a, b);
}

static int compare_dirs(const void *a, const void *b)
{
	const struct event_dir *x = a, *y = b;

	return event_dir_compare(x->path, y->path);
}

static size_t depth_of(const char *path)
{
	size_t depth = *path != '\0';

	for (; *path; path++)
		depth += *path == '/';
	return depth;
}

static int compare_depths(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	size_t depth_x = depth_of(x), depth_y = depth_of(y);

	return depth_x != depth_y ? (depth_x > depth_y) - (depth_x < depth_y) : strcmp(x, y);
}

int event_files_find(int run_fd, enum event_links links, struct event_files *ret)
{
	_cleanup_event_files_ struct event_files found = {0};
	_cleanup_close_ int fd = openat(run_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct walk w = {.links = links, .found = &found};
	struct stat run, parent;
	int r;

	if (fd < 0 || fstat(fd, &run) < 0 || fstatat(fd, "..", &parent, 0) < 0)
		return -errno;
	w.owner = run.st_uid;
	w.guarded = geteuid() == 0 && w.owner != 0;
	w.parent = (struct place){.dev = parent.st_dev, .ino = parent.st_ino};
	/* A link back to where the walk began leads nowhere new. */
	r = first_visit(&w, fd);
	if (r >= 0)
		r = walk_dir(&w, fd, "", 0);
	free(w.runs);
	if (r < 0)
		return r;
	if (found.n)
		qsort(found.dirs, found.n, sizeof(*found.dirs), compare_dirs);
	if (found.others.n)
		qsort(found.others.v, found.others.n, sizeof(*found.others.v), compare_depths);
	*ret = found;
	found = (struct event_files){0};
	return 0;
}
