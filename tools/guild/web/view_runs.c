/* SPDX-License-Identifier: MIT */
/* Which runs there are to see, and which part of one is asked for. */
#include "web/view_runs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "guild.h"
#include "web/view_files.h"
#include "base/array.h"
#include "base/beneath.h"
#include "catalog/filter_run.h"
#include "catalog/run_table.h"
#include "page/page.h"
#include "page/table.h"
#include "yaml/json.h"

/* As many as a picture is wide. */
enum { CURVE_COLUMNS = 400 };

struct view_runs {
	struct guild *g;
	const struct selection *sel;
	const struct strv *args;
	bool batches;
	bool frozen; /* the selection cannot be made any more: what it was stays */

	struct selected runs;
	uint8_t *selected; /* by serial */
	size_t n_selected;
	struct run_table *table;

	struct buf policy; /* of the page */
	struct buf title;
	/* The last table that went out. */
	struct buf filter;
	uint64_t generation;
	char tag[24];
};

/* --- which runs --------------------------------------------------------------------- */

static bool is_selected(void *arg, uint64_t serial)
{
	const struct view_runs *v = arg;

	return serial < v->n_selected && v->selected[serial];
}

static int is_member(void *arg, const struct run_table_question *q)
{
	return is_selected(arg, q->serial);
}

/* A table remembers whom it has asked: another selection is another table. */
static int take_over(struct view_runs *v, struct selected *runs)
{
	int r = 0;

	if (v->table && runs->n == v->runs.n &&
		(!runs->n ||
			memcmp(runs->serials, v->runs.serials, runs->n * sizeof(uint64_t)) == 0))
		return 0;
	run_table_free(STEAL(v->table));
	free(STEAL(v->selected));
	v->n_selected = 0;
	for (size_t i = 0; r == 0 && i < runs->n; i++) {
		r = array_reach(
			&v->selected, runs->serials[i], &v->n_selected, sizeof(*v->selected));
		if (r == 0)
			v->selected[runs->serials[i]] = 1;
	}
	selected_release(&v->runs);
	v->runs = *runs;
	*runs = (struct selected){0};
	return r < 0 ? r : run_table_new(v->g->catalog, is_member, v, &v->table);
}

static int select_now(struct view_runs *v)
{
	_cleanup_selected_ struct selected runs = {0};
	int status = select_runs(v->g, v->sel, v->args, SELECT_ALL, &runs);

	if (status != EXIT_OK)
		return status;
	if (!v->batches)
		select_drop_batches(v->g, &runs);
	return take_over(v, &runs) < 0 ? complain("out of memory") : EXIT_OK;
}

static void look_again(struct view_runs *v)
{
	if (v->frozen)
		return;
	if (catalog_refresh(v->g->catalog) < 0 || select_now(v) != EXIT_OK) {
		warning("guild view goes on with the runs that it has");
		v->frozen = true;
	}
}

int view_runs_new(struct guild *g, const struct selection *sel, const struct strv *args,
	bool batches, struct view_runs **ret)
{
	struct view_runs *v = calloc(1, sizeof(*v));
	int status;

	if (!v)
		return complain("out of memory");
	*v = (struct view_runs){.g = g, .sel = sel, .args = args, .batches = batches};
	page_policy(&v->policy);
	buf_puts(&v->policy, "; frame-ancestors 'none'");
	buf_printf(&v->title, "Runs of %s", g->home->path);
	status = buf_error(&v->policy) || buf_error(&v->title) ? complain("out of memory")
							       : select_now(v);
	if (status == EXIT_OK)
		*ret = v;
	else
		view_runs_free(v);
	return status;
}

void view_runs_free(struct view_runs *v)
{
	if (!v)
		return;
	run_table_free(v->table);
	selected_release(&v->runs);
	free(v->selected);
	buf_release(&v->policy);
	buf_release(&v->title);
	buf_release(&v->filter);
	free(v);
}

/* --- answers ------------------------------------------------------------------------- */

static void fail(struct http_answer *ret, unsigned status, const char *sentence)
{
	buf_clear(&ret->body);
	buf_printf(&ret->body, "%s\n", sentence);
	ret->status = status;
}

