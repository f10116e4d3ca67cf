/* SPDX-License-Identifier: MIT */
/* Data files of a published run, and copies of its files. */
#include "publish/publish_run.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "guild.h"
#include "base/array.h"
#include "base/csv.h"
#include "base/file_walk.h"
#include "base/name.h"
#include "base/natural.h"
#include "run/attr.h"
#include "run/manifest.h"
#include "yaml/scalar.h"
#include "yaml/yaml.h"

static void release_files(struct published_files *files)
{
	for (size_t i = 0; i < files->n; i++) {
		free(files->v[i].path);
		free(files->v[i].copy);
	}
	free(files->v);
}

void published_run_release(struct published_run *p)
{
	value_free(p->run);
	value_free(p->flags);
	scalars_free(p->scalars);
	release_files(&p->source);
	release_files(&p->files);
}

/* --- what is said of it --------------------------------------------------- */

static int set_text(struct value *run, const char *name, const struct run_view *v)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	run_field(v, name, &text);
	return buf_error(&text) ? -ENOMEM : value_map_set(run, name, value_string(buf_str(&text)));
}

/* "2026-11-23 21:05:07 UTC", and the same in microseconds since the epoch. */
static int set_time(struct value *run, const char *name, const char *epoch_name, int64_t usec)
{
	time_t seconds = (time_t)(usec / 1000000);
	char text[64] = "";
	struct tm tm;
	int r;

	if (usec && gmtime_r(&seconds, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);
	r = value_map_set(run, name, *text ? value_string(text) : value_null());
	if (r == 0)
		r = value_map_set(run, epoch_name, usec ? value_int(usec) : value_null());
	return r;
}

static int set_duration(struct value *run, const struct run_view *v)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	run_field(v, "duration", &text);
	return value_map_set(run, "time", text.len ? value_string(buf_str(&text)) : value_null());
}

static struct value *describe(const struct run_view *v)
{
	const struct run_summary *s = &v->summary;
	struct value *run = value_map();
	int r = run ? 0 : -ENOMEM;

	if (r == 0)
		r = set_text(run, "id", v);
	if (r == 0)
		r = set_text(run, "operation", v);
	if (r == 0)
		r = set_text(run, "status", v);
	if (r == 0)
		r = set_time(run, "started", "started_epoch", s->started);
	if (r == 0)
		r = set_time(run, "stopped", "stopped_epoch", s->stopped);
	if (r == 0)
		r = set_duration(run, v);
	if (r == 0)
		r = set_text(run, "marked", v);
	if (r == 0)
		r = value_map_set(run, "label", *s->label ? value_string(s->label) : value_null());
	if (r == 0)
		r = set_text(run, "command", v);
	if (r == 0)
		r = value_map_set(run, "exit_status",
			s->has_exit_status ? value_int(s->exit_status) : value_string(""));
	if (r == 0)
		return run;
	value_free(run);
	return NULL;
}

/* --- which files it has --------------------------------------------------- */

static void set_stat(struct published_file *f, const struct stat *st, bool is_link)
{
	f->exists = st != NULL;
	if (!st) {
		f->type = is_link ? "link" : "";
		return;
	}
	if (S_ISREG(st->st_mode))
		f->type = is_link ? "file link" : "file";
	else if (S_ISDIR(st->st_mode))
		f->type = is_link ? "dir link" : "dir";
	else
		f->type = is_link ? "other link" : "other";
	f->size = st->st_size;
	f->mtime = (int64_t)st->st_mtim.tv_sec * 1000000 + st->st_mtim.tv_nsec / 1000;
}

/* What cannot be read has no digest. */
static int set_md5(
	struct published_file *f, int run_fd, const struct stat *st, const struct publish_how *how)
{
	int r = 0;

	if (how->md5 && st && S_ISREG(st->st_mode))
		r = digest_file(DIGEST_MD5, run_fd, f->path, &how->watcher, f->md5);
	if (r < 0)
		f->md5[0] = '\0';
	return r == -EINTR || r == -ENOMEM ? r : 0;
}

/* Takes `copy` over. `st` is that of what is there, also behind a link; NULL: nothing is. */
static int add_file(struct published_files *files, int run_fd, const char *path,
	const struct stat *st, bool is_link, char *copy, const struct publish_how *how)
{
	struct published_file *f;

	if (array_grow(&files->v, files->n, &files->cap, sizeof(*files->v)) < 0) {
		free(copy);
		return -ENOMEM;
	}
	f = &files->v[files->n++];
	*f = (struct published_file){.path = strdup(path), .copy = copy};
	if (!f->path)
		return -ENOMEM;
	set_stat(f, st, is_link);
	return set_md5(f, run_fd, st, how);
}

static int compare_files(const void *a, const void *b)
{
	const struct published_file *x = a, *y = b;

	return natural_compare(x->path, y->path);
}

static void sort_files(struct published_files *files)
{
	if (files->n)
		qsort(files->v, files->n, sizeof(*files->v), compare_files);
}

