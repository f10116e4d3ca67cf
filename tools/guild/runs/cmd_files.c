/* SPDX-License-Identifier: MIT */
/* guild cat, guild ls: files of a run. */
#include "guild.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "term/pager.h"
#include "runs/select.h"
#include "base/file.h"
#include "base/file_walk.h"
#include "base/natural.h"
#include "base/name.h"
#include "run/attr.h"
#include "run/manifest.h"

struct files_options {
	struct selection sel;
	const char *path;
	bool output, page, all, full, plain, sourcecode, dependencies, generated, follow,
		human_readable;
};

#define OPTION(member, n, s, v, h, k)                                                              \
	{                                                                                          \
		.name = n, .short_name = s, .value = v, .help = h, .kind = k,                      \
		.offset = offsetof(struct files_options, member)                                   \
	}
#define SELECT                                                                                     \
	{                                                                                          \
		.more = selection_options, .more_offset = offsetof(struct files_options, sel)      \
	}

static void release(void *options)
{
	selection_release(&((struct files_options *)options)->sel);
}

static int open_run(struct guild *g, const struct files_options *o, const struct strv *args,
	struct run_view *ret)
{
	uint64_t serial;
	int r = guild_open_home(g);

	if (r == EXIT_OK)
		r = select_one(g, &o->sel, args, &serial);
	return r == EXIT_OK ? run_view_open(g, serial, ret) : r;
}

static int check_relative(const char *command, const char *path)
{
	if (!path || *path != '/')
		return EXIT_OK;
	return complain(
		"PATH must be relative\nTry 'guild %s --help' for more information.", command);
}

/* --- cat ------------------------------------------------------------------ */

static const struct option_def cat_options[] = {
	OPTION(path, "--path", "-p", "PATH", "path of the file in the run", OPTION_VALUE),
	OPTION(sourcecode, "--sourcecode", "-s", NULL, "PATH is below the source code",
		OPTION_FLAG),
	OPTION(output, "--output", "-O", NULL, "the run's output", OPTION_FLAG),
	OPTION(page, "--page", "-pa", NULL, "page by page, on a terminal", OPTION_FLAG),
	SELECT,
	{0},
};

static int copy_out(int fd, const char *path)
{
	char block[65536];
	ssize_t n;

	while ((n = read(fd, block, sizeof(block))) > 0)
		if (file_write_all(STDOUT_FILENO, block, (size_t)n) < 0)
			return complain("cannot write: %s", strerror(errno));
	return n < 0 ? complain("%s: %s", path, strerror(errno)) : EXIT_OK;
}

static int cat_path(const struct files_options *o, const struct run_view *v, struct buf *ret)
{
	if (o->output) {
		if (o->path || o->sourcecode)
			fputs("--output cannot be used with other options - ignoring other "
			      "options\n",
				stderr);
		buf_puts(ret, RUN_GUILD_DIR "/output");
		return EXIT_OK;
	}
	if (!o->path)
		return complain("-p / --path is required unless --output is specified");
	if (o->sourcecode)
		run_source_dest(v->fd, ret);
	buf_puts(ret, o->path);
	if (!name_is_safe_path(buf_str(ret)))
		return complain("'%s' is not a path below the run directory", o->path);
	return EXIT_OK;
}

