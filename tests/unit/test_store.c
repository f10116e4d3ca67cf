/* SPDX-License-Identifier: MIT */
/* Runs on disk: births, attributes, states, annotations, the catalogue. */
#include "store.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "catalog/catalog.h"
#include "run/annotate.h"
#include "run/launch.h"
#include "run/manifest.h"
#include "run/opref.h"
#include "run/report.h"
#include "run/status.h"
#include "run/trash.h"

static struct store store;

static int setup(void **state)
{
	if (support_setup(state))
		return -1;
	store_open(&store, *state);
	return 0;
}

static int teardown(void **state)
{
	store_close(&store);
	return support_teardown(state);
}

static int open_run(const char *id)
{
	int fd = home_open_run(store.home, id);

	assert_true(fd >= 0);
	return fd;
}

static void check_text(int run_fd, const char *attr, const char *wanted)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	assert_int_equal(attr_read_text(run_fd, attr, &b), 0);
	assert_string_equal(buf_str(&b), wanted);
}

static void births(void **state)
{
	static const char *const needed[] = {"id", "initialized", "cmd", "flags", "user_flags",
		"label", "run_params", "random_seed", "op", "host", "user", "platform", "plugins",
		"sourcecode_digest"};
	char id[RUN_ID_LEN + 1] = "";
	_cleanup_close_ int fd = -1;
	_cleanup_strv_ struct strv source = STRV_INIT;
	_cleanup_(opref_release) struct opref ref = {0};
	_cleanup_value_ struct value *op = NULL;

	(void)state;
	store_birth(&store, "op", false, id);
	fd = open_run(id);
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (!attr_exists(fd, needed[i]))
			fail_msg("attribute %s is missing", needed[i]);
	check_text(fd, "id", id);
	check_text(fd, "label", "name=n x=1");
	check_text(fd, "user", "tester");
	assert_int_equal(opref_read(fd, &ref, NULL), 0);
	assert_string_equal(ref.pkg_type, "guildfile");
	assert_string_equal(ref.pkg_name, store.file->path);
	assert_string_equal(ref.pkg_version, store.file->md5);
	assert_string_equal(ref.model, "m");
	assert_string_equal(ref.op, "op");
	assert_int_equal(manifest_paths(fd, 's', &source), 0);
	assert_int_equal(source.n, 2);
	assert_string_equal(source.v[0], "guild.yml");
	assert_string_equal(source.v[1], "op.sh");
	/* Guild AI needs these two to restart a run. */
	assert_int_equal(attr_read(fd, "op", &op, NULL), 0);
	assert_string_equal(value_str(value_get(value_get(op, "sourcecode"), "dest")), ".");
	assert_true(value_get(value_get(op, "op-cmd"), "cmd-args")->list.n > 0);
	assert_true(file_exists(fd, RUN_TICKET_FILE));
	assert_true(file_exists(fd, ".guild/output"));
	assert_int_equal(run_status_get(fd), RUN_PENDING);
	assert_int_equal(birth_withdraw(store.home, id), 0);
	assert_int_equal(home_open_run(store.home, id), -ENOENT);
}

static void births_with_labels(void **state)
{
	char id[RUN_ID_LEN + 1] = "";
	_cleanup_close_ int fd = -1;

	(void)state;
	store_birth(&store, "other", true, id);
	fd = open_run(id);
	check_text(fd, "label", "L 2");
	assert_int_equal(run_status_get(fd), RUN_STAGED);
	assert_true(attr_exists(fd, "started"));
	assert_int_equal(birth_withdraw(store.home, id), 0);
}

/* Born again under the same id: readers see one or the other, never neither. */
static void births_replace(void **state)
{
	char id[RUN_ID_LEN + 1] = "";
	int64_t first, second;
	int fd;

	(void)state;
	store_birth(&store, "op", false, id);
	fd = open_run(id);
	assert_int_equal(attr_read_int(fd, "initialized", &first), 0);
	close(fd);
	store_birth(&store, "op", false, id);
	fd = open_run(id);
	assert_int_equal(attr_read_int(fd, "initialized", &second), 0);
	close(fd);
	assert_true(second > first);
	assert_int_equal(birth_withdraw(store.home, id), 0);
}

