/* SPDX-License-Identifier: MIT */
/* The base floor: buffers, names, words, files, processes, digests. */
#include "support.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/file_walk.h"
#include "base/name.h"
#include "base/proc.h"
#include "base/shell.h"
#include "base/strv.h"
#include "base/version.h"
#include "base/utf8.h"

static void buffers(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT, part = BUF_INIT;
	size_t len;
	char *text;

	(void)state;
	assert_string_equal(buf_str(&b), "");
	buf_printf(&b, "%s-%d", "a", 7);
	buf_write_at(&b, 6, "xy", 2);
	assert_int_equal(b.len, 8);
	assert_memory_equal(b.data, "a-7\0\0\0xy", 8);
	buf_add_range(&part, &b, 2, 1);
	buf_add_range(&part, &b, 9, 6);
	buf_add_range(&part, &b, 9, 8);
	buf_add_range(&part, &b, 9, -1);
	assert_string_equal(buf_str(&part), "-7xy");
	buf_resize(&b, 1);
	assert_string_equal(buf_str(&b), "a");
	buf_fail(&b, -EIO);
	buf_puts(&b, "ignored");
	buf_fail(&b, -ENOMEM);
	assert_int_equal(buf_error(&b), -EIO);
	assert_null(buf_steal(&b, NULL));
	buf_clear(&b);
	buf_add_tsv(&b, "a\tb\nc\\d");
	text = buf_steal(&b, &len);
	assert_string_equal(text, "a\\tb\\nc\\\\d");
	free(text);
}

static void bytes_that_are_not_utf8(void **state)
{
	/* What Python leaves of them with errors="ignore". */
	static const char *const table[][2] = {
		{"plain", "plain"},
		{"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
		{"a\x80z", "az"}, {"a\xffz", "az"}, {"\xc0\xafz", "z"}, /* overlong */
		{"\xe0\x80\xafz", "z"},                                 /* overlong */
		{"\xed\xa0\x80z", "z"},                                 /* a surrogate */
		{"\xf4\x90\x80\x80z", "z"},                             /* beyond U+10FFFF */
		{"\xe2\x82z", "z"},                                     /* cut off by a character */
		{"\xf0\x9f\x98\xc3\xa9", "\xc3\xa9"},                   /* cut off by another */
		{"a\xe2\x82", "a"},                                     /* cut off by the end */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_buf_ struct buf b = BUF_INIT;

		utf8_add_valid(&b, table[i][0], strlen(table[i][0]));
		assert_string_equal(buf_str(&b), table[i][1]);
		assert_int_equal(utf8_is_valid(table[i][0], strlen(table[i][0])),
			strcmp(table[i][0], table[i][1]) == 0);
	}
}

static void names_round_trip(void **state)
{
	char all[256];

	(void)state;
	for (int c = 1; c < 256; c++)
		all[c - 1] = (char)c;
	for (size_t len = 0; len < 80; len++) {
		for (size_t at = 0; at + len <= 255; at += 5) {
			_cleanup_buf_ struct buf name = BUF_INIT, back = BUF_INIT;

			name_encode(&name, all + at, len);
			assert_true(name_is_component(buf_str(&name)));
			assert_int_equal(name_decode(&back, buf_str(&name)), 0);
			assert_int_equal(back.len, len);
			if (len)
				assert_memory_equal(back.data, all + at, len);
		}
	}
}

static void names_of_special_texts(void **state)
{
	static const char *const table[][2] = {
		{"", "%"},
		{".", "%2E"},
		{"..", "%2E%2E"},
		{"a/b", "a%2Fb"},
		{"100%", "100%25"},
		{"plain", "plain"},
		{"...", "..."},
		{"a\nb", "a%0Ab"},
	};
	_cleanup_buf_ struct buf other = BUF_INIT;
	char a[600], b[600];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_buf_ struct buf name = BUF_INIT;

		name_encode(&name, table[i][0], strlen(table[i][0]));
		assert_string_equal(buf_str(&name), table[i][1]);
	}
	/* Too long: cut, still a component, and different texts stay different. */
	memset(a, 'x', sizeof(a));
	memset(b, 'x', sizeof(b));
	b[599] = 'y';
	{
		_cleanup_buf_ struct buf one = BUF_INIT, two = BUF_INIT;

		name_encode(&one, a, sizeof(a));
		name_encode(&two, b, sizeof(b));
		assert_true(name_is_component(buf_str(&one)));
		assert_string_not_equal(buf_str(&one), buf_str(&two));
		assert_int_equal(name_decode(&other, buf_str(&one)), -EINVAL);
	}
	assert_int_equal(name_decode(&other, "%zz"), -EINVAL);
	assert_false(name_is_safe_path("a/../b"));
	assert_false(name_is_safe_path("/a"));
	assert_false(name_is_safe_path("a//b"));
	assert_true(name_is_safe_path("a/b.c"));
}

