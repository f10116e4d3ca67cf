/* SPDX-License-Identifier: MIT */
/*
 * guild check --tests: what a user has done first when something is odd. Each test is what a user
 * would type, by the programs that are installed, and what must come of it.
 */
#include "setup/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/libexec.h"
#include "base/output_of.h"
#include "catalog/check.h"
#include "project/command.h"

#define STEP_WORDS 8
#define READ_MAX   ((size_t)1 << 20)

struct lab {
	struct guild *g;
	char dir[64];       /* what is made for the tests; "": nothing yet */
	struct buf program; /* guild */
	struct strv env;
	struct buf reason; /* why the test failed or is skipped; lines */
};

enum verdict { PASSED, FAILED, SKIPPED };

/* A command of guild, and what its output has in it. */
struct step {
	const char *words[STEP_WORDS];
	const char *expected;
};

struct self_test {
	const char *name;
	/* Why it can only fail here, or NULL. */
	const char *(*lacks)(const struct lab *lab);
	int (*run)(struct lab *lab);
	const struct step *steps; /* in place of `run`, to an empty one */
};

/* --- the lab --------------------------------------------------------------------- */

static const struct {
	const char *path, *text;
} lab_files[] = {
	{"project/guild.yml", "go:\n"
			      "  exec: sh go.sh\n"
			      "  flags: {rate: 0.5}\n"},
	{"project/go.sh", "echo \"loss: $FLAG_RATE\"\n"
			  "echo made >made.txt\n"},
	{"project/hello.py", "rate = 0.5\n"
			     "print('loss: %s' % rate)\n"},
};

static int path_in(const struct lab *lab, const char *name, struct buf *ret)
{
	buf_printf(ret, "%s/%s", lab->dir, name);
	return buf_error(ret);
}

static int make_lab(struct lab *lab)
{
	const char *aside = getenv("TMPDIR");
	_cleanup_buf_ struct buf config = BUF_INIT;
	_cleanup_close_ int fd = -1;
	int r = libexec_guild(&lab->program), n;

	n = snprintf(lab->dir, sizeof(lab->dir), "%s/guild-check.XXXXXX",
		aside && strlen(aside) < sizeof(lab->dir) / 2 ? aside : "/tmp");
	if (r < 0 || n < 0 || !mkdtemp(lab->dir)) {
		lab->dir[0] = '\0';
		return r < 0 ? r : -errno;
	}
	fd = open(lab->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = fd < 0 ? -errno : file_mkdirs(fd, "home", 0755);
	if (r == 0)
		r = file_mkdirs(fd, "mnt", 0755);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(lab_files); i++) {
		r = file_mkdirs_above(fd, lab_files[i].path, 0755);
		if (r == 0)
			r = file_create(fd, lab_files[i].path, lab_files[i].text,
				strlen(lab_files[i].text), 0644);
	}
	if (r == 0)
		r = strv_copy(&lab->env, &lab->g->env);
	/* Not what slows a run down, gives it another home, or is wrong in the configuration. */
	strv_env_unset(&lab->env, "GUILD_HOME");
	if (r == 0)
		r = path_in(lab, "config.yml", &config);
	if (r == 0)
		r = strv_env_set(&lab->env, "GUILD_CONFIG", buf_str(&config));
	return r == 0 ? strv_env_set(&lab->env, "NO_PIP_FREEZE", "1") : r;
}

static void release_lab(struct lab *lab)
{
	if (*lab->dir)
		file_remove_tree(AT_FDCWD, lab->dir);
	buf_release(&lab->program);
	buf_release(&lab->reason);
	strv_release(&lab->env);
}

/* --- steps ------------------------------------------------------------------------- */

static int make_argv(const struct lab *lab, const struct step *step, struct strv *argv)
{
	int r = strv_add(argv, buf_str(&lab->program));

	if (r == 0)
		r = strv_add(argv, "-H");
	if (r == 0)
		r = strv_addf(argv, "%s/home", lab->dir);
	if (r == 0)
		r = strv_add(argv, "-C");
	if (r == 0)
		r = strv_addf(argv, "%s/project", lab->dir);
	for (size_t i = 0; r == 0 && i < STEP_WORDS && step->words[i]; i++)
		r = strv_add(argv, step->words[i]);
	return r;
}

static void tell_step(struct lab *lab, const struct step *step, const char *what)
{
	buf_puts(&lab->reason, "guild");
	for (size_t i = 0; i < STEP_WORDS && step->words[i]; i++)
		buf_printf(&lab->reason, " %s", step->words[i]);
	buf_printf(&lab->reason, ": %s\n", what);
}

