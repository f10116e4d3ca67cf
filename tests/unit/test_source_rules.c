/* SPDX-License-Identifier: MIT */
/* Which files of a project are source code: default rules, every form of `sourcecode`, git's. */
#include "support.h"

#include <errno.h>

#include "base/output_of.h"
#include "run/source.h"

static char project[300];

static void put(const char *name, const char *content, size_t len)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	char *slash;

	buf_printf(&path, "%s/%s", project, name);
	slash = strrchr(path.data, '/');
	*slash = '\0';
	assert_int_equal(file_mkdirs(AT_FDCWD, path.data, 0755), 0);
	*slash = '/';
	assert_int_equal(file_write(AT_FDCWD, path.data, content, len, 0644, FILE_NOSYNC), 0);
}

static void put_text(const char *name)
{
	put(name, "text\n", 5);
}

static int setup(void **state)
{
	static const char *const files[] = {"a.py", "b.py", "c.txt", "e", "sub/a.py", "sub/x.csv",
		"sub/deep/y.py", ".hidden", ".dot/a.py", "__pycache__/a.pyc", "build/x.py",
		"p.egg-info/x.txt", "venv/bin/activate", "venv/v.py", "nocopy/.guild-nocopy",
		"nocopy/n.py", "data/d1.txt", "data/d2.txt", "sub/build/b.py"};
	enum { TOO_BIG = 1048577 };
	_cleanup_free_ char *big = malloc(TOO_BIG);
	char link[320];

	if (support_setup(state) || !big)
		return -1;
	snprintf(project, sizeof(project), "%s/project", (char *)*state);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		put_text(files[i]);
	put("img.png", "\x89PNG\r\n\x1a\n\0\0\0", 11);
	memset(big, 'x', TOO_BIG);
	put("big.txt", big, TOO_BIG);
	snprintf(link, sizeof(link), "%s/link.py", project);
	return symlink("a.py", link);
}

/* The chosen files, sorted, of a Guild file's first operation. */
static int choose(const char *dir, const char *guild_yml, struct buf *files,
	struct source_choice *choice, struct err *err)
{
	_cleanup_guildfile_ struct guildfile *file = NULL;
	_cleanup_buf_ struct buf path = BUF_INIT;
	int r;

	*choice = (struct source_choice){0};
	buf_printf(&path, "%s/guild.yml", dir);
	support_write(buf_str(&path), guild_yml);
	r = guildfile_load(dir, &file, err);
	if (r == 0)
		r = source_choose(&file->models[0].operations[0], choice, err);
	strv_sort(&choice->chosen);
	for (size_t i = 0; r == 0 && i < choice->chosen.n; i++)
		buf_printf(files, "%s%s", i ? " " : "", choice->chosen.v[i]);
	return r;
}

static void check_chosen(const char *guild_yml, const char *wanted)
{
	_cleanup_(source_choice_release) struct source_choice choice;
	_cleanup_buf_ struct buf files = BUF_INIT;
	struct err err = ERR_INIT;

	if (choose(project, guild_yml, &files, &choice, &err) < 0)
		fail_msg("%s: %s", guild_yml, err_text(&err));
	if (strcmp(buf_str(&files), wanted) != 0)
		fail_msg("%s: %s", guild_yml, buf_str(&files));
}

#define DEFAULT                                                                                    \
	".hidden a.py b.py c.txt data/d1.txt data/d2.txt e guild.yml link.py sub/a.py "            \
	"sub/deep/y.py sub/x.csv"

