/* SPDX-License-Identifier: MIT */
/* guild check: which program this is and what it works with; what is kept beside the runs. */
#include "guild.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <yaml.h>

#include "setup/check.h"
#include "term/child.h"
#include "base/archive_lib.h"
#include "base/file_walk.h"
#include "base/output_of.h"
#include "base/proc.h"
#include "base/version.h"
#include "catalog/check.h"
#include "project/builtin.h"
#include "project/command.h"
#include "run/user_config.h"

struct check_options {
	bool index, env, space, verbose, offline, no_offline, no_info;
	bool tensorflow, pytorch, r_script, all_tests, force_test, fast, notify;
	const char *version, *concurrency;
	struct strv tests, skip;
};

#define OPTION(member, n, s, v, h, k)                                                              \
	{                                                                                          \
		.name = n, .short_name = s, .value = v, .help = h, .kind = k,                      \
		.offset = offsetof(struct check_options, member)                                   \
	}

static const struct option_def check_options[] = {
	OPTION(version, "--version", NULL, "REQUIRED", "only check the version, as in '>=0.7.0'",
		OPTION_VALUE),
	OPTION(index, "--index", NULL, NULL,
		"compare the index of runs with the runs, and make it anew", OPTION_FLAG),
	OPTION(env, "--env", NULL, NULL, "only what programs and directories are used",
		OPTION_FLAG),
	OPTION(tensorflow, "--tensorflow", NULL, NULL, "also TensorFlow and what it works with",
		OPTION_FLAG),
	OPTION(pytorch, "--pytorch", NULL, NULL, "also PyTorch and what it works with",
		OPTION_FLAG),
	OPTION(r_script, "--r-script", NULL, NULL, "also the version of Rscript", OPTION_FLAG),
	OPTION(all_tests, "--tests", "-T", NULL,
		"test whether runs, batches, Python operations and mounts work here, in a Guild "
		"home of their own, and whether this one is sound",
		OPTION_FLAG),
	OPTION(tests, "--test", "-t", "TEST", "only this test; may be repeated", OPTION_LIST),
	OPTION(skip, "--skip", "-s", "TEST", "of all tests not this one; may be repeated",
		OPTION_LIST),
	OPTION(force_test, "--force-test", NULL, NULL,
		"also tests for which this machine seems to lack something", OPTION_FLAG),
	OPTION(fast, "--fast", "-f", NULL, "the first test that fails is the last", OPTION_FLAG),
	/* Guild AI has some hundred tests. */
	OPTION(concurrency, "--concurrency", "-c", "N", "without effect: tests take seconds",
		OPTION_VALUE),
	OPTION(notify, "--notify", NULL, NULL, "tell the desktop how it ended (notify-send)",
		OPTION_FLAG),
	OPTION(space, "--space", NULL, NULL, "also how much space they take", OPTION_FLAG),
	OPTION(verbose, "--verbose", "-v", NULL, "also the versions of libraries and packages",
		OPTION_FLAG),
	OPTION(no_info, "--no-info", "-n", NULL, "print nothing that is not asked for",
		OPTION_FLAG),
	/* Guild AI looks for later releases of its own, unless told not to. */
	OPTION(offline, "--offline", NULL, NULL, "use no network; none is used anyway",
		OPTION_FLAG),
	OPTION(no_offline, "--no-offline", NULL, NULL, "likewise without effect", OPTION_FLAG),
	{0},
};

static void release_options(void *options)
{
	struct check_options *o = options;

	strv_release(&o->tests);
	strv_release(&o->skip);
}

static int open_home(struct guild *g)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	struct err err = ERR_INIT;

	/* Not by guild_open_home(), whose catalogue would mend or replace what is looked at. */
	if (home_find(g->home_option, g->cwd, &path, &err) < 0 ||
		home_open(buf_str(&path), &g->home, &err) < 0)
		return complain("%s", err_text(&err));
	return EXIT_OK;
}

/* --- the index ------------------------------------------------------------ */

static void print_sentence(void *arg, const char *sentence)
{
	(void)arg;
	puts(sentence);
}

static int check_index(struct guild *g)
{
	struct index_check check = {.say = print_sentence};
	struct err err = ERR_INIT;

	if (index_check(g->home, &check, &err) < 0)
		return complain("%s", err_text(&err));
	printf("index: %zu runs, %zu in the index, %zu out of date, %zu wrong%s\n", check.runs,
		check.rows, check.outdated, check.wrong, check.wrong ? "; made anew" : "");
	return check.wrong ? EXIT_ERROR : EXIT_OK;
}

/* --- the version ---------------------------------------------------------- */

static int check_version(const char *requirement)
{
	struct err err = ERR_INIT;
	bool matches;

	if (version_matches(GUILD_AI_VERSION, requirement, &matches, &err) < 0)
		return complain("%s", err_text(&err));
	return matches ? EXIT_OK
		       : complain("version mismatch: current version '" GUILD_AI_VERSION
				  "' does not match '%s'",
				 requirement);
}