static int take_step(struct lab *lab, const struct step *step)
{
	_cleanup_strv_ struct strv argv = STRV_INIT;
	_cleanup_buf_ struct buf out = BUF_INIT, what = BUF_INIT;
	int status = make_argv(lab, step, &argv);

	if (status == 0)
		status = output_of_env((const char *const *)argv.v, NULL, lab->env.v, true, &out);
	if (status == 0 && strstr(buf_str(&out), step->expected))
		return PASSED;
	if (status < 0)
		buf_puts(&what, strerror(-status));
	else if (status > 0)
		buf_printf(&what, "exit status %d", status);
	else
		buf_printf(&what, "there is no '%s' in what it prints", step->expected);
	if (out.len)
		buf_printf(&what, "\n%s", buf_str(&out));
	tell_step(lab, step, buf_str(&what));
	return FAILED;
}

static int take_steps(struct lab *lab, const struct step *steps)
{
	int verdict = PASSED;

	for (; verdict == PASSED && steps->words[0]; steps++)
		verdict = take_step(lab, steps);
	return verdict;
}

/* --- the tests ---------------------------------------------------------------------- */

static int fail(struct lab *lab, const char *what, int error)
{
	buf_printf(&lab->reason, "%s: %s\n", what, strerror(-error));
	return FAILED;
}

/* It can be written, wherever something is written by and by. */
static int test_home(struct lab *lab)
{
	static const char *const dirs[] = {"runs", "trash/runs", "cache/guildfs", "locks"};
	int verdict = PASSED;

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		_cleanup_buf_ struct buf path = BUF_INIT;

		/* The slash: it must be a directory. */
		buf_printf(&path, "%s/%s/", lab->g->home->path, dirs[i]);
		if (faccessat(AT_FDCWD, buf_str(&path), R_OK | W_OK | X_OK, AT_EACCESS) < 0)
			verdict = fail(lab, buf_str(&path), -errno);
	}
	return verdict;
}

static void tell_wrong(void *arg, const char *sentence)
{
	buf_printf(arg, "%s\n", sentence);
}

static int test_index(struct lab *lab)
{
	struct index_check check = {.arg = &lab->reason, .say = tell_wrong};
	struct err err = ERR_INIT;

	if (index_check(lab->g->home, &check, &err) < 0) {
		buf_printf(&lab->reason, "%s\n", err_text(&err));
		return FAILED;
	}
	if (check.wrong)
		buf_puts(&lab->reason, "It was made anew, and should be right the next time.\n");
	return check.wrong ? FAILED : PASSED;
}

static const struct step run_steps[] = {
	{{"run", "go", "rate=0.25", "-y"}, ""},
	{{"select", "--attr", "status"}, "completed"},
	{{"cat", "--output"}, "loss: 0.25"},
	{{"cat", "-p", "made.txt"}, "made"},
	{{"compare", "--csv", "-", "1"}, "0.25"},
	{{"runs", "-F", "scalar:loss = 0.25", "-s"}, "go"},
	{{0}, NULL},
};

static const struct step batch_steps[] = {
	{{"run", "go", "rate=[0.75,1.5]", "-y", "--keep-batch"}, ""},
	{{"runs", "-F", "flag:rate = 0.75", "-s"}, "completed"},
	{{"runs", "-F", "flag:rate = 1.5", "-s"}, "completed"},
	{{0}, NULL},
};

static const struct step python_steps[] = {
	{{"run", "hello.py", "rate=0.125", "-y"}, ""},
	{{"cat", "--output"}, "loss: 0.125"},
	{{0}, NULL},
};

static const char *lacks_python(const struct lab *lab)
{
	_cleanup_buf_ struct buf ignored = BUF_INIT;

	return python_find(lab->g->cwd, &lab->g->env, &ignored) < 0
		       ? "no python and no python3 on PATH"
		       : NULL;
}

static const char *lacks_fuse(const struct lab *lab)
{
	_cleanup_buf_ struct buf ignored = BUF_INIT;

	if (access("/dev/fuse", R_OK | W_OK) < 0)
		return "no /dev/fuse that can be opened";
	if (geteuid() != 0 && program_find("fusermount3", &lab->g->env, &ignored) < 0)
		return "no fusermount3, which mounts for those who are not root";
	return NULL;
}

/* Reading `wait` takes until the run is over. */
static int read_blocking(const char *path, struct buf *ret)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : file_read_fd(fd, READ_MAX, ret);
}

