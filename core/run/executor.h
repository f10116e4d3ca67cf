/* SPDX-License-Identifier: MIT */
/*
 * Who starts the process of a run: this machine, or Slurm. An executor is a name with settings,
 * under `executors` of the user's configuration; what a run is to be started by is kept in its
 * attribute op, so that a restart and a trial have it too. A run without it is started here.
 *
 * Each type is one struct in one table, and nobody asks which type it is. What a type hands to a
 * machine of its choice is a job, by the name that it has there; `.guild/guildfs/job` of the run
 * has it, and `reason` beside it what is known of why the run waits, or why its job was ended.
 */
#ifndef RUN_EXECUTOR_H
#define RUN_EXECUTOR_H

#include "base/err.h"
#include "base/strv.h"
#include "project/guildfile.h"
#include "run/home.h"
#include "run/launch.h"
#include "yaml/value.h"

#define RUN_JOB_FILE    ".guild/guildfs/job"    /* TYPE JOB; touched when the job is seen */
#define RUN_REASON_FILE ".guild/guildfs/reason" /* one line */

/* --- choosing ------------------------------------------------------------- */

struct executor_choice {
	const char *asked;          /* by name; NULL: nobody did */
	const struct strv *options; /* NAME=VALUE, over its settings; NULL: none */
	const struct operation *op; /* NULL: unknown, and only who is asked for counts */
	const char *otherwise; /* where the operation says nothing; NULL: the configuration's */
};

/*
 * Settings, with `type` among them, all of them text or lists of text; NULL when nobody has said
 * anything. The caller frees them. -EINVAL, -ENOENT with a sentence.
 */
int executor_choose(const struct home *home, const char *cwd, const struct executor_choice *choice,
	struct value **ret, struct err *err);
/* Into the attribute op. Settings of the type that needs none take away what was there. */
int executor_put(struct value *op_attr, const struct value *settings);

/* --- types ---------------------------------------------------------------- */

struct executor_start {
	const struct home *home;
	const struct value *settings; /* NULL: it has none */
	const struct launch_spec *launch;
	const struct launch_list *list; /* runs with tickets */
};

/* What became of a job that had not begun when it was last heard of. */
enum job_state {
	JOB_WAITS,
	JOB_RUNS,      /* or is about to */
	JOB_CANCELLED, /* it will not begin, since somebody did not want it to */
	JOB_FAILED,    /* it will not begin */
	JOB_UNKNOWN,   /* ended so long ago that nobody knows */
	JOB_LOST,      /* never ended, but nobody knows of it */
};

/* Of which question; `reason` is a word or a sentence, "" when there is none. */
typedef void (*job_told)(void *arg, size_t question, enum job_state state, const char *reason);
struct job_question {
	const char *job;
	int64_t seen; /* when it was last known; seconds since the epoch */
};

struct executor_type {
	const char *name;
	const char *const *settings; /* that it takes beside `type` */
	/*
	 * Returns when nobody else is needed for them to begin: -EALREADY when somebody has started
	 * them, -EAGAIN when whom it has to ask does not answer, so that it is to be tried again.
	 */
	int (*start)(const struct executor_start *s, struct err *err);
	/* How many runs it takes at once. NULL: one, and then there are no jobs either. */
	size_t (*most)(void);
	/* -EAGAIN when there is no answer, with a sentence. */
	int (*ask)(const struct job_question *questions, size_t n, job_told tell, void *arg,
		struct err *err);
	/* That they do not begin. */
	int (*cancel)(const struct strv *jobs, struct err *err);
	/* Tells the supervisor that is the job to stop its operation, or to kill it. */
	int (*stop)(const char *job, bool kill, struct err *err);
};

extern const struct executor_type executor_local; /* launch_local.c */
extern const struct executor_type executor_slurm; /* slurm.c */

/* NULL: there is none of that name. */
const struct executor_type *executor_type_named(const char *name, size_t len);
/* Of a run: never NULL. The caller frees the settings, which are NULL when there are none. */
const struct executor_type *executor_of_run(int run_fd, struct value **ret_settings);

/* --- jobs of runs --------------------------------------------------------- */

/* -ENOENT when it has none. *ret_job is owned by the caller. */
int run_job_read(int run_fd, const struct executor_type **ret_type, struct buf *ret_job);
int run_job_write(int run_fd, const struct executor_type *type, const char *job);
/* "" when there is none. */
void run_reason(int run_fd, struct buf *b);
int run_reason_write(int run_fd, const char *reason);
/* Both go: the run is to be started anew, or has begun. */
void run_job_forget(int run_fd);
/* -ESRCH: it has no job. */
int run_job_stop(int run_fd, bool kill, struct err *err);

/*
 * Jobs of runs whose tickets have been torn up: they would find nothing to do. That they are not
 * there for nothing is all that asking for their end is for, so nobody is told when it fails.
 */
struct job_list {
	const struct executor_type *type;
	struct strv jobs;
};
/* Takes it from the run. All are of the first one's type. */
void job_list_take(struct job_list *list, int run_fd);
void job_list_cancel(struct job_list *list); /* and releases it */

#endif
