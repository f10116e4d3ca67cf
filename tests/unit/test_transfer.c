/* SPDX-License-Identifier: MIT */
/* Runs on their way: copies, moves, removals, and what an end at any moment leaves. */
#include "transfer_runs.h"

#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* --- directories ---------------------------------------------------------- */

static int transfer(int from_fd, const char *id, int to_fd, const struct transfer *how)
{
	struct transfer_place from = TRANSFER_PLACE_INIT, to = TRANSFER_PLACE_INIT;
	struct err err = ERR_INIT;
	int r;

	from.fd = from_fd;
	to.fd = to_fd;
	r = transfer_run(&from, id, &to, how, &err);
	assert_true(r == 0 || err_text(&err)[0]);
	transfer_end(&from);
	transfer_end(&to);
	assert_false(file_exists(from_fd, PARTIAL_DIR));
	assert_false(file_exists(to_fd, PARTIAL_DIR));
	return r;
}

static void directories(void **state)
{
	_cleanup_close_ int from = open_dir("from"), to = open_dir("to");

	(void)state;
	make_run(from, RUN("1"));
	make_run(from, RUN("2"));
	assert_int_equal(transfer(from, RUN("1"), to, &(struct transfer){0}), 0);
	check_run(to, RUN("1"), AS_IT_IS);
	assert_int_equal(transfer(from, RUN("1"), to, &(struct transfer){0}), -EEXIST);
	assert_int_equal(transfer(from, RUN("3"), to, &(struct transfer){0}), -ENOENT);
	assert_int_equal(transfer(from, RUN("2"), to, &(struct transfer){.follow = true}), 0);
	check_run(to, RUN("2"), FOLLOWED);
	assert_int_equal(file_remove_tree(to, RUN("2")), 0);
	assert_int_equal(
		transfer(from, RUN("2"), to, &(struct transfer){.follow = true, .move = true}), 0);
	check_run(to, RUN("2"), FOLLOWED);
	assert_false(file_exists(from, RUN("2")));
	assert_int_equal(transfer(from, RUN("1"), to, &(struct transfer){.move = true}), -EEXIST);
	assert_int_equal(file_remove_tree(to, RUN("1")), 0);
	assert_int_equal(transfer(from, RUN("1"), to, &(struct transfer){.move = true}), 0);
	assert_false(file_exists(from, RUN("1")));
	check_run(to, RUN("1"), RECORDS "fifo? script " SUB("sub") "to-dir@ to-file@ to-nothing@ ");
}

/* Somebody's process, by Guild AI's record of it. */
static void running(void **state)
{
	_cleanup_close_ int from = open_dir("running"), to = open_dir("to-running");
	char lock[32];

	(void)state;
	make_run(from, RUN("1"));
	assert_int_equal(unlinkat(from, RUN("1") "/.guild/attrs/exit_status", 0), 0);
	snprintf(lock, sizeof(lock), "%d", (int)getpid());
	put(from, RUN("1") "/.guild/LOCK", lock);
	assert_int_equal(transfer(from, RUN("1"), to, &(struct transfer){0}), -EBUSY);
	assert_int_equal(transfer(from, RUN("1"), to, &(struct transfer){.move = true}), -EBUSY);
	assert_true(file_exists(from, RUN("1")));
	assert_false(file_exists(to, RUN("1")));
}

enum change { STARTED, RESTARTED, LABELED, CHANGES };

/* Something that happens to a run at one of the moments when it is looked whether to go on. */
struct changing {
	int fd, left;
	enum change what;
};

static bool change_run(void *arg, uint64_t bytes)
{
	struct changing *c = arg;
	char pid[32];

	(void)bytes;
	if (c->left-- != 0)
		return true;
	if (c->what == STARTED) {
		snprintf(pid, sizeof(pid), "%d", (int)getpid());
		assert_int_equal(unlinkat(c->fd, RUN("1") "/.guild/attrs/exit_status", 0), 0);
		put(c->fd, RUN("1") "/.guild/LOCK", pid);
	} else if (c->what == RESTARTED) {
		put(c->fd, RUN("1") "/.guild/PENDING", "");
		put(c->fd, RUN("1") "/new", "result");
		assert_int_equal(unlinkat(c->fd, RUN("1") "/.guild/PENDING", 0), 0);
	} else {
		put(c->fd, RUN("1") "/.guild/attrs/label", "new\n");
	}
	return true;
}

