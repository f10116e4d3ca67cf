/* SPDX-License-Identifier: MIT */
/* Two catalogues, and which one a place is of. */
#include "runs_of.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "guildfs.h"
#include "tree.h"
#include "base/file.h"

struct trash {
	pthread_mutex_t lock; /* while it is opened; what is open stays so */
	struct home *home;
	struct catalog *catalog;
};

struct trash *trash_new(void)
{
	struct trash *trash = calloc(1, sizeof(*trash));

	if (trash)
		pthread_mutex_init(&trash->lock, NULL);
	return trash;
}

void trash_free(struct trash *trash)
{
	if (!trash)
		return;
	if (trash->catalog)
		catalog_free(trash->catalog);
	if (trash->home)
		home_close(trash->home);
	pthread_mutex_destroy(&trash->lock);
	free(trash);
}

struct catalog *trash_catalog(struct guildfs *fs)
{
	struct trash *trash = fs->trash;
	LOCK_SCOPE(&trash->lock);

	/* Looking makes nothing. */
	if (!trash->catalog && file_exists(fs->home->fd, "trash/runs") &&
		(trash->home || home_open_trash(fs->home, &trash->home, NULL) == 0) &&
		catalog_new(trash->home, &trash->catalog, NULL) < 0)
		trash->catalog = NULL;
	return trash->catalog;
}

bool place_in_trash(const struct place *p)
{
	return p->class == PLACE_RUN && p->serial & RUN_IN_TRASH;
}

struct catalog *place_catalog(const struct place *p)
{
	return p->serial & RUN_IN_TRASH ? trash_catalog(p->fs) : p->fs->catalog;
}

uint64_t place_serial(const struct place *p)
{
	return p->serial & ~RUN_IN_TRASH;
}

const char *place_run_id(const struct place *p)
{
	struct catalog *catalog = place_catalog(p);

	return catalog ? catalog_id(catalog, place_serial(p)) : NULL;
}

int place_open_run(const struct place *p)
{
	const char *id = place_run_id(p);
	int fd = id ? home_open_run(catalog_home(place_catalog(p)), id) : -ENOENT;

	return fd == -ENOENT ? -ESTALE : fd;
}

void place_run_path(const struct place *p, struct buf *b)
{
	const char *id = place_run_id(p);

	buf_printf(b, "%s/%s/%s", p->fs->home->path,
		p->serial & RUN_IN_TRASH ? "trash/runs" : "runs", id ? id : "");
}

struct place place_of_run(struct guildfs *fs, uint64_t serial, bool in_trash)
{
	return (struct place){.fs = fs,
		.row = tree_run,
		.class = PLACE_RUN,
		.serial = (uint32_t)serial | (in_trash ? RUN_IN_TRASH : 0)};
}
