/* SPDX-License-Identifier: MIT */
/* One look at all runs that are not over, with the lock held. */
#include "catalog/next_staged.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "run/launch.h"
#include "run/queue.h"
#include "run/status.h"

struct staged {
	int64_t time;
	const char *id; /* the catalogue's */
};

struct look {
	struct catalog *catalog;
	struct next_staged *n;
	struct staged *v;
	size_t len, cap;
};

static bool is_ours(int run_fd)
{
	struct stat st;

	return fstat(run_fd, &st) == 0 && (geteuid() == 0 || st.st_uid == geteuid());
}

static int add(struct look *l, const char *id, int64_t time)
{
	int r = array_grow(&l->v, l->len, &l->cap, sizeof(*l->v));

	if (r == 0)
		l->v[l->len++] = (struct staged){time, id};
	return r;
}

static bool counts_as_running(const struct look *l, const char *id, const struct run_summary *s)
{
	return l->n->want_running && !queue_is(&s->opref) && strcmp(id, l->n->queue_id) != 0;
}

static int look_at(void *arg, uint64_t serial)
{
	struct look *l = arg;
	const char *id = catalog_id(l->catalog, serial);
	_cleanup_summary_ struct run_summary s = {0};
	_cleanup_close_ int run_fd = -1;

	if (catalog_known_over(l->catalog, serial) ||
		catalog_summary(l->catalog, serial, &s) < 0 || !run_status_live(s.status))
		return 0;
	run_fd = home_open_run(catalog_home(l->catalog), id);
	if (run_fd < 0)
		return 0;
	if (s.status == RUN_STAGED)
		return is_ours(run_fd) ? add(l, id, run_summary_time(&s)) : 0;
	/* Another queue's, which has stood in line already. */
	if (s.status == RUN_PENDING && launch_is_orphan(run_fd))
		return is_ours(run_fd) ? add(l, id, 0) : 0;
	/* Claimed a moment ago, by another queue, it is as good as running. */
	if (s.status == RUN_PENDING && !launch_has_ticket(run_fd))
		return 0;
	return counts_as_running(l, id, &s) ? strv_add(&l->n->running, id) : 0;
}

static int by_time(const void *a, const void *b)
{
	const struct staged *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return strcmp(x->id, y->id);
}

static int choose(const struct look *l, struct buf *ret_id)
{
	struct next_staged *n = l->n;
	int r = 0;

	for (size_t i = 0; r == 0 && i < l->len; i++) {
		const char *id = l->v[i].id;
		_cleanup_close_ int fd = home_open_run(catalog_home(l->catalog), id);

		if (fd < 0)
			continue;
		if (n->running.n && n->must_wait)
			n->must_wait(n->arg, id, &n->running);
		if (!n->running.n && !ret_id->len && n->may_start(n->arg, id, fd)) {
			r = launch_claim_queued(fd, &n->queue);
			if (r == 0)
				buf_puts(ret_id, id);
			r = r == -EBUSY ? 0 : r;
		} else {
			r = strv_add(&n->waiting, id);
		}
	}
	return r < 0 ? r : buf_error(ret_id) ? buf_error(ret_id) : ret_id->len > 0;
}

int next_staged_claim(struct catalog *catalog, struct next_staged *n, struct buf *ret_id)
{
	_cleanup_close_ int lock = home_lock_run_status(catalog_home(catalog));
	struct look l = {.catalog = catalog, .n = n};
	int r = lock < 0 ? lock : catalog_refresh(catalog);

	strv_release(&n->waiting);
	strv_release(&n->running);
	if (r == 0)
		r = catalog_each(catalog, look_at, &l);
	if (r == 0 && l.len)
		qsort(l.v, l.len, sizeof(*l.v), by_time);
	if (r == 0)
		r = choose(&l, ret_id);
	free(l.v);
	if (r > 0)
		home_poke(catalog_home(catalog), buf_str(ret_id));
	return r;
}
