/* SPDX-License-Identifier: MIT */
/*
 * What `guild run` is asked to do, gathered step by step: options, an operation, a run that it goes
 * on from, flags. cmd_run.c does it; run_look.c only shows it.
 */
#ifndef RUN_JOB_H
#define RUN_JOB_H

#include "guild.h"
#include "yaml/value.h"

struct run_options {
	const char *label, *comment, *start, *restart, *proto, *run_dir, *run_id, *gpus, *pidfile;
	const char *stop_after, *random_seed, *debug_sourcecode, *max_trials, *optimizer, *minimize,
		*maximize, *batch_label, *batch_comment, *remote, *save_trials;
	const char *test_output_scalars, *test_output_attrs;
	struct strv tags, deps, batch_tags, opt_flags, breaks;
	bool yes, stage, background, quiet, print_cmd, print_env, help_op, help_model, no_gpus,
		needed;
	bool force_flags, force_deps, force_sourcecode, keep_run, keep_batch, optimize,
		stage_trials, print_trials, fail_on_trial_error, no_wait, break_on_error;
	bool test_sourcecode, test_flags, edit_flags, edit_comment;
};

extern const struct option_def run_options[];
void run_options_release(void *options);
/* The attribute run_params: every option by its underscored name. NULL: out of memory. */
struct value *run_options_params(
	const struct run_options *o, const char *opspec, const struct strv *flag_args);

struct job {
	const struct run_options *o;
	struct guildfile *file;     /* NULL when all comes from a run */
	const struct operation *op; /* NULL: what the run was */
	char id[256];               /* of the run that is restarted or a prototype; "": none */
	int run_fd;                 /* of that run; -1 */
	bool is_proto;              /* a new run like that one, else that one again */
	const char *opspec;         /* as it was written; NULL: not */
	struct strv flag_args;      /* NAME=TEXT words */
	struct value *user_flags;   /* what the user set */
	struct value *flags;        /* all */
	struct buf name;            /* of the operation, for messages */
	struct strv missing;        /* operation sources without a run */
};

/* EXIT_OK, or an exit status after a message. */
int job_gather(
	struct guild *g, const struct run_options *o, const struct strv *args, struct job *ret);
/* Its flags: those of the run, of the user, and defaults. */
int job_resolve_flags(struct guild *g, struct job *job);
void job_release(struct job *job);

/* run_look.c: options that show something and start nothing. -1 when none was asked for. */
int job_look(struct guild *g, struct job *job);

/* Prints and forgets what loading a Guild file found odd. */
void print_warnings(const struct guildfile *file);
void warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
