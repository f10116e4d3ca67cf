/* SPDX-License-Identifier: MIT */
/*
 * guild-supervise: one small single-threaded process for each run, from its birth certificate to
 * its exit status. main.c takes the run over and answers the starter; prepare.c makes what the
 * operation's process needs; process.c starts it; tee.c keeps its output; watch.c waits for
 * what happens; finish.c writes the end; gather.c collects, beside it, what takes time; sample.c
 * has the system sampled, beside it too. job.c is for one that is a job of Slurm, lease.c for a run
 * on a file system that other machines share.
 *
 * Errors are negative errno with a sentence; what keeps a run from starting goes into its output.
 */
#ifndef SUPERVISE_H
#define SUPERVISE_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "run/home.h"
#include "catalog/catalog.h"
#include "run/opref.h"
#include "yaml/value.h"

struct capture;
struct tee;

struct supervisor {
	struct home *home;
	const char *id;
	const char *cmd_dir;
	int run_fd;
	int lock_fd;     /* the run's lock: held means alive */
	char *run_dir;   /* absolute */
	struct buf job;  /* of Slurm, which this process is; "": none */
	bool job_ends;   /* Slurm has said so */
	bool other_user; /* started by root for somebody else: a login environment */

	struct opref opref;
	struct buf project; /* its directory, "" when there is none */
	struct value *op;   /* attributes */
	struct value *flags;
	struct value *params; /* run_params: the options of who started it; NULL: none */
	struct strv argv;
	struct strv env;
	struct buf python;
	struct buf program; /* absolute path of argv[0] */

	int64_t started;      /* the attribute; 0: not yet */
	int64_t started_boot; /* the same moment by clock_boottime() */

	pid_t pid;     /* the operation's process, leader of its group; 0: not started */
	int gate_fd;   /* its process waits for a byte here before it becomes the operation */
	int failed_fd; /* and says here why it could not */
	struct tee *tee;
	struct capture *capture;    /* of scalars in the output; NULL: none */
	int capture_error;          /* the first one; 0: none */
	int guild_fd;               /* .guild of the run, for it; -1: closed */
	int caller_out, caller_err; /* for an operation whose output is not kept */
	unsigned sample_parts;      /* of enum sys_part */
	double sample_seconds;      /* 0: no samples */
	pid_t sampler;              /* 0: none */
	int sample_fd;              /* its samples, a message each; -1: none come */
	int log_fd;                 /* lines about the preparation; -1: closed */
	struct catalog *catalog;    /* NULL until a run has to be found */
	int status;                 /* of waitpid, once it has ended */
	bool ended;
};

#define SUPERVISOR_INIT                                                                            \
	((struct supervisor){.run_fd = -1,                                                         \
		.lock_fd = -1,                                                                     \
		.gate_fd = -1,                                                                     \
		.log_fd = -1,                                                                      \
		.guild_fd = -1,                                                                    \
		.sample_fd = -1})

/* prepare.c */
int prepare_run(struct supervisor *s, struct err *err);
/* Only the files that a staged run has. */
int prepare_stage(struct supervisor *s, struct err *err);

/* env.c: what the starter has, and what the operation is told beside it. */
int env_begin(struct supervisor *s);
int env_complete(struct supervisor *s, struct err *err);
/* The attribute, without what its name says is a secret. */
int env_store(const struct supervisor *s);
/* A variable of the operation's environment is set to 1. */
bool env_is_on(const struct supervisor *s, const char *name);

/* log.c: what is said to who waits for the start, by Python's levels. */
enum { LOG_DEBUG = 10 };
bool log_is_wanted(const struct supervisor *s, int level);
void log_line(struct supervisor *s, int level, const char *line);
void log_close(struct supervisor *s);

/* process.c: made, but held; then let go. */
int process_start(struct supervisor *s, int out_fd, int err_fd, struct err *err);
int process_release(struct supervisor *s, struct err *err);

/* tee.c: both streams of the operation into output and output.index. */
int tee_open(struct supervisor *s, int *ret_out_fd, int *ret_err_fd, struct err *err);
/* Descriptors to poll, -1 once they are at their end. */
void tee_fds(const struct tee *tee, int ret_fds[2]);
void tee_read(struct supervisor *s, int stream);
/* What the supervisor itself has to say to whoever reads the output. */
void tee_say(struct supervisor *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Reads what is there, ends the index, syncs. */
void tee_close(struct supervisor *s);

/* numbers.c: scalars and attributes in the output. Warnings of patterns go to the log. */
void numbers_open(struct supervisor *s);
void numbers_feed(struct supervisor *s, int stream, const void *data, size_t len);
/* Scalars that are not from the output. */
void numbers_add_event(struct supervisor *s, const struct buf *event);
void numbers_close(struct supervisor *s);

/* sample.c: a process beside this one samples the system, as far as the run wants it. */
void sample_prepare(struct supervisor *s);
void sample_begin(struct supervisor *s);
void sample_read(struct supervisor *s); /* s->sample_fd has something */
void sample_end(struct supervisor *s);

/* watch.c: the signals that it waits for, to be blocked from the first moment on. */
void watch_signals(sigset_t *ret);
/* Returns when the operation has ended and its output is read. */
int watch_process(struct supervisor *s, struct err *err);

/* gather.c */
/* Asks git for the project's commit, unless the run knows one. */
void gather_commit(const struct supervisor *s);
/* This and the rest, in a process of its own. */
void gather_beside(const struct supervisor *s);

/* lease.c: where locks do not reach other machines. */
void lease_begin(const struct supervisor *s);
void lease_end(const struct supervisor *s);

/* job.c: what is different when this process is a job of Slurm. */
struct job_script {
	struct buf text;
	struct strv lines; /* after the first: home, cmd_dir, ids */
};
/* The arguments of supervise() in a script; *ret_argv points into it. */
int job_read_script(const char *path, struct job_script *script, const char *ret_argv[3]);
void job_script_release(struct job_script *script);
/* The run has begun as this job, on this machine. */
int job_sign(const struct supervisor *s);
/* This signal is Slurm's end of the job, after which it kills: milliseconds that are left. 0: no.
 */
int64_t job_ends_in(struct supervisor *s, pid_t sender);
/* The operation has ended, or could not start: whether it was Slurm's doing, which is then said. */
void job_find_end(struct supervisor *s);

/* finish.c: the run has started, again where it has before; its end, synced before it shows. */
int mark_started(struct supervisor *s);
int finish_run(struct supervisor *s, int exit_status);
int exit_status_of(int wait_status);

#endif