/* What was started after somebody has looked stays where it is. */
static void the_living_stay(void **state)
{
	char id[RUN_ID_LEN + 1] = "";
	_cleanup_close_ int run_fd = -1;
	int lock = -1;

	(void)state;
	/* It has a ticket: whoever finds it starts it. */
	store_birth(&store, "op", false, id);
	run_fd = home_open_run(store.home, id);
	assert_int_equal(trash_put(store.home, store.home, id, NULL), -EBUSY);
	assert_int_equal(trash_remove(store.home, store.home, id), -EBUSY);
	assert_int_equal(launch_withdraw(store.home, id), 0);
	assert_int_equal(run_status_get(run_fd), RUN_ERROR);
	/* Its supervisor is there, and has not written anything yet. */
	assert_int_equal(unlinkat(run_fd, ".guild/PENDING", 0), 0);
	assert_int_equal(run_lock_take(run_fd, &lock), 0);
	assert_int_equal(launch_withdraw(store.home, id), -EBUSY);
	assert_int_equal(trash_put(store.home, store.home, id, NULL), -EBUSY);
	assert_int_equal(trash_remove(store.home, store.home, id), -EBUSY);
	assert_true(file_exists(store.home->runs_fd, id));
	run_lock_release(lock);
	assert_int_equal(trash_put(store.home, store.home, id, NULL), 0);
	assert_false(file_exists(store.home->runs_fd, id));
}

static void births_are_swept(void **state)
{
	const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};

	(void)state;
	/* One that goes on, and one that died an hour ago. */
	assert_int_equal(file_mkdirs(store.home->fd, "cache/guildfs/new/young/.guild", 0755), 0);
	assert_int_equal(file_mkdirs(store.home->fd, "cache/guildfs/new/old/.guild", 0755), 0);
	assert_int_equal(utimensat(store.home->fd, "cache/guildfs/new/old", old, 0), 0);
	birth_sweep(store.home);
	assert_int_equal(support_n_names(store.home->fd, "cache/guildfs/new"), 1);
	assert_int_equal(file_remove_tree(store.home->fd, "cache/guildfs/new/young"), 0);
}