static void forms(void **state)
{
	static const struct {
		const char *sourcecode, *files;
	} table[] = {
		{"null", DEFAULT},
		{"no", ""},
		{"[]", ""},
		{"{select: no}", ""},
		{"'*.py'", "a.py b.py link.py sub/a.py sub/deep/y.py"},
		{"['*.py', '*.txt']", "a.py b.py big.txt c.txt data/d1.txt data/d2.txt link.py "
				      "sub/a.py sub/deep/y.py"},
		{"'sub/*'", "sub/a.py sub/deep/y.py sub/x.csv"},
		{"'sub/*.py'", "sub/a.py sub/deep/y.py"},
		{"data", "data/d1.txt data/d2.txt"},
		{"'*'", ".hidden a.py b.py big.txt c.txt data/d1.txt data/d2.txt e guild.yml "
			"img.png link.py sub/a.py sub/deep/y.py sub/x.csv"},
		{"'[ab].py'", "a.py b.py sub/a.py"},
		{"'?.py'", "a.py b.py sub/a.py sub/deep/y.py"},
		{"['/a.py']", "a.py"},
		{"[{include: '*.png'}]",
			".hidden a.py b.py c.txt data/d1.txt data/d2.txt e guild.yml img.png "
			"link.py sub/a.py sub/deep/y.py sub/x.csv"},
		{"[{include: big.txt}]", ".hidden a.py b.py big.txt c.txt data/d1.txt data/d2.txt "
					 "e guild.yml link.py sub/a.py sub/deep/y.py sub/x.csv"},
		{"[{exclude: '*.py'}]",
			".hidden c.txt data/d1.txt data/d2.txt e guild.yml sub/x.csv"},
		{"[{exclude: ['*.py', '*.txt']}]", ".hidden e guild.yml sub/x.csv"},
		{"[{include: [a.csv, '*.png']}]",
			".hidden a.py b.py c.txt data/d1.txt data/d2.txt e guild.yml img.png "
			"link.py sub/a.py sub/deep/y.py sub/x.csv"},
		{"[{exclude: '*'}, {include: a.py}]", "a.py sub/a.py"},
		{"[{exclude: '*.py'}, {include: a.py}]",
			".hidden a.py c.txt data/d1.txt data/d2.txt e guild.yml sub/a.py "
			"sub/x.csv"},
		{"[{include: a.py}, {exclude: '*.py'}]",
			".hidden c.txt data/d1.txt data/d2.txt e guild.yml sub/x.csv"},
		{"[a.py, {exclude: b.py}]", ".hidden a.py c.txt data/d1.txt data/d2.txt e "
					    "guild.yml link.py sub/a.py sub/deep/y.py sub/x.csv"},
		{"[{exclude: {dir: sub}}]",
			".hidden a.py b.py c.txt data/d1.txt data/d2.txt e guild.yml link.py"},
		{"[{exclude: {dir: deep}}]", ".hidden a.py b.py c.txt data/d1.txt data/d2.txt e "
					     "guild.yml link.py sub/a.py sub/x.csv"},
		{"[{exclude: {dir: sub/deep}}]", ".hidden a.py b.py c.txt data/d1.txt data/d2.txt "
						 "e guild.yml link.py sub/a.py sub/x.csv"},
		{"[{exclude: {dir: '*'}}]", ".hidden a.py b.py c.txt e guild.yml link.py"},
		{"[{exclude: {dir: sub}}, {include: sub/a.py}]",
			".hidden a.py b.py c.txt data/d1.txt data/d2.txt e guild.yml link.py"},
		{"[{include: {dir: .dot}}]",
			".dot/a.py .hidden a.py b.py c.txt data/d1.txt data/d2.txt e guild.yml "
			"link.py sub/a.py sub/deep/y.py sub/x.csv"},
		{"[{include: {dir: build}}]",
			".hidden a.py b.py build/x.py c.txt data/d1.txt data/d2.txt e guild.yml "
			"link.py sub/a.py sub/build/b.py sub/deep/y.py sub/x.csv"},
		{"[{include: {text: '*'}}]",
			".hidden a.py b.py big.txt c.txt data/d1.txt data/d2.txt e guild.yml "
			"link.py sub/a.py sub/deep/y.py sub/x.csv"},
		{"[{exclude: {text: '*'}}]", ""},
		{"[{include: {binary: '*'}}]",
			".hidden a.py b.py c.txt data/d1.txt data/d2.txt e guild.yml img.png "
			"link.py sub/a.py sub/deep/y.py sub/x.csv"},
		{"[{exclude: data}]", ".hidden a.py b.py c.txt e guild.yml link.py sub/a.py "
				      "sub/deep/y.py sub/x.csv"},
		{"[{exclude: data/d1.txt}]", ".hidden a.py b.py c.txt data/d2.txt e guild.yml "
					     "link.py sub/a.py sub/deep/y.py sub/x.csv"},
		{"[{exclude: 'data/*'}]", ".hidden a.py b.py c.txt e guild.yml link.py sub/a.py "
					  "sub/deep/y.py sub/x.csv"},
		{"{select: '*.py'}", "a.py b.py link.py sub/a.py sub/deep/y.py"},
		{"{select: ['*.py', x.csv], root: sub}", "a.py deep/y.py x.csv"},
		{"{root: sub}", "a.py deep/y.py x.csv"},
		{"{dest: src}", DEFAULT},
		{"{foo: 1}", DEFAULT},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;

		buf_printf(&text, "op: {main: a, sourcecode: %s}\n", table[i].sourcecode);
		check_chosen(buf_str(&text), table[i].files);
	}
}