static void fail_by_errno(struct http_answer *ret, int error)
{
	if (error == -ENOENT || error == -ENOTDIR)
		fail(ret, 404, "There is no such thing (any more).");
	else if (error == -ELOOP || error == -EXDEV || error == -EACCES)
		fail(ret, 403, "That is not in the run's directory itself, or not to be read.");
	else
		fail(ret, 500, strerror(-error));
}

static void page_data(void *arg, struct buf *json)
{
	const struct view_runs *v = arg;

	buf_puts(json, "{\"title\": ");
	json_emit_string(json, buf_str(&v->title));
	buf_puts(json, ", \"live\": true}");
}

static void answer_page(struct view_runs *v, struct http_answer *ret)
{
	page_print(&ret->body, page_data, v);
	ret->type = "text/html; charset=utf-8";
	ret->policy = buf_str(&v->policy);
}

/* --- the table ------------------------------------------------------------------------ */

struct picking {
	struct view_runs *v;
	const struct filter *filter;
	struct facts_reader *reader;
};

static bool pick(void *arg, uint64_t serial)
{
	const struct picking *p = arg;
	struct catalog *catalog = p->v->g->catalog;
	_cleanup_summary_ struct run_summary s = {0};

	return catalog_listed(catalog, serial, &s) == 0 &&
	       filter_selects(p->filter, catalog, p->reader, serial, &s, NULL) > 0;
}

/* False after it was answered why not. */
static bool parse_filter(const char *text, struct filter **ret, struct http_answer *answer)
{
	struct err err = ERR_INIT;
	int r = *text ? filter_parse(text, ret, &err) : 0;

	if (r == 0 && *ret && !filter_has_test(*ret)) {
		filter_free(STEAL(*ret));
		r = err_set(&err, -EINVAL,
			"this compares nothing: operation = train, loss < 0.5 and label contains "
			"best do");
	}
	if (r < 0)
		fail(answer, 400, err_text(&err));
	return r == 0;
}

static bool is_anything_live(const struct view_runs *v)
{
	for (size_t i = 0; i < v->runs.n; i++)
		if (!catalog_known_over(v->g->catalog, v->runs.serials[i]))
			return true;
	return false;
}

/* Nothing can have changed since the table that the page has. */
static bool is_same(struct view_runs *v, const char *filter, const char *known, uint64_t generation)
{
	return known && *v->tag && strcmp(known, v->tag) == 0 && generation == v->generation &&
	       strcmp(filter, buf_str(&v->filter)) == 0 && !is_anything_live(v);
}

static void print_table(struct view_runs *v, const struct filter *filter, struct http_answer *ret)
{
	struct picking picking = {.v = v, .filter = filter};

	ret->type = "application/json";
	buf_printf(&ret->body, "{\"total\": %zu, ", run_table_rows(v->table));
	if (filter && !(picking.reader = facts_reader_new(v->g->catalog)))
		buf_fail(&ret->body, -ENOMEM);
	else
		page_table(&ret->body, v->table, SIZE_MAX, filter ? pick : NULL, &picking);
	facts_reader_free(picking.reader);
	buf_putc(&ret->body, '}');
}

/* It goes out only when it is another one than the page has. */
static void tag_table(struct view_runs *v, const char *filter, const char *known,
	uint64_t generation, struct http_answer *ret)
{
	snprintf(ret->tag, sizeof(ret->tag), "\"%016llx\"",
		(unsigned long long)XXH3_64bits(buf_str(&ret->body), ret->body.len));
	memcpy(v->tag, ret->tag, sizeof(v->tag));
	v->generation = generation;
	buf_clear(&v->filter);
	buf_puts(&v->filter, filter);
	if (known && strcmp(known, ret->tag) == 0) {
		buf_clear(&ret->body);
		ret->status = 304;
	}
}

static void answer_table(
	struct view_runs *v, const struct http_request *request, struct http_answer *ret)
{
	const char *text = http_query(request, "filter");
	_cleanup_filter_ struct filter *filter = NULL;
	uint64_t generation;
	int r;