static int cat(struct guild *g, void *options, const struct strv *args)
{
	const struct files_options *o = options;
	_cleanup_run_view_ struct run_view v = RUN_VIEW_INIT;
	_cleanup_buf_ struct buf path = BUF_INIT;
	_cleanup_close_ int fd = -1;
	int r = check_relative("cat", o->path);

	if (r == EXIT_OK)
		r = open_run(g, o, args, &v);
	if (r == EXIT_OK)
		r = cat_path(o, &v, &path);
	if (r != EXIT_OK)
		return r;
	fd = openat(v.fd, buf_str(&path), O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		return o->page && pager_shows(fd) ? EXIT_OK : copy_out(fd, buf_str(&path));
	if (errno == ENOENT)
		return complain("%s/%s does not exist", buf_str(&v.path), buf_str(&path));
	return complain("%s/%s: %s", buf_str(&v.path), buf_str(&path), strerror(errno));
}

const struct command cmd_cat = {
	.name = "cat",
	.in_runs = true,
	.usage = "cat [OPTION]... [RUN]",
	.summary = "Show a file of a run, or its output",
	.options = cat_options,
	.options_size = sizeof(struct files_options),
	.run = cat,
	.release = release,
};

/* --- ls ------------------------------------------------------------------- */

static const struct option_def ls_options[] = {
	OPTION(path, "--path", "-p", "PATH", "only this path, or what this pattern matches",
		OPTION_VALUE),
	OPTION(sourcecode, "--sourcecode", "-s", NULL, "only source code", OPTION_FLAG),
	OPTION(dependencies, "--dependencies", "-d", NULL, "only dependencies", OPTION_FLAG),
	OPTION(generated, "--generated", "-g", NULL, "only what the run made", OPTION_FLAG),
	OPTION(all, "--all", "-a", NULL, "also names that begin with a dot", OPTION_FLAG),
	OPTION(full, "--full-path", "-f", NULL, "full paths", OPTION_FLAG),
	OPTION(follow, "--follow-links", "-L", NULL, "also what is behind links", OPTION_FLAG),
	/* Neither does Guild AI show sizes. */
	OPTION(human_readable, "--human-readable", "-h", NULL, "without effect: no sizes are shown",
		OPTION_FLAG),
	OPTION(plain, "--no-format", "-n", NULL, "no heading, no indent", OPTION_FLAG),
	SELECT,
	{0},
};

struct lister {
	const struct files_options *o;
	int run_fd;
	struct strv source, dependencies, internal; /* paths of the manifest, sorted */
	struct strv paths;
};

static bool is_hidden(const char *path)
{
	return *name_of_path(path) == '.';
}

/* The path itself, or something below it; a slash at the end of `dir` says nothing. */
static bool is_within(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	while (len && dir[len - 1] == '/')
		len--;
	return strncmp(path, dir, len) == 0 && (path[len] == '/' || !path[len]);
}

/*
 * Part by part, a * does not match a slash. A path that is longer than the pattern is below what
 * it matches. Hidden parts must be asked for with a dot.
 */
static bool matches_pattern(const char *path, const char *pattern, bool hidden)
{
	while (*pattern && *path) {
		size_t want = strcspn(pattern, "/"), have = strcspn(path, "/");
		_cleanup_free_ char *w = strndup(pattern, want), *h = strndup(path, have);

		if (!w || !h || fnmatch(w, h, 0) != 0 || (*h == '.' && *w != '.' && !hidden))
			return false;
		pattern += want + strspn(pattern + want, "/");
		path += have + (path[have] == '/');
	}
	if (*pattern)
		return false;
	return hidden || (*path != '.' && !strstr(path, "/."));
}

/* `hidden`: names with a dot are wanted like others. */
static bool matches_path(const struct files_options *o, const char *path, bool hidden)
{
	if (!o->path)
		return hidden || !is_hidden(path);
	if (strpbrk(o->path, "*?"))
		return matches_pattern(path, o->path, hidden);
	if (!hidden && is_hidden(path))
		return is_within(path, o->path) && is_within(o->path, path);
	return is_within(path, o->path);
}

/* The path or a directory that it is in. */
static bool is_below_entry(const struct strv *sorted, const char *path)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		_cleanup_free_ char *dir = strndup(path, (size_t)(slash - path));

		if (dir && strv_has_sorted(sorted, dir))
			return true;
	}
	return strv_has_sorted(sorted, path);
}

