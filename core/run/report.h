/* SPDX-License-Identifier: MIT */
/*
 * A run as text, for the command line and the mount alike. Each prints one thing to a buffer and
 * fails it (buf_fail) with -ENOENT when the run does not have that thing.
 */
#ifndef RUN_REPORT_H
#define RUN_REPORT_H

#include "base/buf.h"
#include "run/home.h"
#include "run/summary.h"

/* As flags_print(); of a batch those of its trials, lists and all, and its options. */
void report_flags(int run_fd, struct buf *b);
void report_cmd(int run_fd, struct buf *b);   /* one shell-quoted line */
void report_env(int run_fd, struct buf *b);   /* NAME=VALUE lines */
/* One attribute, one line: strings unquoted, numbers so that they read back, maps as YAML. */
void report_attr(int run_fd, const char *name, struct buf *b);
/* A stored time in RFC 3339. */
void report_time(int run_fd, const char *name, struct buf *b);
void report_duration(int run_fd, struct buf *b); /* seconds; only of a run that has ended */

/* What `guild runs info` prints, up to the scalars. `id` names the run, path is its directory. */
void report_info(int run_fd, const char *id, const char *path, const struct run_summary *summary,
	struct buf *b);

#endif