/* Every state of the contract from the files that make it. */
static void states(void **state)
{
	char id[RUN_ID_LEN + 1] = "";
	_cleanup_close_ int fd = -1;
	struct proc_ref self;
	char pid[16];
	int lock;

	(void)state;
	store_birth(&store, "op", false, id);
	fd = open_run(id);
	assert_int_equal(run_status_get(fd), RUN_PENDING);
	/* The ticket is gone and nobody holds the lock: a ghost is an error. */
	assert_int_equal(unlinkat(fd, RUN_TICKET_FILE, 0), 0);
	assert_int_equal(run_status_get(fd), RUN_ERROR);
	assert_true(launch_reconcile(store.home, id));
	assert_false(file_exists(fd, ".guild/PENDING"));
	assert_false(launch_reconcile(store.home, id));
	assert_int_equal(run_lock_take(fd, &lock), 0);
	assert_int_equal(run_status_get(fd), RUN_RUNNING);
	{
		int again;

		assert_int_equal(run_lock_take(fd, &again), -EAGAIN);
	}
	assert_int_equal(attr_write_int(fd, "exit_status", 0, FILE_NOSYNC), 0);
	assert_int_equal(run_status_get(fd), RUN_RUNNING);
	close(lock);
	assert_int_equal(run_status_get(fd), RUN_COMPLETED);
	assert_int_equal(attr_write_int(fd, "exit_status", 3, FILE_NOSYNC), 0);
	assert_int_equal(run_status_get(fd), RUN_ERROR);
	assert_int_equal(attr_write_int(fd, "exit_status", -15, FILE_NOSYNC), 0);
	assert_int_equal(run_status_get(fd), RUN_TERMINATED);
	store_touch(fd, ".guild/STAGED", "");
	assert_int_equal(run_status_get(fd), RUN_STAGED);
	store_touch(fd, ".guild/LOCK.remote", "somewhere");
	assert_int_equal(run_status_get(fd), RUN_RUNNING);
	unlinkat(fd, ".guild/LOCK.remote", 0);
	unlinkat(fd, ".guild/STAGED", 0);
	assert_int_equal(attr_remove(fd, "exit_status"), 0);

	/* Guild AI's run: a LOCK, and none of our files. */
	assert_int_equal(file_remove_tree(fd, RUN_OWN_DIR), 0);
	assert_int_equal(run_status_get(fd), RUN_ERROR);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	store_touch(fd, ".guild/LOCK", pid);
	assert_int_equal(run_status_get(fd), RUN_RUNNING);
	assert_int_equal(run_process(fd, &self), 0);
	assert_int_equal(self.pid, getpid());
	/* On another host its number means nothing here. */
	{
		_cleanup_value_ struct value *host = value_string("another-host");

		assert_int_equal(attr_write(fd, "host", host, FILE_NOSYNC), 0);
	}
	assert_int_equal(run_status_get(fd), RUN_ERROR);
	assert_int_equal(attr_remove(fd, "host"), 0);
	/* A process that is younger than the file is another one. */
	{
		struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};

		assert_int_equal(utimensat(fd, ".guild/LOCK", old, 0), 0);
	}
	assert_int_equal(run_status_get(fd), RUN_ERROR);
	store_touch(fd, ".guild/LOCK", "999999999");
	assert_int_equal(run_status_get(fd), RUN_ERROR);

	/* A run of ours that Guild AI starts again: newer than our supervisor is not its. */
	assert_int_equal(file_mkdirs(fd, RUN_OWN_DIR, 0755), 0);
	store_touch(fd, RUN_SUPERVISOR, "1 1 x\n");
	store_touch(fd, RUN_PROCESS_FILE, "999999999 1 x\n");
	store_touch(fd, ".guild/LOCK", pid);
	assert_int_equal(run_status_get(fd), RUN_RUNNING);
	store_touch(fd, RUN_PROCESS_FILE, "");
	unlinkat(fd, ".guild/LOCK", 0);
	{
		struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};

		assert_int_equal(utimensat(fd, RUN_SUPERVISOR, old, 0), 0);
		store_touch(fd, ".guild/PENDING", "");
		assert_int_equal(run_status_get(fd), RUN_PENDING);
		assert_false(launch_reconcile(store.home, id));
		/* As old as ours: ours, and nobody is there who would go on with it. */
		assert_int_equal(utimensat(fd, ".guild/PENDING", old, 0), 0);
		assert_int_equal(run_status_get(fd), RUN_ERROR);
	}
	assert_int_equal(file_remove_tree(fd, RUN_OWN_DIR), 0);
	store_touch(fd, ".guild/PENDING", "");
	assert_int_equal(run_status_get(fd), RUN_PENDING);
	assert_int_equal(birth_withdraw(store.home, id), 0);
}

/* A supervisor died on the way: what can be told of whether the operation was let go. */
static void never_began(void **state)
{
	char id[RUN_ID_LEN + 1] = "";
	_cleanup_close_ int fd = -1;
	_cleanup_buf_ struct buf line = BUF_INIT;
	struct err err = ERR_INIT;
	struct proc_ref self;

	(void)state;
	store_birth(&store, "op", false, id);
	fd = open_run(id);
	assert_false(run_never_began(fd));
	/* It had signed, and the process was held. */
	store_touch(fd, RUN_SUPERVISOR, "1 1 x\n");
	assert_int_equal(unlinkat(fd, RUN_TICKET_FILE, 0), 0);
	store_touch(fd, RUN_PROCESS_FILE, "999999999 1 x\n");
	store_touch(fd, ".guild/LOCK", "999999999");
	assert_true(run_never_began(fd));
	/* Let go, and about to say so. */
	assert_int_equal(proc_ref_get(getpid(), &self), 0);
	proc_ref_format(&line, &self);
	store_touch(fd, RUN_PROCESS_FILE, buf_str(&line));
	assert_false(run_never_began(fd));
	assert_int_equal(run_status_get(fd), RUN_PENDING);
	assert_false(launch_reconcile(store.home, id));
	store_touch(fd, RUN_PROCESS_FILE, "999999999 1 x\n");
	/* A daemon tidies it up, and it is still known. */
	assert_true(launch_reconcile(store.home, id));
	assert_true(run_never_began(fd));
	assert_int_equal(launch_claim_pending(store.home, id, &err), 0);
	assert_int_equal(run_status_get(fd), RUN_PENDING);
	/* Once it runs PENDING is gone. */
	assert_int_equal(unlinkat(fd, RUN_TICKET_FILE, 0), 0);
	store_touch(fd, RUN_PROCESS_FILE, "999999999 1 x\n");
	assert_int_equal(unlinkat(fd, ".guild/PENDING", 0), 0);
	assert_int_equal(run_status_get(fd), RUN_ERROR);
	assert_false(run_never_began(fd));
	assert_int_equal(launch_claim_pending(store.home, id, &err), -EBUSY);
	assert_int_equal(birth_withdraw(store.home, id), 0);
}

