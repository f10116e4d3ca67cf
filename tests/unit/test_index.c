/* SPDX-License-Identifier: MIT */
/*
 * The index: what comes back from it, that it never says what is not so, and that nothing is lost
 * when it is damaged, deleted, locked or not to be had.
 */
#include "store.h"

#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "base/shared_fs.h"
#include "catalog/catalog.h"
#include "catalog/check.h"
#include "catalog/index.h"
#include "catalog/stamp.h"
#include "run/annotate.h"

enum { RUNS = 20, OLD_USEC = 50000 };

static struct store store;
static char ids[RUNS][RUN_ID_LEN + 1];

/* What was changed just now is not trusted: older than a tick of the file system's clock. */
static void grow_old(void)
{
	usleep(OLD_USEC);
}

static int open_run(const char *id)
{
	int fd = home_open_run(store.home, id);

	assert_true(fd >= 0);
	return fd;
}

static void finish_run(const char *id, int exit_status)
{
	_cleanup_close_ int fd = open_run(id);

	unlinkat(fd, RUN_TICKET_FILE, 0);
	unlinkat(fd, ".guild/PENDING", 0);
	assert_int_equal(attr_write_int(fd, "exit_status", exit_status, FILE_NOSYNC), 0);
}

/* As Guild AI does it: neither the directory nor anybody else hears of it. */
static void write_in_place(const char *id, const char *name, const char *text)
{
	_cleanup_close_ int run = open_run(id);
	_cleanup_close_ int fd = -1;
	char path[64];

	snprintf(path, sizeof(path), RUN_ATTRS_DIR "/%s", name);
	fd = openat(run, path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, text, strlen(text)), 0);
}

static struct catalog *open_catalog(void)
{
	struct catalog *c;

	assert_int_equal(catalog_new(store.home, &c, NULL), 0);
	return c;
}

static void check_label(struct catalog *c, const char *id, const char *wanted)
{
	_cleanup_summary_ struct run_summary s = {0};

	assert_int_equal(catalog_listed(c, catalog_find(c, id), &s), 0);
	assert_string_equal(s.label, wanted);
}

/* Everything in the index, by a process that does nothing else. */
static void fill_index(void)
{
	struct catalog *c = open_catalog();

	assert_int_equal(catalog_sweep(c, &(struct catalog_sweep){0}), 0);
	catalog_free(c);
}

static size_t count_known(void)
{
	struct catalog *c = open_catalog();
	size_t n = 0;

	for (uint64_t serial = 1; serial <= catalog_count(c); serial++)
		n += catalog_known_over(c, serial);
	catalog_free(c);
	return n;
}

static void path_of_index(struct buf *b)
{
	assert_int_equal(index_path(store.home, b), 0);
}

