/* SPDX-License-Identifier: MIT */
/* Which staged run a queue gets, and what becomes of those that a dead one had claimed. */
#include "store.h"

#include <errno.h>

#include "catalog/next_staged.h"
#include "run/attr.h"
#include "run/launch.h"
#include "run/queue.h"
#include "run/status.h"

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

static void stage(char id[RUN_ID_LEN + 1])
{
	id[0] = '\0';
	store_birth(&store, "op", true, id);
}

static bool any(void *arg, const char *id, int run_fd)
{
	(void)run_fd;
	return !arg || strcmp(arg, id) != 0;
}

/* What comes next, "" for nothing. `not` is a run that may not. */
static void claim(struct next_staged *n, const char * not, char ret[RUN_ID_LEN + 1])
{
	_cleanup_buf_ struct buf id = BUF_INIT;
	struct catalog *catalog;
	int r;

	assert_int_equal(catalog_new(store.home, &catalog, NULL), 0);
	assert_int_equal(proc_ref_get(getpid(), &n->queue), 0);
	n->queue_id = "q";
	n->may_start = any;
	n->arg = (void *)not ;
	r = next_staged_claim(catalog, n, &id);
	assert_true(r >= 0);
	assert_int_equal(r, id.len > 0);
	snprintf(ret, RUN_ID_LEN + 1, "%s", buf_str(&id));
	catalog_free(catalog);
}

static void release(struct next_staged *n)
{
	strv_release(&n->waiting);
	strv_release(&n->running);
}

static void in_order(void **state)
{
	char a[RUN_ID_LEN + 1], b[RUN_ID_LEN + 1], got[RUN_ID_LEN + 1];
	struct next_staged n = {0};
	int fd;

	(void)state;
	stage(a);
	stage(b);
	claim(&n, a, got);
	assert_string_equal(got, b);
	assert_int_equal(n.waiting.n, 1);
	assert_string_equal(n.waiting.v[0], a);
	fd = home_open_run(store.home, b);
	assert_int_equal(run_status_get(fd), RUN_PENDING);
	assert_false(launch_is_orphan(fd));
	assert_int_equal(launch_claim_queued(fd, &n.queue), -EBUSY);
	claim(&n, NULL, got);
	assert_string_equal(got, a);
	claim(&n, NULL, got);
	assert_string_equal(got, "");
	close(fd);
	release(&n);
}

/* Claimed by a queue that is no more, and also where it died between its two steps. */
static void orphans(void **state)
{
	struct proc_ref dead;
	char a[RUN_ID_LEN + 1], b[RUN_ID_LEN + 1], got[RUN_ID_LEN + 1];
	struct next_staged n = {0};
	int fd;

	(void)state;
	/* One that had this number before. */
	assert_int_equal(proc_ref_get(getpid(), &dead), 0);
	dead.start--;
	stage(a);
	stage(b);
	fd = home_open_run(store.home, b);
	assert_int_equal(launch_claim_queued(fd, &dead), 0);
	assert_true(launch_is_orphan(fd));
	assert_int_equal(file_create(fd, RUN_GUILD_DIR "/STAGED", "", 0, 0644), 0);
	claim(&n, NULL, got);
	assert_string_equal(got, b);
	assert_false(launch_is_orphan(fd));
	assert_false(file_exists(fd, RUN_GUILD_DIR "/STAGED"));
	claim(&n, NULL, got);
	assert_string_equal(got, a);
	close(fd);
	release(&n);
}

/* What another queue has just claimed is as good as running. */
static void behind_others(void **state)
{
	char a[RUN_ID_LEN + 1], b[RUN_ID_LEN + 1], got[RUN_ID_LEN + 1];
	struct next_staged n = {.want_running = true};
	int fd;

	(void)state;
	stage(a);
	stage(b);
	claim(&n, b, got);
	assert_string_equal(got, a);
	claim(&n, NULL, got);
	assert_string_equal(got, "");
	assert_int_equal(n.running.n, 1);
	assert_string_equal(n.running.v[0], a);
	assert_int_equal(n.waiting.n, 1);
	fd = home_open_run(store.home, a);
	assert_int_equal(unlinkat(fd, RUN_GUILD_DIR "/PENDING", 0), 0);
	claim(&n, NULL, got);
	assert_string_equal(got, b);
	close(fd);
	release(&n);
}

static void told(void **state)
{
	char id[RUN_ID_LEN + 1];
	struct err err = ERR_INIT;

	(void)state;
	stage(id);
	assert_int_equal(queue_tell(store.home, id, QUEUE_PAUSE, &err), -EINVAL);
	assert_string_equal(err_text(&err), "the run is no queue");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(orphans, setup, teardown),
		cmocka_unit_test_setup_teardown(behind_others, setup, teardown),
		cmocka_unit_test_setup_teardown(told, setup, teardown),
	};

	return cmocka_run_group_tests_name("queues", tests, NULL, NULL);
}