static void claims(void **state)
{
	char id[RUN_ID_LEN + 1] = "";
	_cleanup_close_ int fd = -1;
	struct err err = ERR_INIT;

	(void)state;
	store_birth(&store, "op", true, id);
	fd = open_run(id);
	assert_int_equal(launch_claim_restart(store.home, id, &err), -EBUSY);
	assert_int_equal(launch_claim_staged(store.home, id, NULL), 0);
	assert_int_equal(run_status_get(fd), RUN_PENDING);
	assert_false(file_exists(fd, ".guild/STAGED"));
	assert_true(file_exists(fd, RUN_TICKET_FILE));
	err = ERR_INIT;
	assert_int_equal(launch_claim_staged(store.home, id, &err), -EBUSY);
	assert_non_null(strstr(err_text(&err), "not staged"));
	assert_int_equal(launch_stop(store.home, id, false, NULL), -ESRCH);
	/* Over: it can be run again, and its end is forgotten. */
	unlinkat(fd, RUN_TICKET_FILE, 0);
	unlinkat(fd, ".guild/PENDING", 0);
	assert_int_equal(attr_write_int(fd, "exit_status", 1, FILE_NOSYNC), 0);
	assert_int_equal(launch_claim_restart(store.home, id, NULL), 0);
	assert_false(attr_exists(fd, "exit_status"));
	assert_int_equal(run_status_get(fd), RUN_PENDING);
	assert_int_equal(birth_withdraw(store.home, id), 0);
}

static void oprefs(void **state)
{
	static const struct {
		const char *text, *display, *dir;
	} table[] = {
		{"guildfile:/p/guild.yml 89fd m op", "m:op", "/p"},
		{"guildfile:'/tmp/p x/it'\"'\"'s/guild.yml' 89fd '' 'odd name'", "odd name",
			"/tmp/p x/it's"},
		{"package:gpkg.hello 0.1 hello from", "gpkg.hello/hello:from", ""},
		{"script:/p '' '' train.py", "train.py", "/p"},
		{"builtin:guildai 0.9 skopt gp", "skopt:gp", ""},
		{"func:'' '' '' f", "f()", ""},
		{"martian:x y z op", "?", ""},
		{"pending:? ? ? op\n", "?:op", ""},
	};
	struct opref ref;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_buf_ struct buf shown = BUF_INIT, dir = BUF_INIT, text = BUF_INIT;
		struct opref again;

		assert_int_equal(opref_parse(table[i].text, &ref, NULL), 0);
		opref_display(&shown, &ref);
		assert_string_equal(buf_str(&shown), table[i].display);
		opref_project_dir(&dir, &ref);
		assert_string_equal(buf_str(&dir), table[i].dir);
		opref_format(&text, &ref);
		assert_int_equal(opref_parse(buf_str(&text), &again, NULL), 0);
		assert_string_equal(again.pkg_name, ref.pkg_name);
		assert_string_equal(again.op, ref.op);
		opref_release(&again);
		opref_release(&ref);
	}
	assert_int_equal(opref_parse("guildfile:/p 1 2", &ref, NULL), -EINVAL);
	assert_int_equal(opref_parse("nocolon 1 2 3", &ref, NULL), -EINVAL);
	assert_int_equal(opref_parse("a:'open 1 2 3", &ref, NULL), -EINVAL);
}

/* Who waits for a lock that stays wastes no time of ours. */
static bool without_naps;

