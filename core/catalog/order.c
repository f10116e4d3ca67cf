/* SPDX-License-Identifier: MIT */
/* Runs in the order of time. */
#include "catalog/entries.h"

#include <errno.h>
#include <stdlib.h>

#include "run/attr.h"

/* When it was born, which is read once. A run without that was there when it was started, or never.
 */
int64_t catalog_born(struct catalog *c, uint64_t serial)
{
	_cleanup_close_ int fd = -1;
	int64_t born;

	pthread_mutex_lock(&c->lock);
	born = entry_by_serial(c, serial)->born;
	pthread_mutex_unlock(&c->lock);
	if (born)
		return born;
	fd = home_open_run(c->home, catalog_id(c, serial));
	if (attr_read_int(fd, "initialized", &born) < 0) {
		attr_read_int(fd, "started", &born);
		return born;
	}
	LOCK_SCOPE(&c->lock);
	entry_by_serial(c, serial)->born = born;
	return born;
}

/* As lists have it: when it was started, last, else when it was born. */
static int64_t start_of(struct catalog *c, uint64_t serial)
{
	_cleanup_close_ int fd = home_open_run(c->home, catalog_id(c, serial));
	int64_t started;

	return attr_read_int(fd, "started", &started) == 0 ? started : catalog_born(c, serial);
}

struct timed {
	int64_t time;
	uint64_t serial;
};

static int compare_times(const void *a, const void *b)
{
	const struct timed *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? 1 : -1;
	return x->serial < y->serial ? 1 : -1;
}

typedef int64_t (*time_fn)(struct catalog *c, uint64_t serial);

/* Serials by time, newest first. The caller frees *ret. */
static int sorted_by(struct catalog *c, time_fn time, uint64_t **ret, size_t *ret_n)
{
	size_t n;
	uint64_t *serials = entries_present(c, &n);
	_cleanup_free_ struct timed *timed = calloc(n + 1, sizeof(*timed));

	if (!serials || !timed) {
		free(serials);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++)
		timed[i] = (struct timed){.time = time(c, serials[i]), .serial = serials[i]};
	qsort(timed, n, sizeof(*timed), compare_times);
	for (size_t i = 0; i < n; i++)
		serials[i] = timed[i].serial;
	*ret = serials;
	*ret_n = n;
	return 0;
}

int catalog_newest_first(struct catalog *c, uint64_t **ret, size_t *ret_n)
{
	return sorted_by(c, start_of, ret, ret_n);
}

uint64_t catalog_newest(
	struct catalog *c, bool (*want)(void *arg, const struct run_summary *summary), void *arg)
{
	_cleanup_free_ uint64_t *serials = NULL;
	uint64_t found = 0;
	size_t n = 0;

	if (sorted_by(c, catalog_born, &serials, &n) < 0)
		return 0;
	for (size_t i = 0; !found && i < n; i++) {
		_cleanup_summary_ struct run_summary s = {0};

		if (!want || (catalog_summary(c, serials[i], &s) == 0 && want(arg, &s)))
			found = serials[i];
	}
	return found;
}
