/* SPDX-License-Identifier: MIT */
/*
 * The runs that a process of ours (batch-main, queue-main) has started and sees through, in so many
 * slots as may run at a time. Each goes on when this process is killed: what is kept here is what
 * to copy of it and what to tell it.
 */
#ifndef SLOTS_H
#define SLOTS_H

#include <stdint.h>

#include "runs/follow.h"
#include "run/home.h"
#include "run/waiting.h"

struct slot {
	char *id; /* NULL: nothing runs in it */
	int run_fd;
	struct follower *follower;
	int passed;      /* signals of Ctrl-C that it has been told of */
	int64_t kill_at; /* 0: nobody has told it to stop */
};

struct slots {
	const struct home *home;               /* borrowed */
	const struct waiting_starter *starter; /* of what gets lost; NULL: nobody */
	int inotify;
	size_t n, busy;
	struct slot *v;
};

/* -ENOMEM. */
int slots_open(const struct home *home, size_t n, struct slots *ret);
void slots_close(struct slots *s);

/* The first that is empty; NULL: none is. */
struct slot *slots_empty(const struct slots *s);
/* Follows a run that was just started. Takes run_fd over, also on failure. -ENOMEM. */
int slots_put(struct slots *s, struct slot *slot, const char *id, int run_fd);
void slots_clear(struct slots *s, struct slot *slot);
/* Copies what is new of all of them. One whose run is over and all copied; NULL: they go on. */
struct slot *slots_look(struct slots *s);
/* follow_wait(), after a look at those that wait elsewhere. */
bool slots_wait(const struct slots *s);
/* Passes Ctrl-C on, once each time. */
void slots_interrupt(const struct slots *s);

#endif