int nanosleep(const struct timespec *time, struct timespec *left)
{
	return without_naps ? 0 : (int)syscall(SYS_nanosleep, time, left);
}

/* What one has read and not yet written back nobody else writes. */
static void annotation_locks(void **state)
{
	char id[RUN_ID_LEN + 1] = "";
	_cleanup_close_ int fd = -1, lock = -1;
	struct err err = ERR_INIT;

	(void)state;
	store_birth(&store, "op", true, id);
	fd = open_run(id);
	lock = annotate_lock(fd, NULL);
	assert_true(lock >= 0);
	without_naps = true;
	assert_int_equal(annotate_lock(fd, &err), -EBUSY);
	without_naps = false;
	assert_non_null(strstr(err_text(&err), "somebody else"));
	close(lock);
	lock = annotate_lock(fd, NULL);
	assert_true(lock >= 0);
	assert_int_equal(birth_withdraw(store.home, id), 0);
}

static void annotations(void **state)
{
	static const char *const comments[] = {"one line\n", "# heading\nbody\n",
		"\\# escaped\n\\\\ x\n", "a\n\nb\n", "last without newline"};
	char id[RUN_ID_LEN + 1] = "";
	_cleanup_close_ int fd = -1;
	_cleanup_buf_ struct buf b = BUF_INIT, again = BUF_INIT;

	(void)state;
	store_birth(&store, "op", true, id);
	fd = open_run(id);
	assert_int_equal(annotate_store_label(fd, "  a b \n", 7, NULL), 0);
	check_text(fd, "label", "a b");
	assert_int_equal(annotate_store_label(fd, "a\nb", 3, NULL), -EINVAL);
	assert_int_equal(annotate_store_label(fd, "1", 1, NULL), 0);
	check_text(fd, "label", "1");
	assert_int_equal(annotate_store_label(fd, "", 0, NULL), 0);
	assert_false(attr_exists(fd, "label"));
	assert_int_equal(annotate_store_tags(fd, "b\n\n a \nb\n", 9, NULL), 0);
	annotate_show_tags(fd, &b);
	assert_string_equal(buf_str(&b), "a\nb\n");
	assert_int_equal(annotate_store_marked(fd, "YES\n", 4, NULL), 0);
	assert_true(attr_exists(fd, "marked"));
	assert_int_equal(annotate_store_marked(fd, "perhaps", 7, NULL), -EINVAL);
	assert_int_equal(annotate_store_marked(fd, "no", 2, NULL), 0);
	assert_false(attr_exists(fd, "marked"));
	for (size_t i = 0; i < ARRAY_SIZE(comments); i++)
		assert_int_equal(annotate_store_comments(
					 fd, comments[i], strlen(comments[i]), true, "u", NULL),
			0);
	buf_clear(&b);
	annotate_show_comments(fd, &b);
	assert_int_equal(annotate_store_comments(fd, b.data, b.len, false, "u", NULL), 0);
	annotate_show_comments(fd, &again);
	assert_string_equal(buf_str(&b), buf_str(&again));
	assert_int_equal(birth_withdraw(store.home, id), 0);
}

static void damaged_attributes(void **state)
{
	char id[RUN_ID_LEN + 1] = "";
	_cleanup_close_ int fd = -1;
	_cleanup_buf_ struct buf b = BUF_INIT;
	_cleanup_summary_ struct run_summary s = {0};
	struct value *v;
	int64_t i;

	(void)state;
	store_birth(&store, "op", true, id);
	fd = open_run(id);
	store_touch(fd, ".guild/attrs/flags", "{ not yaml");
	assert_int_equal(attr_read(fd, "flags", &v, NULL), -EINVAL);
	report_flags(fd, &b);
	assert_string_equal(buf_str(&b), "{ not yaml\n");
	store_touch(fd, ".guild/attrs/started", "soon");
	assert_int_equal(attr_read_int(fd, "started", &i), -EINVAL);
	assert_int_equal(attr_read(fd, "../opref", &v, NULL), -ENOENT);
	store_touch(fd, ".guild/opref", "garbage");
	assert_int_equal(run_summary_load(fd, &s), 0);
	assert_int_equal(s.status, RUN_ERROR);
	assert_non_null(s.damage);
	assert_int_equal(birth_withdraw(store.home, id), 0);
}

