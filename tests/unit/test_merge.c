/* SPDX-License-Identifier: MIT */
/* Trees as merging and copying see them, and what of a run goes where in a project. */
#include "support.h"

#include <errno.h>

#include "base/buf.h"
#include "base/file_walk.h"
#include "base/strv.h"
#include "run/merge.h"

static int dir_fd(const char *name)
{
	int fd = open(support_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), sub;

	assert_int_equal(file_mkdirs(fd, name, 0755), 0);
	sub = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(sub >= 0);
	close(fd);
	return sub;
}

static void put(int fd, const char *path, const char *text)
{
	_cleanup_free_ char *parent = strdup(path);
	char *slash = strrchr(parent, '/');

	if (slash) {
		*slash = '\0';
		assert_int_equal(file_mkdirs(fd, parent, 0755), 0);
	}
	assert_int_equal(file_write(fd, path, text, strlen(text), 0644, FILE_NOSYNC), 0);
}

/* --- walking -------------------------------------------------------------- */

static int note(void *arg, const struct walk_entry *e)
{
	buf_printf(
		arg, "%s%s%s ", e->path, S_ISDIR(e->st.st_mode) ? "/" : "", e->is_link ? "@" : "");
	return strcmp(e->path, "b-closed") == 0 ? WALK_PASS_BY : 0;
}

static void walks(void **state)
{
	_cleanup_close_ int fd = dir_fd("walk");
	_cleanup_buf_ struct buf plain = BUF_INIT, followed = BUF_INIT;

	(void)state;
	put(fd, "a/one", "");
	put(fd, "b-closed/hidden", "");
	put(fd, "c", "");
	assert_int_equal(symlinkat("..", fd, "a/up"), 0);
	assert_int_equal(symlinkat("a", fd, "d"), 0);
	assert_int_equal(symlinkat("nowhere", fd, "e"), 0);
	assert_int_equal(file_walk(fd, false, note, &plain), 0);
	assert_string_equal(buf_str(&plain), "a/ a/one a/up/@ b-closed/ c d/@ e@ ");
	/* A link that leads back is not gone into. */
	assert_int_equal(file_walk(fd, true, note, &followed), 0);
	assert_string_equal(buf_str(&followed), "a/ a/one a/up/@ b-closed/ c d/@ d/one d/up/@ e@ ");
}

/* --- merging -------------------------------------------------------------- */

static const char manifest[] = "s op.py 1 op.py\n"
			       "s code/same.py 1 src/same.py\n"
			       "s both 1 both\n"
			       "s evil 1 ../evil\n"
			       "d data 1 file:inputs/data\n"
			       "d both-dep 1 file:both\n"
			       "d far 1 http://example.com/far\n"
			       "d member 1 file:files.zip member\n"
			       "d outside 1 file:/etc/outside\n";

static int make_run(const char *name)
{
	static const char *const files[] = {"op.py", "code/same.py", "both", "evil", "data",
		"both-dep", "far", "member", "outside", "made/out", ".guild/attrs/id"};
	int fd = dir_fd(name);

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		put(fd, files[i], files[i]);
	put(fd, ".guild/manifest", manifest);
	return fd;
}

static void print_plan(const struct merge *m, struct buf *b)
{
	for (size_t i = 0; i < m->n; i++)
		buf_printf(b, "%c %s %s %d\n", m->v[i].type, m->v[i].run_path,
			m->v[i].target ? m->v[i].target : "-", m->v[i].fate);
}

static void plans(void **state)
{
	_cleanup_close_ int run = make_run("run"), project = dir_fd("project");
	_cleanup_merge_ struct merge plan = {0}, some = {0};
	_cleanup_buf_ struct buf text = BUF_INIT, of_some = BUF_INIT;
	_cleanup_strv_ struct strv exclude = STRV_INIT;
	struct merge_spec spec = {.run_fd = run, .target_fd = project};

	(void)state;
	put(project, "src/same.py", "code/same.py");
	put(project, "op.py", "changed");
	assert_int_equal(merge_plan(&spec, &plan), 0);
	print_plan(&plan, &text);
	assert_string_equal(buf_str(&text), "s both both 7\n"
					    "d both-dep both 0\n"
					    "s evil - 5\n"
					    "d far - 5\n"
					    "d data inputs/data 0\n"
					    "o made/out made/out 6\n"
					    "d member - 5\n"
					    "s op.py op.py 0\n"
					    "d outside - 5\n"
					    "s code/same.py src/same.py 1\n");
	assert_int_equal(strv_add(&exclude, "inputs*"), 0);
	spec = (struct merge_spec){.run_fd = run,
		.target_fd = -1,
		.all = true,
		.no_source = true,
		.exclude = &exclude};
	assert_int_equal(merge_plan(&spec, &some), 0);
	print_plan(&some, &of_some);
	assert_string_equal(buf_str(&of_some), "s both both 3\n"
					       "d both-dep both 0\n"
					       "s evil - 3\n"
					       "d far - 5\n"
					       "d data inputs/data 2\n"
					       "o made/out made/out 0\n"
					       "d member - 5\n"
					       "s op.py op.py 3\n"
					       "d outside - 5\n"
					       "s code/same.py src/same.py 3\n");
}

