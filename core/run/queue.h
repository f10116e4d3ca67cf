/* SPDX-License-Identifier: MIT */
/*
 * Queues: runs of `queue` and `dask:scheduler` (project/builtin.h), whose process
 * (tools/guild/process/cmd_queue.c) starts staged runs. Of our own, in .guild/guildfs/:
 *
 *	told    what its users want of it: pause, drain; not there: nothing
 *	queue   what it is doing, as YAML; written by its process whenever that changes
 *
 * As in Guild AI a queue has an empty .guild/proto, so that its `compare` passes it over.
 */
#ifndef RUN_QUEUE_H
#define RUN_QUEUE_H

#include <stdbool.h>

#include "base/err.h"
#include "run/attr.h"
#include "run/home.h"
#include "run/opref.h"
#include "yaml/value.h"

bool queue_is(const struct opref *ref);
bool queue_is_run(int run_fd);

enum queue_told {
	QUEUE_GO_ON,
	QUEUE_PAUSE, /* start nothing for now; what runs goes on */
	QUEUE_DRAIN, /* start nothing any more, and end when nothing runs */
};

/* -EINVAL: the run is no queue; -ESRCH: it is not running. */
int queue_tell(const struct home *home, const char *id, enum queue_told what, struct err *err);
enum queue_told queue_told(int run_fd);
/* For its process, at the start: an order is for the life that it was given to. */
int queue_forget_told(int run_fd);

#define QUEUE_STATE_FILE RUN_OWN_DIR "/queue"
enum { QUEUE_STATE_MAX = 1 << 20 };

/* The state of its last life, too. The caller frees *ret. -ENOENT. */
int queue_read_state(int run_fd, struct value **ret);
int queue_write_state(int run_fd, const struct value *state);

#endif
