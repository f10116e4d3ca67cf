/* SPDX-License-Identifier: MIT */
/*
 * The Guild home: the directory that holds the runs. Found as Guild AI finds it; laid out as it
 * lays it out:
 *
 *	runs/<id>/  trash/runs/<id>/  cache/  locks/run-status  .guild-nocopy
 *
 * and, of our own, all of it rebuildable: cache/guildfs/new/<id> (runs being born) and
 * cache/guildfs/changes (home_poke).
 */
#ifndef RUN_HOME_H
#define RUN_HOME_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/name.h"

struct home {
	char *path;      /* absolute, real */
	char *runs_path; /* path/runs, but for the two kinds that are no homes */
	int fd;          /* O_PATH directory */
	int runs_fd;
};

/*
 * Which directory: `option` (-H, must exist) else $GUILD_HOME (must exist) else $CONDA_PREFIX or
 * $VIRTUAL_ENV/.guild where that is there, else the nearest .guild going up from cwd, else
 * ~/.guild. Appends the path.
 */
int home_find(const char *option, const char *cwd, struct buf *ret_path, struct err *err);
/* Opens it and makes what is missing in it (mode 0755, or 0700 when the umask says so). */
int home_open(const char *path, struct home **ret, struct err *err);
/* The deleted runs as if they were a home of their own; makes the directory, and nothing in it. */
int home_open_trash(const struct home *home, struct home **ret, struct err *err);
/*
 * Likewise a directory that has nothing but runs in it: an export, an archive. `shown` is what
 * paths of runs begin with, and NULL for the directory itself.
 */
int home_open_archive(const char *path, const char *shown, struct home **ret, struct err *err);
void home_close(struct home *home);

static inline void home_closep(struct home **home)
{
	if (*home)
		home_close(*home);
}
#define _cleanup_home_ _cleanup_(home_closep)

/* O_PATH | O_DIRECTORY descriptor of runs/<id>; -ENOENT. `id` must be a component. */
int home_open_run(const struct home *home, const char *id);

#define HOME_NOCOPY ".guild-nocopy" /* keeps a directory from being copied as source code */

/* Absolute path of a run's directory. An id that is an absolute path itself is a run outside. */
void home_run_path(const struct home *home, const char *id, struct buf *b);

/*
 * Tells everybody who remembers something of this home that a run was changed, after the change:
 * appends its id to cache/guildfs/changes, which daemons watch. Best effort: without it they notice
 * within the time-outs of the contract.
 *
 * The file begins with a line of its own. One that has grown too long is replaced by one that
 * begins otherwise.
 */
void home_poke(const struct home *home, const char *id);
#define HOME_CHANGES "cache/guildfs/changes"

/* How much of it somebody has read. All zero: nothing. */
struct home_changes_mark {
	char file[RUN_ID_LEN + 1]; /* its first line */
	size_t offset;
};

/*
 * Calls changed() for what was appended since, in that order, and moves the mark behind it.
 * -ESTALE when the mark is of another file or none: then nothing was called, any run may have
 * changed, and the mark is at the end of today's file. On other errors the mark stays.
 */
int home_changes_read(const struct home *home, struct home_changes_mark *mark,
	void (*changed)(void *arg, const char *id), void *arg);

/* Makes the directory of what was downloaded or unpacked under this key (fetch/url.h), and appends
 * its absolute path. Returns a descriptor to close. */
int home_open_resources(const struct home *home, const char *key, struct buf *ret_path);

/* Guild AI's lock for changing STAGED: flock on this file. Returns a descriptor to close. */
#define HOME_RUN_STATUS "locks/run-status"
int home_lock_run_status(const struct home *home);

#endif