static void run_ids(void **state)
{
	char a[RUN_ID_LEN + 1], b[RUN_ID_LEN + 1];

	(void)state;
	assert_int_equal(name_new_run_id(a), 0);
	assert_int_equal(name_new_run_id(b), 0);
	assert_int_equal(strspn(a, "0123456789abcdef"), RUN_ID_LEN);
	assert_int_equal(a[12], '4');
	assert_string_not_equal(a, b);
}

/* The words are what Python's shlex.split gives. */
static void shell_words(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		const char *words[4];
	} table[] = {
		{"", 0, {0}},
		{"a b  c", 3, {"a", "b", "c"}},
		{"'a b' \"c d\"", 2, {"a b", "c d"}},
		{"a'b'\"c\"d", 1, {"abcd"}},
		{"'' \"\"", 2, {"", ""}},
		{"a\\ b \\\"", 2, {"a b", "\""}},
		{"\"a\\\"b\\$c\"", 1, {"a\"b\\$c"}},
		{"'it'\"'\"'s'", 1, {"it's"}},
		{"a\tb\nc", 3, {"a", "b", "c"}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_strv_ struct strv words = STRV_INIT, again = STRV_INIT;
		_cleanup_buf_ struct buf joined = BUF_INIT;

		assert_int_equal(shell_split(table[i].text, &words, NULL), 0);
		assert_int_equal(words.n, table[i].n);
		for (size_t w = 0; w < words.n; w++)
			assert_string_equal(words.v[w], table[i].words[w]);
		shell_join(&joined, words.v, words.n);
		assert_int_equal(shell_split(buf_str(&joined), &again, NULL), 0);
		assert_int_equal(again.n, words.n);
		for (size_t w = 0; w < words.n; w++)
			assert_string_equal(again.v[w], words.v[w]);
	}
	for (size_t i = 0; i < 3; i++) {
		static const char *const bad[] = {"'a", "\"a", "a\\"};
		_cleanup_strv_ struct strv words = STRV_INIT;
		struct err err = ERR_INIT;

		assert_int_equal(shell_split(bad[i], &words, &err), -EINVAL);
		assert_int_not_equal(strlen(err_text(&err)), 0);
	}
}

static void errors(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(err_set_at(&err, -EINVAL, 3, 4, "first"), -EINVAL);
	assert_int_equal(err_set(&err, -EIO, "second"), -EIO);
	assert_string_equal(err_text(&err), "first");
	assert_int_equal(err.line, 3);
	err_prefix(&err, -EINVAL, "in %s", "file");
	assert_string_equal(err_text(&err), "in file: first");
	assert_int_equal(err_set(NULL, -EIO, "nobody listens"), -EIO);
}

static void vectors(void **state)
{
	_cleanup_strv_ struct strv s = STRV_INIT;
	char name[16];

	(void)state;
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "N%02d", (i * 37) % 50);
		assert_int_equal(strv_add(&s, name), 0);
		assert_null(s.v[s.n]);
	}
	strv_sort(&s);
	strv_unique(&s);
	assert_int_equal(s.n, 50);
	assert_string_equal(s.v[49], "N49");
	assert_int_equal(strv_env_set(&s, "A", "1"), 0);
	assert_int_equal(strv_env_set(&s, "A", "2"), 0);
	assert_string_equal(strv_env_get(&s, "A"), "2");
	strv_env_unset(&s, "A");
	assert_null(strv_env_get(&s, "A"));
	assert_int_equal(s.n, 50);
}

