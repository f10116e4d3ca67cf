/* SPDX-License-Identifier: MIT */
/* Runs in zip files: both ways, several writers, and what an end at any moment leaves. */
#include "transfer_runs.h"

#include <sys/time.h>

#include "run/transfer_zip.h"

static int kill_from, kill_to;
static char kill_zip[512];

static int export_zip(const char *path, int runs_fd, const char *id, const struct transfer *how)
{
	struct zip_writer *zip = NULL;
	int r = zip_writer_new(path, how, &zip, NULL);

	if (r == 0)
		r = zip_writer_add(zip, runs_fd, id, NULL);
	if (r == 0)
		r = zip_writer_finish(zip, NULL);
	zip_writer_free(zip);
	return r;
}

static void check_zip_run(const char *path, const char *id, const char *wanted)
{
	_cleanup_close_ int to = open_dir("unpacked");
	_cleanup_strv_ struct strv ids = STRV_INIT;
	_cleanup_buf_ struct buf names = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(strv_add(&ids, id), 0);
	assert_int_equal(zip_unpack_runs(path, &ids, to, &(struct transfer){0}, &err), 0);
	check_run(to, id, wanted);
	assert_int_equal(file_remove_tree(to, id), 0);
	check_tree(to, "");
}

static void zips(void **state)
{
	_cleanup_close_ int runs = open_dir("zipped"), to = open_dir("records");
	const struct transfer plain = {0}, follow = {.follow = true};
	char path[512];

	(void)state;
	snprintf(path, sizeof(path), "%s/made/x.ZIP", support_dir);
	assert_true(transfer_is_zip(path));
	make_run(runs, RUN("1"));
	make_run(runs, RUN("2"));
	assert_int_equal(export_zip(path, runs, RUN("1"), &plain), 0);
	assert_int_equal(export_zip(path, runs, RUN("1"), &plain), -EEXIST);
	assert_int_equal(export_zip(path, runs, RUN("2"), &follow), 0);
	check_zip_run(path, RUN("1"), IN_ZIP);
	check_zip_run(path, RUN("2"), RECORDS "script " SUB("sub") SUB("to-dir") "to-file ");
	assert_int_equal(zip_unpack_records(path, to, &plain, NULL), 0);
	for (int n = 1; n <= 2; n++) {
		_cleanup_close_ int fd = openat(to, n == 1 ? RUN("1") : RUN("2"), O_RDONLY);

		check_tree(fd, RECORDS);
	}
}

static void on_alarm(int sig)
{
	(void)sig;
}

static bool never(void *arg, uint64_t bytes)
{
	(void)arg;
	(void)bytes;
	return false;
}

/* What a second writer began with would not have what the first one adds. */
static void waiting_zips(void **state)
{
	const struct itimerval often = {{.tv_usec = 10000}, {.tv_usec = 10000}}, off = {{0}, {0}};
	_cleanup_close_ int runs = open_dir("waiting");
	const struct transfer plain = {0}, impatient = {.go_on = never};
	struct zip_writer *first = NULL, *second = NULL;
	char path[512];
	int r;

	(void)state;
	make_run(runs, RUN("1"));
	make_run(runs, RUN("2"));
	snprintf(path, sizeof(path), "%s/waiting.zip", support_dir);
	assert_int_equal(zip_writer_new(path, &plain, &first, NULL), 0);
	sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_alarm}, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	r = zip_writer_new(path, &impatient, &second, NULL);
	setitimer(ITIMER_REAL, &off, NULL);
	assert_int_equal(r, -EINTR);
	assert_int_equal(zip_writer_add(first, runs, RUN("1"), NULL), 0);
	assert_int_equal(zip_writer_finish(first, NULL), 0);
	zip_writer_free(first);
	assert_int_equal(export_zip(path, runs, RUN("2"), &plain), 0);
	check_zip_run(path, RUN("1"), IN_ZIP);
	check_zip_run(path, RUN("2"), IN_ZIP);
}

/* By a program that knows nothing of our locks: before there was one, and over an old one. */
static void overtaken_zips(void **state)
{
	_cleanup_close_ int runs = open_dir("overtaken");
	const struct transfer plain = {0};
	char path[512], other[512];

	(void)state;
	make_run(runs, RUN("1"));
	make_run(runs, RUN("2"));
	snprintf(path, sizeof(path), "%s/overtaken.zip", support_dir);
	snprintf(other, sizeof(other), "%s/overtaken-other/x.zip", support_dir);
	for (int i = 0; i < 2; i++) {
		struct zip_writer *zip = NULL;

		assert_int_equal(zip_writer_new(path, &plain, &zip, NULL), 0);
		assert_int_equal(export_zip(other, runs, RUN("2"), &plain), 0);
		assert_int_equal(zip_writer_add(zip, runs, RUN("1"), NULL), 0);
		assert_int_equal(rename(other, path), 0);
		assert_int_equal(zip_writer_finish(zip, NULL), -ESTALE);
		zip_writer_free(zip);
		check_zip_run(path, RUN("2"), IN_ZIP);
	}
}

/* Removes a file that is about to be written. */
struct removal {
	int fd, left, n;
};

static bool remove_script(void *arg, uint64_t bytes)
{
	struct removal *rm = arg;

	(void)bytes;
	if (rm->n++ == rm->left)
		unlinkat(rm->fd, RUN("1") "/script", 0);
	return true;
}

