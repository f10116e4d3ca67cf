/* SPDX-License-Identifier: MIT */
/* Directories and links for TensorBoard, and what has been made of each run so far. */
#include "web/logdir_links.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "web/logdir_images.h"
#include "guild.h"
#include "base/clock.h"
#include "base/file.h"
#include "metrics/event_files.h"
#include "metrics/logdir.h"
#include "project/flags.h"
#include "run/attr.h"

/* How long a run that is over is believed to have no new files. */
enum { AGAIN_MS = 60 * 1000 };

struct entry {
	uint64_t serial;
	char *name;      /* NULL: it has no directory */
	int64_t over_ms; /* when it was last looked at as a run that is over; 0: not */
	bool warned;
	struct logdir_images images;
};

struct logdir {
	const struct logdir_options *options;
	char *path;
	int fd;
	struct entry *entries; /* by serial */
	size_t n;
};

static void entry_release(struct entry *e)
{
	free(e->name);
	logdir_images_release(&e->images);
	*e = (struct entry){0};
}

static void entries_free(struct entry *entries, size_t n)
{
	for (size_t i = 0; i < n; i++)
		entry_release(&entries[i]);
	free(entries);
}

struct logdir *logdir_new(const struct logdir_options *options)
{
	const char *tmp = getenv("TMPDIR");
	struct logdir *d = calloc(1, sizeof(*d));
	_cleanup_buf_ struct buf path = BUF_INIT;

	buf_printf(&path, "%s/guild-tensorboard-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!d || buf_error(&path)) {
		free(d);
		complain("out of memory");
		return NULL;
	}
	*d = (struct logdir){.options = options, .fd = -1};
	if (mkdtemp(path.data))
		d->fd = open(path.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->fd < 0) {
		complain("cannot make the directory %s: %s", path.data, strerror(errno));
		free(d);
		return NULL;
	}
	d->path = buf_steal(&path, NULL);
	return d;
}

const char *logdir_path(const struct logdir *d)
{
	return d->path;
}

void logdir_free(struct logdir *d, bool keep)
{
	int r = keep ? 0 : file_remove_tree(AT_FDCWD, d->path);

	if (r < 0)
		warning("cannot remove %s: %s", d->path, strerror(-r));
	entries_free(d->entries, d->n);
	close(d->fd);
	free(d->path);
	free(d);
}

/* --- one run ---------------------------------------------------------------- */

static int print_name(const struct logdir *d, const char *id, int run_fd,
	const struct run_summary *s, struct buf *name)
{
	_cleanup_value_ struct value *flags = NULL;
	_cleanup_buf_ struct buf label = BUF_INIT;

	if (d->options->label) {
		if (attr_read(run_fd, "flags", &flags, NULL) == -ENOMEM)
			return -ENOMEM;
		flags_expand_label(&label, d->options->label, flags);
		if (buf_error(&label))
			return buf_error(&label);
	}
	logdir_name(name, id, s, d->options->label ? buf_str(&label) : NULL);
	return buf_error(name);
}

/* A file that is there already is the same one. */
static int add_file(int dir_fd, const char *name, const struct buf *bytes)
{
	int r = buf_error(bytes);

	if (r == 0)
		r = file_create(dir_fd, name, bytes->data, bytes->len, 0644);
	return r == -EEXIST ? 0 : r;
}

static int add_links(const char *run_path, const struct event_dir *dir, int dir_fd, bool live)
{
	int r = *dir->path ? file_mkdirs(dir_fd, dir->path, 0755) : 0;

	for (size_t i = 0; r == 0 && i < dir->n; i++) {
		const char *name = dir->files[i].name, *slash = *dir->path ? "/" : "";
		_cleanup_buf_ struct buf link = BUF_INIT, target = BUF_INIT;

		if (!logdir_shows(name, live))
			continue;
		buf_printf(&link, "%s%s%s", dir->path, slash, name);
		buf_printf(&target, "%s/%s", run_path, buf_str(&link));
		if (buf_error(&link) || buf_error(&target))
			r = -ENOMEM;
		else if (symlinkat(buf_str(&target), dir_fd, buf_str(&link)) < 0 && errno != EEXIST)
			r = -errno;
	}
	return r;
}