static void add_changed(void *arg, const char *id)
{
	buf_printf(arg, "%s ", id);
}

/* Everybody who remembers something learns what was changed since, or that nobody can tell. */
static void changes(void **state)
{
	_cleanup_buf_ struct buf heard = BUF_INIT;
	struct home_changes_mark mark = {0}, old;

	(void)state;
	unlinkat(store.home->fd, HOME_CHANGES, 0);
	assert_int_equal(home_changes_read(store.home, &mark, add_changed, &heard), -ESTALE);
	assert_int_equal(home_changes_read(store.home, &mark, add_changed, &heard), 0);
	home_poke(store.home, "a");
	home_poke(store.home, "b");
	assert_int_equal(home_changes_read(store.home, &mark, add_changed, &heard), 0);
	assert_string_equal(buf_str(&heard), "a b ");
	assert_int_equal(home_changes_read(store.home, &mark, add_changed, &heard), 0);
	assert_string_equal(buf_str(&heard), "a b ");
	/* Begun anew, and already longer than what was read of the one before. */
	unlinkat(store.home->fd, HOME_CHANGES, 0);
	for (int i = 0; i < 3; i++)
		home_poke(store.home, "c");
	buf_clear(&heard);
	assert_int_equal(home_changes_read(store.home, &mark, add_changed, &heard), -ESTALE);
	assert_string_equal(buf_str(&heard), "");
	home_poke(store.home, "d");
	assert_int_equal(home_changes_read(store.home, &mark, add_changed, &heard), 0);
	assert_string_equal(buf_str(&heard), "d ");
	/* Zeros that a crash has left hide nothing that comes behind them. */
	{
		_cleanup_close_ int fd =
			openat(store.home->fd, HOME_CHANGES, O_WRONLY | O_APPEND | O_CLOEXEC);

		assert_int_equal(write(fd, "\0\0\0\0\0\n", 6), 6);
	}
	home_poke(store.home, "f");
	buf_clear(&heard);
	assert_int_equal(home_changes_read(store.home, &mark, add_changed, &heard), 0);
	assert_string_equal(buf_str(&heard), "f ");
	/* Grown too long. */
	{
		_cleanup_close_ int fd =
			openat(store.home->fd, HOME_CHANGES, O_WRONLY | O_APPEND | O_CLOEXEC);

		assert_int_equal(ftruncate(fd, (1 << 20) + 1), 0);
	}
	old = mark;
	home_poke(store.home, "e");
	assert_int_equal(home_changes_read(store.home, &mark, add_changed, &heard), -ESTALE);
	assert_string_not_equal(mark.file, old.file);
	assert_true(mark.offset < 100);
}

static void count_changes(void *arg, enum catalog_change change, uint64_t serial, const char *id)
{
	int *counts = arg;

	assert_true(serial > 0 && strlen(id) == RUN_ID_LEN);
	counts[change]++;
}