/* --- what there is -------------------------------------------------------- */

void check_print_row(const char *name, const char *value)
{
	_cleanup_buf_ struct buf label = BUF_INIT;

	buf_printf(&label, "%s:", name);
	printf("%-26s %s\n", buf_str(&label), value);
}

/* The first line of what it prints. */
static void print_program(
	const struct guild *g, const char *name, const char *program, const char *const *argv)
{
	_cleanup_buf_ struct buf path = BUF_INIT, text = BUF_INIT;

	if (program_find(program, &g->env, &path) < 0)
		buf_puts(&text, "not installed");
	else if (output_of(argv, NULL, &text) < 0)
		buf_printf(&text, "%s fails", buf_str(&path));
	buf_resize(&text, strcspn(buf_str(&text), "\n"));
	check_print_row(name, buf_str(&text));
}

static void print_install_location(void)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	char *slash;

	if (proc_self_exe(&path) < 0)
		return;
	slash = strrchr(path.data, '/');
	if (slash)
		*slash = '\0';
	check_print_row("guild_install_location", path.data);
}

static void print_resource_cache(const struct guild *g)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	_cleanup_free_ char *real = NULL;

	buf_printf(&path, "%s/cache/resources", g->home->path);
	real = realpath(buf_str(&path), NULL);
	check_print_row("guild_resource_cache", real ? real : buf_str(&path));
}

/* The Python that operations of a project here are run by, and packages that it has: its version,
 * then lines NAME VERSION. */
static int ask_python(const char *exe, bool verbose, struct buf *b)
{
	static const char script[] = "import sys\n"
				     "from importlib.metadata import version\n"
				     "print(sys.version.replace(chr(10), ' '))\n"
				     "for arg in sys.argv[1:]:\n"
				     "    name, _, package = arg.partition(':')\n"
				     "    try:\n"
				     "        found = version(package or name)\n"
				     "    except Exception:\n"
				     "        try: # of Python itself, once\n"
				     "            found = __import__(name).__version__\n"
				     "        except Exception:\n"
				     "            found = 'not installed'\n"
				     "    print(name, found)\n";
	/* NAME, or NAME:PACKAGE where these differ; the last ones are Guild AI's own needs. */
	static const char *const packages[] = {"tensorboard", "torch", "tensorflow", "click",
		"dask", "distutils", "numpy", "pandas", "pip", "sklearn:scikit-learn", "setuptools",
		"twine", "yaml:PyYAML", "werkzeug"};
	_cleanup_strv_ struct strv argv = STRV_INIT;
	const char *const begin[] = {exe, "-c", script};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(begin); i++)
		r = strv_add(&argv, begin[i]);
	for (size_t i = 0; r == 0 && i < (verbose ? ARRAY_SIZE(packages) : 1); i++)
		r = strv_add(&argv, packages[i]);
	return r == 0 ? output_of((const char *const *)argv.v, NULL, b) : r;
}

static void print_packages(char *lines)
{
	for (char *line = lines; *line;) {
		char *end = line + strcspn(line, "\n"), *space = strchr(line, ' ');
		_cleanup_buf_ struct buf name = BUF_INIT;
		bool last = !*end;

		*end = '\0';
		if (space) {
			*space = '\0';
			buf_printf(&name, "%s_version", line);
			check_print_row(buf_str(&name), space + 1);
		}
		line = end + !last;
	}
}

static void print_python(const struct guild *g, const struct check_options *o)
{
	_cleanup_buf_ struct buf exe = BUF_INIT, text = BUF_INIT;
	char *end;

	if (python_find(g->cwd, &g->env, &exe) < 0) {
		check_print_row("python_version", "not installed");
		return;
	}
	if (ask_python(buf_str(&exe), o->verbose, &text) < 0 || !text.len) {
		check_print_row("python_version", "unknown: it fails");
		check_print_row("python_exe", buf_str(&exe));
		return;
	}
	end = text.data + strcspn(text.data, "\n");
	if (*end)
		*end++ = '\0';
	check_print_row("python_version", text.data);
	check_print_row("python_exe", buf_str(&exe));
	if (!o->env)
		print_packages(end);
}

static void print_platform(void)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct utsname u;

	if (uname(&u) < 0)
		return;
	buf_printf(&text, "%s %s %s", u.sysname, u.release, u.machine);
	check_print_row("platform", buf_str(&text));
}

static void print_libraries(void)
{
	check_print_row("libarchive_version",
		archive_lib_load(NULL) == 0 ? archive_version_details() : "not installed");
	check_print_row("libyaml_version", yaml_get_version_string());
	check_print_row("sqlite_version", sqlite3_libversion());
}

