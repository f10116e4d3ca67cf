/* SPDX-License-Identifier: MIT */
/* Requests that wait for a run's end. */
#include "waiters.h"

#include <errno.h>
#include <fuse_lowlevel.h>
#include <stdlib.h>

#include "guildfs.h"
#include "runs_of.h"
#include "show.h"
#include "base/buf.h"
#include "catalog/catalog.h"
#include "run/batch.h"

struct waiter {
	struct waiter *next;
	struct waiters *owner;
	fuse_req_t req;
	size_t size;
	uint32_t run;
	bool is_batch; /* its trials count, too */
};

/* An open `wait` that is polled. */
struct poller {
	struct poller *next;
	const void *owner;
	struct fuse_pollhandle *handle;
	uint32_t run;
	bool is_batch;
};

struct waiters {
	pthread_mutex_t lock;
	struct waiter *first;
	struct poller *pollers;
};

struct waiters *waiters_new(void)
{
	struct waiters *w = calloc(1, sizeof(*w));

	if (w)
		pthread_mutex_init(&w->lock, NULL);
	return w;
}

static void poller_free(struct poller *p)
{
	fuse_pollhandle_destroy(p->handle);
	free(p);
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
	while (w->pollers) {
		struct poller *gone = w->pollers;

		w->pollers = gone->next;
		poller_free(gone);
	}
	pthread_mutex_destroy(&w->lock);
	free(w);
}

/* Of a batch whose own process is gone: its trials go on without it. */
static bool has_running_trials(const struct place *p)
{
	_cleanup_close_ int run_fd = place_open_run(p);

	return run_fd >= 0 && batch_trials_run(p->fs->home, run_fd);
}

/* The text that ends a wait: the exit status, else the status of a run that has none. */
static bool run_end(struct guildfs *fs, uint32_t run, struct buf *b)
{
	_cleanup_summary_ struct run_summary s = {0};

	struct place p = {.fs = fs, .class = PLACE_RUN, .serial = run};

	if (catalog_summary(place_catalog(&p), place_serial(&p), &s) < 0) {
		buf_puts(b, "deleted\n");
		return true;
	}
	if (run_status_live(s.status) || (s.proto && has_running_trials(&p)))
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

static struct poller *take_poller_of_run(struct waiters *w, uint32_t run)
{
	LOCK_SCOPE(&w->lock);

	for (struct poller **at = &w->pollers; *at; at = &(*at)->next) {
		struct poller *found = *at;

		if (found->run == run) {
			*at = found->next;
			return found;
		}
	}
	return NULL;
}

static void check_run(struct guildfs *fs, uint32_t run)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct waiter *waiter;
	struct poller *poller;

	if (!run_end(fs, run, &b))
		return;
	while ((waiter = take_of_run(fs->waiters, run))) {
		fuse_req_interrupt_func(waiter->req, NULL, NULL);
		fuse_reply_buf(waiter->req, b.data, b.len < waiter->size ? b.len : waiter->size);
		free(waiter);
	}
	while ((poller = take_poller_of_run(fs->waiters, run))) {
		fuse_lowlevel_notify_poll(poller->handle);
		poller_free(poller);
	}
}

static bool is_batch(struct guildfs *fs, uint32_t run)
{
	struct place p = {.fs = fs, .class = PLACE_RUN, .serial = run};

	return run_is_batch(&p);
}

/* A text that was begun is read on; what a restart makes of it meanwhile is its end. */
static void read_now(struct guildfs *fs, fuse_req_t req, uint32_t run, size_t size, off_t offset)
{
	_cleanup_buf_ struct buf end = BUF_INIT, piece = BUF_INIT;

	if (!run_end(fs, run, &end) && !offset) {
		fuse_reply_err(req, EAGAIN);
		return;
	}
	buf_add_range(&piece, &end, size, offset);
	fuse_reply_buf(req, piece.data, piece.len);
}

void waiters_read(
	struct guildfs *fs, fuse_req_t req, uint32_t run, size_t size, off_t offset, bool wait)
{
	struct waiter *waiter;

	if (offset || !wait) {
		read_now(fs, req, run, size, offset);
		return;
	}
	waiter = malloc(sizeof(*waiter));
	if (!waiter) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	*waiter = (struct waiter){.owner = fs->waiters,
		.req = req,
		.size = size,
		.run = run,
		.is_batch = is_batch(fs, run)};
	fuse_req_interrupt_func(req, interrupted, waiter);
	if (!link_waiter(fs->waiters, waiter)) {
		fuse_req_interrupt_func(req, NULL, NULL);
		fuse_reply_err(req, EINTR);
		free(waiter);
		return;
	}
	/* It may have ended between the caller's look and now. */
	check_run(fs, run);
}

void waiters_forget_poll(struct guildfs *fs, const void *owner)
{
	struct waiters *w = fs->waiters;
	struct poller *gone = NULL;

	{
		LOCK_SCOPE(&w->lock);
		for (struct poller **at = &w->pollers; *at && !gone; at = &(*at)->next) {
			if ((*at)->owner != owner)
				continue;
			gone = *at;
			*at = gone->next;
			break;
		}
	}
	if (gone)
		poller_free(gone);
}

bool waiters_poll(struct guildfs *fs, const void *owner, uint32_t run, struct fuse_pollhandle *ph)
{
	struct waiters *w = fs->waiters;
	_cleanup_buf_ struct buf end = BUF_INIT;
	struct poller *poller = ph ? malloc(sizeof(*poller)) : NULL;

	/* Without memory for it nobody is told, and whoever polls looks again after his time-out.
	 */
	if (!poller) {
		if (ph)
			fuse_pollhandle_destroy(ph);
		return run_end(fs, run, &end);
	}
	waiters_forget_poll(fs, owner);
	*poller = (struct poller){
		.owner = owner, .handle = ph, .run = run, .is_batch = is_batch(fs, run)};
	{
		LOCK_SCOPE(&w->lock);
		poller->next = w->pollers;
		w->pollers = poller;
	}
	/* Looked at only now: an end that comes from here on finds it. */
	return run_end(fs, run, &end);
}

/* The next batch that is waited for, by its number; 0: no other. */
static uint32_t batch_after(struct waiters *w, uint32_t run)
{
	LOCK_SCOPE(&w->lock);
	uint32_t next = 0;

	for (const struct waiter *at = w->first; at; at = at->next)
		if (at->is_batch && at->run > run && (!next || at->run < next))
			next = at->run;
	for (const struct poller *at = w->pollers; at; at = at->next)
		if (at->is_batch && at->run > run && (!next || at->run < next))
			next = at->run;
	return next;
}

/* The end of any run may be that of a batch's last trial. */
void waiters_check(struct guildfs *fs, uint32_t run)
{
	check_run(fs, run);
	for (uint32_t batch = batch_after(fs->waiters, 0); batch;
		batch = batch_after(fs->waiters, batch))
		if (batch != run)
			check_run(fs, batch);
}
