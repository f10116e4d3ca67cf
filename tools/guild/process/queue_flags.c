/* SPDX-License-Identifier: MIT */
/* What the user wants of a queue: its flags, its jobs, and whose GPUs are whose. */
#include "process/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "op_log.h"
#include "process/resources.h"
#include "metrics/nvml.h"
#include "project/flag_values.h"
#include "run/attr.h"
#include "run/jobs.h"

void queue_text(const struct value *flags, const char *name, struct buf *b)
{
	const struct value *v = value_get(flags, name);

	if (value_str(v))
		buf_puts(b, v->string);
	else if (!value_is_null(v))
		flag_encode(b, v);
}

const char *queue_share(const struct queue *q, const struct slot *slot)
{
	return q->shares.n ? q->shares.v[slot - q->slots.v] : NULL;
}

/* "0,1,...": every GPU of the machine. */
static int machine_gpus(struct buf *b)
{
	struct nvml *nvml;
	int r = nvml_open(&nvml);

	if (r < 0)
		return complain("gpus=all: no GPU can be found on this machine: %s", strerror(-r));
	for (unsigned i = 0; i < nvml_count(nvml); i++)
		buf_printf(b, "%s%u", i ? "," : "", i);
	nvml_close(nvml);
	return EXIT_OK;
}

/* To each slot as many as come to it, and one that others have, too, where there are not enough. */
static int share_gpus(struct queue *q)
{
	_cleanup_free_ char *list = strdup(buf_str(&q->gpus));
	_cleanup_strv_ struct strv gpus = STRV_INIT;
	size_t n = q->slots.n;
	int r = list ? 0 : -ENOMEM;

	for (char *word, *rest = list; r == 0 && (word = strsep(&rest, ","));)
		r = strv_add(&gpus, word);
	for (size_t i = 0; r == 0 && i < n; i++) {
		_cleanup_buf_ struct buf share = BUF_INIT;
		size_t from = i * gpus.n / n, to = (i + 1) * gpus.n / n;

		if (gpus.n < n) {
			from = i % gpus.n;
			to = from + 1;
		}
		for (size_t j = from; j < to; j++)
			buf_printf(&share, "%s%s", j > from ? "," : "", gpus.v[j]);
		r = strv_add(&q->shares, buf_str(&share));
	}
	return r < 0 ? complain("out of memory") : EXIT_OK;
}

static int read_gpus(struct queue *q, const struct value *flags)
{
	int status = EXIT_OK;

	queue_text(flags, "gpus", &q->gpus);
	if (strcmp(buf_str(&q->gpus), "all") == 0) {
		buf_clear(&q->gpus);
		status = machine_gpus(&q->gpus);
	}
	return status == EXIT_OK && q->gpus.len ? share_gpus(q) : status;
}

static int read_resources(struct queue *q, const struct value *flags)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r;

	q->resources = value_map();
	queue_text(flags, "resources", &text);
	r = q->resources ? resources_add(q->resources, buf_str(&text)) : -ENOMEM;
	if (r == -EINVAL)
		op_log(OP_LOG_WARNING,
			"Ignoring invalid dask resources spec '%s': parts must be in format "
			"KEY=VAL",
			buf_str(&text));
	return r == -ENOMEM ? complain("out of memory") : EXIT_OK;
}

static int read_jobs(const struct queue *q, const struct value *flags, size_t *ret)
{
	const struct value *v = q->is_dask ? value_get(flags, "workers") : NULL;
	int64_t workers;

	*ret = (size_t)run_jobs_get(q->self.run_fd);
	if (value_is_null(v)) {
		if (q->is_dask && *ret == 1)
			*ret = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
		return EXIT_OK;
	}
	if (!value_as_int(v, &workers) || workers < 1 || workers > JOBS_MAX)
		return complain("invalid number of workers: expected 1 to %d", JOBS_MAX);
	*ret = (size_t)workers;
	return EXIT_OK;
}

int queue_read_flags(struct queue *q)
{
	_cleanup_value_ struct value *flags = NULL;
	struct err err = ERR_INIT;
	size_t jobs;
	int64_t poll = 10;
	int status;

	if (attr_read(q->self.run_fd, "flags", &flags, &err) < 0)
		return complain("%s", err_text(&err));
	if (!value_as_int(value_get(flags, "poll-interval"), &poll) || poll < 1)
		return complain("invalid poll-interval: expected a number of seconds");
	q->poll_ms = poll * 1000;
	q->run_once = value_truthy(value_get(flags, "run-once"));
	q->wait_for_running = value_truthy(value_get(flags, "wait-for-running"));
	status = read_jobs(q, flags, &jobs);
	if (status == EXIT_OK && slots_open(q->g->home, jobs, &q->slots) < 0)
		status = complain("out of memory");
	q->taken = calloc(jobs, sizeof(struct value *));
	if (status == EXIT_OK && !q->taken)
		status = complain("out of memory");
	if (status == EXIT_OK)
		status = read_gpus(q, flags);
	return status == EXIT_OK ? read_resources(q, flags) : status;
}
