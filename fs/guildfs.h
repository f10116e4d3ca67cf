/* SPDX-License-Identifier: MIT */
/*
 * One mount: what it shows, and the parts that serve it. Made by main, never changed while
 * requests are served; each part has its own lock (docs/locking.md).
 */
#ifndef FS_GUILDFS_H
#define FS_GUILDFS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/strv.h"

struct backings;
struct catalog;
struct errors;
struct event_stream;
struct facets;
struct home;
struct listed;
struct notifier;
struct opdirs;
struct packages;
struct passthrough;
struct project;
struct run_scalars;
struct run_tables;
struct sweeper;
struct things;
struct trash;
struct waiters;
struct watcher;
struct wheres;

struct guildfs {
	struct home *home;
	struct catalog *catalog;
	struct trash *trash;
	struct facets *facets;
	struct wheres *wheres;
	struct project **projects;
	size_t n_projects;

	struct things *things;
	struct opdirs *opdirs;
	struct packages *packages;
	struct backings *backings;
	struct passthrough *passthrough;
	struct errors *errors;
	struct event_stream *events;
	struct notifier *notifier;
	struct run_scalars *scalars;
	struct run_tables *run_tables;
	struct listed *listed;
	struct waiters *waiters;
	struct watcher *watcher;
	struct jobs *jobs;
	struct sweeper *sweeper;

	uid_t uid; /* the daemon's own */
	gid_t gid;
	bool shared; /* other users may enter (allow_other) */
	char *mountpoint;
	struct strv env;      /* the environment that runs of the daemon's own user start with */
	char *cwd;            /* where the daemon was started: CMD_DIR of its runs */
	const char *executor; /* for operations that name none; NULL: the configuration's */
	int64_t mounted;      /* microseconds; times of the skeleton */
	atomic_bool asked;    /* since the last sweep: somebody looks */
};

#endif
