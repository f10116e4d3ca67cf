/* SPDX-License-Identifier: MIT */
/*
 * guild publish: runs for others to read, in a directory that can be put on a web site or into a
 * repository. Each is made aside and takes its place by one rename; an interruption leaves those
 * that are done, and an index of them.
 */
#include "guild.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "term/progress.h"
#include "publish/publish_report.h"
#include "publish/publish_template.h"
#include "base/file_walk.h"
#include "base/partial.h"
#include "run/transfer.h"
#include "yaml/yaml.h"

#define DEFAULT_DEST "published-runs"
#define INDEX        "README.md"

struct publish_options {
	struct selection sel;
	const char *dest, *template, *index_template;
	bool files, all_files, links, no_md5, include_batch, refresh, yes;
};

#define OPTION(member, n, s, v, h, k)                                                              \
	{                                                                                          \
		.name = n, .short_name = s, .value = v, .help = h, .kind = k,                      \
		.offset = offsetof(struct publish_options, member)                                 \
	}

static const struct option_def publish_options[] = {
	OPTION(dest, "--dest", "-d", "DIR", "where to (default: " DEFAULT_DEST ")", OPTION_VALUE),
	OPTION(template, "--template", "-t", "DIR", "a Jinja template in place of the README",
		OPTION_VALUE),
	OPTION(index_template, "--index-template", "-i", "PATH", "the same for the index of runs",
		OPTION_VALUE),
	OPTION(files, "--files", "-f", NULL, "also run files, as the operation says", OPTION_FLAG),
	OPTION(all_files, "--all-files", "-a", NULL, "also all run files", OPTION_FLAG),
	OPTION(links, "--include-links", "-L", NULL, "run files behind links, too", OPTION_FLAG),
	OPTION(no_md5, "--no-md5", NULL, NULL, "no digests in the lists of files", OPTION_FLAG),
	OPTION(include_batch, "--include-batch", NULL, NULL, "also batches", OPTION_FLAG),
	OPTION(refresh, "--refresh-index", "-r", NULL, "only make the index again", OPTION_FLAG),
	OPTION(yes, "--yes", "-y", NULL, "do not ask", OPTION_FLAG),
	{.more = selection_options, .more_offset = offsetof(struct publish_options, sel)},
	{0},
};

static void release(void *options)
{
	selection_release(&((struct publish_options *)options)->sel);
}

struct publishing {
	struct guild *g;
	const struct publish_options *o;
	const char *shown; /* the destination as the user calls it */
	struct buf dest, index_template;
	int fd; /* of the destination */
	struct partial partial;
	struct progress progress;
	struct publish_defs defs;
	struct renderer renderer;
	size_t done;
};

/* --- sizes ---------------------------------------------------------------- */

static int add_size(void *arg, const struct walk_entry *e)
{
	uint64_t *size = arg;

	if (S_ISREG(e->st.st_mode) && !e->is_link)
		*size += (uint64_t)e->st.st_size;
	return 0;
}

static void print_size(int dirfd, struct buf *b)
{
	uint64_t size = 0;

	file_walk(dirfd, false, add_size, &size);
	report_size(b, size);
}

/* --- the index ------------------------------------------------------------ */

/* Without quotes 1:00:12 is a number to YAML, and Guild AI writes it so. */
static int mend_time(struct value *run)
{
	const struct value *time = value_get(run, "time");

	if (!time || time->type == VALUE_STRING || value_is_null(time) || !time->source)
		return 0;
	return value_map_set(run, "time", value_string(time->source));
}

static int add_published(struct value *runs, int dest_fd, const char *name)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	struct value *run = NULL;
	struct err err = ERR_INIT;
	int r;

	buf_printf(&path, "%s/run.yml", name);
	r = yaml_parse_file(dest_fd, buf_str(&path), &run, &err);
	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r < 0 || run->type != VALUE_MAP) {
		warning("%s is not in the index: %s", buf_str(&path),
			r < 0 ? err_text(&err) : "it is not a mapping");
		value_free(run);
		return r == -ENOMEM ? r : 0;
	}
	r = mend_time(run);
	if (r == 0)
		return value_list_add(runs, run);
	value_free(run);
	return r;
}

/* Newest first. Guild AI 0.9.0 does not write the exact time. */
static int compare_started(const void *a, const void *b)
{
	const struct value *const *x = a, *const *y = b;
	const char *one = value_str(value_get(*x, "started"));
	const char *other = value_str(value_get(*y, "started"));
	int64_t one_epoch = 0, other_epoch = 0;
	int r = strcmp(other ? other : "", one ? one : "");

	value_as_int(value_get(*x, "started_epoch"), &one_epoch);
	value_as_int(value_get(*y, "started_epoch"), &other_epoch);
	return r ? r : (other_epoch > one_epoch) - (other_epoch < one_epoch);
}

static int read_published(int dest_fd, struct value **ret)
{
	_cleanup_strv_ struct strv names = STRV_INIT;
	int r = file_names(dest_fd, ".", &names);

	*ret = value_list();
	if (r == 0 && !*ret)
		r = -ENOMEM;
	strv_sort(&names);
	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = add_published(*ret, dest_fd, names.v[i]);
	if (r == 0 && (*ret)->list.n)
		qsort((*ret)->list.items, (*ret)->list.n, sizeof(struct value *), compare_started);
	return r;
}

