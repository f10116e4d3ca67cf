/* SPDX-License-Identifier: MIT */
/*
 * A batch that is there: its prototype, the links to its trials, and which of them are still to be
 * run.
 *
 * On disk it is Guild AI's: .guild/proto, and ID -> ../ID for each trial. Of our own is the list of
 * trials in .guild/guildfs/trials, written before the first of them is made: a digest of all their
 * flags, then an id a line. It lets a batch that was cut off at any moment be taken up again
 * without making a trial twice.
 */
#ifndef RUN_BATCH_H
#define RUN_BATCH_H

#include "base/err.h"
#include "base/strv.h"
#include "project/batch.h"
#include "run/home.h"
#include "yaml/value.h"

struct batch {
	const struct home *home; /* borrowed */
	int run_fd;              /* of the batch; borrowed */
	const char *dir;         /* its absolute path; borrowed */
	struct batch_spec spec;  /* what batch_expand() takes; points into what follows */
	bool stage_trials, fail_on_trial_error;
	struct value *op, *flags, *user_flags, *trials; /* attributes of the prototype */
	char *algorithm;         /* what an optimizer is called: gp, tpe */
	struct value *opt_flags; /* its flags, a mapping */
	struct buf objective;    /* COLUMN or -COLUMN; "": not said */
};

/* -EINVAL with a sentence: it is none, or one whose process is none of ours. */
int batch_open(
	const struct home *home, int run_fd, const char *dir, struct batch *ret, struct err *err);
void batch_close(struct batch *b);
#define _cleanup_batch_ _cleanup_(batch_close)

/* Its prototype's directory, O_PATH, or a negative errno: the run is no batch. */
int batch_open_proto(int run_fd);
bool batch_is(int run_fd);
/* Adds to a mapping what a flags file says of such a batch, beside the flags of its trials. */
int batch_describe_options(int run_fd, struct value *to);
/* A trial of it is running: it may have outlived the batch's own process. */
bool batch_trials_run(const struct home *home, int run_fd);
/* Ids of the runs that it links to, sorted, whether they are there or not. */
int batch_links(int run_fd, struct strv *ret_ids);

/* What is to be run: these trials, in this order. */
struct batch_plan {
	struct strv ids;
	const struct value *trials; /* their flags, for those that are yet to be made; NULL: all
				       are, or (of an optimizer) each is made when its turn comes */
	bool is_new;     /* none of them was there before */
};
/*
 * Takes up what is left of the last time, else makes a new list for these trials. Trials that were
 * run, and those that a user deleted, are not run again. The caller releases ids.
 */
int batch_plan(
	const struct batch *b, const struct value *trials, struct batch_plan *ret, struct err *err);
/*
 * The same for an optimizer: as many as it may make, with ids that they will have. Whatever happens
 * between two trials, a restart knows which of them were made.
 */
int batch_plan_search(const struct batch *b, struct batch_plan *ret, struct err *err);
/* Whether the trial was made: it is there, or was and was deleted. */
bool batch_has_trial(const struct batch *b, const char *id);
/* It is still to be run (or staged): pending, or its supervisor died before it began. */
bool batch_trial_waits(const struct batch *b, int run_fd);
/* Makes and links it, unless it is there. */
int batch_create_trial(const struct batch *b, const char *id, const struct value *flags,
	const struct strv *env, struct err *err);
/* Makes and links every run of the plan that is not there yet. */
int batch_create_trials(const struct batch *b, const struct batch_plan *plan,
	const struct strv *env, struct err *err);
/*
 * A pending trial becomes a staged one, with its files. 0; 1 when these are not all there, which
 * was said on stderr; -EBUSY: it is not pending.
 */
int batch_stage_trial(const struct batch *b, const char *id, const char *cmd_dir,
	const struct strv *env, struct err *err);

#endif