static void zips_of_what_goes(void **state)
{
	_cleanup_close_ int runs = open_dir("going");
	struct removal rm = {.fd = runs};
	bool whole = false;
	char path[512];

	(void)state;
	snprintf(path, sizeof(path), "%s/going.zip", support_dir);
	/* At each of the moments when it looks whether it shall go on. */
	for (; !whole; rm.left++) {
		_cleanup_close_ int to = open_dir("gone"), fd = -1;
		_cleanup_strv_ struct strv ids = STRV_INIT;

		rm.n = 0;
		make_run(runs, RUN("1"));
		assert_int_equal(export_zip(path, runs, RUN("1"),
					 &(struct transfer){.go_on = remove_script, .arg = &rm}),
			0);
		whole = rm.left >= rm.n;
		assert_int_equal(strv_add(&ids, RUN("1")), 0);
		assert_int_equal(zip_unpack_runs(path, &ids, to, &(struct transfer){0}, NULL), 0);
		fd = openat(to, RUN("1"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (!file_exists(fd, "script"))
			check_tree(fd, RECORDS SUB("sub") "to-dir/ to-file ");
		else
			check_tree(fd, IN_ZIP);
		assert_int_equal(file_remove_tree(to, RUN("1")), 0);
		assert_int_equal(file_remove_tree(runs, RUN("1")), 0);
		assert_int_equal(unlink(path), 0);
	}
	assert_true(rm.left > 5);
}

/* A name may be as long as one can be. */
static void zip_names(void **state)
{
	enum { LONGEST = 255 };
	_cleanup_close_ int runs = open_dir("zip-names");
	char name[LONGEST + 1];
	_cleanup_buf_ struct buf path = BUF_INIT;

	(void)state;
	make_run(runs, RUN("1"));
	memset(name, 'n', LONGEST);
	memcpy(name + LONGEST - 4, ".zip", 5);
	buf_printf(&path, "%s/%s", support_dir, name);
	assert_int_equal(export_zip(buf_str(&path), runs, RUN("1"), &(struct transfer){0}), 0);
	check_zip_run(buf_str(&path), RUN("1"), IN_ZIP);
}

static void interrupted_zips(void **state)
{
	_cleanup_close_ int runs = open_dir("zip-int"), to = open_dir("zip-int-to");
	_cleanup_strv_ struct strv ids = STRV_INIT;
	const struct transfer plain = {0};
	char path[512];
	int n = 0, r = -EINTR;

	(void)state;
	make_run(runs, RUN("1"));
	snprintf(path, sizeof(path), "%s/zip-int-to.zip", support_dir);
	for (; r == -EINTR; n++) {
		struct countdown c = {.left = n};

		r = export_zip(
			path, runs, RUN("1"), &(struct transfer){.go_on = count_down, .arg = &c});
		assert_int_equal(file_exists(AT_FDCWD, path), r == 0);
	}
	assert_true(n > 5 && r == 0);
	assert_int_equal(strv_add(&ids, RUN("1")), 0);
	for (n = 0, r = -EINTR; r == -EINTR; n++) {
		struct countdown c = {.left = n};

		r = zip_unpack_runs(
			path, &ids, to, &(struct transfer){.go_on = count_down, .arg = &c}, NULL);
		assert_true(r == 0 || r == -EINTR);
	}
	assert_true(n > 5);
	check_zip_run(path, RUN("1"), IN_ZIP);
	assert_int_equal(export_zip(path, runs, RUN("1"), &plain), -EEXIST);
}

static void bad_zips(void **state)
{
	_cleanup_close_ int runs = open_dir("for-bad");
	const struct transfer plain = {0};
	char path[512];
	_cleanup_buf_ struct buf text = BUF_INIT;

	(void)state;
	make_run(runs, RUN("1"));
	snprintf(path, sizeof(path), "%s/for-bad/text.zip", support_dir);
	support_write(path, "no zip file");
	assert_int_equal(export_zip(path, runs, RUN("1"), &plain), -EINVAL);
	assert_int_equal(file_read(AT_FDCWD, path, 100, &text), 0);
	assert_string_equal(buf_str(&text), "no zip file");
	assert_int_equal(zip_unpack_records(path, runs, &plain, NULL), -EINVAL);
	snprintf(path, sizeof(path), "%s/for-bad", support_dir);
	assert_int_equal(export_zip(path, runs, RUN("1"), &plain), -EISDIR);
}

static void zip_one(struct transfer *how)
{
	export_zip(kill_zip, kill_from, RUN("2"), how);
}

static void killed_zips(void **state)
{
	const struct transfer plain = {0};
	int n = 0;

	(void)state;
	kill_from = open_dir("from-zip-kill");
	kill_to = open_dir("to-zip-kill");
	make_run(kill_from, RUN("1"));
	make_run(kill_from, RUN("2"));
	snprintf(kill_zip, sizeof(kill_zip), "%s/to-zip-kill/x.zip", support_dir);
	assert_int_equal(export_zip(kill_zip, kill_from, RUN("1"), &plain), 0);
	for (; killed_at(n, zip_one); n++)
		check_zip_run(kill_zip, RUN("1"), IN_ZIP);
	assert_true(n > 5);
	check_zip_run(kill_zip, RUN("2"), IN_ZIP);
	assert_int_equal(support_n_names(kill_to, "."), 1);
	close(kill_from);
	close(kill_to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zips),
		cmocka_unit_test(waiting_zips),
		cmocka_unit_test(overtaken_zips),
		cmocka_unit_test(zips_of_what_goes),
		cmocka_unit_test(zip_names),
		cmocka_unit_test(interrupted_zips),
		cmocka_unit_test(bad_zips),
		cmocka_unit_test(killed_zips),
	};

	return cmocka_run_group_tests(tests, support_setup, support_teardown);
}
