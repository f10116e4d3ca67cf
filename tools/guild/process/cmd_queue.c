/* SPDX-License-Identifier: MIT */
/*
 * guild queue-main: the process of a queue (reference, 9). It claims staged runs in their order, as
 * many at a time as the queue has jobs, and starts each under a supervisor of its own: a run does
 * not depend on this process. Started by the supervisor, not by people.
 *
 * SIGTERM ends the queue and leaves what it has started alone; Ctrl-C is passed on. What it is told
 * otherwise, and what it tells, is in files (run/queue.h).
 */
#include "guild.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "op_log.h"
#include "process/queue.h"
#include "process/resources.h"
#include "base/beneath.h"
#include "base/clock.h"
#include "run/launch.h"
#include "run/queue.h"
#include "run/status.h"

/* --- starting ------------------------------------------------------------------------ */

/* The run sees these GPUs, and says so, as if it had been started with --gpus. */
static int give_gpus(int run_fd, const char *gpus)
{
	_cleanup_value_ struct value *op = NULL, *params = NULL;
	struct value *env;
	int r = attr_read(run_fd, "op", &op, NULL);

	if (r == 0)
		r = attr_read(run_fd, "run_params", &params, NULL);
	if (r < 0)
		return r;
	env = value_get(value_get(op, "op-cmd"), "cmd-env");
	if (!env || env->type != VALUE_MAP || params->type != VALUE_MAP)
		return -EINVAL;
	r = value_map_set(env, "CUDA_VISIBLE_DEVICES", value_string(gpus));
	if (r == 0)
		r = value_map_set(params, "gpus", value_string(gpus));
	if (r == 0)
		r = attr_write(run_fd, "op", op, FILE_NOSYNC);
	return r < 0 ? r : attr_write(run_fd, "run_params", params, FILE_NOSYNC);
}

static void say_start(const struct queue *q, const char *id)
{
	_cleanup_buf_ struct buf need = BUF_INIT;

	if (!q->is_dask) {
		op_log(OP_LOG_INFO, "Starting staged run %s", id);
		return;
	}
	resources_print(q->need, &need);
	op_log(OP_LOG_INFO, "Scheduling run %s%s%s%s", id, need.len ? " (requires " : "",
		buf_str(&need), need.len ? ")" : "");
}

static int launch(const struct queue *q, const char *id, int run_fd, struct err *err)
{
	struct launch_spec spec = {
		.env = &q->env, .stdin_fd = -1, .cmd_dir = q->self.cmd_dir, .background = true};
	struct stat st;
	int r;

	if (fstat(run_fd, &st) < 0)
		return err_set(err, -errno, "cannot read the run: %s", strerror(errno));
	spec.uid = st.st_uid;
	spec.gid = st.st_gid;
	r = launch_run(q->g->home, id, &spec, err);
	/* It waits for who does not answer yet. */
	if (r == -EAGAIN)
		return 0;
	/* Somebody else found the ticket; it was started all the same. */
	return r == -EALREADY || r == -EBUSY ? 0 : r;
}

/* A claimed run, into the slot that was chosen for it. */
static void start(struct queue *q, const char *id)
{
	_cleanup_close_ int run_fd = home_open_run(q->g->home, id);
	const char *share = queue_share(q, q->chosen);
	struct err err = ERR_INIT;
	int r = run_fd < 0 ? run_fd : 0;

	say_start(q, id);
	if (r == 0 && share)
		r = give_gpus(run_fd, share);
	if (r < 0)
		err_set(&err, r, "cannot give it its GPUs: %s", strerror(-r));
	if (r == 0)
		r = launch(q, id, run_fd, &err);
	if (r == 0)
		r = slots_put(&q->slots, q->chosen, id, STEAL_FD(run_fd));
	if (r < 0) {
		op_log(OP_LOG_ERROR, "Run %s cannot be started: %s", id,
			err.code ? err_text(&err) : strerror(-r));
		queue_once(&q->left_alone, id);
		return;
	}
	q->taken[q->chosen - q->slots.v] = STEAL(q->need);
	q->started++;
	q->said_waiting = false;
	if (q->is_dask)
		op_log(OP_LOG_INFO, "Run %s started", id);
}

/* True when there was something to start. */
static bool fill(struct queue *q)
{
	bool any = false;

	for (;;) {
		_cleanup_buf_ struct buf id = BUF_INIT;
		int r;

		if (!slots_empty(&q->slots))
			return any;
		r = next_staged_claim(q->g->catalog, &q->next, &id);
		if (r < 0)
			op_log(OP_LOG_WARNING, "could not read staged runs: %s", strerror(-r));
		if (r <= 0)
			break;
		start(q, buf_str(&id));
		any = true;
	}
	if (!q->next.running.n)
		strv_release(&q->waiting_for);
	if (!q->said_waiting && !q->run_once && !q->slots.busy) {
		op_log(OP_LOG_INFO, "Waiting for staged runs");
		q->said_waiting = true;
	}
	return any;
}

