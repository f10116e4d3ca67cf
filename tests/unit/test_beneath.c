/* SPDX-License-Identifier: MIT */
/* Files below a directory of somebody else, with openat2(2) and without. */
#include "support.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/beneath.h"

/* DIR/run is the directory, DIR/secret is what nobody may get at from it. */
static int open_run(const char *dir)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/run/.guild/attrs", dir);
	assert_int_equal(file_mkdirs(AT_FDCWD, path, 0755), 0);
	snprintf(path, sizeof(path), "%s/secret", dir);
	assert_int_equal(file_mkdirs(AT_FDCWD, path, 0755), 0);
	snprintf(path, sizeof(path), "%s/secret/label", dir);
	support_write(path, "secret");
	snprintf(path, sizeof(path), "%s/run", dir);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void close_run(const char *dir, int fd)
{
	char path[512];

	close(fd);
	snprintf(path, sizeof(path), "%s/run", dir);
	assert_int_equal(file_remove_tree(AT_FDCWD, path), 0);
}

static int count(void *arg, const char *name, int d_type)
{
	(void)name, (void)d_type;
	++*(int *)arg;
	return 0;
}

static void what_is_below(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	int fd = open_run(*state), n = 0;
	struct stat st;

	assert_int_equal(beneath_write(fd, ".guild/attrs/label", "new", 3, 0644, FILE_SYNC), 0);
	assert_int_equal(beneath_write(fd, "top", "old", 3, 0600, FILE_NOSYNC), 0);
	assert_int_equal(beneath_write(fd, "top", "newer", 5, 0600, FILE_NOSYNC), 0);
	assert_int_equal(beneath_create(fd, ".guild/PENDING", "", 0, 0644), 0);
	assert_int_equal(beneath_create(fd, ".guild/PENDING", "", 0, 0644), -EEXIST);
	assert_int_equal(beneath_read(fd, ".guild/attrs/label", 100, &b), 0);
	assert_int_equal(beneath_read(fd, "./top", 100, &b), 0);
	assert_string_equal(buf_str(&b), "newnewer");
	assert_int_equal(beneath_read(fd, "absent", 100, &b), -ENOENT);
	assert_int_equal(beneath_stat(fd, "top", &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(beneath_each(fd, ".guild", count, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(beneath_mkdirs(fd, ".guild/a/b/c", 0755), 0);
	assert_int_equal(beneath_mkdirs(fd, ".guild/a/b/c", 0755), 0);
	assert_int_equal(beneath_mkdirs(fd, "top/a", 0755), -ENOTDIR);
	assert_int_equal(beneath_mkdirs(fd, "top", 0755), -ENOTDIR);
	assert_true(beneath_exists(fd, ".guild/a/b/c"));
	assert_int_equal(beneath_unlink(fd, ".guild/PENDING"), 0);
	assert_int_equal(beneath_unlink(fd, ".guild/PENDING"), -ENOENT);
	close_run(*state, fd);
}

/* Whatever is asked for through it, and nothing has happened behind it. */
static void check_link(const char *dir, int fd)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct stat st;
	char path[512];
	int n = 0;

	assert_int_equal(beneath_read(fd, ".guild/attrs/label", 100, &b), -EINVAL);
	assert_int_equal(b.len, 0);
	assert_true(beneath_open(fd, ".guild/attrs/label", O_RDONLY, 0) < 0);
	assert_true(beneath_write(fd, ".guild/attrs/label", "x", 1, 0644, FILE_NOSYNC) < 0);
	assert_true(beneath_create(fd, ".guild/attrs/new", "x", 1, 0644) < 0);
	assert_true(beneath_mkdirs(fd, ".guild/attrs/a/b", 0755) < 0);
	assert_true(beneath_unlink(fd, ".guild/attrs/label") < 0);
	assert_true(beneath_stat(fd, ".guild/attrs/label", &st) < 0);
	assert_false(beneath_exists(fd, ".guild/attrs/label"));
	assert_true(beneath_each(fd, ".guild/attrs", count, &n) < 0);
	snprintf(path, sizeof(path), "%s/secret", dir);
	assert_int_equal(file_each(AT_FDCWD, path, count, &n), 0);
	assert_int_equal(n, 1);
	snprintf(path, sizeof(path), "%s/secret/label", dir);
	assert_int_equal(file_read(AT_FDCWD, path, 100, &b), 0);
	assert_string_equal(buf_str(&b), "secret");
}

static void links_on_the_way(void **state)
{
	int fd = open_run(*state);

	assert_int_equal(unlinkat(fd, ".guild/attrs", AT_REMOVEDIR), 0);
	assert_int_equal(symlinkat("../../secret", fd, ".guild/attrs"), 0);
	check_link(*state, fd);
	close_run(*state, fd);
}

static void links_at_the_beginning(void **state)
{
	int fd = open_run(*state);

	assert_int_equal(file_remove_tree(fd, ".guild"), 0);
	assert_int_equal(mkdirat(fd, "own", 0755), 0);
	assert_int_equal(symlinkat("../../secret", fd, "own/attrs"), 0);
	assert_int_equal(symlinkat("own", fd, ".guild"), 0);
	check_link(*state, fd);
	close_run(*state, fd);
}

/* A link at the end is seen, and replaced or removed itself. */
static void links_at_the_end(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	int fd = open_run(*state);
	struct stat st;

	assert_int_equal(symlinkat("../../../secret/label", fd, ".guild/attrs/label"), 0);
	assert_int_equal(beneath_read(fd, ".guild/attrs/label", 100, &b), -EINVAL);
	assert_int_equal(beneath_open(fd, ".guild/attrs/label", O_RDONLY, 0), -ELOOP);
	assert_int_equal(beneath_stat(fd, ".guild/attrs/label", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_true(beneath_exists(fd, ".guild/attrs/label"));
	assert_int_equal(beneath_write(fd, ".guild/attrs/label", "x", 1, 0644, FILE_NOSYNC), 0);
	assert_int_equal(beneath_read(fd, ".guild/attrs/label", 100, &b), 0);
	assert_string_equal(buf_str(&b), "x");
	close_run(*state, fd);
}

static void paths_that_lead_out(void **state)
{
	static const char *const paths[] = {"../secret/label", "/etc/passwd",
		"a/../../secret/label", ".guild/../../secret/label"};
	int fd = open_run(*state);

	assert_int_equal(beneath_mkdirs(fd, "a", 0755), 0);
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		assert_true(beneath_open(fd, paths[i], O_RDONLY, 0) < 0);
		assert_true(beneath_write(fd, paths[i], "x", 1, 0644, FILE_NOSYNC) < 0);
		assert_true(beneath_unlink(fd, paths[i]) < 0);
	}
	assert_int_equal(beneath_unlink(fd, ".."), -EXDEV);
	close_run(*state, fd);
}

/* As on a kernel that has no openat2. */
static int lose_openat2(void **state)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof(code) / sizeof(*code), .filter = code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		return -1;
	return support_setup(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_below),
		cmocka_unit_test(links_on_the_way),
		cmocka_unit_test(links_at_the_beginning),
		cmocka_unit_test(links_at_the_end),
		cmocka_unit_test(paths_that_lead_out),
	};
	int failed = cmocka_run_group_tests_name("openat2", tests, support_setup, support_teardown);

	return cmocka_run_group_tests_name("stepwise", tests, lose_openat2, support_teardown) +
	       failed;
}
