/* SPDX-License-Identifier: MIT */
/* Records of a run that are lines of shell words: opref and manifest (reference, 3.3, 3.6). */
#include "support.h"

#include <errno.h>

#include "base/shell.h"
#include "run/manifest.h"
#include "run/opref.h"

/* A value as a field of an opref, and as a word of any record. */
static void quoting(void **state)
{
	static const char *const table[][2] = {
		{"", "''"},
		{"a", "a"},
		{"/tmp/p-1_2.x,y=z+@%:", "/tmp/p-1_2.x,y=z+@%:"},
		{"a b", "'a b'"},
		{"it's", "'it'\"'\"'s'"},
		{"\"d\"", "'\"d\"'"},
		{"$x", "'$x'"},
		{"a\\b", "'a\\b'"},
		{"é", "'é'"},
		{"a\tb", "'a\tb'"},
		{"#", "'#'"},
		{"*", "'*'"},
		{"~", "'~'"},
		{"a;b", "'a;b'"},
		/* Quoted at both ends itself. */
		{"'q'", "\"'q'\""},
		{"'a b'", "\"'a b'\""},
		{"''", "\"''\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_buf_ struct buf word = BUF_INIT, line = BUF_INIT, wanted = BUF_INIT;
		_cleanup_(opref_release) struct opref back = {0};
		char *value = (char *)table[i][0];
		struct opref ref = {(char *)"guildfile", value, (char *)"1", value, value};

		shell_quote(&word, value);
		assert_string_equal(buf_str(&word), table[i][1]);
		opref_format(&line, &ref);
		buf_printf(&wanted, "guildfile:%s 1 %s %s", table[i][1], table[i][1], table[i][1]);
		assert_string_equal(buf_str(&line), buf_str(&wanted));
		assert_int_equal(opref_parse(buf_str(&line), &back, NULL), 0);
		assert_string_equal(back.pkg_name, value);
		assert_string_equal(back.model, value);
		assert_string_equal(back.op, value);
	}
}

/* Every value must come back, even those that Guild AI itself writes wrongly. */
static void awkward_values(void **state)
{
	static const char *const values[] = {
		"'", "'a'b'", "' '", "'\"'", "\"'\"", "a'", "'a", "\\'", "'\\'"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		_cleanup_buf_ struct buf line = BUF_INIT;
		_cleanup_(opref_release) struct opref back = {0};
		char *value = (char *)values[i];
		struct opref ref = {(char *)"guildfile", value, value, value, value};

		opref_format(&line, &ref);
		if (opref_parse(buf_str(&line), &back, NULL) < 0 ||
			strcmp(back.pkg_name, value) != 0 || strcmp(back.op, value) != 0)
			fail_msg("%s: %s", value, buf_str(&line));
	}
}

static void oprefs(void **state)
{
	static const struct {
		const char *text, *type, *name, *version, *model, *op; /* type NULL: refused */
	} table[] = {
		{"guildfile:/p 1 m op", "guildfile", "/p", "1", "m", "op"},
		{"guildfile:/p 1 m op\n", "guildfile", "/p", "1", "m", "op"},
		{" guildfile:/p  1 m op ", "guildfile", "/p", "1", "m", "op"},
		{"a:b:c 1 2 3", "a", "b:c", "1", "2", "3"},
		{":x 1 2 3", "", "x", "1", "2", "3"},
		{"a: 1 2 3", "a", "", "1", "2", "3"},
		{"a:'' '' '' ''", "a", "", "", "", ""},
		{"a:\"x y\" 1 2 3", "a", "x y", "1", "2", "3"},
		{"a:b\\ c 1 2 3", "a", "b c", "1", "2", "3"},
		{"a:x# 1 2 3", "a", "x#", "1", "2", "3"},
		{"pending:? ? ? op", "pending", "?", "?", "?", "op"},
		{"builtin:guildai 0.9.1 '' +", "builtin", "guildai", "0.9.1", "", "+"},
		{"", NULL, NULL, NULL, NULL, NULL},
		{"x", NULL, NULL, NULL, NULL, NULL},
		{"guildfile:/p 1 m", NULL, NULL, NULL, NULL, NULL},
		{"guildfile:/p 1 m op x", NULL, NULL, NULL, NULL, NULL},
		{"# 1 2 3 4", NULL, NULL, NULL, NULL, NULL},
		{"guildfile:'/p 1 m op", NULL, NULL, NULL, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_(opref_release) struct opref ref = {0};
		struct err err = ERR_INIT;
		int r = opref_parse(table[i].text, &ref, &err);

		if (!table[i].type) {
			assert_int_equal(r, -EINVAL);
			assert_non_null(strstr(err_text(&err), "opref"));
			continue;
		}
		assert_int_equal(r, 0);
		assert_string_equal(ref.pkg_type, table[i].type);
		assert_string_equal(ref.pkg_name, table[i].name);
		assert_string_equal(ref.pkg_version, table[i].version);
		assert_string_equal(ref.model, table[i].model);
		assert_string_equal(ref.op, table[i].op);
	}
}

/* Lines of every kind, as they are written. */
static void manifest_lines(void **state)
{
	static const struct {
		char type;
		const char *path, *sha1, *uri, *subpath, *line;
	} table[] = {
		{'s', "a.py", "0123", "a.py", NULL, "s a.py 0123 a.py\n"},
		{'s', "src/a b.py", "0123", "a b.py", NULL, "s 'src/a b.py' 0123 'a b.py'\n"},
		{'s', "it's", "0123", "it's", NULL, "s 'it'\"'\"'s' 0123 'it'\"'\"'s'\n"},
		{'d', "dir", NULL, "file:dir", NULL, "d dir - file:dir\n"},
		{'d', "x", "0123", "file:a.zip", "in/x", "d x 0123 file:a.zip in/x\n"},
		{'d', "x", "0123", "http://h/a.zip", "in/a b",
			"d x 0123 http://h/a.zip 'in/a b'\n"},
		{'d', "g.txt", "0123", "operation:m:train", NULL,
			"d g.txt 0123 operation:m:train\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_buf_ struct buf b = BUF_INIT;

		manifest_add(&b, table[i].type, table[i].path, table[i].sha1, table[i].uri,
			table[i].subpath);
		assert_string_equal(buf_str(&b), table[i].line);
	}
}

static int open_dir(const char *base, const char *name)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	int fd;

	buf_printf(&path, "%s/%s/.guild", base, name);
	assert_int_equal(file_mkdirs(AT_FDCWD, buf_str(&path), 0755), 0);
	*strrchr(path.data, '/') = '\0';
	fd = open(path.data, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void manifests(void **state)
{
	static const char text[] = "s a.py 01 a.py\n"
				   "d 'd 1' - file:'d 1'\n"
				   "damaged\n"
				   "\n"
				   "s 'open 01 x\n"
				   "x other 01 y\n"
				   "s 'src/b c.py' 02 'b c.py'\n"
				   "i internal 03 u\n"
				   "d z.txt 04 file:z.txt sub\n"
				   "s last 05 last";
	_cleanup_close_ int fd = open_dir(*state, "run"), none = open_dir(*state, "none");
	_cleanup_strv_ struct strv sources = STRV_INIT, from = STRV_INIT, deps = STRV_INIT,
				   empty = STRV_INIT;
	_cleanup_buf_ struct buf more = BUF_INIT, left = BUF_INIT;

	assert_int_equal(
		file_write(fd, ".guild/manifest", text, strlen(text), 0644, FILE_NOSYNC), 0);
	assert_int_equal(manifest_sources(fd, &sources, &from), 0);
	assert_int_equal(sources.n, 3);
	assert_string_equal(sources.v[1], "src/b c.py");
	assert_string_equal(from.v[1], "b c.py");
	assert_string_equal(sources.v[2], "last");
	assert_int_equal(manifest_paths(fd, 'd', &deps), 0);
	assert_int_equal(deps.n, 2);
	assert_string_equal(deps.v[0], "d 1");
	assert_string_equal(deps.v[1], "z.txt");
	assert_int_equal(manifest_paths(none, 's', &empty), 0);
	assert_int_equal(empty.n, 0);
	/* Lines of one kind go, all else stays; new ones come at the end. */
	assert_int_equal(manifest_remove(fd, 's'), 0);
	manifest_add(&more, 's', "new", "06", "new", NULL);
	assert_int_equal(manifest_append(fd, &more), 0);
	assert_int_equal(file_read(fd, ".guild/manifest", 4096, &left), 0);
	assert_string_equal(buf_str(&left),
		"d 'd 1' - file:'d 1'\ndamaged\n\nx other 01 y\ni internal 03 u\n"
		"d z.txt 04 file:z.txt sub\ns new 06 new\n");
	assert_int_equal(manifest_remove(none, 's'), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quoting),
		cmocka_unit_test(awkward_values),
		cmocka_unit_test(oprefs),
		cmocka_unit_test(manifest_lines),
		cmocka_unit_test(manifests),
	};

	return cmocka_run_group_tests_name("run records", tests, support_setup, support_teardown);
}
