/* SPDX-License-Identifier: MIT */
/*
 * Views: runs by what they have. by/FACET/VALUE/ID, by/flag/NAME/VALUE/ID, where/EXPRESSION/ID, an
 * operation's runs/ID, by/batch/BATCH/ID and runs/BATCH/trials/ID are links to runs/ID. Which
 * values and runs there are, is known by catalog/facets.h, and for expressions by fs/run_tables.h.
 */
#include "show.h"

#include <errno.h>
#include <string.h>

#include "guildfs.h"
#include "listing.h"
#include "run_tables.h"
#include "runs_of.h"
#include "things.h"
#include "tree.h"
#include "where.h"
#include "base/file.h"
#include "catalog/facets.h"
#include "run/batch.h"

/* --- values --------------------------------------------------------------- */

/* What the directory lists values of, by its name; parent is the flag for values of one. */
static enum facet facet_of(const struct place *dir, uint32_t *ret_parent)
{
	static const struct {
		const char *name;
		enum facet facet;
	} facets[] = {
		{"status", FACET_STATUS},
		{"operation", FACET_OPERATION},
		{"model", FACET_MODEL},
		{"label", FACET_LABEL},
		{"tag", FACET_TAG},
		{"day", FACET_DAY},
	};

	*ret_parent = 0;
	for (size_t i = 0; dir->class == PLACE_STATIC && i < ARRAY_SIZE(facets); i++)
		if (strcmp(facets[i].name, dir->row->name) == 0)
			return facets[i].facet;
	*ret_parent = dir->class == PLACE_VALUE ? dir->serial : 0;
	return *ret_parent ? FACET_FLAG_VALUE : FACET_FLAG;
}

static struct place value_place(const struct place *dir, uint32_t value)
{
	struct place p = place_at(dir, dir->row->child);

	p.class = PLACE_VALUE;
	p.serial = value;
	return p;
}

static bool any_seen(const struct place *dir, uint32_t value)
{
	_cleanup_free_ uint64_t *serials = NULL;
	size_t n = 0;

	if (!dir->fs->shared || dir->viewer.uid == 0)
		return true;
	if (facets_runs(dir->fs->facets, value, &serials, &n) < 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		struct place run = place_of_run(dir->fs, serials[i], false);

		if (run_may_be_seen(dir->fs, dir->viewer, &run))
			return true;
	}
	return false;
}

static int values_list(const struct place *dir, struct listing *out)
{
	_cleanup_free_ struct facet_item *items = NULL;
	size_t n = 0;
	uint32_t parent;
	enum facet facet = facet_of(dir, &parent);
	int r = facets_values(dir->fs->facets, facet, parent, &items, &n);

	for (size_t i = 0; r == 0 && i < n; i++) {
		struct place p = value_place(dir, items[i].value);

		if (any_seen(dir, items[i].value))
			listing_add(out, items[i].name, &p);
	}
	return r < 0 ? r : listing_error(out);
}

static int values_find(const struct place *dir, const char *name, struct place *ret)
{
	uint32_t parent, value;
	enum facet facet = facet_of(dir, &parent);
	int r = facets_find(dir->fs->facets, facet, parent, name, &value);

	if (r == 0 && !any_seen(dir, value))
		r = -ENOENT;
	if (r == 0)
		*ret = value_place(dir, value);
	return r;
}

const struct dynamic by_values_children = {
	.list = values_list, .find = values_find, .name = "<value>"};
const struct dynamic by_flags_children = {
	.list = values_list, .find = values_find, .name = "<name>"};

/* --- links to runs -------------------------------------------------------- */

/* The slot keeps links of the same run in different views apart. */
static struct place link_place(const struct place *dir, const struct row *row, uint64_t serial)
{
	struct place p = place_of_run(dir->fs, serial, false);

	p.row = row;
	p.slot = (uint16_t)(dir->serial % UINT16_MAX + 1);
	p.viewer = dir->viewer;
	return p;
}

