/* SPDX-License-Identifier: MIT */
/* A batch in the store: its birth, its trials, and what is left of them after an end at any moment.
 */
#include "store.h"

#include <errno.h>

#include "project/builtin.h"
#include "run/batch.h"
#include "run/launch.h"
#include "run/opref.h"
#include "run/status.h"
#include "yaml/yaml.h"

static struct store store;

static int setup(void **state)
{
	int r = support_setup(state);

	store_open(&store, *state);
	return r;
}

static int teardown(void **state)
{
	store_close(&store);
	return support_teardown(state);
}

/* A batch of `op` that is not started. */
static void birth_batch(const char *optimizer, const char *flags_text, char id[RUN_ID_LEN + 1])
{
	const struct operation *op = model_operation(&store.file->models[0], "op"), *batch_op;
	_cleanup_guildfile_ struct guildfile *builtin = NULL;
	_cleanup_value_ struct value *flags = NULL;
	struct birth_spec proto = {.op = op, .proto_fd = -1, .env = &store.env, .user = "u"};
	struct birth_batch batch = {.proto = &proto, .max_trials = 9, .objective = "-acc"};
	struct birth_spec spec = {.proto_fd = -1, .env = &store.env, .user = "u", .batch = &batch};

	proto.uid = spec.uid = getuid();
	proto.gid = spec.gid = getgid();
	assert_int_equal(yaml_parse(flags_text, strlen(flags_text), &flags, NULL), 0);
	proto.flags = flags;
	assert_int_equal(builtin_find(optimizer, &builtin, &batch_op, NULL), 0);
	spec.op = batch_op;
	assert_int_equal(birth_create(store.home, &spec, id, NULL), 0);
}

struct opened {
	struct batch batch;
	struct value *trials;
	struct buf dir;
	int run_fd;
};

static void open_batch(const char *id, struct opened *o)
{
	*o = (struct opened){.run_fd = home_open_run(store.home, id)};
	home_run_path(store.home, id, &o->dir);
	assert_int_equal(batch_open(store.home, o->run_fd, buf_str(&o->dir), &o->batch, NULL), 0);
	if (o->batch.spec.kind != BATCH_SEQUENTIAL)
		assert_int_equal(batch_expand(&o->batch.spec, &o->trials, NULL), 0);
}

static void close_batch(struct opened *o)
{
	batch_close(&o->batch);
	value_free(o->trials);
	buf_release(&o->dir);
	close(o->run_fd);
}

static void plan(const struct opened *o, struct batch_plan *ret)
{
	assert_int_equal(batch_plan(&o->batch, o->trials, ret, NULL), 0);
}

static void create(const struct opened *o, const struct batch_plan *p)
{
	assert_int_equal(batch_create_trials(&o->batch, p, &store.env, NULL), 0);
}

static void check_attr(int run_fd, const char *name, const char *wanted)
{
	_cleanup_value_ struct value *v = NULL;
	_cleanup_buf_ struct buf b = BUF_INIT;

	assert_int_equal(attr_read(run_fd, name, &v, NULL), 0);
	yaml_emit_flow(&b, v);
	assert_string_equal(buf_str(&b), wanted);
}

static void set_over(const char *id)
{
	_cleanup_close_ int fd = home_open_run(store.home, id);

	assert_int_equal(unlinkat(fd, ".guild/PENDING", 0), 0);
	assert_int_equal(attr_write_int(fd, "exit_status", 0, FILE_NOSYNC), 0);
}

static void on_disk(void **state)
{
	char id[RUN_ID_LEN + 1] = "";
	struct opened o;
	struct batch_plan p;
	_cleanup_(opref_release) struct opref ref = {0};
	_cleanup_buf_ struct buf b = BUF_INIT;
	int proto, trial;

	(void)state;
	birth_batch("+", "{x: [1, 2], name: [n, k]}", id);
	open_batch(id, &o);
	assert_int_equal(opref_read(o.run_fd, &ref, NULL), 0);
	opref_format(&b, &ref);
	assert_string_equal(buf_str(&b), "builtin:guildai 0.9.1 '' +");
	check_attr(o.run_fd, "flags", "{}");
	check_attr(o.run_fd, "max_trials", "9");
	check_attr(o.run_fd, "objective", "-acc");
	proto = batch_open_proto(o.run_fd);
	assert_true(proto >= 0);
	check_attr(proto, "id", "proto");
	check_attr(proto, "flags", "{name: [n, k], x: [1, 2]}");
	assert_true(file_exists(proto, "op.sh"));
	assert_true(file_exists(proto, ".guild/PENDING"));
	close(proto);

	plan(&o, &p);
	assert_true(p.is_new);
	assert_int_equal(p.ids.n, 4);
	create(&o, &p);
	trial = home_open_run(store.home, p.ids.v[1]);
	assert_int_equal(run_status_get(trial), RUN_PENDING);
	assert_false(launch_reconcile(store.home, p.ids.v[1]));
	assert_false(file_exists(trial, RUN_OWN_DIR));
	check_attr(trial, "id", p.ids.v[1]);
	check_attr(trial, "flags", "{name: n, x: 2}");
	check_attr(trial, "user_flags", "{}");
	check_attr(trial, "label", "name=n x=2");
	check_attr(trial, "cmd", "[sh, op.sh]");
	assert_true(file_exists(trial, "op.sh"));
	assert_int_equal(batch_open_proto(trial), -ENOENT);
	close(trial);
	strv_release(&p.ids);
	close_batch(&o);
}

