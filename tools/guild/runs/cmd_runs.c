/* SPDX-License-Identifier: MIT */
/* guild runs list. */
#include "guild.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runs/archives.h"
#include "runs/select.h"
#include "term/table.h"
#include "run/attr.h"
#include "yaml/json.h"

enum { GROUP_ROWS = 20 };

struct list_options {
	struct selection sel;
	bool all, simple, deleted, comments, verbose, json;
	unsigned more;
	const char *limit, *archive;
};

#define OPTION(member, n, s, v, h, k)                                                              \
	{                                                                                          \
		.name = n, .short_name = s, .value = v, .help = h, .kind = k,                      \
		.offset = offsetof(struct list_options, member)                                    \
	}

static const struct option_def list_options[] = {
	OPTION(all, "--all", "-a", NULL, "show all runs, not only the first 20", OPTION_FLAG),
	OPTION(more, "--more", "-m", NULL, "show 20 more; may be repeated", OPTION_COUNT),
	OPTION(limit, "--limit", "-n", "N", "show at most N runs", OPTION_VALUE),
	OPTION(deleted, "--deleted", "-d", NULL, "show deleted runs", OPTION_FLAG),
	OPTION(archive, "--archive", "-A", "PATH",
		"show the runs of an archive: a directory, a zip file or a name", OPTION_VALUE),
	OPTION(comments, "--comments", "-c", NULL, "also the comments", OPTION_FLAG),
	OPTION(verbose, "--verbose", "-v", NULL, "also what is known of each run", OPTION_FLAG),
	OPTION(json, "--json", NULL, NULL, "as JSON", OPTION_FLAG),
	OPTION(simple, "--simplified", "-s", NULL, "operation, status and label only", OPTION_FLAG),
	{.more = selection_options, .more_offset = offsetof(struct list_options, sel)},
	{0},
};

static void release_list(void *options)
{
	selection_release(&((struct list_options *)options)->sel);
}

static int check(const struct list_options *o)
{
	char *end = NULL;

	if (o->limit && (strtol(o->limit, &end, 10) < 1 || *end)) {
		complain("'%s' is not a number of runs: expected 1 or more", o->limit);
		return EXIT_USAGE;
	}
	if (exclude("runs list", o->comments, "--comments", o->verbose, "--verbose") ||
		exclude("runs list", o->comments, "--comments", o->json, "--json") ||
		exclude("runs list", o->json, "--json", o->verbose, "--verbose") ||
		exclude("runs list", o->archive != NULL, "--archive", o->deleted, "--deleted") ||
		exclude("runs list", o->all, "--all", o->limit != NULL, "--limit"))
		return EXIT_ERROR;
	return EXIT_OK;
}

/* How many of n are shown; says so when these are not all that were asked for. */
static size_t limit_rows(const struct list_options *o, size_t n)
{
	size_t limit = GROUP_ROWS * (1 + (size_t)o->more);

	if (o->all)
		return n;
	if (o->limit) {
		limit = strtoul(o->limit, NULL, 10);
		return limit < n ? limit : n;
	}
	if (limit >= n)
		return n;
	fprintf(stderr,
		"Showing the first %zu runs (%zu total) - use --all to show all or -m to show "
		"more\n",
		limit, n);
	return limit;
}

/* --- JSON ----------------------------------------------------------------- */

/* An attribute as it is; null when there is none. */
static int set_attr(struct value *map, int run_fd, const char *name)
{
	struct value *v = NULL;

	if (attr_read(run_fd, name, &v, NULL) < 0)
		v = value_null();
	return value_map_set(map, name, v);
}

static struct value *describe(const struct run_view *v)
{
	static const char *const attrs[] = {
		"exit_status", "cmd", "comments", "marked", "label", "started", "stopped", "tags"};
	_cleanup_buf_ struct buf opref = BUF_INIT;
	struct value *map = value_map();
	int r = map ? 0 : -1;

	opref_format(&opref, &v->summary.opref);
	if (r == 0)
		r = value_map_set(map, "id", value_string(v->id));
	if (r == 0)
		r = value_map_set(map, "run_dir", value_string(buf_str(&v->path)));
	if (r == 0)
		r = value_map_set(map, "opref", value_string(buf_str(&opref)));
	if (r == 0)
		r = value_map_set(map, "status", value_string(run_status_name(v->summary.status)));
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(attrs); i++)
		r = set_attr(map, v->fd, attrs[i]);
	if (r == 0)
		return map;
	value_free(map);
	return NULL;
}