/* Readers see one content or the other, whole, whatever the writer does. */
static void *keep_writing(void *arg)
{
	char text[5000];

	for (int i = 0; i < 300; i++) {
		memset(text, i % 2 ? 'a' : 'b', sizeof(text));
		file_write(AT_FDCWD, arg, text, sizeof(text), 0644, FILE_NOSYNC);
	}
	return NULL;
}

static void writes_are_atomic(void **state)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	pthread_t writer;

	buf_printf(&path, "%s/atomic", (char *)*state);
	support_write(buf_str(&path), "");
	keep_writing(path.data);
	assert_int_equal(pthread_create(&writer, NULL, keep_writing, path.data), 0);
	for (int i = 0; i < 300; i++) {
		_cleanup_buf_ struct buf b = BUF_INIT;

		assert_int_equal(file_read(AT_FDCWD, buf_str(&path), 10000, &b), 0);
		assert_int_equal(b.len, 5000);
		assert_int_equal(b.data[0], b.data[4999]);
	}
	pthread_join(writer, NULL);
}

static void reads_are_bounded(void **state)
{
	_cleanup_buf_ struct buf path = BUF_INIT, link = BUF_INIT, b = BUF_INIT;

	buf_printf(&path, "%s/long", (char *)*state);
	buf_printf(&link, "%s/link", (char *)*state);
	support_write(buf_str(&path), "0123456789");
	assert_int_equal(file_read(AT_FDCWD, buf_str(&path), 9, &b), -EFBIG);
	assert_int_equal(file_read(AT_FDCWD, buf_str(&path), 10, &b), 0);
	assert_int_equal(symlink(buf_str(&path), buf_str(&link)), 0);
	assert_int_equal(file_read(AT_FDCWD, buf_str(&link), 10, &b), -EINVAL);
	assert_int_equal(file_read(AT_FDCWD, *state, 10, &b), -EINVAL);
	assert_int_equal(file_read(AT_FDCWD, "/nonexistent", 10, &b), -ENOENT);
}

static void trees(void **state)
{
	_cleanup_buf_ struct buf from = BUF_INIT, to = BUF_INIT, file = BUF_INIT, b = BUF_INIT;

	buf_printf(&from, "%s/from/deep/er", (char *)*state);
	buf_printf(&to, "%s/to", (char *)*state);
	assert_int_equal(file_mkdirs(AT_FDCWD, buf_str(&from), 0755), 0);
	assert_int_equal(file_mkdirs(AT_FDCWD, buf_str(&from), 0755), 0);
	buf_printf(&file, "%s/file", buf_str(&from));
	support_write(buf_str(&file), "text");
	buf_clear(&from);
	buf_printf(&from, "%s/from", (char *)*state);
	buf_clear(&file);
	buf_printf(&file, "%s/from/link", (char *)*state);
	assert_int_equal(symlink("/etc", buf_str(&file)), 0);
	assert_int_equal(file_copy_tree(AT_FDCWD, buf_str(&from), AT_FDCWD, buf_str(&to)), 0);
	buf_clear(&file);
	buf_printf(&file, "%s/to/deep/er/file", (char *)*state);
	assert_int_equal(file_read(AT_FDCWD, buf_str(&file), 10, &b), 0);
	assert_string_equal(buf_str(&b), "text");
	assert_int_equal(file_remove_tree(AT_FDCWD, buf_str(&to)), 0);
	assert_false(file_exists(AT_FDCWD, buf_str(&to)));
	assert_true(file_exists(AT_FDCWD, "/etc"));
}

static int count_entries(void *arg, const struct walk_entry *entry)
{
	(void)entry;
	++*(int *)arg;
	return 0;
}

