/* SPDX-License-Identifier: MIT */
/* Unpacking: what must work, and every way in which an archive may try to get out. */
#include "support.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <sys/wait.h>

#include "base/strv.h"
#include "fetch/archive.h"

static int setup(void **state)
{
	umask(022);
	return support_setup(state);
}

/* --- making archives ------------------------------------------------------------- */

/* One member of an archive to be made. */
struct made {
	const char *path;
	mode_t type;      /* 0: the end; S_IFREG when there is a hard link */
	const char *text; /* content of a file, target of a link */
	bool hardlink;
	mode_t mode; /* 0: 0644 or 0755 */
};

enum { MTIME = 1000000000 };

static void add_made(struct archive *a, const struct made *m)
{
	struct archive_entry *e = archive_entry_new();
	size_t len = m->text ? strlen(m->text) : 0;

	archive_entry_set_pathname(e, m->path);
	archive_entry_set_filetype(e, m->type);
	archive_entry_set_perm(e, m->mode ? m->mode : m->type == S_IFDIR ? 0755 : 0644);
	archive_entry_set_mtime(e, MTIME, 0);
	archive_entry_set_size(e, 0);
	if (m->hardlink)
		archive_entry_set_hardlink(e, m->text);
	else if (m->type == S_IFLNK)
		archive_entry_set_symlink(e, m->text);
	else if (m->type == S_IFREG)
		archive_entry_set_size(e, (la_int64_t)len);
	assert_true(archive_write_header(a, e) >= ARCHIVE_WARN);
	if (m->type == S_IFREG && !m->hardlink)
		assert_int_equal(archive_write_data(a, m->text, len), len);
	archive_entry_free(e);
}

/* The format and the filter follow from the name, as in archive_is(). */
static void make_archive(int fd, const char *name, const struct made *members)
{
	struct archive *a = archive_write_new();
	_cleanup_close_ int out = openat(fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(out >= 0);
	if (strstr(name, ".zip"))
		archive_write_set_format_zip(a);
	else
		archive_write_set_format_gnutar(a);
	if (strstr(name, ".gz") || strstr(name, ".tgz"))
		archive_write_add_filter_gzip(a);
	if (strstr(name, ".bz2"))
		archive_write_add_filter_bzip2(a);
	if (strstr(name, ".xz"))
		archive_write_add_filter_xz(a);
	if (strstr(name, ".zst"))
		archive_write_add_filter_zstd(a);
	assert_int_equal(archive_write_open_fd(a, out), ARCHIVE_OK);
	for (; members->type; members++)
		add_made(a, members);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
}

/* text, compressed; no archive. */
static void make_gzip(int fd, const char *name, const char *text, size_t len)
{
	struct archive *a = archive_write_new();
	struct archive_entry *e = archive_entry_new();
	_cleanup_close_ int out = openat(fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	archive_write_set_format_raw(a);
	archive_write_add_filter_gzip(a);
	assert_int_equal(archive_write_open_fd(a, out), ARCHIVE_OK);
	archive_entry_set_filetype(e, S_IFREG);
	archive_entry_set_pathname(e, "x");
	assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
	if (len)
		assert_int_equal(archive_write_data(a, text, len), len);
	archive_entry_free(e);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
}

static void check_file(int fd, const char *path, const char *wanted)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	assert_int_equal(file_read(fd, path, 1000, &text), 0);
	assert_string_equal(buf_str(&text), wanted);
}

static void check_members(const struct strv *members, const char *wanted)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	for (size_t i = 0; i < members->n; i++)
		buf_printf(&text, "%s%s", i ? " " : "", members->v[i]);
	assert_string_equal(buf_str(&text), wanted);
}

/* --- what works -------------------------------------------------------------------- */

