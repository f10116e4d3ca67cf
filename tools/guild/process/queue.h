/* SPDX-License-Identifier: MIT */
/*
 * The process of a queue (cmd_queue.c): what its user wants (queue_flags.c), which staged run it
 * may start now (queue_choose.c), and what goes on.
 */
#ifndef QUEUE_H
#define QUEUE_H

#include "process/own_process.h"
#include "process/slots.h"
#include "catalog/next_staged.h"
#include "yaml/value.h"

struct queue {
	struct guild *g;
	struct own_process self;
	struct next_staged next;
	struct slots slots;
	struct strv env; /* of the runs: the queue's own flags are not theirs */

	/* What the user wants. */
	bool is_dask;
	int64_t poll_ms;
	bool run_once, wait_for_running;
	struct buf gpus;         /* of all slots; "": nobody has said any */
	struct strv shares;      /* of each slot; none without gpus */
	struct value *resources; /* of dask:scheduler; a map */

	/* What is going on. */
	struct value **taken;    /* resources of each slot's run; NULL: none */
	struct slot *chosen;     /* for the run that is being claimed */
	struct value *need;      /* of that run */
	struct strv left_alone;  /* ids: not startable here, or not any more; said once */
	struct strv waiting_for; /* ids that wait for other runs to end; said once */
	bool said_waiting;
	size_t started;
	struct buf state; /* as last written */
};

/* queue_flags.c */
/* Jobs, GPUs and the rest from the run's flags; opens the slots. EXIT_OK or EXIT_ERROR after a
 * message. */
int queue_read_flags(struct queue *q);
/* A value of a map as it was written; nothing when it is not there. */
void queue_text(const struct value *map, const char *name, struct buf *b);
/* GPUs of the run in that slot; NULL: nobody has said any. */
const char *queue_share(const struct queue *q, const struct slot *slot);

/* queue_choose.c */
/* True the first time. */
bool queue_once(struct strv *ids, const char *id);
/* An empty slot whose GPUs are what the run wants, or any when it wants none; NULL. */
struct slot *queue_choose_slot(struct queue *q, const char *id, int run_fd);
/* Resources that a run's tags ask for; `bad` gets a tag that cannot be understood. NULL: out of
 * memory. */
struct value *queue_need(int run_fd, struct buf *bad);
/* For next_staged_claim(); the argument is a struct queue. */
bool queue_may_start(void *arg, const char *id, int run_fd);
void queue_must_wait(void *arg, const char *id, const struct strv *running);

#endif
