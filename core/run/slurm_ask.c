/* SPDX-License-Identifier: MIT */
/* What has become of jobs. Slurm's memory is short: what it must remember of a run is in the run.
 */
#include "run/slurm_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MIN_JOB_AGE_S = 300 }; /* where Slurm's own limit is not known: its default */

/* As it is to be in the comment; "" when the note does not have it. */
static const char *made_for(const char *job)
{
	return job[slurm_id_len(job)] ? job + slurm_id_len(job) + 1 : "";
}

/* Numbers of jobs without their tasks, each once. */
static int list_jobs(const struct job_question *questions, size_t n, struct buf *ret)
{
	_cleanup_strv_ struct strv ids = STRV_INIT;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = strv_add_len(&ids, questions[i].job, strcspn(questions[i].job, "_ "));
	strv_sort(&ids);
	strv_unique(&ids);
	for (size_t i = 0; i < ids.n; i++)
		buf_printf(ret, "%s%s", i ? "," : "", ids.v[i]);
	return r < 0 ? r : buf_error(ret);
}

static enum job_state state_of(const char *name)
{
	static const struct {
		const char *name;
		enum job_state state;
	} states[] = {{"PENDING", JOB_WAITS}, {"REQUEUED", JOB_WAITS}, {"REQUEUE_FED", JOB_WAITS},
		{"REQUEUE_HOLD", JOB_WAITS}, {"SPECIAL_EXIT", JOB_WAITS},
		{"CANCELLED", JOB_CANCELLED}, {"PREEMPTED", JOB_CANCELLED},
		{"REVOKED", JOB_CANCELLED}, {"BOOT_FAIL", JOB_FAILED}, {"COMPLETED", JOB_FAILED},
		{"DEADLINE", JOB_FAILED}, {"FAILED", JOB_FAILED}, {"NODE_FAIL", JOB_FAILED},
		{"OUT_OF_MEMORY", JOB_FAILED}, {"TIMEOUT", JOB_FAILED}};

	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (strcmp(states[i].name, name) == 0)
			return states[i].state;
	return JOB_RUNS;
}

/* A line of squeue. */
struct line {
	char *id, *state, *reason, *comment;
};

static bool split_line(char *text, struct line *ret)
{
	char **parts[] = {&ret->id, &ret->state, &ret->reason, &ret->comment};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		*parts[i] = text;
		if (i + 1 == ARRAY_SIZE(parts))
			return true;
		text = strchr(text, '|');
		if (!text)
			return false;
		*text++ = '\0';
	}
	return false;
}

static bool is_about(const struct line *l, const char *job)
{
	size_t len = slurm_id_len(job);

	return strlen(l->id) == len && strncmp(l->id, job, len) == 0 &&
	       strncmp(l->comment, SLURM_COMMENT, strlen(SLURM_COMMENT)) == 0 &&
	       (!*made_for(job) || strcmp(l->comment + strlen(SLURM_COMMENT), made_for(job)) == 0);
}

static void tell_line(const struct line *l, const struct job_question *questions, size_t i,
	job_told tell, void *arg)
{
	const char *job = questions[i].job;
	enum job_state state = state_of(l->state);
	_cleanup_buf_ struct buf reason = BUF_INIT;
	bool has_reason = *l->reason && strcmp(l->reason, "None") != 0;

	if (state == JOB_CANCELLED)
		buf_printf(&reason, "Slurm's job %.*s was cancelled before the run began",
			(int)slurm_id_len(job), job);
	else if (state == JOB_FAILED)
		buf_printf(&reason, "Slurm's job %.*s was ended before the run began: %s%s%s",
			(int)slurm_id_len(job), job, l->state, has_reason ? ", " : "",
			has_reason ? l->reason : "");
	else if (state == JOB_WAITS && has_reason)
		buf_puts(&reason, l->reason);
	tell(arg, i, state, buf_str(&reason));
}

/* Of what squeue does not name. It forgets a job no earlier than so long after its end. */
static void tell_unknown(
	const struct job_question *questions, size_t i, long min_age, job_told tell, void *arg)
{
	const struct job_question *q = &questions[i];
	_cleanup_buf_ struct buf reason = BUF_INIT;
	bool is_lost = time(NULL) - q->seen < min_age;

	buf_printf(&reason, "Slurm does not know its job %.*s%s", (int)slurm_id_len(q->job), q->job,
		is_lost ? "" : " any more, and the run had not begun");
	tell(arg, i, is_lost ? JOB_LOST : JOB_UNKNOWN, buf_str(&reason));
}

static void tell_all(
	const struct job_question *questions, size_t n, char *text, job_told tell, void *arg)
{
	_cleanup_free_ bool *told = calloc(n, sizeof(*told));
	long min_age = -1;
	char *next;

	for (char *at = text; told && *at; at = next) {
		struct line line;
		size_t len = strcspn(at, "\n");

		next = at + len + (at[len] == '\n');
		at[len] = '\0';
		if (!split_line(at, &line))
			continue;
		for (size_t i = 0; i < n; i++)
			if (!told[i] && is_about(&line, questions[i].job)) {
				tell_line(&line, questions, i, tell, arg);
				told[i] = true;
			}
	}
	for (size_t i = 0; told && i < n; i++) {
		if (told[i])
			continue;
		if (min_age < 0)
			min_age = slurm_config_number("MinJobAge", SLURM_ASK_MS, MIN_JOB_AGE_S);
		tell_unknown(questions, i, min_age, tell, arg);
	}
}

int slurm_ask(
	const struct job_question *questions, size_t n, job_told tell, void *arg, struct err *err)
{
	_cleanup_buf_ struct buf list = BUF_INIT, out = BUF_INIT, messages = BUF_INIT;
	const char *argv[] = {"squeue", "--noheader", "--array", "--states=all",
		"--format=%i|%T|%r|%k", "--jobs", NULL, NULL};
	int r = list_jobs(questions, n, &list);

	if (r < 0)
		return err_set(err, r, "out of memory");
	argv[ARRAY_SIZE(argv) - 2] = buf_str(&list);
	r = slurm_call_here(argv, SLURM_ASK_MS, &out, &messages, err);
	/* When it knows none of them. */
	if (r > 0 && strstr(buf_str(&messages), "Invalid job id"))
		r = 0;
	if (r > 0)
		r = slurm_refused("squeue", &messages, err);
	if (r == 0 && out.len)
		tell_all(questions, n, out.data, tell, arg);
	else if (r == 0)
		tell_all(questions, n, (char[]){""}, tell, arg);
	return r;
}
