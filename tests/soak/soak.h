/* SPDX-License-Identifier: MIT */
/*
 * A mount under load: processes that do what people and programs do, at random, while the daemon,
 * supervisors and commands are killed and mounts come and go. soak.c has the processes and the
 * daemon, work.c what is done, beside.c what is done beside the mount, content.c what files can
 *say.
 *
 * What a worker was told is true it writes to its log, LOGS/<worker>, for verify.py:
 *	start TOKEN		close(2) of these flags returned 0: there is one run with this name
 *	comment ID TOKEN	likewise of a comment
 *	purge ID TOKEN		about to be deleted for good, with these flags
 *	kill ID			its supervisor or its process is about to be killed
 */
#ifndef SOAK_H
#define SOAK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"

enum { WORKERS_MAX = 1024, STARTS_A_SECOND = 12, STARTS_A_DELETION = 4, KNOWN_MAX = 256 };

/* Seen by all processes. */
struct shared {
	atomic_bool stop;
	atomic_uint generation; /* odd: no daemon answers, or only for a moment longer */
	atomic_uint starts, deletions, wrong, operations, guilds_killed, runs_killed;
	int64_t began_ms;
	struct beat {
		_Atomic int64_t since_ms; /* when it began what it does; 0: nothing */
		_Atomic(const char *) what;
	} beats[WORKERS_MAX];
};

struct worker {
	struct shared *shared;
	const char *guild, *home, *project, *mount;
	unsigned number;
	int log;
	struct random random;
	unsigned n_tokens;
	char known[KNOWN_MAX][33]; /* ids of runs, of which some are gone */
	size_t n_known;
};

/* Until told to stop. */
void work(struct worker *w);

/* beside.c: `guild run` with these lines of flags, killed after that many milliseconds unless it is
 * 0. Its exit status; -1: it was killed. */
int guild_run(const struct worker *w, const char *flags, unsigned kill_after_ms);
/* kill -9; true when there was what to kill. */
bool kill_run(const struct worker *w, const char *id, bool supervisor, bool process);

/* content.c: whether a file can have this text. */
bool is_status(const char *text, size_t len);
bool is_flags(const char *text, size_t len);
bool is_output(const char *text, size_t len);
bool is_artifact(const char *text, size_t len);
bool is_label(const char *text, size_t len);
bool is_comments(const char *text, size_t len);
bool is_loss(const char *text, size_t len);
bool is_table(const char *text, size_t len);

#endif