/* Below where the source code is in the run: that is what the copies are in sourcecode/. */
static char *source_copy(const char *path, const char *dest)
{
	_cleanup_buf_ struct buf copy = BUF_INIT;
	size_t len = strlen(dest);

	if (strncmp(path, dest, len) != 0)
		return NULL;
	buf_printf(&copy, "sourcecode/%s", path + len);
	return buf_steal(&copy, NULL);
}

static int find_source(int run_fd, const struct strv *paths, const struct publish_how *how,
	struct published_run *p)
{
	_cleanup_buf_ struct buf dest = BUF_INIT;
	int r = 0;

	run_source_dest(run_fd, &dest);
	for (size_t i = 0; r == 0 && i < paths->n; i++) {
		const char *path = paths->v[i];
		struct stat st, own;
		bool exists, is_link;

		if (!name_is_safe_path(path))
			continue;
		exists = fstatat(run_fd, path, &st, 0) == 0;
		is_link = fstatat(run_fd, path, &own, AT_SYMLINK_NOFOLLOW) == 0 &&
			  S_ISLNK(own.st_mode);
		r = add_file(&p->source, run_fd, path, exists ? &st : NULL, is_link,
			exists && S_ISREG(st.st_mode) ? source_copy(path, buf_str(&dest)) : NULL,
			how);
	}
	sort_files(&p->source);
	return r;
}

struct finding {
	int run_fd;
	const struct strv *source; /* sorted */
	const struct publish_def *def;
	const struct publish_how *how;
	struct published_files *files;
	struct buf left_out; /* a directory of which nothing is copied, with a slash */
};

static bool is_wanted(const struct finding *f, const char *path, bool is_link)
{
	enum publish_choice choice = f->how->files == PUBLISH_CHOSEN_FILES
					     ? publish_def_choose(f->def, path)
					     : PUBLISH_NOT_SAID;

	if (choice != PUBLISH_NOT_SAID)
		return choice == PUBLISH_INCLUDED;
	return !is_link || f->how->links;
}

static bool is_left_out(const struct finding *f, const char *path)
{
	return f->left_out.len && strncmp(path, f->left_out.data, f->left_out.len) == 0;
}

/* Listed are files wherever they are; copied, only those of directories that are chosen. */
static int visit_dir(struct finding *f, const struct walk_entry *e)
{
	const char *name = strrchr(e->path, '/') ? strrchr(e->path, '/') + 1 : e->path;
	bool linked = e->is_link && !f->how->links;

	if (strcmp(name, RUN_GUILD_DIR) == 0)
		return WALK_PASS_BY;
	if (is_left_out(f, e->path) || (!linked && is_wanted(f, e->path, false)))
		return 0;
	buf_clear(&f->left_out);
	buf_printf(&f->left_out, "%s/", e->path);
	return buf_error(&f->left_out);
}

static int visit(void *arg, const struct walk_entry *e)
{
	struct finding *f = arg;
	bool leads_nowhere = S_ISLNK(e->st.st_mode), copied;
	_cleanup_buf_ struct buf copy = BUF_INIT;
	int r = f->how->watcher.copied(f->how->watcher.arg, 0);

	if (r < 0)
		return r;
	if (S_ISDIR(e->st.st_mode))
		return visit_dir(f, e);
	if (strv_has_sorted(f->source, e->path))
		return 0;
	copied = f->how->files != PUBLISH_NO_FILES && !f->def->no_files && S_ISREG(e->st.st_mode) &&
		 !is_left_out(f, e->path) && is_wanted(f, e->path, e->is_link);
	if (copied)
		buf_printf(&copy, "runfiles/%s", e->path);
	if (buf_error(&copy))
		return -ENOMEM;
	return add_file(f->files, f->run_fd, e->path, leads_nowhere ? NULL : &e->st, e->is_link,
		copied ? buf_steal(&copy, NULL) : NULL, f->how);
}

static int find_files(int run_fd, struct strv *source, const struct publish_def *def,
	const struct publish_how *how, struct published_run *p)
{
	struct finding f = {.run_fd = run_fd,
		.source = source,
		.def = def,
		.how = how,
		.files = &p->files,
		.left_out = BUF_INIT};
	int r;

	strv_sort(source);
	r = file_walk(run_fd, true, visit, &f);
	buf_release(&f.left_out);
	sort_files(&p->files);
	return r;
}

/* --- writing it ----------------------------------------------------------- */

static int copy_files(int run_fd, int into_fd, struct published_files *files,
	const struct publish_how *how, struct err *err)
{
	for (size_t i = 0; i < files->n; i++) {
		struct published_file *f = &files->v[i];
		int r = f->copy ? file_mkdirs_above(into_fd, f->copy, 0777) : 0;

		if (r == 0 && f->copy)
			r = file_copy_watched(run_fd, f->path, into_fd, f->copy, &how->watcher);
		if (r == -ENOENT || r == -EACCES) {
			warning("could not copy %s: %s", f->path, strerror(-r));
			free(f->copy);
			f->copy = NULL;
			r = 0;
		}
		if (r < 0)
			return r == -EINTR ? r
					   : err_set(err, r, "cannot copy %s: %s", f->path,
						     strerror(-r));
	}
	return 0;
}

