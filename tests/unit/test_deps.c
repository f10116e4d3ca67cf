/* SPDX-License-Identifier: MIT */
/*
 * What dependencies put into a run directory: names, targets, links, manifest lines, and the
 * messages of those that are not met (reference, 5).
 */
#include "store.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>

#include "project/command.h"
#include "run/deps.h"
#include "run/deps_select.h"
#include "run/manifest.h"

static struct home *home;
static char project[300], upstream[300];

static void put_at(const char *dir, const char *name, const char *content)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	char *slash;

	buf_printf(&path, "%s/%s", dir, name);
	slash = strrchr(path.data, '/');
	*slash = '\0';
	assert_int_equal(file_mkdirs(AT_FDCWD, path.data, 0755), 0);
	*slash = '/';
	support_write(buf_str(&path), content);
}

static void make_archive(const char *name)
{
	static const char *const members[] = {"in/i1.txt", "in/sub/i2.txt", "top.txt"};
	_cleanup_buf_ struct buf path = BUF_INIT;
	struct archive *a = archive_write_new();

	buf_printf(&path, "%s/%s", project, name);
	assert_int_equal(archive_write_set_format_filter_by_ext(a, name), ARCHIVE_OK);
	assert_int_equal(archive_write_open_filename(a, buf_str(&path)), ARCHIVE_OK);
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		struct archive_entry *entry = archive_entry_new();
		size_t len = strlen(members[i]);

		archive_entry_set_pathname(entry, members[i]);
		archive_entry_set_size(entry, (int64_t)len);
		archive_entry_set_filetype(entry, AE_IFREG);
		archive_entry_set_perm(entry, 0644);
		assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
		assert_int_equal(archive_write_data(a, members[i], len), len);
		archive_entry_free(entry);
	}
	archive_write_close(a);
	archive_write_free(a);
}

/* A run of another operation that made files, and has source code and a dependency, too. */
#define UPSTREAM "0123456789abcdef0123456789abcdef"

static void make_upstream(void)
{
	snprintf(upstream, sizeof(upstream), "%s/runs/" UPSTREAM, home->path);
	put_at(upstream, ".guild/opref", "guildfile:/x '' '' up");
	put_at(upstream, ".guild/attrs/started", "1");
	put_at(upstream, ".guild/attrs/exit_status", "0");
	put_at(upstream, ".guild/manifest", "s src.py 00 src.py\nd dep.txt 00 file:dep.txt\n");
	put_at(upstream, "src.py", "s");
	put_at(upstream, "dep.txt", "d");
	put_at(upstream, "g.txt", "1");
	put_at(upstream, "g-1.n", "2");
	put_at(upstream, "g-3.n", "3");
	put_at(upstream, "gd/q.txt", "4");
}

static int setup(void **state)
{
	static const char *const files[] = {"a.txt", "sub/b.txt", "sub/a.txt", "sub/dir/y.txt",
		"dir/x1.txt", "dir/x2.csv", "dir/deep/d.txt", "dir/m-1.h", "dir/m-10.h",
		"dir/m-9.5.h", "f1.txt"};
	_cleanup_buf_ struct buf path = BUF_INIT;

	if (support_setup(state))
		return -1;
	buf_printf(&path, "%s/home", (char *)*state);
	assert_int_equal(home_open(buf_str(&path), &home, NULL), 0);
	snprintf(project, sizeof(project), "%s/project", (char *)*state);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		put_at(project, files[i], files[i]);
	put_at(project, "c.yml", "lr: 1\nn: {x: 2}\nl: [1]\n");
	put_at(project, "../out.txt", "out");
	make_archive("t.tar");
	make_archive("t.zip");
	make_archive("t.tgz");
	make_upstream();
	return 0;
}

static int teardown(void **state)
{
	home_close(home);
	return support_teardown(state);
}

/* --- one resolution -------------------------------------------------------- */

struct outcome {
	struct buf tree, manifest, said;
	struct err err;
	int r;
};

static void outcome_release(struct outcome *o)
{
	buf_release(&o->tree);
	buf_release(&o->manifest);
	buf_release(&o->said);
}

static void say(void *arg, enum deps_level level, const char *line)
{
	struct outcome *o = arg;

	if (level == DEPS_WARNING)
		buf_printf(&o->said, "%s\n", line);
}