static void knows_archives(void **state)
{
	static const char *const yes[] = {
		"a.zip", "a.tar", "a.tgz", "a.tar.xz", "a.tar.gz", "a.gz", "A.ZIP", "x/y.tar.zst"};
	static const char *const no[] = {"a", "zip", "a.txt", "a.tar/b", "tar.xz", "a.xz"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		assert_true(archive_is(yes[i], NULL));
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		assert_false(archive_is(no[i], NULL));
	assert_true(archive_is("a", "zip") && archive_is("a", "gz") && archive_is("a", "gzip"));
	assert_false(archive_is("a.zip", "rar"));
}

static void unpacks(void **state)
{
	static const char *const names[] = {
		"a.zip", "a.tar", "a.tgz", "a.tar.gz", "a.tar.bz2", "a.tar.xz", "a.tar.zst"};
	static const struct made members[] = {
		{"./", S_IFDIR, NULL, false, 0},
		{"./b/", S_IFDIR, NULL, false, 0},
		{"b//c", S_IFREG, "text", false, 0},
		{"a/\xc3\xa9", S_IFREG, "", false, 0},
		{"b/l", S_IFLNK, "../a/x", false, 0},
		{"b/s", S_IFREG, "#!", false, 06755},
		{0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_close_ int from = support_new_dir(), to = support_new_dir();
		_cleanup_strv_ struct strv found = STRV_INIT;
		struct err err = ERR_INIT;
		struct stat st;

		make_archive(from, names[i], members);
		/* Twice: what is there is no obstacle. */
		for (int n = 0; n < 2; n++) {
			strv_release(&found);
			if (archive_unpack(from, names[i], NULL, to, NULL, &found, &err) < 0)
				fail_msg("%s", err_text(&err));
			check_members(&found, "a/\xc3\xa9 b b/c b/l b/s");
		}
		check_file(to, "b/c", "text");
		check_file(to, "a/\xc3\xa9", "");
		assert_int_equal(fstatat(to, "b/s", &st, 0), 0);
		assert_int_equal(st.st_mode & 07777, 0755);
		assert_int_equal(st.st_mtim.tv_sec, MTIME);
		assert_int_equal(fstatat(to, "b", &st, 0), 0);
		assert_int_equal(st.st_mtim.tv_sec, MTIME);
		assert_int_equal(fstatat(to, "b/l", &st, AT_SYMLINK_NOFOLLOW), 0);
		assert_true(S_ISLNK(st.st_mode));
		assert_int_equal(support_n_names(to, "."), 2);
	}
}

static void unpacks_hard_links(void **state)
{
	static const struct made members[] = {
		{"a/f", S_IFREG, "text", false, 0},
		{"g", S_IFREG, "./a/f", true, 0},
		{"g", S_IFREG, "a/f", true, 0},
		{"a/f", S_IFREG, "new", false, 0},
		{0},
	};
	_cleanup_close_ int fd = support_new_dir(), to = support_new_dir();
	_cleanup_strv_ struct strv found = STRV_INIT;

	(void)state;
	make_archive(fd, "a.tar", members);
	assert_int_equal(archive_unpack(fd, "a.tar", NULL, to, NULL, &found, NULL), 0);
	check_members(&found, "a/f g");
	check_file(to, "g", "text");
	check_file(to, "a/f", "new");
	assert_int_equal(support_n_names(to, "."), 2);
}

static void replaces_files(void **state)
{
	static const struct made members[] = {
		{"f", S_IFREG, "new", false, 0}, {"l", S_IFREG, "new", false, 0}, {0}};
	_cleanup_close_ int fd = support_new_dir(), to = support_new_dir();
	_cleanup_strv_ struct strv found = STRV_INIT;

	(void)state;
	make_archive(fd, "a.zip", members);
	assert_int_equal(file_create(fd, "outside", "old", 3, 0644), 0);
	/* One more name of a file outside, and a link to it: it must stay as it is. */
	assert_int_equal(linkat(fd, "outside", to, "f", 0), 0);
	assert_int_equal(symlinkat("f", to, "l"), 0);
	assert_int_equal(archive_unpack(fd, "a.zip", NULL, to, NULL, &found, NULL), 0);
	check_file(to, "f", "new");
	check_file(to, "l", "new");
	check_file(fd, "outside", "old");
}

static void unpacks_gzip(void **state)
{
	_cleanup_close_ int fd = support_new_dir(), to = support_new_dir();
	_cleanup_strv_ struct strv found = STRV_INIT;
	struct err err = ERR_INIT;

	(void)state;
	make_gzip(fd, "a.csv.gz", "1,2\n", 4);
	make_gzip(fd, "plain", "1,2\n", 4);
	make_gzip(fd, "empty.gz", "", 0);
	assert_int_equal(file_create(fd, "not.gz", "1,2\n", 4, 0644), 0);
	assert_int_equal(archive_unpack(fd, "a.csv.gz", NULL, to, NULL, &found, NULL), 0);
	assert_int_equal(archive_unpack(fd, "plain", "gzip", to, NULL, &found, NULL), 0);
	assert_int_equal(archive_unpack(fd, "empty.gz", "gz", to, NULL, &found, NULL), 0);
	check_members(&found, "a.csv empty plain");
	check_file(to, "a.csv", "1,2\n");
	check_file(to, "plain", "1,2\n");
	check_file(to, "empty", "");
	assert_int_equal(archive_unpack(fd, "not.gz", NULL, to, NULL, &found, &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "not compressed by gzip"));
	/* Into the archive's own directory. */
	assert_int_equal(archive_unpack(fd, "plain", "gz", fd, NULL, &found, NULL), -EINVAL);
}

/* --- what is refused ---------------------------------------------------------------- */

static void check_refused(
	int fd, const char *name, const struct archive_limits *limits, int to, const char *sentence)
{
	_cleanup_strv_ struct strv found = STRV_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(archive_unpack(fd, name, NULL, to, limits, &found, &err), -EINVAL);
	if (!strstr(err_text(&err), sentence) || !strstr(err_text(&err), name))
		fail_msg("'%s' is not in: %s", sentence, err_text(&err));
}

/* The second member is refused: only the first is there, and nothing around it. */
static void check_hostile(
	const char *name, struct made first, struct made second, const char *sentence)
{
	const struct made members[] = {first, second, {0}};
	_cleanup_close_ int fd = support_new_dir(), to = -1;

	assert_int_equal(mkdirat(fd, "to", 0755), 0);
	to = openat(fd, "to", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	make_archive(fd, name, members);
	check_refused(fd, name, NULL, to, sentence);
	assert_int_equal(support_n_names(to, "."), 1);
	assert_int_equal(support_n_names(fd, "."), 2);
}

static void refuses_to_leave(void **state)
{
	static const char *const names[] = {"a.tar", "a.zip"};
	const struct made file = {"f", S_IFREG, "x", false, 0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct {
			struct made made;
			const char *sentence;
		} bad[] = {
			{{"../evil", S_IFREG, "x", false, 0}, "member ../evil has a path that"},
			{{"f/../../evil", S_IFREG, "x", false, 0}, "leads out"},
			{{"..", S_IFDIR, NULL, false, 0}, "leads out"},
			{{"l", S_IFLNK, "/etc", false, 0}, "/etc, an absolute path"},
			{{"l", S_IFLNK, "..", false, 0}, "leads out"},
			{{"l", S_IFLNK, "./../x", false, 0}, "leads out"},
			{{"f2", S_IFLNK, "f/../..", false, 0}, "leads out"},
			{{"f/x", S_IFREG, "x", false, 0}, "lies below f"},
			{{"f", S_IFDIR, NULL, false, 0}, "is a directory, but"},
		};

		for (size_t n = 0; n < ARRAY_SIZE(bad); n++)
			check_hostile(names[i], file, bad[n].made, bad[n].sentence);
	}
}

/* Through links that the archive made itself. */
static void refuses_detours(void **state)
{
	const struct made dot = {"x", S_IFLNK, ".", false, 0};
	const struct made up = {"d/x", S_IFLNK, "..", false, 0};
	const struct made deep = {"d/l", S_IFLNK, "../x", false, 0};

	(void)state;
	check_hostile(
		"a.tar", dot, (struct made){"x/evil", S_IFREG, "x", false, 0}, "lies below x");
	check_hostile("a.tar", dot, (struct made){"y", S_IFLNK, "x/..", false, 0}, "leads out");
	check_hostile("a.tar", dot, (struct made){"h", S_IFREG, "x/f", true, 0}, "lies below x");
	/* No target alone climbs too high; behind the first link the second does. */
	check_hostile("a.tar", up, (struct made){"d/l", S_IFLNK, "x/..", false, 0}, "leads out");
	/* At its new place the same target would lead out. */
	check_hostile("a.tar", deep, (struct made){"h", S_IFREG, "d/l", true, 0}, "not a regular");
	check_hostile("a.tar", dot, (struct made){"h", S_IFREG, "../out", true, 0}, "leads out");
	check_hostile("a.tar", dot, (struct made){"h", S_IFREG, "/etc/passwd", true, 0},
		"hard link to /etc/passwd");
	check_hostile(
		"a.tar", dot, (struct made){"h", S_IFREG, "none", true, 0}, "not in the archive");
}

/* Libraries that make archives take care; these bytes do not. */
static void run_python(int fd, const char *code)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		if (fchdir(fd) == 0)
			execlp("python3", "python3", "-c", code, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void refuses_absolute_paths(void **state)
{
	_cleanup_close_ int fd = support_new_dir(), to = support_new_dir();

	(void)state;
	run_python(fd, "import tarfile, zipfile\n"
		       "t = tarfile.open('a.tar', 'w')\n"
		       "t.addfile(tarfile.TarInfo('/tmp/guildfs-evil'))\n"
		       "t.close()\n"
		       "z = zipfile.ZipFile('a.zip', 'w')\n"
		       "i = zipfile.ZipInfo('x')\n"
		       "i.filename = '/tmp/guildfs-evil'\n"
		       "z.writestr(i, 'x')\n"
		       "z.close()\n");
	check_refused(fd, "a.tar", NULL, to, "/tmp/guildfs-evil");
	check_refused(fd, "a.zip", NULL, to, "/tmp/guildfs-evil");
	assert_int_equal(support_n_names(to, "."), 0);
	assert_false(file_exists(AT_FDCWD, "/tmp/guildfs-evil"));
}

static void refuses_devices(void **state)
{
	_cleanup_close_ int fd = support_new_dir(), to = support_new_dir();

	(void)state;
	run_python(fd, "import tarfile\n"
		       "for n, k in (('c', tarfile.CHRTYPE), ('b', tarfile.BLKTYPE),\n"
		       "             ('f', tarfile.FIFOTYPE)):\n"
		       "    t = tarfile.open(n + '.tar', 'w')\n"
		       "    i = tarfile.TarInfo('dev')\n"
		       "    i.type = k\n"
		       "    t.addfile(i)\n"
		       "    t.close()\n");
	check_refused(fd, "c.tar", NULL, to, "member dev is a device");
	check_refused(fd, "b.tar", NULL, to, "member dev is a device");
	check_refused(fd, "f.tar", NULL, to, "member dev is a device, a fifo");
	assert_int_equal(support_n_names(to, "."), 0);
}

static void refuses_encrypted(void **state)
{
	static const struct made members[] = {{"f", S_IFREG, "text", false, 0}, {0}};
	_cleanup_close_ int fd = support_new_dir(), to = support_new_dir();

	(void)state;
	make_archive(fd, "a.zip", members);
	/* Bit 0 of the general purpose flags, in both headers. */
	run_python(fd, "d = bytearray(open('a.zip', 'rb').read())\n"
		       "d[6] |= 1\n"
		       "d[d.index(b'PK\\1\\2') + 8] |= 1\n"
		       "open('a.zip', 'wb').write(d)\n");
	check_refused(fd, "a.zip", NULL, to, "member f is encrypted");
	assert_int_equal(support_n_names(to, "."), 0);
}

static void refuses_truncated(void **state)
{
	static const struct made members[] = {
		{"f", S_IFREG, "text", false, 0}, {"g", S_IFREG, "more", false, 0}, {0}};
	static const char *const names[] = {
		"a.tar", "a.tar.gz", "a.tar.bz2", "a.tar.xz", "a.tar.zst", "a.zip", "a.csv.gz"};
	_cleanup_close_ int fd = support_new_dir();
	char text[3000];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * i >> 3);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_close_ int to = support_new_dir();
		struct stat st;

		if (strcmp(names[i], "a.csv.gz") == 0)
			make_gzip(fd, names[i], text, sizeof(text));
		else
			make_archive(fd, names[i], members);
		assert_int_equal(fstatat(fd, names[i], &st, 0), 0);
		/* A plain tar file: behind its two members, where nothing seems to be amiss. */
		_cleanup_close_ int file = openat(fd, names[i], O_WRONLY | O_CLOEXEC);
		assert_int_equal(ftruncate(file, i == 0 ? 2048 : st.st_size / 2), 0);
		check_refused(fd, names[i], NULL, to, "incomplete");
	}
}

static void refuses_damaged(void **state)
{
	static const struct made members[] = {{"f", S_IFREG, "text", false, 0}, {0}};
	_cleanup_close_ int fd = support_new_dir(), to = support_new_dir();

	(void)state;
	make_archive(fd, "a.tar", members);
	assert_int_equal(renameat(fd, "a.tar", fd, "a.zip"), 0);
	check_refused(fd, "a.zip", NULL, to, "not an archive of this kind");
	run_python(fd, "import zipfile\n"
		       "z = zipfile.ZipFile('b.zip', 'w')\n"
		       "z.writestr('f', 'content')\n"
		       "z.close()\n"
		       "d = open('b.zip', 'rb').read().replace(b'content', b'CONTENT')\n"
		       "open('b.zip', 'wb').write(d)\n");
	check_refused(fd, "b.zip", NULL, to, "member f is damaged");
	assert_int_equal(support_n_names(to, "."), 0);
	assert_int_equal(
		archive_unpack(fd, "a.txt", NULL, to, NULL, &(struct strv){0}, NULL), -EINVAL);
	assert_int_equal(
		archive_unpack(fd, "none.zip", NULL, to, NULL, &(struct strv){0}, NULL), -ENOENT);
}

static void refuses_bombs(void **state)
{
	static const struct made members[] = {{"d", S_IFDIR, NULL, false, 0},
		{"d/f", S_IFREG, "0123456789", false, 0}, {"g", S_IFREG, "0123456789", false, 0},
		{0}};
	const struct archive_limits bytes = {.bytes = 19}, two = {.members = 2};
	const struct archive_limits ratio = {.ratio = 10, .ratio_from = 10000};
	const struct archive_limits enough = {.bytes = 20, .members = 3};
	_cleanup_close_ int fd = support_new_dir(), to = support_new_dir(),
			    zeros = support_new_dir();
	_cleanup_strv_ struct strv found = STRV_INIT;
	_cleanup_free_ char *text = calloc(1, 100000);

	(void)state;
	make_archive(fd, "a.tar.gz", members);
	check_refused(fd, "a.tar.gz", &bytes, to, "member g makes the contents larger than the 19");
	check_refused(fd, "a.tar.gz", &two, to, "member g is one more than the 2 members");
	assert_int_equal(support_n_names(to, "."), 1);
	assert_int_equal(archive_unpack(fd, "a.tar.gz", NULL, to, &enough, &found, NULL), 0);
	/* Sizes that are told nowhere are counted while they come. */
	make_gzip(fd, "z.gz", text, 100000);
	check_refused(fd, "z.gz", &ratio, zeros, "decompression bomb");
	check_refused(fd, "z.gz", &bytes, zeros, "larger than the 19");
	assert_int_equal(support_n_names(zeros, "."), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_archives),
		cmocka_unit_test(unpacks),
		cmocka_unit_test(unpacks_hard_links),
		cmocka_unit_test(replaces_files),
		cmocka_unit_test(unpacks_gzip),
		cmocka_unit_test(refuses_to_leave),
		cmocka_unit_test(refuses_detours),
		cmocka_unit_test(refuses_absolute_paths),
		cmocka_unit_test(refuses_devices),
		cmocka_unit_test(refuses_encrypted),
		cmocka_unit_test(refuses_truncated),
		cmocka_unit_test(refuses_damaged),
		cmocka_unit_test(refuses_bombs),
	};

	return cmocka_run_group_tests_name("archive", tests, setup, support_teardown);
}