/* Trees are as deep as paths can be, whatever number of files may be open. */
static void deep_trees(void **state)
{
	enum { DEPTH = 1500 };
	_cleanup_close_ int dir = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int walked = -1;
	_cleanup_buf_ struct buf path = BUF_INIT, text = BUF_INIT;
	struct rlimit before, few;
	int n = 0, copied, seen;

	buf_puts(&path, "deepest");
	for (int i = 0; i < DEPTH; i++)
		buf_puts(&path, "/d");
	assert_int_equal(file_mkdirs(dir, buf_str(&path), 0755), 0);
	buf_puts(&path, "/file");
	assert_int_equal(file_write(dir, buf_str(&path), "x", 1, 0644, FILE_NOSYNC), 0);
	getrlimit(RLIMIT_NOFILE, &before);
	few = before;
	few.rlim_cur = 32;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	copied = file_copy_tree(dir, "deepest", dir, "copy-of-it");
	walked = openat(dir, "copy-of-it", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	seen = file_walk(walked, false, count_entries, &n);
	setrlimit(RLIMIT_NOFILE, &before);
	assert_int_equal(copied, 0);
	assert_int_equal(seen, 0);
	assert_int_equal(n, DEPTH + 1);
	/* Into itself is no deeper than it is. */
	assert_int_equal(file_copy_tree(dir, "copy-of-it/d/d", dir, "copy-of-it/d/d/again"), 0);
	assert_false(file_exists(dir, "copy-of-it/d/d/again/again"));
	assert_int_equal(file_remove_tree(dir, "deepest"), 0);
	assert_int_equal(file_remove_tree(dir, "copy-of-it"), 0);
}

/* Somebody puts something into a directory that has just been emptied, so many times. */
static int to_fill;

int unlinkat(int dirfd, const char *name, int flags)
{
	char path[NAME_MAX + 8];
	int fd;

	if (flags & AT_REMOVEDIR && to_fill > 0) {
		to_fill--;
		snprintf(path, sizeof(path), "%s/late", name);
		fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		assert_true(fd >= 0);
		close(fd);
	}
	return (int)syscall(SYS_unlinkat, dirfd, name, flags);
}

static void filled_trees(void **state)
{
	_cleanup_close_ int dir = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(file_mkdirs(dir, "filled/a/b", 0755), 0);
	to_fill = 7;
	assert_int_equal(file_remove_tree(dir, "filled"), 0);
	assert_int_equal(to_fill, 0);
	assert_false(file_exists(dir, "filled"));
	/* There is an end to it. */
	assert_int_equal(file_mkdirs(dir, "filled/a/b", 0755), 0);
	to_fill = 1000;
	assert_int_equal(file_remove_tree(dir, "filled"), -ENOTEMPTY);
	to_fill = 0;
	assert_int_equal(file_remove_tree(dir, "filled"), 0);
}

static void processes(void **state)
{
	struct proc_ref self, child, back;
	_cleanup_buf_ struct buf line = BUF_INIT;
	int64_t started;
	pid_t pid;

	(void)state;
	assert_int_equal(proc_ref_get(getpid(), &self), 0);
	assert_true(proc_ref_alive(&self));
	proc_ref_format(&line, &self);
	assert_int_equal(proc_ref_parse(buf_str(&line), &back), 0);
	assert_int_equal(back.start, self.start);
	assert_string_equal(back.boot_id, self.boot_id);
	assert_int_equal(proc_ref_parse("12 x", &back), -EINVAL);
	assert_int_equal(proc_start_time(getpid(), &started), 0);
	assert_true(clock_now() - started < INT64_C(600) * 1000000 && started < clock_now());

	pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	assert_int_equal(proc_ref_get(pid, &child), 0);
	/* The same number with another start is another process. */
	back = child;
	back.start++;
	assert_false(proc_ref_alive(&back));
	assert_int_equal(proc_ref_kill(&back, SIGKILL, false), -ESRCH);
	assert_true(proc_ref_alive(&child));
	assert_int_equal(proc_ref_kill(&child, SIGKILL, false), 0);
	for (int i = 0; i < 200 && proc_ref_alive(&child); i++)
		usleep(10000);
	/* A zombie does not live. */
	assert_false(proc_ref_alive(&child));
	waitpid(pid, NULL, 0);
	assert_int_equal(proc_ref_kill(&child, SIGKILL, false), -ESRCH);
}

static int count_bytes(void *arg, uint64_t bytes)
{
	*(uint64_t *)arg += bytes;
	return bytes ? -EINTR : 0;
}

static void digests(void **state)
{
	static const struct {
		enum digest_type type;
		const char *hex;
	} of_abc[] = {
		{DIGEST_MD5, "900150983cd24fb0d6963f7d28e17f72"},
		{DIGEST_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
		{DIGEST_SHA224, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
		{DIGEST_SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	};
	uint64_t seen = 0;
	const struct file_watcher watcher = {count_bytes, &seen};
	_cleanup_buf_ struct buf path = BUF_INIT, base64 = BUF_INIT;
	char hex[DIGEST_SHA256_LEN + 1];

	buf_printf(&path, "%s/abc", (char *)*state);
	support_write(buf_str(&path), "abc");
	for (size_t i = 0; i < ARRAY_SIZE(of_abc); i++) {
		assert_int_equal(
			digest_file(of_abc[i].type, AT_FDCWD, buf_str(&path), NULL, hex), 0);
		assert_string_equal(hex, of_abc[i].hex);
		assert_int_equal(digest_text(of_abc[i].type, "abc", 3, hex), 0);
		assert_string_equal(hex, of_abc[i].hex);
	}
	assert_int_equal(digest_file(DIGEST_MD5, AT_FDCWD, "/nonexistent", NULL, hex), -ENOENT);
	assert_int_equal(digest_file(DIGEST_MD5, AT_FDCWD, buf_str(&path), &watcher, hex), -EINTR);
	assert_int_equal(seen, 3);
	digest_base64(&base64, of_abc[3].hex, false);
	buf_putc(&base64, ' ');
	digest_base64(&base64, of_abc[3].hex, true);
	buf_putc(&base64, ' ');
	digest_base64(&base64, "fbff00", false);
	assert_string_equal(buf_str(&base64), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0= "
					      "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0 +/8A");
}

static void times(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	int64_t before = clock_now();

	(void)state;
	for (int i = 0; i < 1000; i++) {
		int64_t now = clock_now();

		assert_true(now > before);
		before = now;
	}
	clock_format_utc(&b, INT64_C(1795426177294005));
	assert_string_equal(buf_str(&b), "2026-11-23T09:29:37.294005Z");
	buf_clear(&b);
	clock_format_utc(&b, -1);
	assert_string_equal(buf_str(&b), "1969-12-31T23:59:59.999999Z");
}

static void versions(void **state)
{
	static const struct {
		const char *requirement;
		int wanted; /* 1, 0, or an error */
	} table[] = {
		{">=0.7", 1},
		{">= 0.9.1", 1},
		{">=0.9.2", 0},
		{">0.9.1", 0},
		{"<1", 1},
		{"<=0.9.1.0", 1},
		{"==0.9.1", 1},
		{"==0.9", 0},
		{"==0.9.*", 1},
		{"!=0.9.*", 0},
		{"!=0.9.2", 1},
		{"~=0.9.0", 1},
		{"~=0.8", 1},
		{"~=0.8.0", 0},
		{">0.8,<1", 1},
		{">0.8, <0.9", 0},
		{"0.9.1", -EINVAL},
		{"", -EINVAL},
		{">=", -EINVAL},
		{">=x", -EINVAL},
		{">=1..2", -EINVAL},
		{"=>1", -EINVAL},
		{"~=1", -EINVAL},
		{">=1.*", -EINVAL},
		{"<==1", -EINVAL},
		{"====1", -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		bool matches;
		int r = version_matches("0.9.1", table[i].requirement, &matches, NULL);

		assert_int_equal(r < 0 ? r : matches, table[i].wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buffers),
		cmocka_unit_test(bytes_that_are_not_utf8),
		cmocka_unit_test(names_round_trip),
		cmocka_unit_test(names_of_special_texts),
		cmocka_unit_test(run_ids),
		cmocka_unit_test(shell_words),
		cmocka_unit_test(errors),
		cmocka_unit_test(vectors),
		cmocka_unit_test(writes_are_atomic),
		cmocka_unit_test(reads_are_bounded),
		cmocka_unit_test(trees),
		cmocka_unit_test(deep_trees),
		cmocka_unit_test(filled_trees),
		cmocka_unit_test(processes),
		cmocka_unit_test(digests),
		cmocka_unit_test(times),
		cmocka_unit_test(versions),
	};

	return cmocka_run_group_tests_name("base", tests, support_setup, support_teardown);
}
