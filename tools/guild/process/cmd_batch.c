/* SPDX-License-Identifier: MIT */
/*
 * guild batch-main: the process of a batch (reference, 9). It makes the trials of the batch's run,
 * all of them (what an optimizer proposes, one by one), and then starts them in their order, as
 * many at a time as the batch has jobs, each under a supervisor of its own: a trial does not depend
 * on this process. Started by the supervisor, not by people.
 *
 * SIGTERM stops the trials that run and leaves the others pending. Started again, it goes on with
 * what is pending; when nothing is, it makes new trials, as Guild AI does.
 */
#include "guild.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runs/follow.h"
#include "process/halving.h"
#include "op_log.h"
#include "process/own_process.h"
#include "process/sequential.h"
#include "process/slots.h"
#include "base/clock.h"
#include "project/flag_values.h"
#include "run/attr.h"
#include "run/batch.h"
#include "run/birth.h"
#include "run/executor.h"
#include "run/jobs.h"
#include "run/launch.h"
#include "run/opref.h"
#include "run/status.h"
#include "run/waiting.h"

/* Trials that wait elsewhere cost nothing but an open file or two each. */
enum { KILL_DELAY_MS = 30000, FOLLOWED_ELSEWHERE = 32, RETRY_LOOKS = 5 };

struct process {
	struct guild *g;
	struct batch batch;
	const char *cmd_dir;
	bool go_on; /* some of the trials may have been run before */
	struct launch_spec launch;
	bool elsewhere;         /* trials are started by another executor than this machine */
	const struct strv *ids; /* of all trials */
	struct slots slots;
	int at_a_time;                 /* trials; 0: not said */
	struct halving *halving;       /* NULL: every trial comes to its own end */
	struct sequential *sequential; /* NULL: all trials are there from the first on */
	struct launcher *launcher;     /* NULL: not yet, or it cannot be had */
};

/* --- what is said of a trial ------------------------------------------------------ */

static void describe_flags(struct buf *b, int run_fd)
{
	_cleanup_value_ struct value *flags = NULL;
	size_t start = b->len;

	if (!attr_read_as(run_fd, "flags", VALUE_MAP, &flags))
		return;
	value_map_sort(flags);
	for (size_t i = 0; i < flags->map.n; i++) {
		if (value_is_null(flags->map.pairs[i].value))
			continue;
		buf_printf(b, "%s%s=", b->len > start ? ", " : "", flags->map.pairs[i].key);
		flag_format(b, flags->map.pairs[i].value, false);
	}
}

static void log_start(const struct process *p, const char *id, int run_fd)
{
	_cleanup_(opref_release) struct opref ref = {0};
	_cleanup_buf_ struct buf op = BUF_INIT, flags = BUF_INIT;

	if (opref_read(run_fd, &ref, NULL) == 0)
		opref_display(&op, &ref);
	describe_flags(&flags, run_fd);
	op_log(OP_LOG_INFO, "%s trial %s: %s (%s)", p->batch.stage_trials ? "Staging" : "Running",
		id, buf_str(&op), buf_str(&flags));
}

/* --- one trial --------------------------------------------------------------------- */

struct trial {
	const struct process *p;
	const char *id;
	int run_fd;
};

static void log_skipped(const struct trial *t)
{
	if (!t->p->go_on)
		op_log(OP_LOG_INFO, "Skipping %s because its status is '%s' (expected 'pending')",
			t->id, run_status_name(run_status_get(t->run_fd)));
}

/* A supervisor that dies before it has begun leaves the ticket for another one. */
static int launch(const struct trial *t, struct err *err)
{
	const struct process *p = t->p;
	int r = launcher_run(p->launcher, p->g->home, t->id, &p->launch, err);

	if (r != -EIO)
		return r;
	*err = ERR_INIT;
	return launch_run(p->g->home, t->id, &p->launch, err);
}

/* True when it runs, by us or by somebody who was quicker. */
static bool start(const struct trial *t, struct err *err)
{
	int r = launch_claim_pending(t->p->g->home, t->id, err);

	/* A ticket is there already: of one who died with it in his hand, or who is at it. */
	if (r == 0 || (r == -EBUSY && run_status_get(t->run_fd) == RUN_PENDING)) {
		*err = ERR_INIT;
		log_start(t->p, t->id, t->run_fd);
		r = launch(t, err);
	}
	/* Who waited for another one's start would wait for ever when nobody makes it. */
	return r == 0 ||
	       ((r == -EBUSY || r == -EALREADY) && run_status_live(run_status_get(t->run_fd)));
}