	text = text ? text : "";
	if (!parse_filter(text, &filter, ret))
		return;
	look_again(v);
	generation = catalog_generation(v->g->catalog);
	if (is_same(v, text, request->known, generation)) {
		memcpy(ret->tag, v->tag, sizeof(ret->tag));
		ret->status = 304;
		return;
	}
	r = run_table_refresh(v->table);
	if (r < 0) {
		fail_by_errno(ret, r);
		return;
	}
	print_table(v, filter, ret);
	tag_table(v, text, request->known, generation, ret);
}

/* --- one run --------------------------------------------------------------------------- */

static void answer_info(const struct run_view *v, const char *rest, struct http_answer *ret)
{
	_cleanup_value_ struct value *info = NULL;
	int r = run_info_all(v, &info);

	(void)rest;
	if (r < 0) {
		fail_by_errno(ret, r);
		return;
	}
	ret->type = "application/json";
	json_emit_exact(&ret->body, info);
}

static void answer_curves(const struct run_view *v, const char *rest, struct http_answer *ret)
{
	_cleanup_scalars_ struct scalars *scalars = NULL;
	_cleanup_strv_ struct strv problems = STRV_INIT;
	int r = scalars_read(SCALARS_SAMPLES, v->fd, &scalars, &problems);

	(void)rest;
	if (r < 0) {
		fail_by_errno(ret, r);
		return;
	}
	ret->type = "application/json";
	page_curves(&ret->body, scalars, CURVE_COLUMNS, true);
}

static void answer_files(const struct run_view *v, const char *rest, struct http_answer *ret)
{
	int r = view_files_print(v->fd, &ret->body);

	(void)rest;
	ret->type = "application/json";
	if (r < 0) {
		ret->type = "text/plain; charset=utf-8";
		fail_by_errno(ret, r);
	}
}

static void answer_file(const struct run_view *v, const char *rest, struct http_answer *ret)
{
	struct content_type type;
	int r = view_files_open(v->fd, rest, &ret->fd, &type);

	if (r < 0) {
		fail_by_errno(ret, r);
		return;
	}
	ret->type = type.type;
	ret->policy = type.policy;
}

static const struct {
	const char *name; /* one that ends in a slash has more behind it */
	void (*answer)(const struct run_view *v, const char *rest, struct http_answer *ret);
} parts[] = {
	{"info.json", answer_info},
	{"curves.json", answer_curves},
	{"files.json", answer_files},
	{"file/", answer_file},
};

/* ID/PART, of a run that is among the selected. */
static void answer_run(struct view_runs *v, const char *path, struct http_answer *ret)
{
	_cleanup_run_view_ struct run_view run = RUN_VIEW_INIT;
	char id[RUN_ID_LEN + 1] = "";
	const char *part = strchr(path, '/');
	uint64_t serial;

	if (part && (size_t)(part - path) < sizeof(id))
		memcpy(id, path, (size_t)(part - path));
	serial = *id ? catalog_find(v->g->catalog, id) : 0;
	if (!serial || !is_selected(v, serial) || run_view_open(v->g, serial, &run) != EXIT_OK) {
		fail(ret, 404, "There is no such run (any more).");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		size_t len = strlen(parts[i].name);
		bool more = parts[i].name[len - 1] == '/';

		if (strncmp(part + 1, parts[i].name, len) != 0 || (!more && part[1 + len]))
			continue;
		parts[i].answer(&run, part + 1 + len, ret);
		return;
	}
	fail(ret, 404, "There is no such thing of a run.");
}

void view_runs_answer(void *arg, const struct http_request *request, struct http_answer *ret)
{
	static const char run[] = "run/";
	struct view_runs *v = arg;

	if (!*request->path)
		answer_page(v, ret);
	else if (strcmp(request->path, "runs.json") == 0)
		answer_table(v, request, ret);
	else if (strncmp(request->path, run, strlen(run)) == 0)
		answer_run(v, request->path + strlen(run), ret);
	else
		fail(ret, 404, "There is no such page.");
}
