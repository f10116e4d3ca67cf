/* SPDX-License-Identifier: MIT */
/*
 * Runs that wait for a turn that somebody else gives them: whoever shows or follows them asks now
 * and then, writes down why they wait, and ends those whose job has gone. What they are is then in
 * the store, whatever the other side forgets.
 */
#ifndef RUN_WAITING_H
#define RUN_WAITING_H

#include "base/err.h"
#include "run/home.h"
#include "run/launch.h"

/* Who can start runs whose jobs have got lost, or were never taken. */
struct waiting_starter {
	int (*start)(void *arg, const char *id, struct err *err); /* as launch_run() */
	void *arg;
};

/*
 * Of those among `ids` that wait elsewhere and were not asked about in the last seconds. It may
 * take some seconds when who is asked does not answer. `starter` NULL: it is only looked.
 */
void waiting_look(const struct home *home, const char *const *ids, size_t n,
	const struct waiting_starter *starter);
/* The usual start: what `arg` points to is a waiting_launch. */
struct waiting_launch {
	const struct home *home;
	const struct launch_spec *spec;
};
int waiting_launch(void *arg, const char *id, struct err *err);
/* Whether waiting_look() may find something to do for it. */
bool waiting_is_elsewhere(int run_fd);

#endif
