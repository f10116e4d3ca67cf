/* SPDX-License-Identifier: MIT */
/* What runs that start others have beside: of a batch its best trial, of a queue what it does. */
#include "show.h"

#include <errno.h>

#include "guildfs.h"
#include "runs_of.h"
#include "base/beneath.h"
#include "base/strv.h"
#include "catalog/best.h"
#include "run/attr.h"
#include "run/batch.h"
#include "run/queue.h"
#include "run/status.h"

bool run_is_batch(const struct place *p)
{
	_cleanup_close_ int run_fd = place_open_run(p);

	return run_fd >= 0 && batch_is(run_fd);
}

/* Trials that the viewer may see: a link tells of a run, too. */
static int seen_trials(const struct place *p, int run_fd, struct strv *ret)
{
	_cleanup_strv_ struct strv ids = STRV_INIT;
	int r = batch_links(run_fd, &ids);

	for (size_t i = 0; r == 0 && i < ids.n; i++) {
		uint64_t serial = catalog_find(p->fs->catalog, ids.v[i]);
		struct place run = place_of_run(p->fs, serial, false);

		if (serial && run_may_be_seen(p->fs, p->viewer, &run))
			r = strv_add(ret, ids.v[i]);
	}
	return r;
}

static int find_best(const struct place *p, uint64_t *ret)
{
	_cleanup_close_ int run_fd = place_open_run(p);
	_cleanup_buf_ struct buf objective = BUF_INIT;
	_cleanup_strv_ struct strv ids = STRV_INIT;
	int r = run_fd < 0 ? run_fd : batch_is(run_fd) ? 0 : -ENOENT;

	if (r == 0)
		r = seen_trials(p, run_fd, &ids);
	if (r < 0)
		return r;
	attr_read_text(run_fd, "objective", &objective);
	r = best_run(p->fs->catalog, &ids, objective.len ? buf_str(&objective) : BEST_OBJECTIVE,
		ret);
	return r == -EINVAL ? -ENOENT : r;
}

void run_best(const struct place *p, struct buf *b)
{
	uint64_t serial;
	int r = find_best(p, &serial);

	if (r < 0)
		buf_fail(b, r);
	else
		buf_printf(b, "../../runs/%s", catalog_id(p->fs->catalog, serial));
}

bool run_is_queue(const struct place *p)
{
	_cleanup_close_ int run_fd = place_open_run(p);

	return run_fd >= 0 && queue_is_run(run_fd);
}

/* As its process has it; what one left that is gone is about the past. */
void run_queue(const struct place *p, struct buf *b)
{
	_cleanup_close_ int run_fd = place_open_run(p);
	int r = run_fd < 0 ? run_fd : 0;

	if (r == 0 && (!queue_is_run(run_fd) || run_status_get(run_fd) != RUN_RUNNING))
		r = -ENOENT;
	if (r == 0)
		r = beneath_read(run_fd, QUEUE_STATE_FILE, QUEUE_STATE_MAX, b);
	if (r < 0)
		buf_fail(b, r);
}