static int find_run(void *arg, const char *operations, const char *prefix, struct buf *ret_id)
{
	(void)arg;
	if (strncmp(UPSTREAM, prefix, strlen(prefix)) != 0 || strstr(operations, "up") == NULL)
		return -ENOENT;
	buf_puts(ret_id, UPSTREAM);
	return 0;
}

/* NAME=content, NAME->target's last part, DIR/. */
static void list_tree(int run_fd, struct buf *b)
{
	_cleanup_strv_ struct strv names = STRV_INIT;

	assert_int_equal(deps_list_tree(run_fd, false, &names), 0);
	for (size_t i = 0; i < names.n; i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;

		buf_printf(b, "%s%s", i ? " " : "", names.v[i]);
		if (file_readlink(run_fd, names.v[i], &text) == 0)
			buf_printf(b, "->%s", strrchr(buf_str(&text), '/') + 1);
		else if (file_read(run_fd, names.v[i], 4096, &text) == 0)
			buf_printf(b, "=%s", buf_str(&text));
		else
			buf_putc(b, '/');
	}
}

/* Without digests, which are tested elsewhere. */
static void list_manifest(int run_fd, struct buf *b)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	char *save = NULL;

	if (file_read(run_fd, ".guild/manifest", 65536, &text) < 0)
		return;
	for (char *line = strtok_r(text.data, "\n", &save); line;
		line = strtok_r(NULL, "\n", &save)) {
		char *digest = strchr(strchr(line, ' ') + 1, ' ');
		char *uri = strchr(digest + 1, ' ');

		buf_printf(b, "%s%.*s%s", b->len ? "; " : "", (int)(digest - line), line, uri);
	}
}