static void add_link(
	const struct place *dir, const struct row *row, uint64_t serial, struct listing *out)
{
	struct place p = link_place(dir, row, serial);
	const char *id = place_run_id(&p);

	if (id && run_may_be_seen(dir->fs, dir->viewer, &p))
		listing_add(out, id, &p);
}

static int by_runs_list(const struct place *dir, struct listing *out)
{
	_cleanup_free_ uint64_t *serials = NULL;
	size_t n = 0;
	int r = facets_runs(dir->fs->facets, dir->serial, &serials, &n);

	for (size_t i = 0; r == 0 && i < n; i++)
		add_link(dir, dir->row->child, serials[i], out);
	return r < 0 ? r : listing_error(out);
}

static int by_runs_find(const struct place *dir, const char *name, struct place *ret)
{
	uint64_t serial = catalog_find(dir->fs->catalog, name);

	if (!serial || !facets_has(dir->fs->facets, dir->serial, serial))
		return -ENOENT;
	*ret = link_place(dir, dir->row->child, serial);
	return run_may_be_seen(dir->fs, dir->viewer, ret) ? 0 : -ENOENT;
}

const struct dynamic by_runs_children = {
	.list = by_runs_list, .find = by_runs_find, .name = "<id>"};

/* --- an operation's runs -------------------------------------------------- */

static const struct row *operation_run_row(const struct guildfs *fs, const struct thing *op)
{
	/* An anonymous operation of a package is as deep as one of a project's model. */
	if (scope_is_package(fs, op->scope))
		return op->model[0] ? tree_package_run : tree_operation_run;
	return op->model[0] ? tree_operation_run : tree_anonymous_run;
}

static bool is_of(struct guildfs *fs, const struct thing *op, const char *opref)
{
	struct opref ref = {0};
	bool is = opref_parse(opref, &ref, NULL) == 0 && things_of_opref(fs, &ref) == op;

	opref_release(&ref);
	return is;
}

static int operation_runs_list(const struct place *dir, struct listing *out)
{
	const struct thing *op = things_by_serial(dir->fs->things, dir->serial);
	_cleanup_free_ struct facet_item *oprefs = NULL;
	size_t n = 0;
	int r = op ? facets_values(dir->fs->facets, FACET_OPREF, 0, &oprefs, &n) : -ESTALE;

	for (size_t i = 0; r == 0 && i < n; i++) {
		_cleanup_free_ uint64_t *serials = NULL;
		size_t n_runs = 0;

		if (!is_of(dir->fs, op, facets_text(dir->fs->facets, oprefs[i].value)))
			continue;
		r = facets_runs(dir->fs->facets, oprefs[i].value, &serials, &n_runs);
		for (size_t j = 0; r == 0 && j < n_runs; j++)
			add_link(dir, operation_run_row(dir->fs, op), serials[j], out);
	}
	return r < 0 ? r : listing_error(out);
}

static int operation_runs_find(const struct place *dir, const char *name, struct place *ret)
{
	const struct thing *op = things_by_serial(dir->fs->things, dir->serial);
	uint64_t serial = catalog_find(dir->fs->catalog, name);
	_cleanup_summary_ struct run_summary s = {0};

	if (!op || !serial || catalog_listed(dir->fs->catalog, serial, &s) < 0 ||
		things_of_opref(dir->fs, &s.opref) != op)
		return -ENOENT;
	*ret = link_place(dir, operation_run_row(dir->fs, op), serial);
	return run_may_be_seen(dir->fs, dir->viewer, ret) ? 0 : -ENOENT;
}

const struct dynamic operation_runs_children = {
	.list = operation_runs_list, .find = operation_runs_find, .name = "<id>"};

/* --- filters -------------------------------------------------------------- */

/* By lookup: nobody could list all that can be asked. */
static int where_list(const struct place *dir, struct listing *out)
{
	(void)dir;
	return listing_error(out);
}

static int where_find(const struct place *dir, const char *name, struct place *ret)
{
	uint32_t number;
	int r = wheres_find(dir->fs, name, &number);

	if (r < 0)
		return r;
	*ret = place_at(dir, dir->row->child);
	ret->class = PLACE_WHERE;
	ret->serial = number;
	return 0;
}