static int refresh_index(struct publishing *p)
{
	_cleanup_value_ struct value *runs = NULL;
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	int r = read_published(p->fd, &runs);

	if (r == 0 && p->index_template.len)
		r = template_render_index(
			&p->renderer, buf_str(&p->index_template), runs, &text, &err);
	else if (r == 0)
		report_index(&text, runs);
	if (r == 0)
		r = buf_error(&text);
	if (r == 0)
		r = file_write(p->fd, INDEX, text.data, text.len, 0666, FILE_NOSYNC);
	if (r == 0)
		return EXIT_OK;
	progress_clear(&p->progress);
	return complain("error refreshing index: %s", err.code ? err_text(&err) : strerror(-r));
}

/* --- one run -------------------------------------------------------------- */

static int write_readme(const struct published_run *run, int into_fd)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r;

	report_readme(&text, run, into_fd);
	r = buf_error(&text);
	return r < 0 ? r : file_create(into_fd, INDEX, text.data, text.len, 0666);
}

static int write_report(struct publishing *p, const char *id, const struct publish_def *def,
	const struct published_run *run, int into_fd, struct err *err)
{
	const char *name = p->o->template ? p->o->template : def->template;
	_cleanup_buf_ struct buf dir = BUF_INIT, into = BUF_INIT;
	int r;

	if (!name || strcmp(name, TEMPLATE_DEFAULT) == 0) {
		r = write_readme(run, into_fd);
		return r < 0 ? err_set(err, r, "cannot write " INDEX ": %s", strerror(-r)) : 0;
	}
	r = template_find(p->g, name, def, &dir, err);
	if (r < 0)
		return r;
	buf_printf(&into, "%s/%s/%s", buf_str(&p->dest), p->partial.path, id);
	return template_render(&p->renderer, buf_str(&dir), run, into_fd, buf_str(&into), err);
}

static int watch(void *arg, uint64_t bytes)
{
	return progress_go_on(arg, bytes) ? 0 : -EINTR;
}

static struct publish_how how_to(struct publishing *p)
{
	const struct publish_options *o = p->o;

	return (struct publish_how){.files = o->all_files           ? PUBLISH_ALL_FILES
					     : o->files || o->links ? PUBLISH_CHOSEN_FILES
								    : PUBLISH_NO_FILES,
		.links = o->links,
		.md5 = !o->no_md5,
		.watcher = {watch, &p->progress}};
}

/* Into a directory that nobody sees yet. */
static int make_aside(
	struct publishing *p, const struct run_view *v, struct buf *ret_size, struct err *err)
{
	_cleanup_publish_def_ struct publish_def def = {0};
	_cleanup_published_run_ struct published_run run = {0};
	const struct publish_how how = how_to(p);
	_cleanup_close_ int into = -1;
	int r = mkdirat(p->partial.fd, v->id, 0777) < 0 ? -errno : 0;

