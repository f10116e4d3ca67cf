/* SPDX-License-Identifier: MIT */
/* Requests that wait for a run's end. */
#include "waiters.h"

#include <errno.h>
#include <fuse_lowlevel.h>
#include <stdlib.h>

#include "guildfs.h"
#include "base/buf.h"
#include "catalog/catalog.h"

struct waiter {
	struct waiter *next;
	struct waiters *owner;
	fuse_req_t req;
	uint32_t run;
};

struct waiters {
	pthread_mutex_t lock;
	struct waiter *first;
};

struct waiters *waiters_new(void)
{
	struct waiters *w = calloc(1, sizeof(*w));

	if (w)
		pthread_mutex_init(&w->lock, NULL);
	return w;
}

void waiters_free(struct waiters *w)
{
	if (!w)
		return;
	while (w->first) {
		struct waiter *gone = w->first;

		w->first = gone->next;
		fuse_reply_err(gone->req, EINTR);
		free(gone);
	}
	pthread_mutex_destroy(&w->lock);
	free(w);
}

/* The text that ends a wait: the exit status, else the status of a run that has none. */
static bool run_end(struct guildfs *fs, uint32_t run, struct buf *b)
{
	_cleanup_summary_ struct run_summary s = {0};

	if (catalog_summary(fs->catalog, run, &s) < 0) {
		buf_puts(b, "deleted\n");
		return true;
	}
	if (run_status_live(s.status))
		return false;
	if (s.has_exit_status)
		buf_printf(b, "%d\n", s.exit_status);
	else
		buf_printf(b, "%s\n", run_status_name(s.status));
	return true;
}

/* Unlinks one waiter. True when it was there, so that exactly one thread answers it. */
static bool take(struct waiters *w, const struct waiter *which)
{
	LOCK_SCOPE(&w->lock);

	for (struct waiter **at = &w->first; *at; at = &(*at)->next) {
		if (*at == which) {
			*at = which->next;
			return true;
		}
	}
	return false;
}

/* libfuse calls this with the request locked; the waiter may be gone already. */
static void interrupted(fuse_req_t req, void *data)
{
	struct waiter *waiter = data;

	if (take(waiter->owner, waiter)) {
		fuse_reply_err(req, EINTR);
		free(waiter);
	}
}

/*
 * From here on other threads may answer the request. False when it was interrupted before that,
 * with nobody to see it.
 */
static bool link_waiter(struct waiters *w, struct waiter *waiter)
{
	LOCK_SCOPE(&w->lock);

	if (fuse_req_interrupted(waiter->req))
		return false;
	waiter->next = w->first;
	w->first = waiter;
	return true;
}

void waiters_add(struct guildfs *fs, fuse_req_t req, uint32_t run)
{
	struct waiter *waiter = malloc(sizeof(*waiter));

	if (!waiter) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	*waiter = (struct waiter){.owner = fs->waiters, .req = req, .run = run};
	fuse_req_interrupt_func(req, interrupted, waiter);
	if (!link_waiter(fs->waiters, waiter)) {
		fuse_req_interrupt_func(req, NULL, NULL);
		fuse_reply_err(req, EINTR);
		free(waiter);
		return;
	}
	/* It may have ended between the caller's look and now. */
	waiters_check(fs, run);
}

static struct waiter *take_of_run(struct waiters *w, uint32_t run)
{
	LOCK_SCOPE(&w->lock);

	for (struct waiter **at = &w->first; *at; at = &(*at)->next) {
		struct waiter *found = *at;

		if (found->run == run) {
			*at = found->next;
			return found;
		}
	}
	return NULL;
}

void waiters_check(struct guildfs *fs, uint32_t run)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct waiter *waiter;

	if (!run_end(fs, run, &b))
		return;
	while ((waiter = take_of_run(fs->waiters, run))) {
		fuse_req_interrupt_func(waiter->req, NULL, NULL);
		fuse_reply_buf(waiter->req, b.data, b.len);
		free(waiter);
	}
}
