/* SPDX-License-Identifier: MIT */
/* Reading what a comparison shows of a run. */
#include "compare_runs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run_job.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/name.h"
#include "project/flag_values.h"
#include "run/attr.h"

/* --- scalars -------------------------------------------------------------- */

static void warn_of_problems(const struct scalars *scalars)
{
	_cleanup_strv_ struct strv problems = STRV_INIT;

	scalars_problems(scalars, &problems);
	for (size_t i = 0; i < problems.n; i++)
		warning("%s", problems.v[i]);
}

/* Root, .guild, then by path: as event files are looked for. */
static int compare_prefixes(const void *a, const void *b)
{
	const struct compare_scalar *x = a, *y = b;
	int r = event_dir_compare(x->prefix, y->prefix);

	return r ? r : strcmp(x->tag, y->tag);
}

int run_numbers_read(const struct run_view *v, struct run_numbers *ret)
{
	const struct scalar *all;
	size_t n;
	int r = scalars_new(SCALARS_SUMMARIES, &ret->scalars);

	if (r == 0)
		r = scalars_refresh(ret->scalars, v->fd, NULL);
	if (r < 0)
		return complain("cannot read the scalars of run %s: %s", v->id, strerror(-r));
	warn_of_problems(ret->scalars);
	all = scalars_list(ret->scalars, &n);
	ret->v = calloc(n + 1, sizeof(*ret->v));
	if (!ret->v)
		return complain("out of memory");
	for (size_t i = 0; i < n; i++)
		ret->v[ret->n++] = (struct compare_scalar){.prefix = all[i].prefix,
			.tag = all[i].series->tag,
			.summary = &all[i].series->summary};
	if (ret->n > 1)
		qsort(ret->v, ret->n, sizeof(*ret->v), compare_prefixes);
	return EXIT_OK;
}

void run_numbers_release(struct run_numbers *n)
{
	scalars_free(n->scalars);
	free(n->v);
	*n = (struct run_numbers){0};
}

/* --- what an operation wants compared -------------------------------------- */

/* Columns of the operations that were asked about, and the Guild files that they are in. */
struct operations {
	struct entry {
		char *dir, *spec;
		bool has_columns;
		struct columns columns;
	} * v;
	size_t n;
	struct guildfile *file; /* the last one that was loaded */
};

static void operations_release(struct operations *o)
{
	for (size_t i = 0; i < o->n; i++) {
		free(o->v[i].dir);
		free(o->v[i].spec);
		columns_release(&o->v[i].columns);
	}
	free(o->v);
	if (o->file)
		guildfile_unref(o->file);
}

/* A list of column specs, or one. */
static void parse_compare(const struct value *v, struct columns *to)
{
	size_t n = v->type == VALUE_LIST ? v->list.n : 1;

	for (size_t i = 0; i < n; i++) {
		const struct value *item = v->type == VALUE_LIST ? v->list.items[i] : v;
		const char *spec = item->source ? item->source : value_str(item);
		struct err err = ERR_INIT;

		if (spec && columns_parse(spec, to, &err) < 0)
			warning("%s", err_text(&err));
	}
}

static const struct value *compare_of_guildfile(
	struct operations *o, const char *dir, const struct opref *ref)
{
	_cleanup_buf_ struct buf spec = BUF_INIT;
	const struct operation *op;

	if (!o->file || strcmp(o->file->dir, dir) != 0) {
		if (o->file)
			guildfile_unref(o->file);
		o->file = NULL;
		if (guildfile_load(dir, &o->file, NULL) < 0)
			return NULL;
	}
	buf_printf(&spec, "%s:%s", ref->model, ref->op);
	if (guildfile_find_operation(o->file, *ref->model ? buf_str(&spec) : ref->op, &op, NULL) <
		0)
		return NULL;
	return value_get(op->data, "compare");
}

static struct entry *find_entry(struct operations *o, const char *dir, const char *spec)
{
	struct entry *grown;

