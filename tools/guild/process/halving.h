/* SPDX-License-Identifier: MIT */
/*
 * Asynchronous successive halving (asha): trials that do worse than others did at the same point
 * are to be stopped. A trial is compared when it has written its objective `first-rung` times, and
 * each time that it has written it `reduction` times as often; it may go on when it is among the
 * best of those that came so far, one of `reduction`. What is compared is what trials write of
 * themselves: a restarted batch reads it again.
 */
#ifndef HALVING_H
#define HALVING_H

#include "base/err.h"
#include "run/batch.h"

struct halving;

/* -EINVAL with a sentence: the objective is none that grows with a trial. -ENOMEM. */
int halving_new(const struct batch *batch, struct halving **ret, struct err *err);
void halving_free(struct halving *h);
/* Looks at what the trial has written since the last time. True: enough, and the log says why. */
bool halving_look(struct halving *h, const char *id, int run_fd);
/* The trial is over: all that it had counts for the others. */
void halving_end(struct halving *h, const char *id, int run_fd);

#endif