static int where_runs_list(const struct place *dir, struct listing *out)
{
	_cleanup_free_ uint64_t *serials = NULL;
	size_t n = 0;
	int r = run_tables_runs(dir, &serials, &n);

	for (size_t i = 0; r == 0 && i < n; i++)
		add_link(dir, dir->row->child, serials[i], out);
	return r < 0 ? r : listing_error(out);
}

static int where_runs_find(const struct place *dir, const char *name, struct place *ret)
{
	uint64_t serial = catalog_find(dir->fs->catalog, name);
	int r = serial ? run_tables_has(dir, serial) : 0;

	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	*ret = link_place(dir, dir->row->child, serial);
	return run_may_be_seen(dir->fs, dir->viewer, ret) ? 0 : -ENOENT;
}

const struct dynamic where_children = {
	.list = where_list, .find = where_find, .name = "<expression>"};
const struct dynamic where_runs_children = {
	.list = where_runs_list, .find = where_runs_find, .name = "<id>"};

/* --- trials of a batch ------------------------------------------------------ */

/* The batch's own links say so; one that leads to a run that is gone is not shown. */
static int trials_list(const struct place *dir, struct listing *out)
{
	_cleanup_close_ int run_fd = place_open_run(dir);
	_cleanup_strv_ struct strv ids = STRV_INIT;
	int r = run_fd < 0 ? run_fd : batch_links(run_fd, &ids);

	for (size_t i = 0; r == 0 && i < ids.n; i++) {
		uint64_t serial = catalog_find(dir->fs->catalog, ids.v[i]);

		if (serial)
			add_link(dir, dir->row->child, serial, out);
	}
	return r < 0 ? r : listing_error(out);
}

static int trials_find(const struct place *dir, const char *name, struct place *ret)
{
	_cleanup_close_ int run_fd = place_open_run(dir);
	uint64_t serial = catalog_find(dir->fs->catalog, name);

	if (run_fd < 0 || !serial || !file_exists(run_fd, name))
		return run_fd < 0 ? run_fd : -ENOENT;
	*ret = link_place(dir, dir->row->child, serial);
	return run_may_be_seen(dir->fs, dir->viewer, ret) ? 0 : -ENOENT;
}

const struct dynamic trials_children = {.list = trials_list, .find = trials_find, .name = "<id>"};

struct batches_job {
	const struct place *dir;
	struct listing *out;
};

static struct place batch_place(const struct place *dir, uint64_t serial)
{
	struct place p = place_of_run(dir->fs, serial, false);

	p.row = dir->row->child;
	p.viewer = dir->viewer;
	return p;
}

static int list_batch(void *arg, uint64_t serial)
{
	const struct batches_job *job = arg;
	struct place p = batch_place(job->dir, serial);
	_cleanup_summary_ struct run_summary s = {0};
	const char *id = place_run_id(&p);

	if (id && catalog_listed(job->dir->fs->catalog, serial, &s) == 0 && s.proto &&
		run_may_be_seen(job->dir->fs, job->dir->viewer, &p))
		listing_add(job->out, id, &p);
	return 0;
}

static int batches_list(const struct place *dir, struct listing *out)
{
	struct batches_job job = {.dir = dir, .out = out};

	catalog_each(dir->fs->catalog, list_batch, &job);
	return listing_error(out);
}

static int batches_find(const struct place *dir, const char *name, struct place *ret)
{
	uint64_t serial = catalog_find(dir->fs->catalog, name);

	if (!serial)
		return -ENOENT;
	*ret = batch_place(dir, serial);
	return run_is_batch(ret) && run_may_be_seen(dir->fs, dir->viewer, ret) ? 0 : -ENOENT;
}

const struct dynamic by_batches_children = {
	.list = batches_list, .find = batches_find, .name = "<batch>"};

/* --- where they lead ------------------------------------------------------ */

void link_to_run(const struct place *p, struct buf *b)
{
	const char *id = place_run_id(p);

	if (id)
		buf_printf(b, "%sruns/%s", p->row->to_root, id);
	else
		buf_fail(b, -ESTALE);
}
