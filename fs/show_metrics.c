/* SPDX-License-Identifier: MIT */
/*
 * A run's numbers as files: metrics/ (the last value), scalars/ (every sample) and plots/ (the
 * curve) are the same tree of names with another ending and another text, and scalars.csv has all.
 * Where a tag is also the beginning of other tags, its file is called <tag>%value.
 */
#include "show.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "guildfs.h"
#include "listing.h"
#include "run_scalars.h"
#include "things.h"
#include "tree.h"
#include "walk.h"
#include "base/clock.h"
#include "base/csv.h"
#include "metrics/plot.h"
#include "yaml/scalar.h"

#define VALUE_END "%value"

/* One of the three trees: how its files end, and what files and directories in it are. */
struct kind {
	const struct dynamic *children;
	const char *ending;
	struct row *file, *dir;
};

static const struct kind kinds[] = {
	{&metrics_children, "", tree_metric, tree_metric_dir},
	{&scalars_children, ".tsv", tree_samples, tree_samples_dir},
	{&plots_children, ".svg", tree_plot, tree_plot_dir},
};

static const struct kind *kind_of(const struct place *dir)
{
	const struct kind *kind = kinds;

	while (kind->children != dir->row->dynamic)
		kind++;
	return kind;
}

/* --- names ---------------------------------------------------------------- */

/* The beginning of every path in the directory: "" or "train/". */
static void print_stem(const struct place *dir, struct buf *b)
{
	const char *path = things_interned(dir->fs->things, dir->slot);

	if (path)
		buf_printf(b, "%s/", path);
}

static bool has_directory(const struct scalars_view *view, const char *path)
{
	_cleanup_buf_ struct buf stem = BUF_INIT;
	size_t at;

	buf_printf(&stem, "%s/", path);
	at = scalars_view_find(view, buf_str(&stem));
	return at < view->n && strncmp(view->names[at].path, buf_str(&stem), stem.len) == 0;
}

/* What the file of a scalar is called in its directory. */
static void print_name(const struct scalars_view *view, const struct kind *kind, const char *stem,
	const char *base, struct buf *b)
{
	_cleanup_buf_ struct buf path = BUF_INIT;

	buf_printf(&path, "%s%s%s", stem, base, kind->ending);
	buf_puts(b, base);
	buf_puts(b, has_directory(view, buf_str(&path)) ? VALUE_END : "");
	buf_puts(b, kind->ending);
}

static int make_place(
	const struct place *dir, const struct row *row, const char *path, struct place *ret)
{
	*ret = place_at(dir, row);
	ret->slot = things_intern(dir->fs->things, path);
	return ret->slot ? 0 : -ENOMEM;
}

/* The entry at *at, which becomes where the next one is. */
static int list_entry(const struct place *dir, const struct scalars_view *view,
	const struct kind *kind, const struct buf *stem, size_t *at, struct listing *out)
{
	const char *rest = view->names[*at].path + stem->len;
	size_t len = strcspn(rest, "/");
	_cleanup_buf_ struct buf name = BUF_INIT, path = BUF_INIT;
	struct place p;
	int r;

	buf_printf(&path, "%.*s", (int)(stem->len + len), view->names[*at].path);
	if (!rest[len]) {
		print_name(view, kind, buf_str(stem), rest, &name);
		r = make_place(dir, kind->file, buf_str(&path), &p);
		++*at;
	} else {
		buf_add(&name, rest, len);
		r = make_place(dir, kind->dir, buf_str(&path), &p);
		/* All that is in it begins with the name and a slash, which 0 comes next to. */
		buf_putc(&path, '/' + 1);
		*at = scalars_view_find(view, buf_str(&path));
	}
	if (r == 0)
		listing_add(out, buf_str(&name), &p);
	return r;
}

static int list(const struct place *dir, struct listing *out)
{
	const struct kind *kind = kind_of(dir);
	_cleanup_scalars_view_ struct scalars_view view = SCALARS_VIEW_INIT;
	_cleanup_buf_ struct buf stem = BUF_INIT;
	int r = scalars_view_open(dir, &view);

	if (r < 0)
		return r;
	print_stem(dir, &stem);
	for (size_t at = scalars_view_find(&view, buf_str(&stem));
		r == 0 && at < view.n &&
		strncmp(view.names[at].path, buf_str(&stem), stem.len) == 0;)
		r = list_entry(dir, &view, kind, &stem, &at, out);
	return r < 0 ? r : listing_error(out);
}