	if (r == 0) {
		into = openat(
			p->partial.fd, v->id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		r = into < 0 ? -errno : 0;
	}
	if (r < 0)
		return err_set(err, r, "cannot make a directory for it: %s", strerror(-r));
	r = publish_def_find(&p->defs, &v->summary.opref, &def, err);
	if (r == 0)
		r = publish_run(v, into, &def, &how, &run, err);
	if (r == 0)
		r = write_report(p, v->id, &def, &run, into, err);
	if (r == 0)
		print_size(into, ret_size);
	return r;
}

static int publish_one(struct publishing *p, uint64_t serial)
{
	_cleanup_run_view_ struct run_view v = RUN_VIEW_INIT;
	_cleanup_buf_ struct buf operation = BUF_INIT, size = BUF_INIT;
	struct err err = ERR_INIT;
	int r;

	if (run_view_open(p->g, serial, &v) != EXIT_OK)
		return EXIT_ERROR;
	run_field(&v, "operation", &operation);
	r = make_aside(p, &v, &size, &err);
	if (r == 0) {
		r = partial_replace(&p->partial, v.id, p->fd, v.id);
		if (r < 0)
			err_set(&err, r, "cannot put it into %s: %s", p->shown, strerror(-r));
	}
	progress_clear(&p->progress);
	if (r == -EINTR)
		return complain("interrupted; %zu run(s) are published", p->done);
	if (r < 0)
		return complain("error publishing run %s:\n%s", v.id, err_text(&err));
	p->done++;
	printf("Publishing [%.8s] %s... using %s\n", v.id, buf_str(&operation), buf_str(&size));
	fflush(stdout);
	return EXIT_OK;
}

/* --- all of them ---------------------------------------------------------- */

static int publish_selected(struct publishing *p, const struct selected *runs)
{
	int status = EXIT_OK, r = partial_begin(p->fd, &p->partial);

	if (r < 0)
		return complain("cannot write to %s: %s", p->shown, strerror(-r));
	for (size_t i = 0; status == EXIT_OK && i < runs->n; i++) {
		p->progress.done = i;
		status = publish_one(p, runs->serials[i]);
	}
	partial_end(&p->partial);
	return status;
}

static void leave_batches_out(struct guild *g, struct selected *runs)
{
	size_t n = 0;

	for (size_t i = 0; i < runs->n; i++) {
		_cleanup_run_view_ struct run_view v = RUN_VIEW_INIT;

		if (run_view_list(g, runs->serials[i], &v) == 0 && v.summary.proto)
			continue;
		runs->serials[n++] = runs->serials[i];
	}
	runs->n = n;
}

static int choose(const struct publishing *p, const struct strv *args, struct selected *runs)
{
	_cleanup_buf_ struct buf heading = BUF_INIT;
	int r = select_runs(p->g, &p->o->sel, args, SELECT_ALL, runs);

	if (r == EXIT_OK && !p->o->include_batch)
		leave_batches_out(p->g, runs);
	if (r == EXIT_OK && !runs->n)
		fputs("No runs to publish.\n", stderr);
	if (r != EXIT_OK || !runs->n || p->o->yes)
		return r;
	buf_printf(&heading, "You are about to publish the following run(s) to %s:", p->shown);
	r = select_preview(p->g, buf_str(&heading), runs);
	return r == EXIT_OK ? confirm("Continue?", true) : r;
}

static int open_dest(struct publishing *p)
{
	int r = 0;

	if (p->o->refresh)
		p->fd = open(buf_str(&p->dest), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	else
		r = transfer_make_dir(buf_str(&p->dest), &p->fd);
	if (r == 0 && p->fd < 0)
		r = -errno;
	if (r == -ENOENT && p->o->refresh)
		return complain("%s does not exist: nothing has been published there", p->shown);
	return r < 0 ? complain("cannot use the directory %s: %s", p->shown, strerror(-r))
		     : EXIT_OK;
}

static int publish_all(struct publishing *p, const struct selected *runs)
{
	int status = EXIT_OK, r;

	progress_begin(&p->progress, runs->n);
	if (!p->o->refresh)
		status = publish_selected(p, runs);
	/* Also when something failed: what has been published is to be found. */
	if (status == EXIT_OK)
		printf("Refreshing runs index%s%s\n", p->o->refresh ? " in " : "",
			p->o->refresh ? p->shown : "");
	r = status == EXIT_OK || p->done ? refresh_index(p) : EXIT_OK;
	status = status == EXIT_OK ? r : status;
	if (status == EXIT_OK) {
		_cleanup_buf_ struct buf size = BUF_INIT;

		print_size(p->fd, &size);
		printf("Published runs using %s\n", buf_str(&size));
	}
	progress_end(&p->progress);
	return status;
}

static int find_index_template(struct publishing *p)
{
	const char *name = p->o->index_template;
	struct stat st;

	if (!name)
		return EXIT_OK;
	buf_printf(&p->index_template, "%s%s%s", *name == '/' ? "" : p->g->cwd,
		*name == '/' ? "" : "/", name);
	if (stat(buf_str(&p->index_template), &st) < 0)
		return complain("index template '%s' does not exist", buf_str(&p->index_template));
	if (!S_ISDIR(st.st_mode))
		return EXIT_OK;
	buf_puts(&p->index_template, "/" INDEX);
	return stat(buf_str(&p->index_template), &st) == 0
		       ? EXIT_OK
		       : complain("index template '%s' is missing " INDEX, name);
}

static int prepare(struct publishing *p)
{
	const struct publish_options *o = p->o;

	if (o->files && o->all_files)
		return complain("--files and --all-files cannot both be used");
	p->shown = o->dest ? o->dest : DEFAULT_DEST;
	buf_printf(&p->dest, "%s%s%s", *p->shown == '/' ? "" : p->g->cwd,
		*p->shown == '/' ? "" : "/", p->shown);
	return find_index_template(p);
}

static int publish(struct guild *g, void *options, const struct strv *args)
{
	struct publishing p = {.g = g,
		.o = options,
		.fd = -1,
		.partial = PARTIAL_INIT,
		.defs = {.g = g},
		.renderer = {.g = g, .progress = &p.progress}};
	_cleanup_selected_ struct selected runs = {0};
	int r = prepare(&p);

	if (r == EXIT_OK)
		r = guild_open_home(g);
	if (r == EXIT_OK && !p.o->refresh)
		r = choose(&p, args, &runs);
	if (r == EXIT_OK && (runs.n || p.o->refresh)) {
		r = open_dest(&p);
		if (r == EXIT_OK)
			r = publish_all(&p, &runs);
	}
	renderer_release(&p.renderer);
	publish_defs_release(&p.defs);
	if (p.fd >= 0)
		close(p.fd);
	buf_release(&p.dest);
	buf_release(&p.index_template);
	return r;
}

const struct command cmd_publish = {
	.name = "publish",
	.in_runs = true,
	.usage = "publish [OPTION]... [RUN]...",
	.summary = "Make a directory of runs for others to read",
	.options = publish_options,
	.options_size = sizeof(struct publish_options),
	.run = publish,
	.release = release,
};