static void end(struct queue *q, struct slot *slot)
{
	size_t at = (size_t)(slot - q->slots.v);
	int64_t code;

	if (attr_read_int(slot->run_fd, "exit_status", &code) < 0)
		code = EXIT_ERROR;
	if (code)
		op_log(OP_LOG_ERROR, "Run %s exited with code %lld", slot->id, (long long)code);
	else if (q->is_dask)
		op_log(OP_LOG_INFO, "Run %s completed", slot->id);
	value_free(q->taken[at]);
	q->taken[at] = NULL;
	slots_clear(&q->slots, slot);
}

/* --- what it tells ------------------------------------------------------------------- */

static struct value *running_of(const struct queue *q)
{
	_cleanup_value_ struct value *map = value_map();
	int r = map ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < q->slots.n; i++) {
		const char *share = queue_share(q, &q->slots.v[i]);
		_cleanup_value_ struct value *v = share ? value_string(share) : value_null();

		if (q->slots.v[i].id)
			r = value_map_set(map, q->slots.v[i].id, STEAL(v));
	}
	return r == 0 ? STEAL(map) : NULL;
}

static struct value *describe(const struct queue *q, enum queue_told told)
{
	static const char *const names[] = {
		[QUEUE_GO_ON] = "open", [QUEUE_PAUSE] = "paused", [QUEUE_DRAIN] = "draining"};
	_cleanup_value_ struct value *map = value_map();
	int r = map ? value_map_set(map, "state", value_string(names[told])) : -ENOMEM;

	if (r == 0)
		r = value_map_set(map, "jobs", value_int((int64_t)q->slots.n));
	if (r == 0 && q->gpus.len)
		r = value_map_set(map, "gpus", value_string(buf_str(&q->gpus)));
	if (r == 0 && q->is_dask)
		r = value_map_set(map, "resources", value_copy(q->resources));
	if (r == 0)
		r = value_map_set(map, "running", running_of(q));
	if (r == 0)
		r = value_map_set(map, "started", value_int((int64_t)q->started));
	if (r == 0)
		r = value_map_set(map, "waiting", value_from_strv(&q->next.waiting));
	return r == 0 ? STEAL(map) : NULL;
}

static void tell(struct queue *q, enum queue_told told)
{
	_cleanup_value_ struct value *state = describe(q, told);
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (!state)
		return;
	value_repr(&text, state);
	if (strcmp(buf_str(&text), buf_str(&q->state)) == 0)
		return;
	buf_clear(&q->state);
	buf_puts(&q->state, buf_str(&text));
	queue_write_state(q->self.run_fd, state);
	home_poke(q->g->home, q->self.id);
}

/* Runs of its last life that go on have their slots, and their GPUs. */
static void take_over(struct queue *q)
{
	_cleanup_value_ struct value *state = NULL;
	const struct value *running;

	if (queue_read_state(q->self.run_fd, &state) < 0)
		return;
	running = value_get(state, "running");
	for (size_t i = 0; running && running->type == VALUE_MAP && i < running->map.n; i++) {
		const char *id = running->map.pairs[i].key;
		_cleanup_close_ int run_fd =
			name_is_component(id) ? home_open_run(q->g->home, id) : -1;
		struct slot *slot;

		if (run_fd < 0 || run_status_get(run_fd) != RUN_RUNNING)
			continue;
		slot = queue_choose_slot(q, id, run_fd);
		if (!slot)
			continue;
		if (q->is_dask) {
			_cleanup_buf_ struct buf bad = BUF_INIT;

			q->taken[slot - q->slots.v] = queue_need(run_fd, &bad);
		}
		if (slots_put(&q->slots, slot, id, STEAL_FD(run_fd)) == 0)
			op_log(OP_LOG_INFO, "Run %s goes on", id);
	}
}

/* --- the whole ----------------------------------------------------------------------- */

static bool is_over(const struct queue *q, enum queue_told told)
{
	if (follow_terminated())
		return true;
	if (q->slots.busy)
		return false;
	if (follow_interrupts() || told == QUEUE_DRAIN)
		return true;
	return q->run_once && told == QUEUE_GO_ON && !(q->next.running.n && q->next.waiting.n);
}

/* What got lost where it waited. */
static int start_again(void *arg, const char *id, struct err *err)
{
	const struct queue *q = arg;
	_cleanup_close_ int run_fd = home_open_run(q->g->home, id);

	return run_fd < 0 ? run_fd : launch(q, id, run_fd, err);
}