static bool drop_end(struct buf *b, const char *end)
{
	size_t len = strlen(end);

	if (b->len < len || strcmp(b->data + b->len - len, end) != 0)
		return false;
	buf_resize(b, b->len - len);
	return true;
}

static int find(const struct place *dir, const char *name, struct place *ret)
{
	const struct kind *kind = kind_of(dir);
	_cleanup_scalars_view_ struct scalars_view view = SCALARS_VIEW_INIT;
	_cleanup_buf_ struct buf path = BUF_INIT, stem = BUF_INIT, shown = BUF_INIT;
	size_t at;
	int r = scalars_view_open(dir, &view);

	if (r < 0)
		return r;
	print_stem(dir, &stem);
	buf_printf(&path, "%s%s", buf_str(&stem), name);
	if (has_directory(&view, buf_str(&path)))
		return make_place(dir, kind->dir, buf_str(&path), ret);
	if (!drop_end(&path, kind->ending))
		return -ENOENT;
	drop_end(&path, VALUE_END);
	at = scalars_view_find(&view, buf_str(&path));
	if (at == view.n || strcmp(view.names[at].path, buf_str(&path)) != 0)
		return -ENOENT;
	print_name(&view, kind, buf_str(&stem), buf_str(&path) + stem.len, &shown);
	return strcmp(buf_str(&shown), name) == 0 ? make_place(dir, kind->file, buf_str(&path), ret)
						  : -ENOENT;
}

const struct dynamic metrics_children = {.list = list, .find = find, .name = "<tag>"};
const struct dynamic scalars_children = {.list = list, .find = find, .name = "<tag>.tsv"};
const struct dynamic plots_children = {.list = list, .find = find, .name = "<tag>.svg"};

/* --- texts ---------------------------------------------------------------- */

/* The scalar of a file; NULL, with a failed buffer, when it has gone. */
static const struct scalar *open_scalar(
	const struct place *p, struct scalars_view *view, struct buf *b)
{
	const char *path = things_interned(p->fs->things, p->slot);
	int r = path ? scalars_view_open(p, view) : -ESTALE;
	size_t at = r == 0 ? scalars_view_find(view, path) : 0;

	if (r == 0 && (at == view->n || strcmp(view->names[at].path, path) != 0))
		r = -ESTALE;
	if (r == 0)
		return view->names[at].scalar;
	buf_fail(b, r);
	return NULL;
}

static void print_sample(struct buf *b, const struct sample *s, char separator)
{
	buf_printf(b, "%lld%c", (long long)s->step, separator);
	scalar_format_float(b, s->value);
	buf_putc(b, separator);
	clock_format_utc(b, llround(s->time * 1e6));
	buf_putc(b, '\n');
}

void metric_value(const struct place *p, struct buf *b)
{
	_cleanup_scalars_view_ struct scalars_view view = SCALARS_VIEW_INIT;
	const struct scalar *scalar = open_scalar(p, &view, b);

	if (!scalar)
		return;
	scalar_format_float(b, scalar->series->summary.last.value);
	buf_putc(b, '\n');
}

void metric_samples(const struct place *p, struct buf *b)
{
	_cleanup_scalars_view_ struct scalars_view view = SCALARS_VIEW_INIT;
	const struct scalar *scalar = open_scalar(p, &view, b);

	if (!scalar)
		return;
	buf_puts(b, "step\tvalue\ttime\n");
	for (size_t i = 0; i < scalar->series->n; i++)
		print_sample(b, &scalar->series->samples[i], '\t');
}

void metric_plot(const struct place *p, struct buf *b)
{
	_cleanup_scalars_view_ struct scalars_view view = SCALARS_VIEW_INIT;
	const struct scalar *scalar = open_scalar(p, &view, b);

	if (scalar)
		plot_svg(b, scalar->key, scalar->series);
}

void run_scalars_csv(const struct place *p, struct buf *b)
{
	_cleanup_scalars_view_ struct scalars_view view = SCALARS_VIEW_INIT;
	int r = scalars_view_open(p, &view);

	if (r < 0) {
		buf_fail(b, r);
		return;
	}
	buf_puts(b, "tag,step,value,time\n");
	for (size_t i = 0; i < view.n; i++) {
		const struct series *series = view.names[i].scalar->series;
		_cleanup_buf_ struct buf tag = BUF_INIT;

		csv_field(&tag, view.names[i].scalar->key);
		for (size_t j = 0; j < series->n; j++) {
			buf_printf(b, "%s,", buf_str(&tag));
			print_sample(b, &series->samples[j], ',');
		}
	}
}