/* Its directories are older than a change that comes now, whatever clock the file system has. */
static void make_old_run(int fd)
{
	const struct timespec times[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};

	make_run(fd, RUN("1"));
	/* With what has a lock. */
	assert_int_equal(file_mkdirs(fd, RUN("1") "/.guild/guildfs", 0755), 0);
	assert_int_equal(utimensat(fd, RUN("1") "/.guild/attrs", times, 0), 0);
	assert_int_equal(utimensat(fd, RUN("1") "/.guild", times, 0), 0);
}

/* What happens to a run while it is copied is not lost when it is moved. */
static void changed(void **state)
{
	_cleanup_close_ int from = open_dir("changed"), to = open_dir("to-changed");

	(void)state;
	for (enum change what = 0; what < CHANGES; what++) {
		struct changing c = {.fd = from, .what = what};
		int moments = 0;

		for (; c.left <= 0; moments++) {
			int r;

			c.left = moments;
			make_old_run(from);
			r = transfer(from, RUN("1"), to,
				&(struct transfer){.move = true,
					.follow = true,
					.go_on = change_run,
					.arg = &c});
			/* It was over before this moment came. */
			if (c.left >= 0) {
				assert_int_equal(r, 0);
				assert_int_equal(file_remove_tree(to, RUN("1")), 0);
				break;
			}
			assert_int_equal(r, -EBUSY);
			assert_false(file_exists(to, RUN("1")));
			assert_true(file_exists(from, RUN("1")));
			assert_int_equal(file_exists(from, RUN("1") "/new"), what == RESTARTED);
			assert_int_equal(file_remove_tree(from, RUN("1")), 0);
		}
		assert_true(moments > 5);
	}
}

static void changed_after_copy(void **state)
{
	_cleanup_close_ int fd = open_dir("changed-after");
	struct transfer_place from = TRANSFER_PLACE_INIT;
	struct changing c = {.fd = fd};
	struct transfer_stamp stamp;

	(void)state;
	from.fd = fd;
	for (c.what = 0; c.what < CHANGES; c.what++) {
		make_old_run(fd);
		stamp = transfer_stamp(fd, RUN("1"));
		c.left = 0;
		change_run(&c, 0);
		assert_int_equal(transfer_remove_copied(&from, RUN("1"), &stamp, NULL), -EBUSY);
		assert_true(file_exists(fd, RUN("1")));
		assert_int_equal(file_remove_tree(fd, RUN("1")), 0);
	}
	make_old_run(fd);
	stamp = transfer_stamp(fd, RUN("1"));
	assert_int_equal(transfer_remove_copied(&from, RUN("1"), &stamp, NULL), 0);
	assert_false(file_exists(fd, RUN("1")));
	transfer_end(&from);
}

/* --- removing ------------------------------------------------------------- */

static int remove_run(int fd, const char *id, struct err *err)
{
	struct transfer_place from = TRANSFER_PLACE_INIT;
	int r;

	from.fd = fd;
	r = transfer_remove(&from, id, err);
	transfer_end(&from);
	assert_false(file_exists(fd, PARTIAL_DIR));
	return r;
}

/* What root may do for being root. */
static void may_override(bool may)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	const unsigned override = 1U << CAP_DAC_OVERRIDE | 1U << CAP_DAC_READ_SEARCH;

	assert_int_equal(syscall(SYS_capget, &header, data), 0);
	data[0].effective &= ~override;
	if (may)
		data[0].effective |= data[0].permitted & override;
	assert_int_equal(syscall(SYS_capset, &header, data), 0);
}