static void catalogue(void **state)
{
	enum { RUNS = 50 };
	char ids[RUNS][RUN_ID_LEN + 1] = {{0}};
	struct catalog *c;
	struct run_summary s;
	uint64_t serial, *sorted;
	int counts[2] = {0};
	size_t n;

	(void)state;
	store_birth(&store, "op", false, ids[0]);
	assert_int_equal(catalog_new(store.home, &c, NULL), 0);
	assert_int_equal(catalog_count(c), 1);
	for (int i = 1; i < RUNS; i++)
		store_birth(&store, i % 2 ? "op" : "other", false, ids[i]);
	assert_int_equal(catalog_rescan(c, count_changes, counts), 0);
	assert_int_equal(counts[CATALOG_ADDED], RUNS - 1);
	for (int i = 0; i < RUNS; i++) {
		serial = catalog_find(c, ids[i]);
		assert_string_equal(catalog_id(c, serial), ids[i]);
		ids[i][20] = '\0';
		assert_int_equal(catalog_find_prefix(c, ids[i], &n), serial);
		assert_int_equal(n, 1);
		memcpy(ids[i], catalog_id(c, serial), sizeof(ids[i]));
	}
	assert_int_equal(catalog_find_prefix(c, "", &n), 0);
	assert_int_equal(n, RUNS);
	assert_string_equal(catalog_id(c, catalog_newest(c, NULL, NULL)), ids[RUNS - 1]);
	assert_int_equal(catalog_newest_first(c, &sorted, &n), 0);
	assert_int_equal(n, RUNS);
	for (int i = 0; i < RUNS; i++)
		assert_string_equal(catalog_id(c, sorted[i]), ids[RUNS - 1 - i]);
	free(sorted);
	/* Gone and back: a number is never given twice. */
	serial = catalog_find(c, ids[3]);
	assert_int_equal(birth_withdraw(store.home, ids[3]), 0);
	assert_int_equal(catalog_update(c, ids[3]), 0);
	assert_false(catalog_present(c, serial));
	assert_int_equal(catalog_summary(c, serial, &s), -ENOENT);
	assert_string_equal(catalog_id(c, serial), ids[3]);
	store_birth(&store, "op", false, ids[3]);
	assert_true(catalog_update(c, ids[3]) > RUNS);
	/* A change of a run that is over shows, whoever made it. */
	{
		int fd = open_run(ids[5]);

		unlinkat(fd, RUN_TICKET_FILE, 0);
		unlinkat(fd, ".guild/PENDING", 0);
		assert_int_equal(attr_write_int(fd, "exit_status", 0, FILE_NOSYNC), 0);
		serial = catalog_find(c, ids[5]);
		assert_int_equal(catalog_summary(c, serial, &s), 0);
		assert_int_equal(s.status, RUN_COMPLETED);
		run_summary_release(&s);
		assert_int_equal(attr_write_int(fd, "exit_status", 7, FILE_NOSYNC), 0);
		catalog_invalidate(c, serial);
		assert_int_equal(catalog_summary(c, serial, &s), 0);
		assert_int_equal(s.exit_status, 7);
		run_summary_release(&s);
		close(fd);
	}
	for (int i = 0; i < RUNS; i++)
		assert_int_equal(birth_withdraw(store.home, ids[i]), 0);
	assert_int_equal(catalog_rescan(c, count_changes, counts), 0);
	assert_int_equal(counts[CATALOG_REMOVED], RUNS);
	assert_int_equal(catalog_newest(c, NULL, NULL), 0);
	catalog_free(c);
}

/* Killed anywhere in a birth, a process leaves no run or a whole one. */
static void births_survive_kills(void **state)
{
	int whole = 0;

	(void)state;
	/* A slow machine needs longer than 60 steps until a birth is whole at all. */
	for (int delay = 0; delay < 60 || (whole == 0 && delay < 6000); delay++) {
		struct catalog *c;
		pid_t pid = fork();

		if (pid == 0) {
			for (;;) {
				char id[RUN_ID_LEN + 1] = "";

				store_birth(&store, "op", true, id);
			}
		}
		usleep((useconds_t)(delay * 300));
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		assert_int_equal(catalog_new(store.home, &c, NULL), 0);
		for (uint64_t serial = 1; serial <= catalog_count(c); serial++) {
			_cleanup_summary_ struct run_summary s = {0};
			char id[RUN_ID_LEN + 1];

			assert_int_equal(catalog_summary(c, serial, &s), 0);
			assert_null(s.damage);
			assert_int_equal(s.status, RUN_STAGED);
			snprintf(id, sizeof(id), "%s", catalog_id(c, serial));
			assert_int_equal(birth_withdraw(store.home, id), 0);
			whole++;
		}
		catalog_free(c);
	}
	assert_true(whole > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(births),
		cmocka_unit_test(births_with_labels),
		cmocka_unit_test(births_replace),
		cmocka_unit_test(the_living_stay),
		cmocka_unit_test(births_are_swept),
		cmocka_unit_test(states),
		cmocka_unit_test(never_began),
		cmocka_unit_test(claims),
		cmocka_unit_test(oprefs),
		cmocka_unit_test(annotation_locks),
		cmocka_unit_test(annotations),
		cmocka_unit_test(damaged_attributes),
		cmocka_unit_test(changes),
		cmocka_unit_test(catalogue),
		cmocka_unit_test(births_survive_kills),
	};

	return cmocka_run_group_tests_name("store", tests, setup, teardown);
}
