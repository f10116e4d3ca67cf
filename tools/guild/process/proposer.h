/* SPDX-License-Identifier: MIT */
/*
 * The program that proposes the trials of a batch: guild.propose of the Python shim, run by the
 * Python of the project. It is told in JSON what became of trials and asked for the next one (its
 * text says how). It ends with us, since its input does, and leaves nothing behind.
 *
 * Errors: -EPIPE it is gone; -EINTR somebody wants the batch to end (follow_interrupts()); -EINVAL
 * with what it says is wrong; -ENOENT it cannot be started; -ENOMEM.
 */
#ifndef PROPOSER_H
#define PROPOSER_H

#include "base/err.h"
#include "base/strv.h"
#include "yaml/value.h"

struct proposer;

/* Starts it and says `begin` to it. env is the caller's environment. */
int proposer_open(const char *project_dir, const struct strv *env, const struct value *begin,
	struct proposer **ret, struct err *err);
void proposer_close(struct proposer *p);
int proposer_tell(struct proposer *p, const struct value *told);
/* The point that it answers with, a list. The caller frees it. */
int proposer_ask(
	struct proposer *p, const struct value *question, struct value **ret, struct err *err);

#endif