/* By the manifest, where few directories are. Of Guild's own files only source code is shown. */
static bool has_wanted_type(const struct lister *l, const char *path, bool is_real_dir)
{
	const struct files_options *o = l->o;

	if (is_real_dir)
		return o->dependencies && strv_has_sorted(&l->dependencies, path);
	if (strv_has_sorted(&l->source, path))
		return o->sourcecode;
	if (is_below_entry(&l->dependencies, path))
		return o->dependencies;
	if (is_below_entry(&l->internal, path) || is_within(path, RUN_GUILD_DIR))
		return false;
	return o->generated;
}

static bool by_type(const struct files_options *o)
{
	return o->sourcecode || o->dependencies || o->generated;
}

/* Directories whose files cannot be wanted are not read. */
static bool is_worth_reading(const struct files_options *o, const char *dir)
{
	if (o->all || by_type(o) || !is_hidden(dir))
		return true;
	return o->path &&
	       (strpbrk(o->path, "*?") || is_within(dir, o->path) || is_within(o->path, dir));
}

static int list_path(void *arg, const struct walk_entry *e)
{
	struct lister *l = arg;
	const struct files_options *o = l->o;
	bool is_dir = S_ISDIR(e->st.st_mode);
	int r = 0;

	if (matches_path(o, e->path, o->all || by_type(o)) &&
		(!by_type(o) || has_wanted_type(l, e->path, is_dir && !e->is_link)))
		r = strv_add(&l->paths, e->path);
	return r < 0 || is_worth_reading(o, e->path) ? r : WALK_PASS_BY;
}

static int compare_paths(const void *a, const void *b)
{
	return natural_compare(*(char *const *)a, *(char *const *)b);
}

static int read_entries(struct lister *l, char type, struct strv *ret)
{
	int r = manifest_paths(l->run_fd, type, ret);

	strv_sort(ret);
	return r;
}

static int list_files(struct lister *l)
{
	int r = read_entries(l, 's', &l->source);

	if (r == 0)
		r = read_entries(l, 'd', &l->dependencies);
	if (r == 0)
		r = read_entries(l, 'i', &l->internal);
	if (r == 0)
		r = file_walk(l->run_fd, l->o->follow, list_path, l);
	if (l->paths.n)
		qsort(l->paths.v, l->paths.n, sizeof(*l->paths.v), compare_paths);
	return r;
}

static void print_files(const struct lister *l, const char *dir)
{
	const struct files_options *o = l->o;
	_cleanup_buf_ struct buf heading = BUF_INIT;

	name_user_path(&heading, dir);
	if (!o->plain && !o->full)
		printf("%s:\n", buf_str(&heading));
	for (size_t i = 0; i < l->paths.n; i++) {
		const char *path = l->paths.v[i];
		struct stat st;
		/* Added here, since a slash would sort behind the dash of a longer name. */
		bool is_dir = fstatat(l->run_fd, path, &st, 0) == 0 && S_ISDIR(st.st_mode);

		printf("%s%s%s%s\n",
			o->full    ? dir
			: o->plain ? ""
				   : "  ",
			o->full ? "/" : "", path, is_dir ? "/" : "");
	}
}

static int ls(struct guild *g, void *options, const struct strv *args)
{
	const struct files_options *o = options;
	_cleanup_run_view_ struct run_view v = RUN_VIEW_INIT;
	struct lister l = {.o = o};
	int r = check_relative("ls", o->path);

	if (r == EXIT_OK)
		r = open_run(g, o, args, &v);
	if (r != EXIT_OK)
		return r;
	l.run_fd = v.fd;
	r = list_files(&l);
	if (r == 0)
		print_files(&l, buf_str(&v.path));
	strv_release(&l.source);
	strv_release(&l.dependencies);
	strv_release(&l.internal);
	strv_release(&l.paths);
	return r < 0 ? complain("cannot read run %s: %s", v.id, strerror(-r)) : EXIT_OK;
}

const struct command cmd_ls = {
	.name = "ls",
	.in_runs = true,
	.usage = "ls [OPTION]... [RUN]",
	.summary = "List the files of a run",
	.options = ls_options,
	.options_size = sizeof(struct files_options),
	.run = ls,
	.release = release,
};
