/* SPDX-License-Identifier: MIT */
/* From selected runs to rows. */
#include "compare_runs.h"

#include <errno.h>
#include <string.h>

#include "run_job.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/name.h"
#include "catalog/run_facts.h"
#include "project/flag_values.h"
#include "run/attr.h"

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

static int add_run(struct guild *g, uint64_t serial, bool batches, struct facts_reader *reader,
	struct comparison *c)
{
	_cleanup_run_view_ struct run_view v = RUN_VIEW_INIT;
	_cleanup_run_facts_ struct run_facts facts = {0};
	_cleanup_strv_ struct strv warnings = STRV_INIT;
	struct compare_run run = {.serial = serial, .attr = print_attr, .arg = &v};
	int r;

	/* Deleted meanwhile. */
	if (!catalog_present(g->catalog, serial))
		return EXIT_OK;
	if (run_view_open(g, serial, &v) != EXIT_OK)
		return EXIT_ERROR;
	/* It only has children, which are compared themselves. */
	if (!batches && v.summary.proto)
		return EXIT_OK;
	r = run_facts_read(reader, v.fd, &v.summary.opref, &facts, &warnings);
	for (size_t i = 0; i < warnings.n; i++)
		warning("%s", warnings.v[i]);
	if (r == 0) {
		run_facts_fill(&facts, &run);
		r = comparison_add(c, &run);
	}
	return r < 0 ? complain("cannot read run %s: %s", v.id, strerror(-r)) : EXIT_OK;
}

int compare_add_runs(
	struct guild *g, const struct selected *runs, bool batches, struct comparison *c)
{
	_cleanup_facts_reader_ struct facts_reader *reader = facts_reader_new();
	int status = reader ? EXIT_OK : complain("out of memory");

	for (size_t i = 0; status == EXIT_OK && i < runs->n; i++)
		status = add_run(g, runs->serials[i], batches, reader, c);
	if (status == EXIT_OK && grid_finish(comparison_grid(c)) < 0)
		status = complain("out of memory");
	return status;
}