static int write_text(int into_fd, const char *name, const struct buf *text, struct err *err)
{
	int r = buf_error(text);

	if (r == 0)
		r = file_create(into_fd, name, text->data, text->len, 0666);
	return r < 0 ? err_set(err, r, "cannot write %s: %s", name, strerror(-r)) : 0;
}

static int write_yaml(int into_fd, const char *name, const struct value *v, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	yaml_emit_utf8(&text, v);
	return write_text(into_fd, name, &text, err);
}

static int write_file_list(
	int into_fd, const char *name, const struct published_files *files, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	buf_puts(&text, "path,type,size,mtime,md5\n");
	for (size_t i = 0; i < files->n; i++) {
		const struct published_file *f = &files->v[i];

		csv_field(&text, f->path);
		buf_printf(&text, ",%s,", f->type);
		if (f->exists)
			buf_printf(&text, "%" PRId64 ",%" PRId64, f->size, f->mtime);
		else
			buf_putc(&text, ',');
		buf_printf(&text, ",%s\n", f->md5);
	}
	return write_text(into_fd, name, &text, err);
}

static void add_number(struct buf *b, double number)
{
	buf_putc(b, ',');
	if (!isnan(number))
		scalar_format_float(b, number);
}

static void add_point(struct buf *b, const struct series_point *point)
{
	add_number(b, point->value);
	buf_printf(b, ",%" PRId64, point->step);
}

static int write_scalars(int into_fd, const struct scalars *scalars, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	size_t n;
	const struct scalar *list = scalars_list(scalars, &n);

	buf_puts(&text, "prefix,tag,count,total,avg_val,first_val,first_step,last_val,last_step,"
			"min_val,min_step,max_val,max_step\n");
	for (size_t i = 0; i < n; i++) {
		const struct series_summary *s = &list[i].series->summary;

		csv_field(&text, list[i].prefix);
		buf_putc(&text, ',');
		csv_field(&text, list[i].series->tag);
		buf_printf(&text, ",%" PRIu64, s->count);
		add_number(&text, s->total);
		add_number(&text, series_avg(s));
		add_point(&text, &s->first);
		add_point(&text, &s->last);
		add_point(&text, &s->min);
		add_point(&text, &s->max);
		buf_putc(&text, '\n');
	}
	return write_text(into_fd, "scalars.csv", &text, err);
}

static int copy_output(int run_fd, int into_fd, const struct publish_how *how, struct err *err)
{
	int r = file_copy_watched(
		run_fd, RUN_GUILD_DIR "/output", into_fd, "output.txt", &how->watcher);

	if (r == 0 || r == -ENOENT || r == -EINTR)
		return r == -EINTR ? r : 0;
	return err_set(err, r, "cannot copy its output: %s", strerror(-r));
}

static int write_data(int into_fd, const struct published_run *p, struct err *err)
{
	int r = write_yaml(into_fd, "run.yml", p->run, err);

	if (r == 0)
		r = write_yaml(into_fd, "flags.yml", p->flags, err);
	if (r == 0)
		r = write_scalars(into_fd, p->scalars, err);
	if (r == 0)
		r = write_file_list(into_fd, "sourcecode.csv", &p->source, err);
	if (r == 0)
		r = write_file_list(into_fd, "runfiles.csv", &p->files, err);
	return r;
}

/* --- all of it ------------------------------------------------------------ */

static int look(const struct run_view *v, const struct publish_def *def,
	const struct publish_how *how, struct published_run *p)
{
	_cleanup_strv_ struct strv source = STRV_INIT, problems = STRV_INIT;
	int r;

	p->run = describe(v);
	p->flags = attr_read_or_empty(v->fd, "flags", VALUE_MAP);
	if (!p->run || !p->flags)
		return -ENOMEM;
	r = scalars_read(SCALARS_SUMMARIES, v->fd, &p->scalars, &problems);
	for (size_t i = 0; i < problems.n; i++)
		warning("run %.8s: %s", v->id, problems.v[i]);
	if (r == 0)
		r = manifest_paths(v->fd, 's', &source);
	if (r == 0)
		r = find_source(v->fd, &source, how, p);
	return r < 0 ? r : find_files(v->fd, &source, def, how, p);
}

int publish_run(const struct run_view *v, int into_fd, const struct publish_def *def,
	const struct publish_how *how, struct published_run *ret, struct err *err)
{
	int r;

	*ret = (struct published_run){0};
	r = look(v, def, how, ret);
	if (r < 0)
		return r == -EINTR ? r : err_set(err, r, "cannot read it: %s", strerror(-r));
	r = copy_output(v->fd, into_fd, how, err);
	if (r == 0)
		r = copy_files(v->fd, into_fd, &ret->source, how, err);
	if (r == 0)
		r = copy_files(v->fd, into_fd, &ret->files, how, err);
	return r < 0 ? r : write_data(into_fd, ret, err);
}