static void run(struct queue *q)
{
	const struct waiting_starter starter = {.start = start_again, .arg = q};
	int64_t next_look = 0;
	bool news = true;

	q->slots.starter = &starter;
	for (;;) {
		enum queue_told told = queue_told(q->self.run_fd);
		bool due = news || clock_monotonic_ms() >= next_look;
		struct slot *slot;

		news = false;
		if (due && told == QUEUE_GO_ON && !follow_interrupts()) {
			news = fill(q);
			next_look = clock_monotonic_ms() + q->poll_ms;
		}
		tell(q, told);
		if (!news && is_over(q, told))
			return;
		slot = slots_look(&q->slots);
		if (follow_interrupts())
			slots_interrupt(&q->slots);
		if (slot)
			end(q, slot);
		news = slot || slots_wait(&q->slots);
	}
}

/* What Guild AI has there, so that its `compare` leaves the queue out. */
static int look_like_batch(struct queue *q)
{
	int r = beneath_mkdirs(q->self.run_fd, RUN_PROTO_DIR, 0777);

	if (r == 0)
		r = queue_forget_told(q->self.run_fd);
	if (r == 0)
		r = proc_ref_get(getpid(), &q->next.queue);
	return r < 0 ? complain("cannot begin: %s", strerror(-r)) : EXIT_OK;
}

/* The queue's own flags, as variables, are not for its runs. */
static int make_env(struct queue *q)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < q->g->env.n; i++)
		if (strncmp(q->g->env.v[i], "FLAG_", 5) != 0)
			r = strv_add(&q->env, q->g->env.v[i]);
	return r < 0 ? complain("out of memory") : EXIT_OK;
}

static void say_begin(const struct queue *q)
{
	_cleanup_buf_ struct buf resources = BUF_INIT;

	if (q->is_dask) {
		op_log(OP_LOG_INFO, "Initializing Dask cluster with %zu worker%s", q->slots.n,
			q->slots.n == 1 ? "" : "s");
		op_log(OP_LOG_INFO, "Dashboard link: <disabled>");
		resources_print(q->resources, &resources);
		if (resources.len)
			op_log(OP_LOG_INFO, "Cluster resources: %s", buf_str(&resources));
	}
	if (q->run_once)
		op_log(OP_LOG_INFO, "Processing staged runs");
}

static void queue_release(struct queue *q)
{
	for (size_t i = 0; q->taken && i < q->slots.n; i++)
		value_free(q->taken[i]);
	free(q->taken);
	slots_close(&q->slots);
	own_process_close(&q->self);
	strv_release(&q->env);
	strv_release(&q->shares);
	strv_release(&q->left_alone);
	strv_release(&q->waiting_for);
	strv_release(&q->next.waiting);
	strv_release(&q->next.running);
	value_free(q->resources);
	value_free(q->need);
	buf_release(&q->gpus);
	buf_release(&q->state);
}

static int process(struct queue *q)
{
	const char *name = q->is_dask ? "Dask scheduler" : "queue";
	int64_t began = clock_monotonic_ms();
	int status;

	op_log(OP_LOG_INFO, "Starting %s", name);
	status = queue_read_flags(q);
	if (status == EXIT_OK)
		status = make_env(q);
	if (status != EXIT_OK)
		return status;
	q->next.want_running = q->wait_for_running;
	say_begin(q);
	take_over(q);
	run(q);
	if (q->run_once)
		op_log(OP_LOG_INFO, "%s processed %zu run(s) in %.6f seconds", name, q->started,
			(double)(clock_monotonic_ms() - began) / 1000);
	op_log(OP_LOG_INFO, "Stopping %s", name);
	if (q->is_dask)
		op_log(OP_LOG_INFO, "Stopping Dask cluster");
	return follow_interrupts() && !follow_terminated() ? EXIT_INTERRUPTED : EXIT_OK;
}

static int queue_main(struct guild *g, void *options, const struct strv *args)
{
	_cleanup_(queue_release) struct queue q = {.g = g, .self = {.run_fd = -1}};
	_cleanup_(opref_release) struct opref ref = {0};
	int status = own_process_open(g, "queue-main", &q.self);

	(void)options;
	(void)args;
	if (status != EXIT_OK)
		return status;
	op_log_times();
	q.is_dask = opref_read(q.self.run_fd, &ref, NULL) == 0 && strcmp(ref.model, "dask") == 0;
	q.next.queue_id = q.self.id;
	q.next.may_start = queue_may_start;
	q.next.must_wait = queue_must_wait;
	q.next.arg = &q;
	status = look_like_batch(&q);
	return status == EXIT_OK ? process(&q) : status;
}

static const struct option_def no_options[] = {{0}};

const struct command cmd_queue = {
	.name = "queue-main",
	.usage = "queue-main",
	.options = no_options,
	.options_size = 1,
	.run = queue_main,
};
