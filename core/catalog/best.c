/* SPDX-License-Identifier: MIT */
/* A comparison of one column, and its least or greatest cell. */
#include "catalog/best.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "catalog/columns.h"
#include "catalog/compare.h"
#include "catalog/facts_reader.h"

static bool may_count(struct catalog *catalog, uint64_t serial)
{
	_cleanup_summary_ struct run_summary s = {0};

	if (!serial || catalog_summary(catalog, serial, &s) < 0)
		return false;
	return s.status == RUN_RUNNING || s.status == RUN_COMPLETED || s.status == RUN_TERMINATED;
}

static int add_run(struct comparison *c, struct facts_reader *reader, uint64_t serial)
{
	_cleanup_facts_ struct run_facts facts = {0};
	struct compare_run run = {.serial = serial};
	int r = facts_reader_get(reader, serial, &facts);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	facts_compare(&facts, &run);
	return comparison_add(c, &run);
}

static int add_runs(struct comparison *c, struct catalog *catalog, const struct strv *ids)
{
	_cleanup_facts_reader_ struct facts_reader *reader = facts_reader_new(catalog);
	int r = reader ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < ids->n; i++) {
		uint64_t serial = catalog_find(catalog, ids->v[i]);

		if (may_count(catalog, serial))
			r = add_run(c, reader, serial);
	}
	return r < 0 ? r : grid_finish(comparison_grid(c));
}

static double number_of(struct cell cell)
{
	return cell.type == CELL_NUMBER ? cell.number
	       : cell.type == CELL_INT  ? (double)cell.integer
					: NAN;
}

static int64_t started(struct catalog *catalog, uint64_t serial)
{
	_cleanup_summary_ struct run_summary s = {0};

	return catalog_listed(catalog, serial, &s) < 0 ? INT64_MAX : run_summary_time(&s);
}

static int choose(struct catalog *catalog, const struct grid *g, bool greatest, uint64_t *ret)
{
	double best = 0;
	int64_t since = 0;

	*ret = 0;
	for (size_t i = 0; grid_n_columns(g) && i < grid_n_rows(g); i++) {
		double value = number_of(grid_cell(g, i, 0));
		int64_t when = started(catalog, grid_serial(g, i));

		if (!isfinite(value))
			continue;
		value = greatest ? -value : value;
		if (*ret && (value > best || (value == best && when >= since)))
			continue;
		best = value;
		since = when;
		*ret = grid_serial(g, i);
	}
	return *ret ? 0 : -ENOENT;
}

int best_run(struct catalog *catalog, const struct strv *ids, const char *objective,
	uint64_t *ret_serial)
{
	_cleanup_comparison_ struct comparison *c = NULL;
	_cleanup_columns_ struct columns columns = {0};
	const struct compare_spec spec = {.user = &columns, .skip_op = true};
	bool greatest = *objective == '-';
	int r = columns_parse(objective + greatest, &columns, NULL);

	if (r == 0 && columns.n != 1)
		r = -EINVAL;
	if (r == 0)
		r = comparison_new(&spec, &c);
	if (r == 0)
		r = add_runs(c, catalog, ids);
	return r < 0 ? r : choose(catalog, comparison_grid(c), greatest, ret_serial);
}