static int fail(const struct trial *t, int code, const char *why)
{
	if (why)
		op_log(OP_LOG_ERROR, "Trial %s exited with an error: (%d) %s", t->id, code, why);
	else
		op_log(OP_LOG_ERROR, "Trial %s exited with an error (%d) - see log for details",
			t->id, code);
	if (!t->p->batch.fail_on_trial_error)
		return EXIT_OK;
	op_log(OP_LOG_ERROR, "Stopping batch because a trial failed (pending trials can be started "
			     "as needed)");
	return code < 0 ? 256 + code : code;
}

/* How it ended: EXIT_OK, or the exit status with which the batch ends. */
static int finish(const struct trial *t)
{
	int64_t code;

	if (attr_read_int(t->run_fd, "exit_status", &code) < 0)
		code = EXIT_ERROR;
	if (code == -SIGTERM) {
		op_log(OP_LOG_INFO, "Trial %s was terminated", t->id);
		return EXIT_OK;
	}
	return code && !follow_interrupts() ? fail(t, (int)code, NULL) : EXIT_OK;
}

static int stage(const struct trial *t)
{
	struct err err = ERR_INIT;
	int r;

	log_start(t->p, t->id, t->run_fd);
	fflush(NULL);
	r = batch_stage_trial(&t->p->batch, t->id, t->p->cmd_dir, &t->p->g->env, &err);
	return r == 0 || r == -EBUSY ? EXIT_OK
				     : fail(t, EXIT_ERROR, err.code ? err_text(&err) : NULL);
}

/* What an optimizer is to propose is made when its turn comes. */
static int make_trial(const struct process *p, const char *id)
{
	struct err err = ERR_INIT;
	int r = p->sequential ? sequential_make(p->sequential, id, &err) : 0;

	if (r < 0 && r != -EINTR)
		op_log(OP_LOG_ERROR, "%s", err_text(&err));
	return r < 0 && r != -EINTR ? EXIT_ERROR : EXIT_OK;
}

/* What runs goes into the slot. EXIT_OK, or the exit status with which the batch ends. */
static int begin_trial(struct process *p, struct slot *slot, const char *id)
{
	int made = make_trial(p, id);
	_cleanup_close_ int run_fd = made == EXIT_OK ? home_open_run(p->g->home, id) : -1;
	struct trial t = {.p = p, .id = id, .run_fd = run_fd};
	struct err err = ERR_INIT;
	bool waits;

	if (made != EXIT_OK)
		return made;
	/* Deleted meanwhile. */
	if (run_fd < 0)
		return EXIT_OK;
	waits = batch_trial_waits(&p->batch, run_fd);
	if (!waits && run_status_get(run_fd) != RUN_RUNNING) {
		log_skipped(&t);
		return EXIT_OK;
	}
	if (p->batch.stage_trials && waits)
		return stage(&t);
	/* One that runs is of this batch's last life, and takes its slot as any other. */
	if (waits && !start(&t, &err)) {
		if (err.code == -EBUSY || err.code == -EALREADY)
			return finish(&t);
		return fail(&t, EXIT_ERROR, err_text(&err));
	}
	return slots_put(&p->slots, slot, id, STEAL_FD(run_fd)) < 0 ? complain("out of memory")
								    : EXIT_OK;
}

static void stop(const struct process *p, struct slot *slot)
{
	struct proc_ref process = {0};
	bool kill = slot->kill_at != 0;

	if (kill && clock_monotonic_ms() <= slot->kill_at)
		return;
	run_process(slot->run_fd, &process);
	/* It is just beginning, and can be told the next time. */
	if (launch_stop(p->g->home, slot->id, kill, NULL) == -ESRCH)
		return;
	op_log(OP_LOG_INFO, "%s trial (proc %ld)", kill ? "Forcefully terminating" : "Stopping",
		(long)process.pid);
	slot->kill_at = clock_monotonic_ms() + KILL_DELAY_MS;
}

/* What waits elsewhere would begin without us. */
static void release_waiting(struct process *p)
{
	launch_release(p->g->home, (const char *const *)p->ids->v, p->ids->n);
	for (size_t i = 0; i < p->slots.n; i++) {
		struct slot *slot = &p->slots.v[i];

		if (slot->id && run_status_get(slot->run_fd) == RUN_PENDING &&
			!launch_has_ticket(slot->run_fd))
			slots_clear(&p->slots, slot);
	}
}