/* The start of the session before everything else, and its end behind it: see core/metrics. */
static int fill(const struct logdir *d, struct entry *e, const struct run_view *v, int dir_fd)
{
	_cleanup_event_files_ struct event_files found = {0};
	_cleanup_buf_ struct buf start = BUF_INIT, end = BUF_INIT;
	bool live = run_status_live(v->summary.status);
	int r = 0;

	if (!d->options->skip_hparams && !file_exists(dir_fd, LOGDIR_SESSION_START)) {
		logdir_session_start(&start, v->fd, v->id, &v->summary);
		r = add_file(dir_fd, LOGDIR_SESSION_START, &start);
	}
	if (r == 0)
		r = event_files_find(v->fd, EVENT_LINKS_NONE, &found);
	for (size_t i = 0; r == 0 && i < found.n; i++)
		r = add_links(buf_str(&v->path), &found.dirs[i], dir_fd, live);
	if (r == 0 && !d->options->skip_images)
		r = logdir_images_update(&e->images, v->fd, dir_fd);
	if (r == 0 && !live && !d->options->skip_hparams) {
		logdir_session_end(&end, &v->summary);
		r = add_file(dir_fd, LOGDIR_SESSION_END, &end);
	}
	return r;
}

static void forget(const struct logdir *d, struct entry *e)
{
	if (e->name)
		file_remove_tree(d->fd, e->name);
	free(STEAL(e->name));
	logdir_images_release(&e->images);
	e->over_ms = 0;
}

/* Gives the run's directory its name, when it has none or another one. */
static int take_name(const struct logdir *d, struct entry *e, const struct buf *name)
{
	if (e->name && strcmp(e->name, buf_str(name)) == 0)
		return 0;
	forget(d, e);
	if (mkdirat(d->fd, buf_str(name), 0755) < 0 && errno != EEXIST)
		return -errno;
	e->name = strdup(buf_str(name));
	return e->name ? 0 : -ENOMEM;
}

static bool is_due(const struct entry *e, int64_t now_ms)
{
	return !e->over_ms || now_ms - e->over_ms >= AGAIN_MS;
}

static int update_run(const struct logdir *d, struct entry *e, const struct run_view *v)
{
	_cleanup_buf_ struct buf name = BUF_INIT;
	_cleanup_close_ int dir_fd = -1;
	int64_t now_ms = clock_monotonic_ms();
	int r = print_name(d, v->id, v->fd, &v->summary, &name);

	if (r == 0)
		r = take_name(d, e, &name);
	if (r < 0 || (!is_due(e, now_ms) && !run_status_live(v->summary.status)))
		return r;
	dir_fd = openat(d->fd, e->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = dir_fd < 0 ? -errno : fill(d, e, v, dir_fd);
	if (r == 0)
		e->over_ms = run_status_live(v->summary.status) ? 0 : now_ms;
	return r;
}

static void update_entry(const struct logdir *d, struct guild *g, struct entry *e)
{
	_cleanup_run_view_ struct run_view v = RUN_VIEW_INIT;
	int r = catalog_summary(g->catalog, e->serial, &v.summary);

	v.id = catalog_id(g->catalog, e->serial);
	/* Gone, or waiting to be started again. */
	if (r < 0 || !logdir_has(&v.summary)) {
		forget(d, e);
		return;
	}
	r = run_view_open_dir(g, &v);
	if (r == 0)
		r = update_run(d, e, &v);
	if (r < 0 && !e->warned)
		warning("run %.8s is not shown, or not all of it: %s", v.id, strerror(-r));
	e->warned = r < 0;
}

/* --- all of them ------------------------------------------------------------ */

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->serial < y->serial ? -1 : x->serial > y->serial;
}

/* The entries of these runs: what is known is taken over, what is not wanted any more removed. */
static int merge(struct logdir *d, const struct selected *runs)
{
	struct entry *entries = calloc(runs->n + 1, sizeof(*entries));
	size_t old = 0, n = 0;

	if (!entries)
		return complain("out of memory");
	for (size_t i = 0; i < runs->n; i++)
		entries[i].serial = runs->serials[i];
	qsort(entries, runs->n, sizeof(*entries), compare_entries);
	for (size_t i = 0; i < runs->n; i++) {
		if (n && entries[n - 1].serial == entries[i].serial)
			continue;
		entries[n++].serial = entries[i].serial;
	}
	for (size_t i = 0; i < n; i++) {
		for (; old < d->n && d->entries[old].serial < entries[i].serial; old++)
			forget(d, &d->entries[old]);
		if (old < d->n && d->entries[old].serial == entries[i].serial) {
			entries[i] = d->entries[old];
			d->entries[old++] = (struct entry){0};
		}
	}
	for (; old < d->n; old++)
		forget(d, &d->entries[old]);
	entries_free(d->entries, d->n);
	d->entries = entries;
	d->n = n;
	return EXIT_OK;
}

int logdir_update(struct logdir *d, struct guild *g, const struct selected *runs)
{
	const struct logdir_options *options = d->options;
	int status = merge(d, runs);

	for (size_t i = 0; status == EXIT_OK && i < d->n && options->go_on(options->arg); i++)
		update_entry(d, g, &d->entries[i]);
	return status;
}