/* Whatever part of the list was made, the same trials come of it. */
static void cut_off(void **state)
{
	char id[RUN_ID_LEN + 1] = "";
	struct opened o;
	struct batch_plan first, again, part;

	(void)state;
	birth_batch("+", "{x: [1, 2, 3, 4]}", id);
	open_batch(id, &o);
	plan(&o, &first);
	part = first;
	part.ids.n = 2;
	create(&o, &part);
	/* Made, but not linked yet. */
	assert_int_equal(unlinkat(o.run_fd, first.ids.v[1], 0), 0);
	plan(&o, &again);
	assert_false(again.is_new);
	assert_int_equal(again.ids.n, 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(again.ids.v[i], first.ids.v[i]);
	create(&o, &again);
	for (size_t i = 0; i < 4; i++)
		assert_true(file_exists(o.run_fd, first.ids.v[i]));
	strv_release(&again.ids);

	/* One that a user deleted is not made anew. */
	set_over(first.ids.v[0]);
	{
		_cleanup_buf_ struct buf path = BUF_INIT;

		buf_printf(&path, "runs/%s", first.ids.v[3]);
		assert_int_equal(file_remove_tree(store.home->fd, buf_str(&path)), 0);
	}
	plan(&o, &again);
	assert_false(again.is_new);
	create(&o, &again);
	assert_int_equal(home_open_run(store.home, first.ids.v[3]), -ENOENT);
	strv_release(&again.ids);

	/* When none is left, there are new ones. */
	set_over(first.ids.v[1]);
	set_over(first.ids.v[2]);
	plan(&o, &again);
	assert_true(again.is_new);
	assert_string_not_equal(again.ids.v[0], first.ids.v[0]);
	strv_release(&again.ids);
	strv_release(&first.ids);
	close_batch(&o);
}

/* Guild AI leaves links and no list: what is pending of them is gone on with, oldest first. */
static void without_a_list(void **state)
{
	char id[RUN_ID_LEN + 1] = "";
	struct opened o;
	struct batch_plan first, again;

	(void)state;
	birth_batch("+", "{x: [1, 2, 3]}", id);
	open_batch(id, &o);
	plan(&o, &first);
	create(&o, &first);
	set_over(first.ids.v[1]);
	assert_int_equal(unlinkat(o.run_fd, RUN_OWN_DIR "/trials", 0), 0);
	plan(&o, &again);
	assert_false(again.is_new);
	assert_null(again.trials);
	assert_int_equal(again.ids.n, 2);
	assert_string_equal(again.ids.v[0], first.ids.v[0]);
	assert_string_equal(again.ids.v[1], first.ids.v[2]);
	strv_release(&again.ids);
	strv_release(&first.ids);
	close_batch(&o);
}

static void check_same_ids(const struct batch_plan *a, const struct batch_plan *b)
{
	assert_int_equal(a->ids.n, b->ids.n);
	for (size_t i = 0; i < a->ids.n; i++)
		assert_string_equal(a->ids.v[i], b->ids.v[i]);
}

static void create_one(const struct opened *o, const char *id)
{
	assert_int_equal(
		batch_create_trial(&o->batch, id, o->batch.flags, &store.env, NULL), 0);
}

/* The trials of an optimizer have their ids before they are made: none is lost, or made twice. */
static void search_cut_off(void **state)
{
	char id[RUN_ID_LEN + 1] = "";
	struct opened o;
	struct batch_plan first, again;

	(void)state;
	birth_batch("tpe", "{x: '[1:9]'}", id);
	open_batch(id, &o);
	assert_int_equal(o.batch.spec.kind, BATCH_SEQUENTIAL);
	assert_string_equal(o.batch.algorithm, "tpe");
	assert_string_equal(buf_str(&o.batch.objective), "-acc");
	assert_int_equal(batch_plan_search(&o.batch, &first, NULL), 0);
	assert_true(first.is_new);
	assert_int_equal(first.ids.n, 9);
	assert_false(batch_has_trial(&o.batch, first.ids.v[0]));
	create_one(&o, first.ids.v[0]);
	create_one(&o, first.ids.v[1]);
	set_over(first.ids.v[0]);
	/* Made, but not linked yet. */
	assert_int_equal(unlinkat(o.run_fd, first.ids.v[1], 0), 0);
	assert_int_equal(batch_plan_search(&o.batch, &again, NULL), 0);
	assert_false(again.is_new);
	check_same_ids(&again, &first);
	assert_true(batch_has_trial(&o.batch, first.ids.v[0]));
	assert_true(batch_has_trial(&o.batch, first.ids.v[1]));
	assert_true(file_exists(o.run_fd, first.ids.v[1]));
	assert_false(batch_has_trial(&o.batch, first.ids.v[2]));
	strv_release(&again.ids);

	/* One that a user deleted was made. */
	{
		_cleanup_buf_ struct buf path = BUF_INIT;

		buf_printf(&path, "runs/%s", first.ids.v[1]);
		assert_int_equal(file_remove_tree(store.home->fd, buf_str(&path)), 0);
	}
	assert_true(batch_has_trial(&o.batch, first.ids.v[1]));

	/* When all are over, there are new ones. */
	for (size_t i = 2; i < first.ids.n; i++) {
		create_one(&o, first.ids.v[i]);
		set_over(first.ids.v[i]);
	}
	assert_int_equal(batch_plan_search(&o.batch, &again, NULL), 0);
	assert_true(again.is_new);
	assert_false(batch_has_trial(&o.batch, again.ids.v[0]));
	strv_release(&again.ids);
	strv_release(&first.ids);
	close_batch(&o);
}

/* Of Guild AI's search the trial that is pending comes first, and the others are to be found. */
static void search_without_a_list(void **state)
{
	char id[RUN_ID_LEN + 1] = "";
	struct opened o;
	struct batch_plan first, again;

	(void)state;
	birth_batch("gp", "{x: '[1:9]'}", id);
	open_batch(id, &o);
	assert_int_equal(batch_plan_search(&o.batch, &first, NULL), 0);
	create_one(&o, first.ids.v[0]);
	create_one(&o, first.ids.v[1]);
	set_over(first.ids.v[0]);
	assert_int_equal(unlinkat(o.run_fd, RUN_OWN_DIR "/trials", 0), 0);
	assert_int_equal(batch_plan_search(&o.batch, &again, NULL), 0);
	assert_false(again.is_new);
	assert_int_equal(again.ids.n, 9);
	assert_string_equal(again.ids.v[0], first.ids.v[1]);
	assert_string_not_equal(again.ids.v[1], first.ids.v[2]);
	strv_release(&first.ids);
	assert_int_equal(batch_plan_search(&o.batch, &first, NULL), 0);
	check_same_ids(&again, &first);
	strv_release(&again.ids);
	strv_release(&first.ids);
	close_batch(&o);
}

static void one_claim(void **state)
{
	char id[RUN_ID_LEN + 1] = "";
	struct opened o;
	struct batch_plan p;
	const char *trial;
	int fd;

	(void)state;
	birth_batch("+", "{x: [1]}", id);
	open_batch(id, &o);
	plan(&o, &p);
	create(&o, &p);
	trial = p.ids.v[0];
	fd = home_open_run(store.home, trial);
	assert_int_equal(launch_claim_pending(store.home, trial, NULL), 0);
	assert_true(file_exists(fd, RUN_TICKET_FILE));
	assert_int_equal(run_status_get(fd), RUN_PENDING);
	assert_int_equal(launch_claim_pending(store.home, trial, NULL), -EBUSY);
	assert_int_equal(launch_claim_restart(store.home, trial, NULL), -EBUSY);
	set_over(trial);
	assert_int_equal(launch_claim_pending(store.home, trial, NULL), -EBUSY);
	assert_int_equal(launch_claim_pending(store.home, "0", NULL), -ENOENT);
	close(fd);
	strv_release(&p.ids);
	close_batch(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(on_disk),
		cmocka_unit_test(cut_off),
		cmocka_unit_test(without_a_list),
		cmocka_unit_test(search_cut_off),
		cmocka_unit_test(search_without_a_list),
		cmocka_unit_test(one_claim),
	};

	return cmocka_run_group_tests_name("batches in the store", tests, setup, teardown);
}