static void no_manifest(void **state)
{
	_cleanup_close_ int run = dir_fd("bare");
	_cleanup_merge_ struct merge plan = {0};

	(void)state;
	assert_int_equal(
		merge_plan(&(struct merge_spec){.run_fd = run, .target_fd = -1}, &plan), -ENOENT);
}

static void check_loss(
	const struct merge *plan, const char *dir, bool git, enum merge_loss wanted, size_t n)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	_cleanup_strv_ struct strv targets = STRV_INIT;
	enum merge_loss loss;

	buf_printf(&path, "%s/%s", support_dir, dir);
	assert_int_equal(merge_find_loss(plan, buf_str(&path), git, &loss, &targets), 0);
	assert_int_equal(loss, wanted);
	assert_int_equal(targets.n, n);
}

static void copies(void **state)
{
	_cleanup_close_ int run = make_run("run2"), project = dir_fd("project2");
	_cleanup_merge_ struct merge plan = {0};
	struct err err = ERR_INIT;

	(void)state;
	put(project, "op.py", "changed");
	put(project, "keep", "kept");
	assert_int_equal(symlinkat("keep", project, "both"), 0);
	assert_int_equal(
		merge_plan(&(struct merge_spec){.run_fd = run, .target_fd = project}, &plan), 0);
	check_loss(&plan, "nowhere", true, MERGE_NO_LOSS, 0);
	check_loss(&plan, "project2", true, MERGE_REPLACES, 2);
	check_loss(&plan, "project2", false, MERGE_REPLACES, 2);
	for (size_t i = 0; i < plan.n; i++)
		if (plan.v[i].fate == MERGE_COPIED)
			assert_int_equal(merge_copy(run, &plan.v[i], project, &err), 0);
	assert_true(file_same_content(run, "op.py", project, "op.py"));
	assert_true(file_same_content(run, "data", project, "inputs/data"));
	assert_true(file_same_content(run, "both-dep", project, "both"));
	/* Not through the link. */
	assert_false(file_same_content(project, "keep", project, "both"));
	assert_false(file_exists(project, "inputs/.data.merged"));
}

/* Whatever a file in the project is called, it is the user's. */
static void names(void **state)
{
	enum { LONGEST = 255 };
	_cleanup_close_ int run = dir_fd("run3"), project = dir_fd("project3");
	char longest[LONGEST + 1], wanted[] = "op.py", dir[] = "dir";
	struct merge_file file = {.type = 's', .run_path = wanted, .target = wanted};
	struct err err = ERR_INIT;

	(void)state;
	memset(longest, 'n', LONGEST);
	longest[LONGEST] = '\0';
	put(run, "op.py", "new");
	put(run, longest, "long");
	put(project, ".op.py.merged", "the user's");
	put(run, ".op.py.merged", "the user's");
	assert_int_equal(merge_copy(run, &file, project, &err), 0);
	assert_true(file_same_content(run, ".op.py.merged", project, ".op.py.merged"));
	file.run_path = file.target = longest;
	assert_int_equal(merge_copy(run, &file, project, &err), 0);
	assert_true(file_same_content(run, longest, project, longest));
	/* Nothing is left of a copy that cannot take its place. */
	assert_int_equal(mkdirat(project, dir, 0755), 0);
	file.run_path = wanted;
	file.target = dir;
	assert_int_equal(merge_copy(run, &file, project, &err), -EISDIR);
	assert_int_equal(support_n_names(project, "."), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks),
		cmocka_unit_test(plans),
		cmocka_unit_test(no_manifest),
		cmocka_unit_test(copies),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, support_setup, support_teardown);
}
