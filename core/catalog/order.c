/* SPDX-License-Identifier: MIT */
/* Runs in the order of time. */
#include "catalog/entries.h"

#include <errno.h>
#include <stdlib.h>

#include "run/attr.h"

/* From memory; 0: it is not there. */
static int64_t known_birth(struct catalog *c, uint64_t serial)
{
	LOCK_SCOPE(&c->lock);
	struct entry *e = entry_by_serial(c, serial);

	if (e->born || !e->summary)
		return e->born;
	/* A run without `initialized` was there when it was started, or never. */
	return compact_view(e->summary).started;
}

int64_t catalog_born(struct catalog *c, uint64_t serial)
{
	_cleanup_close_ int fd = -1;
	int64_t born = known_birth(c, serial);

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

/* As lists have it. A run that is not known is read whole, since a list is about to show it. */
static int64_t time_of(struct catalog *c, uint64_t serial)
{
	_cleanup_summary_ struct run_summary s = {0};

	{
		LOCK_SCOPE(&c->lock);
		struct entry *e = entry_by_serial(c, serial);

		if (e->summary) {
			struct run_summary view = compact_view(e->summary);

			return run_summary_time(&view);
		}
	}
	return catalog_listed(c, serial, &s) == 0 ? run_summary_time(&s) : 0;
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

int catalog_newest_first(struct catalog *c, uint64_t **ret, size_t *ret_n)
{
	size_t n;
	uint64_t *serials = entries_present(c, &n);
	_cleanup_free_ struct timed *timed = calloc(n + 1, sizeof(*timed));

	if (!serials || !timed) {
		free(serials);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++)
		timed[i] = (struct timed){.time = time_of(c, serials[i]), .serial = serials[i]};
	qsort(timed, n, sizeof(*timed), compare_times);
	for (size_t i = 0; i < n; i++)
		serials[i] = timed[i].serial;
	*ret = serials;
	*ret_n = n;
	return 0;
}

struct newest {
	struct catalog *catalog;
	bool (*want)(void *arg, uint64_t serial, const struct run_summary *summary);
	void *arg;
	uint64_t found;
	int64_t born;
};

/* Asks want() only of what is newer than the newest so far. */
static int look_at(void *arg, uint64_t serial)
{
	struct newest *newest = arg;
	_cleanup_summary_ struct run_summary s = {0};
	int64_t born = catalog_born(newest->catalog, serial);

	if ((newest->found && born < newest->born) ||
		(newest->want && (catalog_summary(newest->catalog, serial, &s) < 0 ||
					 !newest->want(newest->arg, serial, &s))))
		return 0;
	newest->found = serial;
	newest->born = born;
	return 0;
}

uint64_t catalog_newest(struct catalog *c,
	bool (*want)(void *arg, uint64_t serial, const struct run_summary *summary), void *arg)
{
	struct newest newest = {.catalog = c, .want = want, .arg = arg};

	catalog_each(c, look_at, &newest);
	return newest.found;
}