/* Ctrl-C is the trials' first. */
static void pass_signals(struct process *p)
{
	if (!follow_interrupts())
		return;
	if (p->elsewhere)
		release_waiting(p);
	if (!follow_terminated()) {
		slots_interrupt(&p->slots);
		return;
	}
	for (size_t i = 0; i < p->slots.n; i++)
		if (p->slots.v[i].id)
			stop(p, &p->slots.v[i]);
}

/* Whoever does worse than others is told to stop, and is killed when it does not. */
static void halve(const struct process *p)
{
	for (size_t i = 0; p->halving && i < p->slots.n; i++) {
		struct slot *slot = &p->slots.v[i];

		if (slot->id && run_status_get(slot->run_fd) == RUN_RUNNING &&
			(slot->kill_at || halving_look(p->halving, slot->id, slot->run_fd)))
			stop(p, slot);
	}
}

/* --- all of them ------------------------------------------------------------------- */

static int end_trial(struct process *p, struct slot *slot)
{
	const struct trial t = {.p = p, .id = slot->id, .run_fd = slot->run_fd};
	int status = finish(&t);

	if (p->halving)
		halving_end(p->halving, slot->id, slot->run_fd);
	slots_clear(&p->slots, slot);
	return status;
}

/* Of those from *at on, as many as are taken at once. */
static int claim_some(const struct process *p, size_t most, size_t *at, struct strv *ret)
{
	int r = 0;

	for (; r == 0 && *at < p->ids->n && ret->n < most; (*at)++) {
		const char *id = p->ids->v[*at];
		_cleanup_close_ int run_fd = home_open_run(p->g->home, id);
		int claimed = run_fd < 0 ? run_fd : launch_claim_pending(p->g->home, id, NULL);

		/* -EBUSY: of one who died with the ticket in his hand, when it is of nobody else.
		 */
		if (claimed == 0 || (claimed == -EBUSY && run_status_get(run_fd) == RUN_PENDING &&
					    !waiting_is_elsewhere(run_fd)))
			r = strv_add(ret, id);
	}
	return r;
}

/* As long as nobody answers, it is tried again. */
static int launch_some(const struct process *p, const struct strv *ids)
{
	const struct launch_list list = {
		.ids = (const char *const *)ids->v, .n = ids->n, .at_a_time = p->at_a_time};
	bool said = false;

	for (;;) {
		struct err err = ERR_INIT;
		int r = launch_many(p->g->home, &list, &p->launch, &err);

		if (r == 0 || r == -EALREADY || follow_interrupts())
			return EXIT_OK;
		if (r != -EAGAIN || !said)
			op_log(r == -EAGAIN ? OP_LOG_WARNING : OP_LOG_ERROR,
				"Trials cannot be started: %s", err_text(&err));
		if (r != -EAGAIN)
			return EXIT_ERROR;
		said = true;
		for (int i = 0; i < RETRY_LOOKS && !follow_interrupts(); i++)
			follow_wait(p->slots.inotify);
	}
}

/* All that are pending, before any is followed: who has to find room for them knows best when. */
static int launch_all(const struct process *p)
{
	size_t most = launch_most(p->g->home, p->ids->v[0]), at = 0;
	int status = EXIT_OK;

	while (status == EXIT_OK && at < p->ids->n && !follow_interrupts()) {
		_cleanup_strv_ struct strv some = STRV_INIT;

		if (claim_some(p, most, &at, &some) < 0)
			return complain("out of memory");
		if (!some.n)
			continue;
		op_log(OP_LOG_INFO, "Starting %zu trials", some.n);
		status = launch_some(p, &some);
	}
	return status;
}

/* When one of them ends the batch, or a signal does, those that run are seen to their end. */
static int run_all(struct process *p, const struct strv *ids)
{
	int status = EXIT_OK;
	size_t next = 0;

	for (;;) {
		struct slot *slot;

		while (status == EXIT_OK && !follow_interrupts() && next < ids->n &&
			(slot = slots_empty(&p->slots)))
			status = begin_trial(p, slot, ids->v[next++]);
		if (!p->slots.busy)
			return status;
		slot = slots_look(&p->slots);
		pass_signals(p);
		halve(p);
		if (slot) {
			int ended = end_trial(p, slot);

			status = status == EXIT_OK ? ended : status;
		} else {
			slots_wait(&p->slots);
		}
	}
}

/* As if the signal had ended it at once. */
static int end_by_signal(void)
{
	if (!follow_terminated()) {
		op_log(OP_LOG_INFO, "Stopping batch");
		return EXIT_INTERRUPTED;
	}
	op_log(OP_LOG_INFO, "Stopping batch (pending trials can be started as needed)");
	fflush(NULL);
	signal(SIGTERM, SIG_DFL);
	raise(SIGTERM);
	return EXIT_ERROR;
}

