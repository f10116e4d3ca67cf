/* SPDX-License-Identifier: MIT */
/*
 * What `guild run` is asked to do, gathered step by step: options, an operation, a run that it goes
 * on from, flags. cmd_run.c does it; run_look.c only shows it.
 */
#ifndef RUN_JOB_H
#define RUN_JOB_H

#include "guild.h"
#include "project/batch.h"
#include "run/birth.h"
#include "yaml/value.h"

struct run_options {
	const char *label, *comment, *start, *restart, *proto, *run_dir, *run_id, *gpus, *pidfile;
	const char *stop_after, *random_seed, *debug_sourcecode, *max_trials, *optimizer, *minimize,
		*maximize, *batch_label, *batch_comment, *remote, *save_trials;
	const char *jobs, *executor;
	const char *test_output_scalars, *test_output_attrs;
	struct strv executor_options, tags, deps, batch_tags, opt_flags, breaks;
	bool yes, stage, background, quiet, print_cmd, print_env, help_op, help_model, no_gpus,
		needed;
	bool force_flags, force_deps, force_sourcecode, keep_run, keep_batch, optimize,
		stage_trials, print_trials, fail_on_trial_error, no_wait, break_on_error;
	bool test_sourcecode, test_flags, edit_flags, edit_comment, edit_batch_comment;
};

extern const struct option_def run_options[];
void run_options_release(void *options);
/* The attribute run_params: every option by its underscored name. NULL: out of memory. */
struct value *run_options_params(
	const struct run_options *o, const char *opspec, const struct strv *flag_args);

struct job {
	const struct run_options *o;
	struct guildfile *file;     /* NULL when all comes from a run */
	struct installed installed; /* of the operation, when it is one of a package */
	const struct operation *op; /* NULL: what the run was */
	char id[256];               /* of the run that is restarted or a prototype; "": none */
	int run_fd;                 /* of that run; of a batch: its prototype's; -1 */
	int batch_fd;               /* of that run, when it is a batch; -1 */
	bool is_proto;              /* a new run like that one, else that one again */
	const char *opspec;         /* as it was written; NULL: not */
	struct strv flag_args;      /* NAME=TEXT words */
	struct value *user_flags;   /* what the user set */
	struct value *flags;        /* all */
	struct buf name;            /* of the operation, for messages */
	enum batch_kind batch;      /* what the flags make of it */
	struct value *trials;       /* what batch files say; NULL: nothing */
	int64_t max_trials;         /* of a batch; 0: as many as there are */
	int jobs;                   /* of a batch or a queue: runs at a time; 0: not said */
	int64_t seed;               /* of the run, or of the batch */
	struct buf objective;       /* of a batch: COLUMN or -COLUMN */
	struct guildfile *batch_file;
	const struct operation *batch_op; /* NULL: what the batch was */
	struct value *opt_user_flags;     /* of the optimizer: what the user set */
	struct value *opt_flags;          /* all; NULL: it has none */
	struct strv missing;              /* operation sources without a run */
};

/* EXIT_OK, or an exit status after a message. */
int job_gather(
	struct guild *g, const struct run_options *o, const struct strv *args, struct job *ret);
/*
 * An operation that optimizes, as find_operation() finds one that is run; `file` NULL: of the
 * directory. The caller owns *ret_file. After a message EXIT_ERROR.
 */
int job_find_optimizer(struct guild *g, struct guildfile *file, const char *opspec,
	struct guildfile **ret_file, const struct operation **ret);
/* Words NAME=TEXT of --opt-flag, checked, over what the Guild file gives an optimizer. */
int job_resolve_opt_flags(struct job *job, const struct value *given);
/* Its flags: those of the run, of the user, and defaults. */
int job_resolve_flags(struct guild *g, struct job *job);
void job_release(struct job *job);
/* The run that it goes on from itself, not its prototype. */
static inline int job_own_fd(const struct job *job)
{
	return job->batch_fd >= 0 ? job->batch_fd : job->run_fd;
}

/* run_plugin_op.c: an operation for which there is a command of ours now, or nothing. */
int job_run_plugin_op(struct guild *g, const struct job *job);
/* Of one that is an operation of its own still. */
int job_check_plugin_op(struct guild *g, const struct job *job);

/* run_batch.c: what is different when flags or options make a batch. */
/* Looks at the resolved flags and at what options say of batches. */
int job_resolve_batch(struct guild *g, struct job *job);
/* Appends what a question and a message say of it behind the operation's name. */
void batch_describe(const struct job *job, struct buf *b);
void batch_suffix(const struct job *job, struct buf *b);
int batch_print_trials(const struct job *job);
int batch_save_trials(struct guild *g, const struct job *job);
/* The command of its process, then those of its trials. */
int batch_print_commands(struct guild *g, const struct job *job);
/*
 * Makes `spec`, which is of a run by itself, that of a batch whose trials are such runs. What it
 * points to is in `ret`, and in `proto` what `spec` was.
 */
void batch_make_spec(const struct job *job, struct birth_spec *spec, struct birth_spec *proto,
	struct birth_batch *ret);

/* run_needed.c: true, with a message, when there is a run that makes a new one needless. */
bool job_is_needless(struct guild *g, const struct job *job);

/* run_look.c: options that show something and start nothing. -1 when none was asked for. */
int job_look(struct guild *g, struct job *job);
/* The `op` attribute of the run, or of its trials. The caller frees it. */
int job_op_attr(const struct job *job, struct value **ret);
/* What such a run with these flags would be started with, as a shell would take it. */
int job_print_command(struct guild *g, const struct job *job, const struct value *op_attr,
	const struct value *flags);

/* EXIT_ERROR, with a message, when what its optimizer needs is not installed. */
int job_check_optimizer(struct guild *g, const struct job *job);

#endif