static void resolve(const char *requires, struct outcome *o)
{
	_cleanup_guildfile_ struct guildfile *file = NULL;
	_cleanup_value_ struct value *flags = NULL, *attr = NULL;
	_cleanup_buf_ struct buf text = BUF_INIT, run_dir = BUF_INIT, path = BUF_INIT;
	_cleanup_strv_ struct strv env = STRV_INIT;
	_cleanup_close_ int run_fd = -1;
	static int number;
	struct deps_spec spec = {
		.home = home,
		.project_dir = project,
		.env = &env,
		.python = "python3",
		.say = say,
		.find_run = find_run,
		.arg = o,
	};

	*o = (struct outcome){0};
	buf_printf(&text,
		"op:\n  exec: x\n  flags: {f: f1, lr: 7, s: {default: '1 a', arg-split: "
		"yes, arg-name: l}, none: null}\n  requires: %s\n",
		requires);
	buf_printf(&path, "%s/guild.yml", project);
	if (guildfile_parse(buf_str(&path), buf_str(&text), text.len, &file, &o->err) < 0)
		fail_msg("%s: %s", requires, err_text(&o->err));
	spec.flags = flags = flags_defaults(&file->models[0].operations[0]);
	spec.op_attr = attr = command_attr(&file->models[0].operations[0], flags, NULL);
	assert_int_equal(strv_add(&env, "PATH=/usr/bin:/bin"), 0);
	buf_printf(&run_dir, "%s/runs/r%03d", home->path, number++);
	buf_puts(&run_dir, "/.guild/attrs");
	assert_int_equal(file_mkdirs(AT_FDCWD, buf_str(&run_dir), 0755), 0);
	buf_resize(&run_dir, run_dir.len - strlen("/.guild/attrs"));
	spec.run_dir = buf_str(&run_dir);
	spec.run_fd = run_fd = open(spec.run_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(run_fd >= 0);
	o->r = deps_resolve(&spec, &o->err);
	list_tree(run_fd, &o->tree);
	list_manifest(run_fd, &o->manifest);
}

/* NULL: not looked at. */
static void check_put(const char *requires, const char *tree, const char *manifest)
{
	_cleanup_(outcome_release) struct outcome o;

	resolve(requires, &o);
	if (o.r < 0)
		fail_msg("%s: %s", requires, err_text(&o.err));
	if (tree && strcmp(buf_str(&o.tree), tree) != 0)
		fail_msg("%s: %s", requires, buf_str(&o.tree));
	if (manifest && strcmp(buf_str(&o.manifest), manifest) != 0)
		fail_msg("%s: %s", requires, buf_str(&o.manifest));
}

/* --- tables ---------------------------------------------------------------- */

static void files(void **state)
{
	static const char *const table[][3] = {
		{"{file: a.txt}", "a.txt=a.txt", "d a.txt file:a.txt"},
		{"{file: sub/b.txt}", "b.txt=sub/b.txt", "d b.txt file:sub/b.txt"},
		{"{file: sub/dir}", "dir/ dir/y.txt=sub/dir/y.txt", "d dir file:sub/dir"},
		{"{file: a.txt, target-type: link}", "a.txt->a.txt", "d a.txt file:a.txt"},
		{"{file: sub/dir, target-type: link}", "dir->dir", "d dir file:sub/dir"},
		{"{file: a.txt, target-path: t/u}", "t/ t/u/ t/u/a.txt=a.txt",
			"d t/u/a.txt file:a.txt"},
		{"{file: a.txt, path: t}", "t/ t/a.txt=a.txt", "d t/a.txt file:a.txt"},
		{"{file: sub/b.txt, preserve-path: yes}", "sub/ sub/b.txt=sub/b.txt",
			"d sub/b.txt file:sub/b.txt"},
		{"{file: sub/dir, preserve-path: yes}", "sub/ sub/dir/ sub/dir/y.txt=sub/dir/y.txt",
			"d sub/dir file:sub/dir"},
		{"{file: '${f}.txt'}", "f1.txt=f1.txt", "d f1.txt file:f1.txt"},
		{"{file: ../out.txt}", "out.txt=out", "d out.txt file:../out.txt"},
		{"[{file: a.txt}, {file: f1.txt}]", "a.txt=a.txt f1.txt=f1.txt",
			"d a.txt file:a.txt; d f1.txt file:f1.txt"},
		{"{sources: [a.txt, sub/b.txt], target-path: r}",
			"r/ r/a.txt=a.txt r/b.txt=sub/b.txt",
			"d r/a.txt file:a.txt; d r/b.txt file:sub/b.txt"},
		{"{sources: [a.txt], target-type: link}", "a.txt->a.txt", "d a.txt file:a.txt"},
		{"{sources: [sub/b.txt], preserve-path: yes}", "sub/ sub/b.txt=sub/b.txt", NULL},
		{"{file: a.txt, sha256: "
		 "5f4e0d4e0a3d2a8b9a1c3d5e7f90112233445566778899aabbccddeeff001122, "
		 "optional: yes}",
			"", ""},
		{"{file: nosuch, optional: yes}", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		check_put(table[i][0], table[i][1], table[i][2]);
}

static void selects(void **state)
{
	static const char *const table[][3] = {
		{"{file: dir, select: 'x.*'}", "x1.txt=dir/x1.txt x2.csv=dir/x2.csv",
			"d x1.txt file:dir/x1.txt; d x2.csv file:dir/x2.csv"},
		{"{file: dir, select: 'deep/.*'}", "d.txt=dir/deep/d.txt",
			"d d.txt file:dir/deep/d.txt"},
		{"{file: dir, select: '.*\\.txt'}", "d.txt=dir/deep/d.txt x1.txt=dir/x1.txt", NULL},
		{"{file: dir, select: deep}", "deep/ deep/d.txt=dir/deep/d.txt",
			"d deep file:dir/deep"},
		{"{file: dir, select: [x1.txt, 'm-1.*']}",
			"m-1.h=dir/m-1.h m-10.h=dir/m-10.h x1.txt=dir/x1.txt", NULL},
		/* From the start to the end of the name. */
		{"{file: dir, select: x1}", "", ""},
		{"{file: dir, select: '1.txt'}", "", ""},
		{"{file: dir, select-min: 'm-(.*)\\.h'}", "m-1.h=dir/m-1.h", NULL},
		{"{file: dir, select-max: 'm-(.*)\\.h'}", "m-10.h=dir/m-10.h", NULL},
		{"{file: dir, select: deep/d.txt, preserve-path: yes}",
			"dir/ dir/deep/ dir/deep/d.txt=dir/deep/d.txt", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		check_put(table[i][0], table[i][1], table[i][2]);
}

static void renames(void **state)
{
	static const char *const table[][2] = {
		{"{file: a.txt, rename: c.md}", "c.md=a.txt"},
		{"{file: a.txt, rename: a b}", "b.txt=a.txt"},
		{"{file: a.txt, rename: 't T'}", "a.Txt=a.txt"},
		{"{file: a.txt, rename: {pattern: t, repl: T}}", "a.Txt=a.txt"},
		{"{file: a.txt, rename: \"'(.)\\\\.txt' '\\\\1-\\\\1.md'\"}", "a-a.md=a.txt"},
		{"{file: a.txt, rename: [zz y, a q, q r]}", "q.txt=a.txt"},
		{"{file: a.txt, rename: '${f}'}", "f1=a.txt"},
		{"{file: a.txt, rename: 'a ${f}'}", "f1.txt=a.txt"},
		{"{file: sub/dir, rename: new}", "new/ new/y.txt=sub/dir/y.txt"},
		{"{file: a.txt, rename: a b, target-path: t}", "t/ t/b.txt=a.txt"},
		{"{file: dir, select: 'x.*', rename: 'x z'}",
			"z1.txt=dir/x1.txt z2.csv=dir/x2.csv"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		check_put(table[i][0], table[i][1], NULL);
}

static void not_unpacked(const char *name)
{
	_cleanup_(outcome_release) struct outcome o;
	_cleanup_buf_ struct buf text = BUF_INIT, line = BUF_INIT;

	buf_printf(&text, "{file: %s, unpack: no}", name);
	resolve(buf_str(&text), &o);
	assert_int_equal(o.r, 0);
	buf_printf(&line, "d %s file:%s", name, name);
	assert_string_equal(buf_str(&o.manifest), buf_str(&line));
}

static void archives(void **state)
{
	static const char *const names[] = {"t.tar", "t.zip", "t.tgz"};
	static const char *const table[][3] = {
		{"", "in/ in/i1.txt=in/i1.txt in/sub/ in/sub/i2.txt=in/sub/i2.txt top.txt=top.txt",
			"d in file:%1$s in; d top.txt file:%1$s top.txt"},
		{", target-type: link", "in->in top.txt->top.txt", NULL},
		{", rename: in x", NULL, "d x file:%1$s in; d top.txt file:%1$s top.txt"},
		{", target-path: p, select: top.txt", "p/ p/top.txt=top.txt",
			"d p/top.txt file:%1$s top.txt"},
		{", select: 'in/.*'",
			"i1.txt=in/i1.txt i2.txt=in/sub/i2.txt sub/ sub/i2.txt=in/sub/i2.txt",
			NULL},
		{", select: 'in/i.\\.txt'", "i1.txt=in/i1.txt", "d i1.txt file:%1$s in/i1.txt"},
	};

	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(names); n++) {
		for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
			_cleanup_buf_ struct buf text = BUF_INIT, lines = BUF_INIT;

			buf_printf(&text, "{file: %s%s}", names[n], table[i][0]);
			if (table[i][2])
				buf_replace(&lines, table[i][2], "%1$s", names[n]);
			check_put(
				buf_str(&text), table[i][1], table[i][2] ? buf_str(&lines) : NULL);
		}
		not_unpacked(names[n]);
	}
}

/* Links to what the newest run made, and to nothing that it was given. */
static void runs(void **state)
{
	static const char *const table[][3] = {
		{"{operation: up}", "g-1.n->g-1.n g-3.n->g-3.n g.txt->g.txt gd->gd",
			"d g-1.n operation:up; d g-3.n operation:up; d g.txt operation:up; "
			"d gd operation:up"},
		{"{operation: 'nope,up'}", "g-1.n->g-1.n g-3.n->g-3.n g.txt->g.txt gd->gd", NULL},
		{"{operation: up, select: 'g.*'}",
			"g-1.n->g-1.n g-3.n->g-3.n g.txt->g.txt gd->gd q.txt->q.txt", NULL},
		{"{operation: up, select: 'gd/.*'}", "q.txt->q.txt", "d q.txt operation:up"},
		{"{operation: up, select-max: 'g-(.)\\.n'}", "g-3.n->g-3.n", NULL},
		{"{operation: up, select-min: 'g-(.)\\.n'}", "g-1.n->g-1.n", NULL},
		{"{operation: up, select: g.txt, target-type: copy}", "g.txt=1", NULL},
		{"{operation: up, select: g.txt, target-path: m}", "m/ m/g.txt->g.txt",
			"d m/g.txt operation:up"},
		{"{operation: up, select: g.txt, rename: 'g G'}", "G.txt->g.txt",
			"d G.txt operation:up"},
		{"{operation: up, select: src.py}", "src.py->src.py", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		check_put(table[i][0], table[i][1], table[i][2]);
}

/* Params, then flags that are not null, by their names or arg-names. */
static void configs(void **state)
{
	static const char *const table[][2] = {
		{"{config: c.yml}", "c.yml=f: f1\nl:\n- 1\n- a\nlr: 7\nn:\n  x: 2"},
		{"{config: c.yml, params: {lr: 5, n.y: 6}}",
			"c.yml=f: f1\nl:\n- 1\n- a\nlr: 7\nn:\n  x: 2\n  y: 6"},
		{"{config: c.yml, target-path: cfg}",
			"cfg/ cfg/c.yml=f: f1\nl:\n- 1\n- a\nlr: 7\nn:\n  x: 2"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		check_put(table[i][0], table[i][1], NULL);
}

static void what_is_there_already(void **state)
{
	_cleanup_(outcome_release) struct outcome kept, replaced, linked;

	(void)state;
	resolve("[{file: a.txt}, {file: sub/a.txt}]", &kept);
	assert_int_equal(kept.r, 0);
	assert_string_equal(buf_str(&kept.tree), "a.txt=a.txt");
	assert_non_null(strstr(buf_str(&kept.said), "/a.txt already exists, skipping copy"));
	resolve("[{file: a.txt}, {file: sub/a.txt, target-type: link}]", &linked);
	assert_non_null(strstr(buf_str(&linked.said), "/a.txt already exists, skipping link"));
	resolve("[{file: a.txt}, {file: sub/a.txt, replace-existing: yes}]", &replaced);
	assert_string_equal(buf_str(&replaced.tree), "a.txt=sub/a.txt");
	assert_string_equal(buf_str(&replaced.said), "");
}

#define NOT_MET "run failed because a dependency was not met: "

static void reasons(void **state)
{
	static const char *const table[][2] = {
		{"{file: nosuch}", NOT_MET "could not resolve 'file:nosuch' in file:nosuch "
					   "resource: cannot find source file 'nosuch'"},
		{"{file: nosuch, help: look there}", "look there"},
		{"{file: nosuch, name: n}", NOT_MET "could not resolve 'n' in n resource: cannot "
						    "find source file 'nosuch'"},
		{"{file: dir, select: no, fail-if-empty: yes}",
			NOT_MET "could not resolve 'file:dir' in file:dir resource: nothing "
				"resolved for file:dir"},
		{"{file: a.txt, sha256: abc}", "a.txt' has an unexpected sha256 (expected abc but "
					       "got "},
		{"{operation: nope}", "could not resolve 'operation:nope' in operation:nope "
				      "resource: no suitable run for nope"},
		{"{file: '${u}'}", "undefined reference 'u'"},
		{"{file: a.txt, target-path: /abs}", "(path must be relative)"},
		{"{file: a.txt, target-path: ../up}", "up"},
		{"{file: a.txt, rename: ../../up}", "up"},
		{"{file: dir, select: '('}", "("},
		{"{file: a.txt, target-type: z}", "target-type"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_(outcome_release) struct outcome o;

		resolve(table[i][0], &o);
		if (o.r == 0 || !strstr(err_text(&o.err), table[i][1]))
			fail_msg("%s: %d %s", table[i][0], o.r, err_text(&o.err));
		assert_string_equal(buf_str(&o.tree), "");
	}
}

static void warnings(void **state)
{
	static const char *const table[][2] = {
		{"{file: dir, select: nothing}", "nothing resolved for file:dir\n"},
		{"{file: dir, select: nothing, name: n}", "nothing resolved for n\n"},
		{"{file: dir, select: nothing, warn-if-empty: no}", ""},
		{"{file: a.txt}", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_(outcome_release) struct outcome o;

		resolve(table[i][0], &o);
		assert_int_equal(o.r, 0);
		assert_string_equal(buf_str(&o.said), table[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files),
		cmocka_unit_test(selects),
		cmocka_unit_test(renames),
		cmocka_unit_test(archives),
		cmocka_unit_test(runs),
		cmocka_unit_test(configs),
		cmocka_unit_test(what_is_there_already),
		cmocka_unit_test(reasons),
		cmocka_unit_test(warnings),
	};

	return cmocka_run_group_tests_name("dependencies", tests, setup, teardown);
}
