/* SPDX-License-Identifier: MIT */
/* Which runs to ask about, and what the answers mean for them. */
#include "run/waiting.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/beneath.h"
#include "run/attr.h"
#include "run/executor.h"
#include "run/status.h"

/* Of one run, by whoever looks. */
enum { ASK_EACH_S = 5 };

struct entry {
	const char *id;
	const struct executor_type *type; /* NULL: done with */
	struct buf job;
	int64_t seen;
};

struct asking {
	const struct home *home;
	const struct waiting_starter *starter;
	struct entry *entries;
	size_t n;
	const struct executor_type *type; /* that is asked */
	size_t *asked;                    /* which entry a question is about */
};

/* --- what is asked about ---------------------------------------------------- */

static bool waits(int run_fd)
{
	return beneath_exists(run_fd, RUN_GUILD_DIR "/PENDING") &&
	       beneath_exists(run_fd, RUN_TICKET_FILE);
}

bool waiting_is_elsewhere(int run_fd)
{
	return waits(run_fd) &&
	       (beneath_exists(run_fd, RUN_JOB_FILE) || beneath_exists(run_fd, RUN_REASON_FILE));
}

static bool was_asked_lately(int run_fd)
{
	struct stat st;

	return beneath_stat(run_fd, RUN_REASON_FILE, &st) == 0 &&
	       llabs(time(NULL) - (long long)st.st_mtim.tv_sec) < ASK_EACH_S;
}

/* A reason without a job: it was to be given to somebody who did not take it. */
static void start_again(const struct asking *a, const char *id, int run_fd)
{
	struct err err = ERR_INIT;

	if (!a->starter || !beneath_exists(run_fd, RUN_REASON_FILE))
		return;
	/* Whoever else has the same idea finds that it was looked at just now. */
	run_reason_write(run_fd, "it is given to its executor again");
	a->starter->start(a->starter->arg, id, &err);
	home_poke(a->home, id);
}

static void collect(struct asking *a, const char *id)
{
	_cleanup_close_ int run_fd = home_open_run(a->home, id);
	struct entry *e = &a->entries[a->n];
	struct stat st;

	if (run_fd < 0 || !waits(run_fd) || was_asked_lately(run_fd))
		return;
	*e = (struct entry){.id = id};
	if (run_job_read(run_fd, &e->type, &e->job) == 0 &&
		beneath_stat(run_fd, RUN_JOB_FILE, &st) == 0) {
		e->seen = st.st_mtim.tv_sec;
		a->n++;
		return;
	}
	buf_release(&e->job);
	start_again(a, id, run_fd);
}

int waiting_launch(void *arg, const char *id, struct err *err)
{
	const struct waiting_launch *l = arg;

	return launch_run(l->home, id, l->spec, err);
}

/* --- what is answered ------------------------------------------------------- */

static void note_reason(const struct asking *a, const char *id, int run_fd, const char *reason)
{
	_cleanup_buf_ struct buf before = BUF_INIT;

	run_reason(run_fd, &before);
	run_reason_write(run_fd, reason);
	if (strcmp(buf_str(&before), reason) != 0)
		home_poke(a->home, id);
}

static void note_seen(int run_fd)
{
	_cleanup_close_ int fd = beneath_open(run_fd, RUN_JOB_FILE, O_WRONLY | O_NONBLOCK, 0);

	if (fd >= 0)
		futimens(fd, NULL);
}

/* It has begun, or was started as another job, while the question was on its way. */
static bool has_moved_on(const struct entry *e, int run_fd)
{
	_cleanup_buf_ struct buf job = BUF_INIT;
	const struct executor_type *type;

	return !waits(run_fd) || run_job_read(run_fd, &type, &job) < 0 || type != e->type ||
	       strcmp(buf_str(&job), buf_str(&e->job)) != 0;
}

static void told(void *arg, size_t question, enum job_state state, const char *reason)
{
	const struct asking *a = arg;
	const struct entry *e = &a->entries[a->asked[question]];
	_cleanup_close_ int run_fd = home_open_run(a->home, e->id);

	if (run_fd < 0 || has_moved_on(e, run_fd))
		return;
	switch (state) {
	case JOB_WAITS:
	case JOB_RUNS:
		note_seen(run_fd);
		note_reason(a, e->id, run_fd, reason);
		break;
	case JOB_CANCELLED:
		launch_fail(a->home, e->id, -SIGTERM, reason);
		break;
	case JOB_FAILED:
	case JOB_UNKNOWN:
		launch_fail(a->home, e->id, 1, reason);
		break;
	case JOB_LOST:
		note_reason(a, e->id, run_fd, reason);
		if (a->starter && beneath_unlink(run_fd, RUN_JOB_FILE) == 0)
			start_again(a, e->id, run_fd);
		break;
	}
}

/* All that are of the first one's type. */
static void ask_type(struct asking *a, size_t first, struct job_question *questions)
{
	const struct executor_type *type = a->entries[first].type;
	struct err err = ERR_INIT;
	size_t n = 0;

	for (size_t i = first; i < a->n; i++) {
		if (a->entries[i].type != type)
			continue;
		questions[n] = (struct job_question){
			.job = buf_str(&a->entries[i].job), .seen = a->entries[i].seen};
		a->asked[n++] = i;
	}
	if (type->ask(questions, n, told, a, &err) < 0)
		for (size_t i = 0; i < n; i++) {
			const struct entry *e = &a->entries[a->asked[i]];
			_cleanup_close_ int run_fd = home_open_run(a->home, e->id);

			if (run_fd >= 0 && !has_moved_on(e, run_fd))
				note_reason(a, e->id, run_fd, err_text(&err));
		}
	for (size_t i = 0; i < n; i++)
		a->entries[a->asked[i]].type = NULL;
}

void waiting_look(const struct home *home, const char *const *ids, size_t n,
	const struct waiting_starter *starter)
{
	struct asking a = {.home = home, .starter = starter};
	_cleanup_free_ struct job_question *questions = NULL;

	for (size_t i = 0; i < n; i++) {
		if (!a.entries)
			a.entries = calloc(n, sizeof(*a.entries));
		if (a.entries)
			collect(&a, ids[i]);
	}
	questions = a.n ? calloc(a.n, sizeof(*questions)) : NULL;
	a.asked = a.n ? calloc(a.n, sizeof(*a.asked)) : NULL;
	for (size_t i = 0; questions && a.asked && i < a.n; i++)
		if (a.entries[i].type)
			ask_type(&a, i, questions);
	for (size_t i = 0; i < a.n; i++)
		buf_release(&a.entries[i].job);
	free(a.entries);
	free(a.asked);
}
