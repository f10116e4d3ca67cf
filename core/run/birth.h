/* SPDX-License-Identifier: MIT */
/*
 * How a run comes into being: built under cache/guildfs/new, complete with attributes, manifest
 * and source code, then renamed into runs/. It is born STAGED, or PENDING with a launch ticket:
 * whoever finds a ticket without a held lock may start the run, once.
 *
 * Files belong to spec->uid and gid when the caller may give them away. Synced to disk within a
 * second after the call, by birth_sync().
 */
#ifndef RUN_BIRTH_H
#define RUN_BIRTH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/name.h"
#include "project/guildfile.h"
#include "run/home.h"

#define BIRTH_DIR "cache/guildfs/new" /* where runs are built */

struct birth_spec;

/* What makes a run a batch. Its own operation is one of project/builtin.h. */
struct birth_batch {
	const struct birth_spec *proto; /* of the runs that are its trials; `proto` lies below it */
	int64_t max_trials;             /* 0: not said */
	const char *objective;          /* NULL: not said */
	bool stage_trials;
	bool fail_on_trial_error; /* where no run_params say so */
};

struct birth_spec {
	const struct operation *op;     /* NULL: what the prototype ran */
	int proto_fd;                   /* directory of a run whose source code it gets; -1: none */
	bool own_source;                /* the project's source code all the same */
	const struct value *user_flags; /* what the user set; NULL: nothing */
	const struct value *flags;      /* resolved values of all flags */
	const struct birth_batch *batch; /* NULL: a run by itself */
	int jobs;                   /* of a run that starts others: see run/jobs.h; 0: not said */
	const struct value *trials; /* of a batch's prototype: what batch files say; NULL: none */
	const char *label;          /* NULL: the template, else the default label */
	const struct strv *tags;    /* NULL: only the operation's own */
	const char *comment;        /* NULL: none */
	const char *dropped;        /* name of the flags file it came from; NULL: none */
	const struct value
		*executor; /* of executor_choose(); NULL: that of the prototype, or here */
	bool stage;
	bool keep; /* delete-on-success or not */
	uid_t uid;
	gid_t gid;
	const char *user;               /* name for attrs/user */
	const struct strv *env;         /* the caller's environment, for python and staged runs */
	const struct value *extra_env;  /* what the command gets beside its own; NULL: nothing */
	const struct strv *extra_deps;  /* paths of files to link; NULL: none */
	const struct value *run_params; /* options of the command line to record; NULL: none */
	const int64_t *seed;            /* NULL: a random one */
	const char *id;                 /* NULL: a new one; else any name that is free */
	const char *run_dir;            /* NULL: runs/<id>, else this directory (must not exist) */
	struct strv *warnings;          /* sentences for the user are added; NULL: nobody listens */
};

/*
 * Without spec->id, ret_id may hold an id already (not ""): that run is replaced in one step, which
 * is how a flags file that is flushed twice stays one run.
 */
int birth_create(const struct home *home, const struct birth_spec *spec,
	char ret_id[RUN_ID_LEN + 1], struct err *err);
/*
 * Writes what `spec` says into a run that is there already and is about to be started again: the
 * command, flags, label and tags; its source code when spec->own_source. id, initialized, seed and
 * all else stay. Likewise the prototype of a batch.
 */
int birth_renew(
	const struct home *home, const char *id, const struct birth_spec *spec, struct err *err);
/*
 * A trial of a batch: the prototype with other flags, pending without a ticket, so that nobody but
 * its batch (or a user who wants that very run) starts it. -EEXIST when there is a run of that id.
 */
struct birth_trial {
	int batch_fd;              /* directory of the batch */
	const struct value *op;    /* attribute of the prototype */
	const char *python;        /* for the command that is shown; the start finds its own */
	const struct value *flags; /* all */
};
int birth_trial(
	const struct home *home, const struct birth_trial *trial, const char *id, struct err *err);
/* Undoes a birth that was never launched. */
int birth_withdraw(const struct home *home, const char *id);
void birth_sync(const struct home *home, const char *id);
/* Removes what died while it was being born, an hour ago or more. */
void birth_sweep(const struct home *home);

#endif