/* What Python leaves behind is only left out where Python runs. */
static void programs(void **state)
{
	(void)state;
	check_chosen("op: {exec: a}",
		".hidden a.py b.py build/x.py c.txt data/d1.txt data/d2.txt e guild.yml link.py "
		"p.egg-info/x.txt sub/a.py sub/build/b.py sub/deep/y.py sub/x.csv "
		"venv/bin/activate venv/v.py");
}

/* The model's rules come first, the operation's after them. */
static void models(void **state)
{
	static const struct {
		const char *model, *operation, *files;
	} table[] = {
		{"[{exclude: '*.py'}]", "[{include: a.py}]",
			".hidden a.py c.txt data/d1.txt data/d2.txt e guild.yml sub/a.py "
			"sub/x.csv"},
		{"no", "null", ""},
		{"no", "'*.py'", "a.py b.py link.py sub/a.py sub/deep/y.py"},
		{"'*.py'", "no", ""},
		{"{root: sub, dest: x}", "null", "a.py deep/y.py x.csv"},
		{"{root: sub, dest: x}", "{root: data}", "d1.txt d2.txt"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;

		buf_printf(&text,
			"- model: m\n  sourcecode: %s\n"
			"  operations: {op: {main: a, sourcecode: %s}}\n",
			table[i].model, table[i].operation);
		check_chosen(buf_str(&text), table[i].files);
	}
}

static void destinations(void **state)
{
	static const char *const table[][2] = {
		{"op: {exec: a}", "."},
		{"op: {exec: a, sourcecode: {dest: src}}", "src"},
		{"- model: m\n  sourcecode: {dest: x}\n  operations: {op: {exec: a}}", "x"},
		{"- model: m\n  sourcecode: {dest: x}\n"
		 "  operations: {op: {exec: a, sourcecode: {dest: 'y'}}}",
			"y"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_(source_choice_release) struct source_choice choice;
		_cleanup_buf_ struct buf files = BUF_INIT;

		assert_int_equal(choose(project, table[i][0], &files, &choice, NULL), 0);
		assert_string_equal(choice.rules.dest, table[i][1]);
		assert_string_equal(choice.rules.root, project);
	}
}

/* Files that are dependencies are no source code; what runs only other operations has none. */
static void what_is_never_copied(void **state)
{
	(void)state;
	check_chosen("op: {main: a, requires: [{file: data}, {file: c.txt}, {config: sub/x.csv}]}",
		".hidden a.py b.py e guild.yml link.py sub/a.py sub/deep/y.py");
	check_chosen("op: {main: a, sourcecode: '*.txt', requires: {file: data/d1.txt}}",
		"big.txt c.txt data/d2.txt");
	check_chosen("op: {steps: [a]}", "");
}

static void limits(void **state)
{
	_cleanup_(source_choice_release) struct source_choice choice, many;
	_cleanup_buf_ struct buf files = BUF_INIT, few = BUF_INIT, dir = BUF_INIT;

	assert_int_equal(choose(project, "op: {exec: a}", &files, &choice, NULL), 0);
	assert_int_equal(choice.warnings.n, 1);
	assert_non_null(strstr(choice.warnings.v[0], "big.txt"));
	buf_printf(&dir, "%s/many", (char *)*state);
	for (int i = 0; i < 120; i++) {
		char name[64];

		snprintf(name, sizeof(name), "../many/f%03d", i);
		put_text(name);
	}
	assert_int_equal(choose(buf_str(&dir), "op: {exec: a}", &few, &many, NULL), 0);
	assert_int_equal(many.chosen.n, 100);
	assert_int_equal(many.warnings.n, 1);
	assert_non_null(strstr(many.warnings.v[0], "more than 100"));
}

static void refusals(void **state)
{
	static const char *const table[][2] = {
		{"3", "invalid select files spec 3: expected a string, list, or mapping"},
		{"yes", "invalid select files spec True: expected a string, list, or mapping"},
		{"[{foo: a}]", "unsupported file select spec: {'foo': 'a'}"},
		{"[{include: a, exclude: b}]", "cannot include both include and exclude"},
		{"[1]", "expected a string"},
		{"{root: nosuch}", "nosuch: No such file or directory"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_(source_choice_release) struct source_choice choice;
		_cleanup_buf_ struct buf text = BUF_INIT, files = BUF_INIT;
		struct err err = ERR_INIT;

		buf_printf(&text, "op: {exec: a, sourcecode: %s}\n", table[i][0]);
		assert_true(choose(project, buf_str(&text), &files, &choice, &err) < 0);
		if (!strstr(err_text(&err), table[i][1]))
			fail_msg("%s: %s", table[i][0], err_text(&err));
	}
}

/* Under git all that is not ignored is copied, whatever its kind and size. */
static void under_git(void **state)
{
	static const char *const init[] = {"git", "init", "-q", ".", NULL};
	_cleanup_(source_choice_release) struct source_choice choice, picked;
	_cleanup_buf_ struct buf dir = BUF_INIT, files = BUF_INIT, some = BUF_INIT, out = BUF_INIT;

	buf_printf(&dir, "%s/repo", (char *)*state);
	snprintf(project, sizeof(project), "%s", buf_str(&dir));
	put_text("a.py");
	put_text(".dot/x");
	put_text("build/b.py");
	put("img.png", "\x89PNG\0", 5);
	put_text("skip/me.txt");
	put_text("x.log");
	put(".gitignore", "skip/\n*.log\n", 12);
	put_text("mine.tmp");
	put(".guildignore", "*.tmp\n", 6);
	put_text("no/.guild-nocopy");
	put_text("no/n.py");
	if (output_of(init, buf_str(&dir), &out) < 0)
		skip();
	assert_int_equal(choose(buf_str(&dir), "op: {exec: a}", &files, &choice, NULL), 0);
	assert_string_equal(buf_str(&files), ".dot/x a.py build/b.py guild.yml img.png");
	assert_int_equal(choose(buf_str(&dir),
				 "op: {exec: a, sourcecode: [{exclude: '*.py'}, {include: "
				 "x.log}]}",
				 &some, &picked, NULL),
		0);
	assert_string_equal(buf_str(&some), ".dot/x guild.yml img.png x.log");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms),
		cmocka_unit_test(programs),
		cmocka_unit_test(models),
		cmocka_unit_test(destinations),
		cmocka_unit_test(what_is_never_copied),
		cmocka_unit_test(limits),
		cmocka_unit_test(refusals),
		cmocka_unit_test(under_git),
	};

	return cmocka_run_group_tests_name("source rules", tests, setup, support_teardown);
}
