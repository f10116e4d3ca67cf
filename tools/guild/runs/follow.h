/* SPDX-License-Identifier: MIT */
/*
 * Watching a run that was started here: its output is copied to stdout as it grows, and Ctrl-C is
 * passed on to it. The run does not depend on this: it goes on when guild is killed.
 */
#ifndef FOLLOW_H
#define FOLLOW_H

#include <stdbool.h>

#include "run/home.h"
#include "run/launch.h"

/*
 * Returns the exit status of the run as a shell has it: 256 - N for a run ended by signal N. `spec`
 * is how it was started, for a run that is waiting elsewhere and gets lost there.
 */
int follow_run(const struct home *home, const char *id, const struct launch_spec *spec, bool quiet);
/* The output of a run that somebody else started. Ctrl-C ends this and leaves the run alone. */
int watch_run(const struct home *home, const char *id);

/*
 * For processes that start runs (batch-main, queue-main): SIGINT and SIGTERM are counted from the
 * first call on, and nothing else happens by them.
 */
void follow_catch_signals(void);
int follow_interrupts(void);  /* signals of both kinds so far */
bool follow_terminated(void); /* a SIGTERM was among them */

/*
 * An inotify descriptor that all runs that are followed share, to be closed at the end: the kernel
 * takes ten milliseconds for that. -1: it is done without, by a look each second.
 */
int follow_open(const struct home *home);
/* Until something has changed, which is true, a signal has come, or a second has passed. */
bool follow_wait(int inotify);

/* A run that is followed beside others. NULL: out of memory. */
struct follower;
/*
 * id, run_fd and inotify are borrowed. With `whole_lines` nothing of a line is copied before its
 * end, so that the lines of several runs stay apart.
 */
struct follower *follower_new(
	const struct home *home, const char *id, int run_fd, int inotify, bool whole_lines);
/* Copies what is new, also when nobody reads it any more. False: it is over, and all is copied. */
bool follower_look(struct follower *f);
void follower_free(struct follower *f);

#endif