static void print_info(struct guild *g, const struct check_options *o)
{
	static const char *const nvcc[] = {"nvcc", "--version", NULL};
	static const char *const smi[] = {
		"nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader", NULL};

	check_print_row("guild_version", GUILD_AI_VERSION " (guildfs " GUILDFS_VERSION ")");
	print_install_location();
	check_print_row("guild_home", g->home->path);
	print_resource_cache(g);
	print_python(g, o);
	if (!o->env) {
		print_platform();
		if (o->r_script)
			check_print_r_script(g);
		if (o->tensorflow)
			check_print_tensorflow(g);
		if (o->pytorch)
			check_print_pytorch(g);
		print_program(g, "cuda_version", nvcc[0], nvcc);
		print_program(g, "nvidia_smi_version", smi[0], smi);
	}
	if (o->verbose)
		print_libraries();
	check_print_row("latest_guild_version", "unchecked (offline)");
}

/* --- space ---------------------------------------------------------------- */

static int add_blocks(void *arg, const struct walk_entry *e)
{
	*(uint64_t *)arg += (uint64_t)e->st.st_blocks * 512;
	return 0;
}

static uint64_t space_of(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint64_t bytes = 0;

	if (fd >= 0)
		file_walk(fd, false, add_blocks, &bytes);
	return bytes;
}

/* As `du -h` prints it: never less than it is. */
static void print_size(struct buf *b, uint64_t bytes)
{
	static const char units[] = "KMGTP";
	uint64_t tenths = (bytes * 10 + 1023) / 1024;
	size_t unit = 0;

	for (; tenths >= 10240 && units[unit + 1]; unit++)
		tenths = (tenths + 1023) / 1024;
	if (!bytes)
		buf_putc(b, '0');
	else if (tenths < 100)
		buf_printf(b, "%u.%u%c", (unsigned)(tenths / 10), (unsigned)(tenths % 10),
			units[unit]);
	else
		buf_printf(b, "%u%c", (unsigned)((tenths + 9) / 10), units[unit]);
}

static void print_space(struct guild *g)
{
	static const struct {
		const char *name, *path;
	} dirs[] = {{"guild_home", ""}, {"runs", "/runs"}, {"deleted_runs", "/trash/runs"},
		{"remote_state", NULL}, {"cache", "/cache"}};

	puts("disk_space:");
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		_cleanup_buf_ struct buf label = BUF_INIT, path = BUF_INIT, size = BUF_INIT,
					 value = BUF_INIT;

		if (dirs[i].path)
			buf_printf(&path, "%s%s", g->home->path, dirs[i].path);
		else
			user_config_beside(g->home, g->cwd, "remotes", &path);
		print_size(&size, space_of(buf_str(&path)));
		buf_printf(&label, "  %s", dirs[i].name);
		buf_printf(&value, "%-4s %s", buf_str(&size), buf_str(&path));
		check_print_row(buf_str(&label), buf_str(&value));
	}
}

/* --- all of it ------------------------------------------------------------ */

static int run_tests(struct guild *g, const struct check_options *o)
{
	static const struct strv none;
	const struct check_tests tests = {
		.only = o->all_tests ? &none : &o->tests,
		.skip = &o->skip,
		.force = o->force_test,
		.fast = o->fast,
	};

	if (o->all_tests && o->tests.n)
		warning("all tests are run: --test has no effect");
	if (!o->all_tests && o->skip.n)
		warning("individual tests are run: --skip has no effect");
	return check_run_tests(g, &tests);
}

static int check_what_is_asked(struct guild *g, const struct check_options *o)
{
	bool tests = o->all_tests || o->tests.n;
	int r;

	if (o->version && (r = check_version(o->version)) != EXIT_OK)
		return r;
	if (o->version && !tests)
		return EXIT_OK;
	r = open_home(g);
	if (r != EXIT_OK)
		return r;
	if (o->index)
		return check_index(g);
	if (tests)
		return run_tests(g, o);
	if (!o->no_info)
		print_info(g, o);
	if (o->space)
		print_space(g);
	return EXIT_OK;
}

static void notify(const struct guild *g, int status)
{
	_cleanup_buf_ struct buf program = BUF_INIT;

	if (program_find("notify-send", &g->env, &program) < 0) {
		warning("cannot notify of the result: there is no notify-send");
		return;
	}
	run_child((const char *const[]){buf_str(&program), "-u",
			  status == EXIT_OK ? "normal" : "critical", "guild check",
			  status == EXIT_OK ? "PASSED" : "FAILED", NULL},
		NULL);
}

static int check(struct guild *g, void *options, const struct strv *args)
{
	const struct check_options *o = options;
	int status;

	if (guild_no_arguments(args) != EXIT_OK)
		return EXIT_USAGE;
	status = check_what_is_asked(g, o);
	if (o->notify)
		notify(g, status);
	return status;
}

const struct command cmd_check = {
	.name = "check",
	.usage = "check [OPTION]...",
	.summary = "Show which guild this is and what it works with",
	.options = check_options,
	.options_size = sizeof(struct check_options),
	.run = check,
	.release = release_options,
};