static void removed(void **state)
{
	static const char *const closed[] = {"/sub/d\xc3\xa9p", "/sub", "/.guild", ""};
	_cleanup_close_ int fd = open_dir("removed");
	_cleanup_buf_ struct buf path = BUF_INIT;
	int r = 0, n = 0;

	(void)state;
	make_run(fd, RUN("1"));
	for (size_t i = 0; i < ARRAY_SIZE(closed); i++) {
		buf_clear(&path);
		buf_printf(&path, "%s%s", RUN("1"), closed[i]);
		assert_int_equal(fchmodat(fd, buf_str(&path), i == 0 ? 0 : 0555, 0), 0);
	}
	may_override(false);
	r = remove_run(fd, RUN("1"), NULL);
	may_override(true);
	assert_int_equal(r, 0);
	assert_false(file_exists(fd, RUN("1")));

	/* Deeper than any path can say. */
	make_run(fd, RUN("2"));
	int at = openat(fd, RUN("2"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (; n < 3000 && r == 0; n++) {
		int below = -1;

		r = mkdirat(at, "below", 0755);
		if (r == 0)
			below = openat(at, "below", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(at);
		at = below;
	}
	close(at);
	assert_int_equal(r, 0);
	assert_int_equal(remove_run(fd, RUN("2"), NULL), 0);
	assert_false(file_exists(fd, RUN("2")));
}

/* It is in sight, and the error says why. */
static void not_removed(void **state)
{
	_cleanup_close_ int fd = open_dir("not-removed");
	struct transfer_place from = TRANSFER_PLACE_INIT;
	struct err err = ERR_INIT;
	struct rlimit before, few;
	int r, lowest;

	(void)state;
	make_run(fd, RUN("1"));
	from.fd = fd;
	assert_int_equal(partial_begin(fd, &from.partial), 0);
	lowest = dup(fd);
	close(lowest);
	getrlimit(RLIMIT_NOFILE, &before);
	few = before;
	few.rlim_cur = (rlim_t)lowest;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	r = transfer_remove(&from, RUN("1"), &err);
	setrlimit(RLIMIT_NOFILE, &before);
	transfer_end(&from);
	assert_int_equal(r, -EMFILE);
	assert_string_equal(err_text(&err), "run " RUN("1") ": Too many open files");
	check_run(fd, RUN("1"), RECORDS "fifo? script " SUB("sub") "to-dir@ to-file@ to-nothing@ ");

	/* What somebody else has put into it is found when half of it is gone. */
	if (geteuid() == 0) {
		err = ERR_INIT;
		assert_int_equal(fchmodat(fd, RUN("1") "/sub", 0755, 0), 0);
		assert_int_equal(fchownat(fd, RUN("1") "/sub", 1, 1, 0), 0);
		may_override(false);
		r = remove_run(fd, RUN("1"), &err);
		may_override(true);
		assert_int_equal(r, -EACCES);
		assert_string_equal(
			err_text(&err), "cannot remove run " RUN("1") ": Permission denied");
		assert_true(file_exists(fd, RUN("1") "/sub"));
	}
	assert_int_equal(remove_run(fd, RUN("1"), NULL), 0);
}

/* --- ends ----------------------------------------------------------------- */

static void interrupted(void **state)
{
	_cleanup_close_ int from = open_dir("from-int"), to = open_dir("to-int");
	int r = -EINTR;

	(void)state;
	make_run(from, RUN("1"));
	for (int n = 0; r == -EINTR; n++) {
		struct countdown c = {.left = n};

		r = transfer(from, RUN("1"), to,
			&(struct transfer){.follow = true, .go_on = count_down, .arg = &c});
		assert_true(r == 0 || r == -EINTR);
		assert_int_equal(file_exists(to, RUN("1")), r == 0);
		assert_true(n < 100);
	}
	check_run(to, RUN("1"), FOLLOWED);
}

static int kill_from, kill_to;

static void copy_one(struct transfer *how)
{
	struct transfer_place from = TRANSFER_PLACE_INIT, to = TRANSFER_PLACE_INIT;

	from.fd = kill_from;
	to.fd = kill_to;
	transfer_run(&from, RUN("1"), &to, how, NULL);
	transfer_end(&from);
	transfer_end(&to);
}

static void killed(void **state)
{
	int n = 0;

	(void)state;
	kill_from = open_dir("from-kill");
	kill_to = open_dir("to-kill");
	make_run(kill_from, RUN("1"));
	for (; killed_at(n, copy_one); n++) {
		assert_false(file_exists(kill_to, RUN("1")));
		assert_true(file_exists(kill_to, PARTIAL_DIR));
	}
	assert_true(n > 5);
	/* The last one has swept what the others left. */
	check_run(kill_to, RUN("1"), AS_IT_IS);
	assert_false(file_exists(kill_to, PARTIAL_DIR));
	close(kill_from);
	close(kill_to);
}

static void partials(void **state)
{
	_cleanup_close_ int fd = open_dir("partials");
	_cleanup_partial_ struct partial mine = PARTIAL_INIT, other = PARTIAL_INIT;

	(void)state;
	assert_int_equal(file_mkdirs(fd, PARTIAL_DIR "/dead/run", 0755), 0);
	assert_int_equal(partial_begin(fd, &mine), 0);
	assert_false(file_exists(fd, PARTIAL_DIR "/dead"));
	assert_int_equal(mkdirat(mine.fd, "a", 0755), 0);
	assert_int_equal(partial_begin(fd, &other), 0);
	assert_true(file_exists(mine.fd, "a"));
	assert_int_equal(mkdirat(fd, "a", 0755), 0);
	assert_int_equal(partial_place(&mine, "a", fd, "a"), -EEXIST);
	assert_int_equal(partial_place(&mine, "a", fd, "b"), 0);
	partial_end(&mine);
	assert_true(file_exists(fd, other.path));
	partial_end(&other);
	assert_false(file_exists(fd, PARTIAL_DIR));
}

static void replaced_partial(void **state)
{
	_cleanup_close_ int fd = open_dir("replaced");
	_cleanup_partial_ struct partial p = PARTIAL_INIT;

	(void)state;
	assert_int_equal(partial_begin(fd, &p), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(mkdirat(p.fd, "run", 0755), 0);
		put(p.fd, i ? "run/new" : "run/old", "");
		assert_int_equal(partial_replace(&p, "run", fd, "run"), 0);
		assert_false(file_exists(p.fd, "run"));
	}
	assert_true(file_exists(fd, "run/new"));
	assert_false(file_exists(fd, "run/old"));
}

/* A directory where others work, too, such as /tmp. */
static void shared_partials(void **state)
{
	static const mode_t modes[] = {01777, 0755, 02775, 0700};
	_cleanup_close_ int fd = open_dir("shared-partials");
	mode_t mask = umask(022);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		_cleanup_partial_ struct partial p = PARTIAL_INIT;
		struct stat st;

		assert_int_equal(fchmod(fd, modes[i]), 0);
		assert_int_equal(partial_begin(fd, &p), 0);
		assert_int_equal(fstatat(fd, PARTIAL_DIR, &st, 0), 0);
		assert_int_equal(st.st_mode & 07777, modes[i]);
		assert_int_equal(fstat(p.fd, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0700);
	}
	umask(mask);
}

/* Nothing is left of it that somebody could close. */
static void no_partial(void **state)
{
	_cleanup_close_ int dir = open_dir("no-partial"), fd = -1;
	struct partial p;

	(void)state;
	put(dir, "file", "");
	fd = openat(dir, "file", O_RDONLY | O_CLOEXEC);
	assert_int_equal(partial_begin(fd, &p), -ENOTDIR);
	assert_int_equal(p.parent_fd, -1);
	assert_int_equal(p.fd, -1);
	assert_string_equal(p.path, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(directories),
		cmocka_unit_test(running),
		cmocka_unit_test(changed),
		cmocka_unit_test(changed_after_copy),
		cmocka_unit_test(removed),
		cmocka_unit_test(not_removed),
		cmocka_unit_test(interrupted),
		cmocka_unit_test(killed),
		cmocka_unit_test(partials),
		cmocka_unit_test(replaced_partial),
		cmocka_unit_test(shared_partials),
		cmocka_unit_test(no_partial),
	};

	return cmocka_run_group_tests(tests, support_setup, support_teardown);
}
