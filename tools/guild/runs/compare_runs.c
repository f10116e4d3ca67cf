/* SPDX-License-Identifier: MIT */
/* From selected runs to rows. */
#include "runs/compare_runs.h"

#include <errno.h>
#include <string.h>

#include "guild.h"
#include "base/name.h"
#include "catalog/facts_reader.h"
#include "catalog/op_columns.h"
#include "project/flag_values.h"
#include "run/attr.h"
#include "run/queue.h"
#include "run/summary_field.h"

struct row {
	struct guild *g;
	struct run_view view;
};

static void row_release(struct row *row)
{
	run_view_release(&row->view);
}

/* By the names of `runs info`, and one that only comparisons have. */
static bool print_attr(void *arg, const char *name, struct buf *b)
{
	struct row *row = arg;
	struct run_view *v = &row->view;
	_cleanup_value_ struct value *stored = NULL;

	if (summary_attr(&v->summary, v->id, name, b))
		return true;
	if (run_view_open_dir(row->g, v) < 0)
		return false;
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

struct adding {
	struct guild *g;
	bool batches;
	struct facts_reader *facts;
	struct op_columns *op_columns;
	struct comparison *comparison;
};

static void warn_all(const struct strv *sentences)
{
	print_warnings(sentences);
}

/* -ENOENT: deleted meanwhile. */
static int add_run(const struct adding *a, uint64_t serial)
{
	_cleanup_(row_release) struct row row = {.g = a->g, .view = RUN_VIEW_INIT};
	_cleanup_facts_ struct run_facts facts = {0};
	_cleanup_strv_ struct strv warnings = STRV_INIT;
	struct compare_run run = {.serial = serial, .attr = print_attr, .arg = &row};
	int r = run_view_list(a->g, serial, &row.view);

	/* It only has children, which are compared themselves. */
	if (r < 0 || (!a->batches && (row.view.summary.proto ||
					     queue_is(&row.view.summary.opref))))
		return r;
	r = op_columns_find(
		a->op_columns, serial, &row.view.summary.opref, &run.op_columns, &warnings);
	if (r == 0)
		r = facts_reader_get(a->facts, serial, &facts);
	if (r < 0)
		return r;
	warn_all(&warnings);
	warn_all(&facts.problems);
	facts_compare(&facts, &run);
	return comparison_add(a->comparison, &run);
}

int compare_add_runs(
	struct guild *g, const struct selected *runs, bool batches, struct comparison *c)
{
	_cleanup_facts_reader_ struct facts_reader *facts = facts_reader_new(g->catalog);
	_cleanup_op_columns_ struct op_columns *op_columns = op_columns_new(g->catalog);
	const struct adding adding = {g, batches, facts, op_columns, c};
	int r = facts && op_columns ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < runs->n; i++) {
		r = add_run(&adding, runs->serials[i]);
		if (r == -ENOENT)
			r = 0;
		else if (r < 0)
			return complain("cannot read run %s: %s",
				catalog_id(g->catalog, runs->serials[i]), strerror(-r));
	}
	if (r == 0)
		r = grid_finish(comparison_grid(c));
	return r < 0 ? complain("out of memory") : EXIT_OK;
}