static int print_json(struct guild *g, const struct list_options *o, const struct selected *runs)
{
	_cleanup_value_ struct value *list = value_list();
	_cleanup_buf_ struct buf text = BUF_INIT;

	select_look_at_waiting(g, runs->serials, runs->n);
	if (o->limit || o->more || o->all)
		fputs("--json option always shows all runs\n", stderr);
	for (size_t i = 0; i < runs->n; i++) {
		_cleanup_run_view_ struct run_view v;
		int r = run_view_try(g, runs->serials[i], &v);

		if (r == -ENOENT)
			continue;
		if (r < 0)
			return complain("cannot read run %s: %s", v.id, strerror(-r));
		if (!list || value_list_add(list, describe(&v)) < 0)
			return complain("out of memory");
	}
	json_emit(&text, list);
	puts(buf_str(&text));
	return EXIT_OK;
}

/* --- rows ----------------------------------------------------------------- */

struct details {
	struct guild *g;
	const uint64_t *serials; /* of the rows */
};

static void print_fields(void *arg, size_t row)
{
	const struct details *d = arg;
	_cleanup_run_view_ struct run_view v;

	if (run_view_try(d->g, d->serials[row], &v) < 0)
		return;
	for (const char *const *name = run_fields; *name; name++) {
		_cleanup_buf_ struct buf text = BUF_INIT;

		run_field(&v, *name, &text);
		printf("  %s: %s\n", *name, buf_str(&text));
	}
}

static void print_comments(void *arg, size_t row)
{
	const struct details *d = arg;
	_cleanup_run_view_ struct run_view v;

	if (run_view_try(d->g, d->serials[row], &v) == 0)
		print_run_comments(v.fd, false);
}

static int print_rows(struct guild *g, const struct list_options *o, struct selected *runs)
{
	_cleanup_(table_release) struct table t = {
		.columns = o->simple ? SELECT_SIMPLE_COLUMNS : SELECT_COLUMNS};
	struct details details = {g, runs->serials};
	size_t limit = limit_rows(o, runs->n);

	/* With thousands in a queue, only those that are shown are worth the question. */
	select_look_at_waiting(g, runs->serials, limit);
	for (size_t i = 0; i < limit; i++) {
		size_t row = t.cells.n / t.columns;
		int r = (o->simple ? select_add_simple_row : select_add_row)(
			g, runs->serials[i], runs->indexes[i], &t);

		if (r < 0)
			return complain("cannot read a run: %s", strerror(-r));
		/* A run that is gone by now has no row. */
		runs->serials[row] = runs->serials[i];
	}
	if (o->verbose || o->comments)
		table_print_detailed(&t, o->verbose ? print_fields : print_comments, &details);
	else
		table_print(&t, "", stdout);
	return EXIT_OK;
}

static int list_in(struct guild *g, const struct list_options *o, const struct strv *args)
{
	_cleanup_selected_ struct selected runs = {0};
	int r = select_runs(g, &o->sel, args, SELECT_ALL, &runs);

	if (r != EXIT_OK)
		return r;
	return o->json ? print_json(g, o, &runs) : print_rows(g, o, &runs);
}

static int list(struct guild *g, void *options, const struct strv *args)
{
	const struct list_options *o = options;
	_cleanup_archive_ struct open_archive archive = OPEN_ARCHIVE_INIT;
	struct guild trash, *where;
	int r = check(o);

	if (r == EXIT_OK)
		r = archive_or_home(g, o->archive, &archive, &where);
	if (r != EXIT_OK)
		return r;
	if (!o->deleted)
		return list_in(where, o, args);
	r = select_open_trash(g, &trash);
	if (r == EXIT_OK)
		r = list_in(&trash, o, args);
	select_close_trash(&trash);
	return r;
}

const struct command cmd_runs_list = {
	.group = "runs",
	.name = "list",
	.usage = "runs [list] [OPTION]... [RUN]...",
	.summary = "List runs, newest first",
	.options = list_options,
	.options_size = sizeof(struct list_options),
	.run = list,
	.release = release_list,
};