static int use_mount(struct lab *lab)
{
	static const char flags[] = "rate: 0.0625\n";
	static const struct {
		const char *path, *expected;
	} reads[] = {{"mnt/runs/latest/wait", "0"}, {"mnt/runs/latest/status", "completed"},
		{"mnt/runs/latest/output", "loss: 0.0625"}};
	_cleanup_buf_ struct buf path = BUF_INIT;
	_cleanup_close_ int fd = -1;
	int r = path_in(lab, "mnt/operations/go/flags", &path);

	if (r == 0)
		fd = open(buf_str(&path), O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return fail(lab, buf_str(&path), r < 0 ? r : -errno);
	r = file_write_all(fd, flags, strlen(flags));
	if (close(STEAL_FD(fd)) < 0 && r == 0)
		r = -errno;
	if (r < 0)
		return fail(lab, buf_str(&path), r);
	for (size_t i = 0; i < ARRAY_SIZE(reads); i++) {
		_cleanup_buf_ struct buf name = BUF_INIT, text = BUF_INIT;

		r = path_in(lab, reads[i].path, &name);
		if (r == 0)
			r = read_blocking(buf_str(&name), &text);
		if (r < 0)
			return fail(lab, buf_str(&name), r);
		if (!strstr(buf_str(&text), reads[i].expected)) {
			buf_printf(&lab->reason, "%s: there is no '%s' in it:\n%s", buf_str(&name),
				reads[i].expected, buf_str(&text));
			return FAILED;
		}
	}
	return PASSED;
}

static int test_mount(struct lab *lab)
{
	_cleanup_buf_ struct buf at = BUF_INIT;
	int r = path_in(lab, "mnt", &at), verdict;
	const struct step mount = {{"mount", buf_str(&at)}, ""},
			  unmount = {{"unmount", buf_str(&at)}, ""};

	if (r < 0)
		return fail(lab, "mnt", r);
	verdict = take_step(lab, &mount);
	if (verdict != PASSED)
		return verdict;
	verdict = use_mount(lab);
	return take_step(lab, &unmount) == PASSED ? verdict : FAILED;
}

static const struct self_test self_tests[] = {
	{"home", NULL, test_home, NULL},
	{"index", NULL, test_index, NULL},
	{"run", NULL, NULL, run_steps},
	{"batch", NULL, NULL, batch_steps},
	{"python", lacks_python, NULL, python_steps},
	{"mount", lacks_fuse, test_mount, NULL},
};

/* --- all of them --------------------------------------------------------------------- */

static int check_names(const struct strv *names)
{
	for (size_t i = 0; i < names->n; i++) {
		_cleanup_buf_ struct buf known = BUF_INIT;
		bool found = false;

		for (size_t j = 0; j < ARRAY_SIZE(self_tests); j++) {
			found = found || strcmp(names->v[i], self_tests[j].name) == 0;
			buf_printf(&known, "%s%s", j ? ", " : "", self_tests[j].name);
		}
		if (!found)
			return complain("there is no test '%s'; the tests are: %s", names->v[i],
				buf_str(&known));
	}
	return EXIT_OK;
}

static void print_indented(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		printf("    %.*s\n", (int)len, text);
		text += len + (text[len] == '\n');
	}
}

static void print_verdict(const struct lab *lab, const char *name, int verdict)
{
	static const char *const words[] = {"ok", "FAILED", "skipped"};
	_cleanup_buf_ struct buf label = BUF_INIT;

	buf_printf(&label, "%s:", name);
	printf("  %-28s %s", buf_str(&label), words[verdict]);
	if (verdict == SKIPPED && lab->reason.len)
		printf(" (%s)", buf_str(&lab->reason));
	putchar('\n');
	if (verdict == FAILED)
		print_indented(buf_str(&lab->reason));
	fflush(stdout);
}

static int run_test(struct lab *lab, const struct self_test *test, const struct check_tests *tests)
{
	const char *lack = test->lacks && !tests->force ? test->lacks(lab) : NULL;
	bool skipped = !tests->only->n && strv_has(tests->skip, test->name);
	int verdict = SKIPPED;

	buf_clear(&lab->reason);
	if (lack)
		buf_puts(&lab->reason, lack);
	if (!skipped && !lack)
		verdict = test->run ? test->run(lab) : take_steps(lab, test->steps);
	print_verdict(lab, test->name, verdict);
	return verdict;
}

int check_run_tests(struct guild *g, const struct check_tests *tests)
{
	_cleanup_(release_lab) struct lab lab = {.g = g};
	bool failed = false;
	int r;

	if (check_names(tests->only) != EXIT_OK || check_names(tests->skip) != EXIT_OK)
		return EXIT_ERROR;
	r = make_lab(&lab);
	if (r < 0)
		return complain("cannot make a directory for tests: %s", strerror(-r));
	puts("internal tests:");
	for (size_t i = 0; i < ARRAY_SIZE(self_tests) && !(failed && tests->fast); i++)
		if (!tests->only->n || strv_has(tests->only, self_tests[i].name))
			failed |= run_test(&lab, &self_tests[i], tests) == FAILED;
	return failed ? complain("one or more tests failed - see above for details") : EXIT_OK;
}
