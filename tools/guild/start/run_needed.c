/* SPDX-License-Identifier: MIT */
/* guild run --needed: whether there is such a run already. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "start/run_job.h"
#include "runs/select.h"
#include "term/table.h"
#include "run/attr.h"
#include "run/batch.h"
#include "run/opref.h"
#include "run/status.h"

struct needed {
	struct guild *g;
	const struct job *job;
	struct opref ref, batch_ref; /* of the operation, and of the batch that it is tried in */
	struct table table;
	size_t n;
};

static bool has_same_flags(int run_fd, const struct value *flags)
{
	_cleanup_value_ struct value *theirs = NULL;

	return run_fd >= 0 && attr_read(run_fd, "flags", &theirs, NULL) == 0 &&
	       value_equal(theirs, flags);
}

static bool is_same_operation(const struct opref *a, const struct opref *b)
{
	return strcmp(a->pkg_type, b->pkg_type) == 0 && strcmp(a->pkg_name, b->pkg_name) == 0 &&
	       strcmp(a->pkg_version, b->pkg_version) == 0 && strcmp(a->model, b->model) == 0 &&
	       strcmp(a->op, b->op) == 0;
}

/* A batch is what its prototype is: batches have no flags of their own. */
static bool is_same_run(const struct needed *n, const char *id, const struct opref *ref)
{
	_cleanup_close_ int fd = home_open_run(n->g->home, id);
	_cleanup_close_ int proto_fd = -1;
	_cleanup_(opref_release) struct opref proto = {0};

	if (!n->job->batch)
		return is_same_operation(ref, &n->ref) && has_same_flags(fd, n->job->flags);
	proto_fd = fd < 0 ? -1 : batch_open_proto(fd);
	return proto_fd >= 0 && is_same_operation(ref, &n->batch_ref) &&
	       opref_read(proto_fd, &proto, NULL) == 0 && is_same_operation(&proto, &n->ref) &&
	       has_same_flags(proto_fd, n->job->flags);
}

static int look_at(void *arg, uint64_t serial)
{
	struct needed *n = arg;
	_cleanup_summary_ struct run_summary s = {0};

	if (catalog_summary(n->g->catalog, serial, &s) < 0 || s.damage ||
		(s.status != RUN_COMPLETED && s.status != RUN_TERMINATED) ||
		!is_same_run(n, catalog_id(n->g->catalog, serial), &s.opref))
		return 0;
	n->n++;
	return select_add_row(n->g, serial, 0, &n->table);
}

static int read_oprefs(const struct job *job, struct needed *n)
{
	int r = job->op ? opref_for_operation(job->op, &n->ref)
			: opref_read(job->run_fd, &n->ref, NULL);

	if (r < 0 || !job->batch)
		return r;
	return job->batch_op ? opref_for_operation(job->batch_op, &n->batch_ref)
			     : opref_read(job->batch_fd, &n->batch_ref, NULL);
}

static bool is_unchanged(const struct job *job)
{
	enum run_status status = run_status_get(job_own_fd(job));

	if ((status != RUN_COMPLETED && status != RUN_TERMINATED) ||
		!has_same_flags(job->run_fd, job->flags))
		return false;
	puts("Skipping run because flags have not changed (--needed specified)");
	return true;
}

bool job_is_needless(struct guild *g, const struct job *job)
{
	struct needed n = {.g = g, .job = job, .table = {.columns = SELECT_COLUMNS}};

	if (!job->o->needed)
		return false;
	if (job->run_fd >= 0 && !job->is_proto)
		return is_unchanged(job);
	if (read_oprefs(job, &n) == 0)
		catalog_each(g->catalog, look_at, &n);
	if (n.n) {
		puts("Skipping because the following runs match this operation (--needed "
		     "specified):");
		table_print(&n.table, "  ", stdout);
	}
	table_release(&n.table);
	opref_release(&n.ref);
	opref_release(&n.batch_ref);
	return n.n > 0;
}