static int plan_trials(
	struct process *p, struct value **ret_trials, struct batch_plan *plan, struct err *err)
{
	bool is_sequential = p->batch.spec.kind == BATCH_SEQUENTIAL;
	int r = is_sequential ? 0 : batch_expand(&p->batch.spec, ret_trials, err);

	if (r == 0)
		r = is_sequential ? batch_plan_search(&p->batch, plan, err)
				  : batch_plan(&p->batch, *ret_trials, plan, err);
	if (r < 0)
		return r;
	p->go_on = !plan->is_new;
	r = is_sequential ? sequential_new(p->g, &p->batch, plan, &p->sequential, err)
			  : batch_create_trials(&p->batch, plan, &p->g->env, err);
	if (r == 0 && strcmp(p->batch.algorithm, "asha") == 0)
		r = halving_new(&p->batch, &p->halving, err);
	birth_sync(p->g->home, getenv("RUN_ID"));
	return r;
}

static int run_trials(struct process *p)
{
	_cleanup_value_ struct value *trials = NULL;
	struct batch_plan plan = {0};
	struct err err = ERR_INIT;
	int r = plan_trials(p, &trials, &plan, &err), status = EXIT_OK;

	/* Bounds are a fault of the command line to Guild AI, and shown as such. */
	if (r == -EDOM)
		status = complain("%s", err_text(&err));
	else if (r < 0)
		op_log(OP_LOG_ERROR, "%s", err.code ? err_text(&err) : strerror(-r));
	if (r < 0)
		status = EXIT_ERROR;
	p->ids = &plan.ids;
	if (status == EXIT_OK && plan.ids.n > 1 && !p->batch.stage_trials && !p->elsewhere)
		p->launcher = launcher_new(p->g->home, &p->launch);
	if (status == EXIT_OK && plan.ids.n && p->elsewhere && !p->sequential &&
		!p->batch.stage_trials)
		status = launch_all(p);
	if (status == EXIT_OK)
		status = run_all(p, &plan.ids);
	launcher_free(p->launcher);
	halving_free(p->halving);
	sequential_free(p->sequential);
	strv_release(&plan.ids);
	return status == EXIT_OK && follow_interrupts() ? end_by_signal() : status;
}

/* Who waits for room elsewhere takes none here. */
static size_t count_slots(struct process *p, int run_fd)
{
	_cleanup_close_ int proto_fd = batch_open_proto(run_fd);
	_cleanup_value_ struct value *settings = NULL;

	p->at_a_time = run_jobs_said(run_fd) ? run_jobs_get(run_fd) : 0;
	p->elsewhere = proto_fd >= 0 && executor_of_run(proto_fd, &settings) != &executor_local;
	if (p->elsewhere && p->batch.spec.kind != BATCH_SEQUENTIAL && !p->at_a_time)
		return FOLLOWED_ELSEWHERE;
	return (size_t)run_jobs_get(run_fd);
}

static int batch_main(struct guild *g, void *options, const struct strv *args)
{
	_cleanup_own_process_ struct own_process self = {.run_fd = -1};
	struct process p = {.g = g};
	struct waiting_launch launch = {.home = NULL, .spec = &p.launch};
	const struct waiting_starter starter = {.start = waiting_launch, .arg = &launch};
	struct err err = ERR_INIT;
	int status = own_process_open(g, "batch-main", &self);

	(void)options;
	(void)args;
	if (status != EXIT_OK)
		return status;
	launch.home = g->home;
	p.cmd_dir = self.cmd_dir;
	p.launch = (struct launch_spec){
		.uid = getuid(),
		.gid = getgid(),
		.env = &g->env,
		.stdin_fd = -1,
		.cmd_dir = self.cmd_dir,
	};
	if (batch_open(g->home, self.run_fd, self.dir, &p.batch, &err) < 0)
		return complain("%s", err_text(&err));
	status = slots_open(g->home, count_slots(&p, self.run_fd), &p.slots);
	p.slots.starter = &starter;
	status = status < 0 ? complain("out of memory") : run_trials(&p);
	slots_close(&p.slots);
	batch_close(&p.batch);
	return status;
}

static const struct option_def no_options[] = {{0}};

const struct command cmd_batch = {
	.name = "batch-main",
	.usage = "batch-main",
	.options = no_options,
	.options_size = 1,
	.run = batch_main,
};
