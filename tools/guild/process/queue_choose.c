/* SPDX-License-Identifier: MIT */
/* Whether a staged run may start now: GPUs, resources, and what was found of it before. */
#include "process/queue.h"

#include <string.h>

#include "op_log.h"
#include "process/resources.h"
#include "run/attr.h"

bool queue_once(struct strv *ids, const char *id)
{
	return !strv_has(ids, id) && strv_add(ids, id) == 0;
}

/* What the run was staged with. */
static void own_gpus(int run_fd, struct buf *b)
{
	_cleanup_value_ struct value *params = NULL;

	if (attr_read(run_fd, "run_params", &params, NULL) == 0)
		queue_text(params, "gpus", b);
}

/* An empty slot whose share is what the run wants, or any when it wants none. */
struct slot *queue_choose_slot(struct queue *q, const char *id, int run_fd)
{
	_cleanup_buf_ struct buf own = BUF_INIT;
	bool fits_some = false;

	own_gpus(run_fd, &own);
	for (size_t i = 0; i < q->slots.n; i++) {
		struct slot *slot = &q->slots.v[i];
		bool fits = !q->shares.n || !own.len || strcmp(q->shares.v[i], buf_str(&own)) == 0;

		if (fits && !slot->id)
			return slot;
		fits_some |= fits;
	}
	if (!fits_some && queue_once(&q->left_alone, id))
		op_log(OP_LOG_INFO,
			"Ignorning staged run %s (GPU spec mismatch: run is %s, queue is %s)", id,
			buf_str(&own), buf_str(&q->gpus));
	return NULL;
}

/* Of its tags "dask:...". */
struct value *queue_need(int run_fd, struct buf *bad)
{
	_cleanup_value_ struct value *tags = NULL, *need = value_map();

	if (!need || !attr_read_as(run_fd, "tags", VALUE_LIST, &tags))
		return STEAL(need);
	for (size_t i = 0; i < tags->list.n; i++) {
		const char *tag = value_str(tags->list.items[i]);

		if (!tag || strncmp(tag, "dask:", 5) != 0 || resources_add(need, tag + 5) == 0)
			continue;
		buf_clear(bad);
		buf_puts(bad, tag + 5);
	}
	return STEAL(need);
}

static bool has_resources(struct queue *q, const char *id, int run_fd)
{
	_cleanup_strv_ struct strv missing = STRV_INIT;
	_cleanup_buf_ struct buf bad = BUF_INIT, names = BUF_INIT;

	value_free(q->need);
	q->need = queue_need(run_fd, &bad);
	if (!q->need || resources_missing(q->resources, q->need, &missing) < 0)
		return false;
	for (size_t i = 0; i < missing.n; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", missing.v[i]);
	if (missing.n && queue_once(&q->left_alone, id))
		op_log(OP_LOG_INFO,
			"Ignorning staged run %s (requires resources not defined for cluster: %s)",
			id, buf_str(&names));
	if (missing.n || !resources_fit(q->resources, q->taken, q->slots.n, q->need))
		return false;
	if (bad.len)
		op_log(OP_LOG_WARNING,
			"Ignoring invalid dask resources spec '%s': parts must be in format "
			"KEY=VAL",
			buf_str(&bad));
	return true;
}

bool queue_may_start(void *arg, const char *id, int run_fd)
{
	struct queue *q = arg;

	if (strv_has(&q->left_alone, id))
		return false;
	q->chosen = queue_choose_slot(q, id, run_fd);
	return q->chosen && (!q->is_dask || has_resources(q, id, run_fd));
}

void queue_must_wait(void *arg, const char *id, const struct strv *running)
{
	struct queue *q = arg;
	_cleanup_buf_ struct buf ids = BUF_INIT;

	if (!queue_once(&q->waiting_for, id))
		return;
	for (size_t i = 0; i < running->n; i++)
		buf_printf(&ids, "%s%s", i ? ", " : "", running->v[i]);
	op_log(OP_LOG_INFO, "Found staged run %s (waiting for runs to finish: %s)", id,
		buf_str(&ids));
	q->said_waiting = true;
}