static void run_sql(const char *sql)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	sqlite3 *db;

	path_of_index(&path);
	assert_int_equal(sqlite3_open(buf_str(&path), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* Each test has a home of its own, with runs that are over. */
static int setup(void **state)
{
	if (support_setup(state))
		return -1;
	store_open(&store, *state);
	for (int i = 0; i < RUNS; i++) {
		ids[i][0] = '\0';
		store_birth(&store, i % 2 ? "op" : "other", false, ids[i]);
		finish_run(ids[i], i % 3 - 1);
	}
	grow_old();
	return 0;
}

static int teardown(void **state)
{
	store_close(&store);
	return support_teardown(state);
}

/* --- what comes back ------------------------------------------------------- */

static void compare_summaries(const struct run_summary *a, const struct run_summary *b)
{
	_cleanup_buf_ struct buf x = BUF_INIT, y = BUF_INIT;

	opref_format(&x, &a->opref);
	opref_format(&y, &b->opref);
	assert_string_equal(buf_str(&x), buf_str(&y));
	assert_int_equal(a->status, b->status);
	assert_int_equal(a->initialized, b->initialized);
	assert_int_equal(a->started, b->started);
	assert_int_equal(a->stopped, b->stopped);
	assert_int_equal(a->has_exit_status, b->has_exit_status);
	assert_int_equal(a->exit_status, b->exit_status);
	assert_int_equal(a->marked, b->marked);
	assert_string_equal(a->label, b->label);
	assert_int_equal(!a->dropped, !b->dropped);
	if (a->dropped)
		assert_string_equal(a->dropped, b->dropped);
	assert_int_equal(!a->proto, !b->proto);
	if (a->proto)
		assert_string_equal(a->proto, b->proto);
	assert_int_equal(!a->damage, !b->damage);
	if (a->damage)
		assert_string_equal(a->damage, b->damage);
}

static void round_trip(void **state)
{
	_cleanup_close_ int odd = open_run(ids[0]), damaged = open_run(ids[1]);
	struct catalog *c;

	(void)state;
	assert_int_equal(attr_write_int(odd, "started", 1234567, FILE_NOSYNC), 0);
	assert_int_equal(attr_write_int(odd, "stopped", INT64_MAX, FILE_NOSYNC), 0);
	store_touch(odd, RUN_ATTRS_DIR "/marked", "true\n");
	store_touch(odd, RUN_ATTRS_DIR "/label", "\"\\xe9 \\t'quoted' \xf0\x9f\x98\x80\"\n");
	store_touch(odd, RUN_DROP_FILE, "try 1");
	assert_int_equal(file_mkdirs(odd, ".guild/proto/.guild", 0755), 0);
	store_touch(odd, ".guild/proto/.guild/opref", "guildfile:/p/guild.yml 0 m op");
	store_touch(damaged, ".guild/opref", "no opref at all");
	grow_old();
	fill_index();
	c = open_catalog();
	for (int i = 0; i < RUNS; i++) {
		_cleanup_summary_ struct run_summary stored = {0}, kept = {0};
		_cleanup_close_ int fd = open_run(ids[i]);
		uint64_t serial = catalog_find(c, ids[i]);

		assert_true(catalog_known_over(c, serial));
		assert_int_equal(catalog_listed(c, serial, &kept), 0);
		assert_int_equal(run_summary_load(fd, &stored), 0);
		compare_summaries(&kept, &stored);
	}
	assert_int_equal(catalog_learned(c), 0);
	catalog_free(c);
}

/* It counts as over, but a daemon is about to tidy it up. */
static void not_what_is_to_be_tidied(void **state)
{
	char ghost[RUN_ID_LEN + 1] = "";
	_cleanup_summary_ struct run_summary s = {0};
	_cleanup_close_ int fd = -1;
	struct catalog *c;

	(void)state;
	store_birth(&store, "op", false, ghost);
	fd = open_run(ghost);
	unlinkat(fd, RUN_TICKET_FILE, 0);
	grow_old();
	fill_index();
	c = open_catalog();
	assert_int_equal(catalog_summary(c, catalog_find(c, ghost), &s), 0);
	assert_int_equal(s.status, RUN_ERROR);
	assert_false(catalog_is_live(c, catalog_find(c, ghost)));
	assert_false(catalog_known_over(c, catalog_find(c, ghost)));
	catalog_free(c);
}

/* Runs that are not over are read each time; those that are gone leave the index. */
static void only_what_is_over(void **state)
{
	char pending[RUN_ID_LEN + 1] = "";

	(void)state;
	store_birth(&store, "op", false, pending);
	grow_old();
	fill_index();
	assert_int_equal(count_known(), RUNS);
	finish_run(pending, 0);
	assert_int_equal(birth_withdraw(store.home, ids[0]), 0);
	grow_old();
	fill_index();
	assert_int_equal(count_known(), RUNS);
	run_sql("CREATE TEMP TABLE x (n CHECK (n = 20)); INSERT INTO x SELECT count(*) FROM run");
}

/* --- changes ---------------------------------------------------------------- */

static void announced_changes(void **state)
{
	_cleanup_close_ int fd = open_run(ids[5]);
	struct catalog *c;

	(void)state;
	fill_index();
	annotate_set_label(fd, "mine");
	home_poke(store.home, ids[5]);
	grow_old();
	c = open_catalog();
	assert_false(catalog_known_over(c, catalog_find(c, ids[5])));
	check_label(c, ids[5], "mine");
	assert_int_equal(catalog_learned(c), 1);
	assert_int_equal(catalog_save(c), 0);
	catalog_free(c);
	assert_int_equal(count_known(), RUNS);
}

/* Whoever writes what is out of date by then does not. */
static void announced_while_held(void **state)
{
	_cleanup_close_ int fd = open_run(ids[5]);
	struct catalog *slow, *c;

	(void)state;
	slow = open_catalog();
	check_label(slow, ids[5], "name=n x=1");
	annotate_set_label(fd, "mine");
	home_poke(store.home, ids[5]);
	grow_old();
	fill_index();
	assert_int_equal(catalog_save(slow), 0);
	catalog_free(slow);
	c = open_catalog();
	check_label(c, ids[5], "mine");
	catalog_free(c);
}

static void remember_id(void *arg, const char *id)
{
	buf_puts(arg, id);
}

static void foreign_changes(void **state)
{
	_cleanup_buf_ struct buf changed = BUF_INIT;
	_cleanup_summary_ struct run_summary s = {0};
	struct catalog_sweep told = {.arg = &changed, .changed = remember_id};
	struct catalog *c;

	(void)state;
	fill_index();
	c = open_catalog();
	write_in_place(ids[7], "label", "theirs\n");
	grow_old();
	/* A list has it after the next sweep; who asks for this run, within a second. */
	check_label(c, ids[7], "name=n x=1");
	usleep(1100000);
	assert_int_equal(catalog_summary(c, catalog_find(c, ids[7]), &s), 0);
	assert_string_equal(s.label, "theirs");
	catalog_free(c);
	c = open_catalog();
	write_in_place(ids[8], "label", "theirs, too\n");
	grow_old();
	assert_int_equal(catalog_sweep(c, &told), 0);
	assert_non_null(strstr(buf_str(&changed), ids[8]));
	check_label(c, ids[8], "theirs, too");
	catalog_free(c);
	/* So few runs are compared whenever a catalogue is made. */
	write_in_place(ids[8], "label", "again\n");
	write_in_place(ids[9], "exit_status", "9\n");
	grow_old();
	c = open_catalog();
	check_label(c, ids[8], "again");
	run_summary_release(&s);
	assert_int_equal(catalog_listed(c, catalog_find(c, ids[9]), &s), 0);
	assert_int_equal(s.status, RUN_ERROR);
	catalog_free(c);
}

/* What is kept open has what a new catalogue would have when it asks for it. */
static void refreshed(void **state)
{
	_cleanup_close_ int fd = open_run(ids[5]);
	struct catalog *c;
	char born[sizeof(ids[0])] = "";

	(void)state;
	fill_index();
	c = open_catalog();
	annotate_set_label(fd, "mine");
	home_poke(store.home, ids[5]);
	write_in_place(ids[7], "label", "theirs\n");
	store_birth(&store, "op", false, born);
	grow_old();
	check_label(c, ids[5], "name=n x=1");
	check_label(c, ids[7], "name=n x=1");
	assert_int_equal(catalog_find(c, born), 0);
	assert_int_equal(catalog_refresh(c), 0);
	check_label(c, ids[5], "mine");
	check_label(c, ids[7], "theirs");
	assert_int_not_equal(catalog_find(c, born), 0);
	catalog_free(c);
}

/* With the changes file gone nobody knows what was announced. */
static void changes_file_lost(void **state)
{
	_cleanup_close_ int fd = open_run(ids[5]);
	struct catalog *c;

	(void)state;
	fill_index();
	annotate_set_label(fd, "mine");
	home_poke(store.home, ids[5]);
	unlinkat(store.home->fd, HOME_CHANGES, 0);
	home_poke(store.home, ids[6]);
	grow_old();
	c = open_catalog();
	check_label(c, ids[5], "mine");
	assert_int_equal(catalog_sweep_wait(c), 0);
	assert_int_equal(catalog_save(c), -ESTALE);
	assert_int_equal(catalog_sweep(c, &(struct catalog_sweep){0}), 0);
	assert_true(catalog_sweep_wait(c) > 0);
	catalog_free(c);
	c = open_catalog();
	assert_true(catalog_known_over(c, catalog_find(c, ids[5])));
	check_label(c, ids[5], "mine");
	catalog_free(c);
}

static void clock_moved(void **state)
{
	struct catalog *c;

	(void)state;
	fill_index();
	run_sql("UPDATE state SET swept = swept + 3600000000");
	c = open_catalog();
	assert_int_equal(catalog_sweep_wait(c), 0);
	catalog_free(c);
	fill_index();
	c = open_catalog();
	assert_in_range(catalog_sweep_wait(c), 1, 60000000);
	catalog_free(c);
}

/* What was changed in this very tick may be changed again in it. */
static void too_young(void **state)
{
	struct catalog *c = open_catalog();

	(void)state;
	write_in_place(ids[3], "label", "young\n");
	assert_int_equal(stamp_of_run(store.home->runs_fd, ids[3]), STAMP_NONE);
	check_label(c, ids[3], "young");
	assert_int_equal(catalog_learned(c), 0);
	catalog_free(c);
	grow_old();
	assert_int_not_equal(stamp_of_run(store.home->runs_fd, ids[3]), STAMP_NONE);
}

/* --- without an index -------------------------------------------------------- */

static void overwrite(size_t offset, size_t len)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	_cleanup_close_ int fd = -1;
	char junk[4096];

	path_of_index(&path);
	memset(junk, 0x5a, sizeof(junk));
	fd = open(buf_str(&path), O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	while (len) {
		size_t n = len < sizeof(junk) ? len : sizeof(junk);

		assert_int_equal(pwrite(fd, junk, n, (off_t)offset), n);
		offset += n;
		len -= n;
	}
}

/* Nobody is told, everything is right, and the next one has a whole index again. */
static void check_begun_anew(void)
{
	struct catalog *c = open_catalog();

	for (int i = 0; i < RUNS; i++)
		check_label(c, ids[i], i % 2 ? "name=n x=1" : "L 2");
	assert_int_equal(catalog_save(c), 0);
	catalog_free(c);
	assert_int_equal(count_known(), RUNS);
}

static void damaged(void **state)
{
	static const struct {
		size_t offset, len;
	} places[] = {{0, 16}, {0, 4096}, {4096, 4096}, {100, 30000}, {20000, 4096}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		fill_index();
		overwrite(places[i].offset, places[i].len);
		check_begun_anew();
	}
	fill_index();
	run_sql("DROP TABLE run");
	check_begun_anew();
	fill_index();
	run_sql("UPDATE run SET opref = 77");
	check_begun_anew();
	fill_index();
	run_sql("UPDATE run SET status = 99");
	check_begun_anew();
}

static void other_version(void **state)
{
	(void)state;
	fill_index();
	run_sql("PRAGMA user_version = 999");
	check_begun_anew();
}

static void deleted_while_open(void **state)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	struct catalog *c = open_catalog();

	(void)state;
	assert_int_equal(catalog_sweep(c, &(struct catalog_sweep){0}), 0);
	path_of_index(&path);
	assert_int_equal(unlink(buf_str(&path)), 0);
	check_label(c, ids[4], "L 2");
	assert_int_equal(catalog_sweep(c, &(struct catalog_sweep){0}), 0);
	catalog_free(c);
	assert_int_equal(count_known(), RUNS);
}

/* A link in the place of the file is not followed. */
static void linked_elsewhere(void **state)
{
	_cleanup_buf_ struct buf path = BUF_INIT, target = BUF_INIT;

	(void)state;
	path_of_index(&path);
	unlink(buf_str(&path));
	buf_printf(&target, "%s/elsewhere", support_dir);
	support_write(buf_str(&target), "");
	assert_int_equal(symlink(buf_str(&target), buf_str(&path)), 0);
	assert_int_equal(count_known(), 0);
	unlink(buf_str(&path));
}

static void read_only_home(void **state)
{
	_cleanup_buf_ struct buf dir = BUF_INIT;
	struct catalog *c;

	(void)state;
	if (getuid() != 0) {
		skip();
		return;
	}
	buf_printf(&dir, "%s/cache", store.home->path);
	assert_int_equal(mount(buf_str(&dir), buf_str(&dir), NULL, MS_BIND, NULL), 0);
	assert_int_equal(
		mount(NULL, buf_str(&dir), NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL), 0);
	c = open_catalog();
	check_label(c, ids[2], "L 2");
	assert_false(catalog_has_index(c));
	assert_true(catalog_save(c) < 0);
	assert_true(catalog_sweep(c, &(struct catalog_sweep){0}) < 0);
	catalog_free(c);
	assert_int_equal(umount(buf_str(&dir)), 0);
}

static void shared_file_systems(void **state)
{
	(void)state;
	assert_true(shared_fs_type(0x6969));
	assert_true(shared_fs_type((long)0xff534d42));
	assert_true(shared_fs_type((int)0xff534d42)); /* as statfs has it where long is short */
	assert_false(shared_fs_type(0xef53));
	assert_false(shared_fs_type(0x01021994));
}

static void add_sentence(void *arg, const char *sentence)
{
	buf_printf(arg, "%s\n", sentence);
}

/* Tells what is wrong from what was only changed since, and mends both. */
static void checked(void **state)
{
	_cleanup_buf_ struct buf said = BUF_INIT;
	_cleanup_close_ int fd = open_run(ids[4]);
	struct index_check check = {.arg = &said, .say = add_sentence};

	(void)state;
	fill_index();
	write_in_place(ids[2], "label", "theirs\n");
	annotate_set_label(fd, "mine");
	home_poke(store.home, ids[4]);
	grow_old();
	assert_int_equal(index_check(store.home, &check, NULL), 0);
	assert_int_equal(check.runs, RUNS);
	assert_int_equal(check.rows, RUNS);
	assert_int_equal(check.outdated, 1);
	assert_int_equal(check.wrong, 0);
	assert_string_equal(buf_str(&said), "");
	run_sql("UPDATE run SET exit_status = 9 WHERE n = (SELECT min(n) FROM run)");
	run_sql("UPDATE run SET label = 'x' WHERE n = (SELECT max(n) FROM run)");
	assert_int_equal(index_check(store.home, &check, NULL), 0);
	assert_int_equal(check.wrong, 2);
	assert_non_null(strstr(buf_str(&said), ": exit_status is 9 in the index"));
	assert_non_null(strstr(buf_str(&said), ": the label is 'x' in the index"));
	overwrite(4096, 40000);
	assert_int_equal(index_check(store.home, &check, NULL), 0);
	assert_int_equal(check.wrong, 3);
	assert_non_null(strstr(buf_str(&said), "the index is damaged"));
	assert_int_equal(index_check(store.home, &check, NULL), 0);
	assert_int_equal(check.wrong, 3);
	assert_int_equal(count_known(), RUNS);
}

/* --- many processes ----------------------------------------------------------- */

static pid_t start(void (*work)(int n), int n)
{
	pid_t pid = fork();

	if (pid == 0) {
		work(n);
		_exit(0);
	}
	return pid;
}

static void label_and_list(int n)
{
	for (int i = 0; i < 20; i++) {
		struct catalog *c = open_catalog();
		int fd = home_open_run(store.home, ids[n]);
		char label[32];

		snprintf(label, sizeof(label), "%d-%d", n, i);
		annotate_set_label(fd, label);
		close(fd);
		home_poke(store.home, ids[n]);
		for (uint64_t serial = 1; serial <= catalog_count(c); serial++) {
			_cleanup_summary_ struct run_summary s = {0};

			catalog_listed(c, serial, &s);
		}
		catalog_save(c);
		catalog_free(c);
	}
}

static void many_at_once(void **state)
{
	pid_t pids[RUNS];
	struct catalog *c;

	(void)state;
	for (int i = 0; i < RUNS; i++)
		pids[i] = start(label_and_list, i);
	for (int i = 0; i < RUNS; i++) {
		int status;

		waitpid(pids[i], &status, 0);
		assert_int_equal(status, 0);
	}
	c = open_catalog();
	for (int i = 0; i < RUNS; i++) {
		char label[32];

		snprintf(label, sizeof(label), "%d-19", i);
		check_label(c, ids[i], label);
	}
	catalog_free(c);
}

static void sweep_for_ever(int n)
{
	(void)n;
	for (;;) {
		struct catalog *c = open_catalog();

		run_sql("UPDATE run SET stamp = 1");
		catalog_sweep(c, &(struct catalog_sweep){0});
		catalog_free(c);
	}
}

/* Whoever is killed leaves an index that can be used and written, and no lock. */
static void killed(void **state)
{
	(void)state;
	for (int delay = 0; delay < 40; delay++) {
		pid_t pid = start(sweep_for_ever, 0);

		usleep((useconds_t)(delay * 1000));
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		fill_index();
		assert_int_equal(count_known(), RUNS);
	}
}

/* Nobody waits for a writer who does not end. */
static void held_for_writing(void **state)
{
	struct index *ix;
	struct index_state is;
	struct catalog *c;

	(void)state;
	fill_index();
	assert_int_equal(index_open(store.home, &ix), 0);
	assert_int_equal(index_begin(ix, &is), 0);
	assert_int_equal(count_known(), RUNS);
	home_poke(store.home, ids[1]);
	c = open_catalog();
	check_label(c, ids[1], "name=n x=1");
	assert_int_equal(catalog_save(c), -EBUSY);
	assert_int_equal(catalog_learned(c), 1);
	index_close(ix);
	assert_int_equal(catalog_save(c), 0);
	catalog_free(c);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(round_trip),
		TEST(not_what_is_to_be_tidied),
		TEST(only_what_is_over),
		TEST(announced_changes),
		TEST(announced_while_held),
		TEST(foreign_changes),
		TEST(refreshed),
		TEST(changes_file_lost),
		TEST(clock_moved),
		TEST(too_young),
		TEST(damaged),
		TEST(other_version),
		TEST(deleted_while_open),
		TEST(linked_elsewhere),
		TEST(read_only_home),
		TEST(shared_file_systems),
		TEST(checked),
		TEST(many_at_once),
		TEST(killed),
		TEST(held_for_writing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
