/* SPDX-License-Identifier: MIT */
/* guild cat, guild ls: files of a run. */
#include "guild.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "select.h"
#include "base/file.h"
#include "base/name.h"
#include "run/attr.h"
#include "run/manifest.h"

struct files_options {
	struct selection sel;
	const char *path;
	bool output, all, full, plain, sourcecode;
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

/* The one run, opened. */
static int open_one(struct guild *g, const struct files_options *o, const struct strv *args,
	const char **ret_id, int *ret_fd)
{
	_cleanup_selected_ struct selected runs = {0};
	int r = guild_open_home(g);

	if (r == EXIT_OK)
		r = select_runs(g, &o->sel, args, 0, SELECT_LATEST, &runs);
	if (r != EXIT_OK)
		return r;
	if (runs.n != 1)
		return complain("this is about one run; %zu were given", runs.n);
	*ret_id = catalog_id(g->catalog, runs.serials[0]);
	*ret_fd = home_open_run(g->home, *ret_id);
	return *ret_fd < 0 ? complain("cannot read run %s: %s", *ret_id, strerror(-*ret_fd))
			   : EXIT_OK;
}

/* --- cat ------------------------------------------------------------------ */

static const struct option_def cat_options[] = {
	OPTION(path, "--path", "-p", "PATH", "path of the file in the run", OPTION_VALUE),
	OPTION(output, "--output", "-O", NULL, "the run's output", OPTION_FLAG),
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

static int cat(struct guild *g, void *options, const struct strv *args)
{
	const struct files_options *o = options;
	const char *path = o->output ? RUN_GUILD_DIR "/output" : o->path, *id;
	_cleanup_close_ int run_fd = -1, fd = -1;
	int r;

	if ((o->path != NULL) + o->output != 1) {
		complain("one of --path and --output is needed\nTry 'guild cat --help' for help.");
		return EXIT_USAGE;
	}
	if (!name_is_safe_path(path))
		return complain("'%s' is not a path below the run directory", path);
	r = open_one(g, o, args, &id, &run_fd);
	if (r != EXIT_OK)
		return r;
	fd = openat(run_fd, path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? complain("%s: %s", path, strerror(errno)) : copy_out(fd, path);
}

const struct command cmd_cat = {
	.name = "cat",
	.usage = "cat [OPTION]... [RUN]",
	.summary = "Show a file of a run, or its output",
	.options = cat_options,
	.options_size = sizeof(struct files_options),
	.run = cat,
	.release = release,
};

/* --- ls ------------------------------------------------------------------- */

static const struct option_def ls_options[] = {
	OPTION(all, "--all", "-a", NULL, "also names that begin with a dot", OPTION_FLAG),
	OPTION(path, "--path", "-p", "PATTERN", "only what this pattern matches", OPTION_VALUE),
	OPTION(full, "--full-path", "-f", NULL, "full paths", OPTION_FLAG),
	OPTION(sourcecode, "--sourcecode", "-s", NULL, "only source code", OPTION_FLAG),
	OPTION(plain, "--no-format", "-n", NULL, "no heading, no indent", OPTION_FLAG),
	SELECT,
	{0},
};

struct lister {
	const struct files_options *o;
	int run_fd;
	struct strv paths;
};

static int collect_name(void *arg, const char *name, int d_type)
{
	(void)d_type;
	return strv_add(arg, name);
}

/* Directories have a slash behind them; links are not followed. */
static int list_dir(struct lister *l, const char *dir)
{
	_cleanup_strv_ struct strv names = STRV_INIT;
	int r = file_each(l->run_fd, *dir ? dir : ".", collect_name, &names);

	strv_sort(&names);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		_cleanup_buf_ struct buf path = BUF_INIT;
		struct stat st;
		bool is_dir;

		if (names.v[i][0] == '.' && !l->o->all)
			continue;
		buf_printf(&path, "%s%s", dir, names.v[i]);
		is_dir = fstatat(l->run_fd, buf_str(&path), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			 S_ISDIR(st.st_mode);
		if (is_dir)
			buf_putc(&path, '/');
		r = strv_add(&l->paths, buf_str(&path));
		if (r == 0 && is_dir)
			r = list_dir(l, buf_str(&path));
	}
	return r;
}

/* A pattern without a slash is about names, as in Guild AI. */
static bool is_wanted(const struct files_options *o, const struct strv *source, const char *path)
{
	const char *name = strrchr(path, '/');

	if (o->sourcecode && !strv_has(source, path))
		return false;
	if (!o->path)
		return true;
	name = name && name[1] ? name + 1 : path;
	return fnmatch(o->path, path, 0) == 0 ||
	       (!strchr(o->path, '/') && fnmatch(o->path, name, 0) == 0);
}

static int ls(struct guild *g, void *options, const struct strv *args)
{
	const struct files_options *o = options;
	struct lister l = {.o = o, .run_fd = -1};
	_cleanup_strv_ struct strv source = STRV_INIT;
	_cleanup_buf_ struct buf dir = BUF_INIT;
	const char *id;
	int r = open_one(g, o, args, &id, &l.run_fd);

	if (r != EXIT_OK)
		return r;
	r = list_dir(&l, "");
	if (r == 0)
		r = manifest_paths(l.run_fd, 's', &source);
	buf_printf(&dir, "%s/runs/%s", g->home->path, id);
	if (!o->plain && !o->full)
		printf("%s:\n", buf_str(&dir));
	for (size_t i = 0; r == 0 && i < l.paths.n; i++) {
		if (!is_wanted(o, &source, l.paths.v[i]))
			continue;
		if (o->full)
			printf("%s/%s\n", buf_str(&dir), l.paths.v[i]);
		else
			printf("%s%s\n", o->plain ? "" : "  ", l.paths.v[i]);
	}
	strv_release(&l.paths);
	close(l.run_fd);
	return r < 0 ? complain("cannot read run %s: %s", id, strerror(-r)) : EXIT_OK;
}

const struct command cmd_ls = {
	.name = "ls",
	.usage = "ls [OPTION]... [RUN]",
	.summary = "List the files of a run",
	.options = ls_options,
	.options_size = sizeof(struct files_options),
	.run = ls,
	.release = release,
};