	for (size_t i = 0; i < o->n; i++)
		if (strcmp(o->v[i].dir, dir) == 0 && strcmp(o->v[i].spec, spec) == 0)
			return &o->v[i];
	grown = reallocarray(o->v, o->n + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	o->v = grown;
	o->v[o->n] = (struct entry){.dir = strdup(dir), .spec = strdup(spec)};
	return o->v[o->n].dir && o->v[o->n].spec ? &o->v[o->n++] : NULL;
}

/* NULL: it has no wishes. */
static const struct columns *columns_of(struct operations *o, const struct run_view *v)
{
	const struct opref *ref = &v->summary.opref;
	_cleanup_buf_ struct buf dir = BUF_INIT, spec = BUF_INIT;
	const struct value *compare;
	size_t before = o->n;
	struct entry *e;

	opref_project_dir(&dir, ref);
	opref_display(&spec, ref);
	e = find_entry(o, buf_str(&dir), buf_str(&spec));
	if (e && o->n > before && dir.len && strcmp(ref->pkg_type, "guildfile") == 0) {
		compare = compare_of_guildfile(o, buf_str(&dir), ref);
		if (value_truthy(compare)) {
			parse_compare(compare, &e->columns);
			e->has_columns = true;
		}
	}
	return e && e->has_columns ? &e->columns : NULL;
}

/* --- attributes ------------------------------------------------------------ */

/* Since it was started, until it ended or now. */
static void print_time(const struct run_summary *s, struct buf *b)
{
	int64_t end = s->stopped && !run_status_live(s->status) ? s->stopped : clock_now();
	long seconds = s->started ? (long)((end - s->started) / 1000000) : 0;

	if (s->started)
		buf_printf(b, "%ld:%02ld:%02ld", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

/* By the names of `runs info`, and some that only comparisons have. */
static bool print_attr(void *arg, const char *name, struct buf *b)
{
	static const struct {
		const char *name, *field;
	} others[] = {{"run", "short_id"}, {"op", "op_name"}, {"op_model", "model"}};
	const struct run_view *v = arg;
	_cleanup_value_ struct value *stored = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (strcmp(others[i].name, name) == 0)
			return run_field(v, others[i].field, b);
	if (strcmp(name, "time") == 0) {
		print_time(&v->summary, b);
		return true;
	}
	if (strcmp(name, "sourcecode") == 0) {
		_cleanup_buf_ struct buf digest = BUF_INIT;

		run_field(v, "sourcecode_digest", &digest);
		buf_printf(b, "%.8s", buf_str(&digest));
		return true;
	}
	if (run_field(v, name, b))
		return true;
	if (!name_is_component(name) || attr_read(v->fd, name, &stored, NULL) < 0)
		return false;
	flag_encode(b, stored);
	return true;
}

/* What the operation gave the run, and what the run logged. NULL: nothing. */
static struct value *attrs_of(const struct run_view *v, const struct run_numbers *numbers)
{
	const struct value *logged = scalars_attrs(numbers->scalars);
	struct value *attrs = NULL;

	if (attr_read(v->fd, "opdef_attrs", &attrs, NULL) < 0 || attrs->type != VALUE_MAP) {
		value_free(attrs);
		attrs = value_map();
	}
	for (size_t i = 0; attrs && logged && i < logged->map.n; i++)
		if (value_map_set(attrs, logged->map.pairs[i].key,
			    value_copy(logged->map.pairs[i].value)) < 0) {
			value_free(attrs);
			return NULL;
		}
	return attrs;
}

/* --- runs ------------------------------------------------------------------ */

static int add_run(struct guild *g, uint64_t serial, bool batches, struct operations *operations,
	struct comparison *c)
{
	_cleanup_run_view_ struct run_view v = RUN_VIEW_INIT;
	_cleanup_run_numbers_ struct run_numbers numbers = {0};
	_cleanup_value_ struct value *flags = NULL, *attrs = NULL;
	struct compare_run run;
	int status = run_view_open(g, serial, &v);

	/* Deleted meanwhile, or one that only has children. */
	if (status != EXIT_OK || (!batches && file_exists(v.fd, RUN_GUILD_DIR "/proto")))
		return status == EXIT_OK ? EXIT_OK : EXIT_ERROR;
	status = run_numbers_read(&v, &numbers);
	if (status != EXIT_OK)
		return status;
	if (attr_read(v.fd, "flags", &flags, NULL) < 0)
		flags = NULL;
	attrs = attrs_of(&v, &numbers);
	run = (struct compare_run){.serial = serial,
		.flags = flags,
		.attrs = attrs,
		.scalars = numbers.v,
		.n_scalars = numbers.n,
		.op_columns = columns_of(operations, &v),
		.attr = print_attr,
		.arg = &v};
	return comparison_add(c, &run) < 0 ? complain("out of memory") : EXIT_OK;
}

int compare_add_runs(
	struct guild *g, const struct selected *runs, bool batches, struct comparison *c)
{
	_cleanup_(operations_release) struct operations operations = {0};
	int status = EXIT_OK;

	for (size_t i = 0; status == EXIT_OK && i < runs->n; i++)
		status = add_run(g, runs->serials[i], batches, &operations, c);
	if (status == EXIT_OK && grid_finish(comparison_grid(c)) < 0)
		status = complain("out of memory");
	return status;
}
