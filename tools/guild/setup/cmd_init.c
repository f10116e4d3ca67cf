/* SPDX-License-Identifier: MIT */
/*
 * guild init: a Guild home for a project (reference, 3.1), and when it is asked for a virtual
 * environment around it, which is the home's place while that is active.
 */
#include "guild.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "setup/venv.h"
#include "base/file.h"
#include "base/name.h"

#define RESOURCES "cache/resources"

struct init_options {
	bool venv, system_site_packages, no_isolate, no_reqs, own_resources, yes, no_progress, pre;
	const char *name, *python, *guild, *home;
	struct strv requirements, paths;
};

#define OPTION(member, n, s, v, h, k)                                                              \
	{                                                                                          \
		.name = n, .short_name = s, .value = v, .help = h, .kind = k,                      \
		.offset = offsetof(struct init_options, member)                                    \
	}

static const struct option_def init_options[] = {
	OPTION(venv, "--venv", NULL, NULL,
		"also make a virtual environment, in DIR or ./venv; so do the other options that "
		"are for one (*)",
		OPTION_FLAG),
	OPTION(name, "--name", "-n", "NAME", "* its name; that of its directory", OPTION_VALUE),
	OPTION(python, "--python", "-p", "VERSION",
		"* its Python, by version or name; the one that runs have", OPTION_VALUE),
	OPTION(guild, "--guild", "-g", "VERSION", "* install Guild AI into it, by version or wheel",
		OPTION_VALUE),
	OPTION(system_site_packages, "--system-site-packages", "-s", NULL,
		"* the system's packages are there, too", OPTION_FLAG),
	OPTION(requirements, "--requirement", "-r", "REQ",
		"* install a package, or those of a file, in place of requirements.txt's; may be "
		"repeated",
		OPTION_LIST),
	OPTION(paths, "--path", "-P", "DIR", "* import from DIR, too; may be repeated",
		OPTION_LIST),
	OPTION(no_reqs, "--no-reqs", NULL, NULL,
		"* install nothing of requirements.txt and of the Guild file's package",
		OPTION_FLAG),
	OPTION(pre, "--pre", NULL, NULL, "* install versions before a release, too", OPTION_FLAG),
	OPTION(no_progress, "--no-progress", NULL, NULL, "do not show how far an installation is",
		OPTION_FLAG),
	OPTION(no_isolate, "--no-isolate", "-H", NULL,
		"use the Guild home that is in use now, not one of its own", OPTION_FLAG),
	OPTION(home, "--guild-home", "-h", "PATH", "use the Guild home PATH", OPTION_VALUE),
	OPTION(own_resources, "--isolate-resources", "-l", NULL,
		"a cache of resources of its own, not one that is shared", OPTION_FLAG),
	OPTION(yes, "--yes", "-y", NULL, "do not ask before a virtual environment is made",
		OPTION_FLAG),
	{0},
};

static void release_options(void *options)
{
	struct init_options *o = options;

	strv_release(&o->requirements);
	strv_release(&o->paths);
}

/* --- the home --------------------------------------------------------------- */

/* The cache of the nearest Guild home above `dir`, else the user's. */
static void find_shared(const char *dir, struct buf *b)
{
	const char *user_home = getenv("HOME");
	_cleanup_free_ char *at = strdup(dir);
	char *slash;

	while (at && (slash = strrchr(at, '/'))) {
		_cleanup_buf_ struct buf path = BUF_INIT;

		*slash = '\0';
		buf_printf(&path, "%s/.guild/" RESOURCES, at);
		if (file_exists(AT_FDCWD, buf_str(&path))) {
			buf_puts(b, buf_str(&path));
			return;
		}
	}
	buf_printf(b, "%s/.guild/" RESOURCES, user_home ? user_home : "");
}

static int make_resources(int guild_fd, const char *dir, bool own)
{
	_cleanup_buf_ struct buf shared = BUF_INIT;
	int r = file_mkdirs(guild_fd, "cache", 0755);

	if (r < 0)
		return r;
	if (file_exists(guild_fd, RESOURCES)) {
		fprintf(stderr, "Resource cache %s/.guild/" RESOURCES " exists, skipping\n", dir);
		return 0;
	}
	if (own)
		return mkdirat(guild_fd, RESOURCES, 0755) < 0 ? -errno : 0;
	find_shared(dir, &shared);
	/* What the link leads to must be there when something is put into it. */
	r = buf_error(&shared) ? buf_error(&shared) : file_mkdirs(AT_FDCWD, buf_str(&shared), 0755);
	return r == 0 && symlinkat(buf_str(&shared), guild_fd, RESOURCES) < 0 ? -errno : r;
}

static int make_home(const char *dir, bool own_resources)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	_cleanup_close_ int fd = -1;
	_cleanup_home_ struct home *home = NULL;
	struct err err = ERR_INIT;
	int r;

	buf_printf(&path, "%s/.guild", dir);
	r = file_mkdirs(AT_FDCWD, buf_str(&path), 0755);
	if (r == 0) {
		fd = open(buf_str(&path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = fd < 0 ? -errno : make_resources(fd, dir, own_resources);
	}
	if (r == 0)
		r = file_mkdirs(fd, "cache/runs", 0755);
	if (r < 0)
		return complain("cannot make %s: %s", buf_str(&path), strerror(-r));
	return home_open(buf_str(&path), &home, &err) < 0 ? complain("%s", err_text(&err))
							  : EXIT_OK;
}

/* .guild as a link to a home that is elsewhere. */
static int link_home(const char *dir, const char *home)
{
	_cleanup_free_ char *is = NULL, *wanted = NULL;
	_cleanup_buf_ struct buf link = BUF_INIT;
	_cleanup_home_ struct home *opened = NULL;
	struct err err = ERR_INIT;

	/* It is made where it is not there: a link to nothing would be passed over. */
	if (home_open(home, &opened, &err) < 0)
		return complain("%s", err_text(&err));
	buf_printf(&link, "%s/.guild", dir);
	if (symlink(home, buf_str(&link)) == 0)
		return EXIT_OK;
	if (errno != EEXIST)
		return complain("cannot make %s: %s", buf_str(&link), strerror(errno));
	is = realpath(buf_str(&link), NULL);
	wanted = realpath(home, NULL);
	if (!is || !wanted || strcmp(is, wanted) != 0)
		warning("Guild directory %s exists, skipping link to Guild home %s", buf_str(&link),
			home);
	return EXIT_OK;
}

/* Empty: one of its own. */
static int choose_home(struct guild *g, const struct init_options *o, struct buf *ret)
{
	struct err err = ERR_INIT;

	if (o->home) {
		if (*o->home != '/')
			buf_printf(ret, "%s/", g->cwd);
		buf_puts(ret, o->home);
	} else if (o->no_isolate && home_find(g->home_option, g->cwd, ret, &err) < 0) {
		return complain("%s", err_text(&err));
	}
	return EXIT_OK;
}

/* --- the environment ---------------------------------------------------------- */

static bool wants_venv(const struct init_options *o)
{
	return o->venv || o->name || o->python || o->guild || o->system_site_packages ||
	       o->requirements.n || o->paths.n || o->no_reqs || o->pre;
}

static void choose_name(const char *given, const char *dir, struct buf *ret)
{
	const char *last = strrchr(dir, '/'), *above = last;

	if (given) {
		buf_puts(ret, given);
		return;
	}
	if (strcmp(last + 1, "venv") != 0) {
		buf_puts(ret, last + 1);
		return;
	}
	while (above > dir && above[-1] != '/')
		above--;
	buf_add(ret, above, (size_t)(last - above));
}

static void tell(const char *what, const char *value)
{
	fprintf(stderr, "  %s: %s\n", what, value);
}

static void tell_list(const char *what, const struct strv *values)
{
	if (values->n)
		fprintf(stderr, "  %s:\n", what);
	for (size_t i = 0; i < values->n; i++)
		fprintf(stderr, "    %s\n", values->v[i]);
}

static int ask(const struct init_options *o, const struct venv *venv, const char *home)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;

	name_user_path(&shown, venv->dir);
	fputs("You are about to initialize a Guild environment:\n", stderr);
	tell("Location", buf_str(&shown));
	tell("Name", venv->name);
	tell("Python interpreter", venv->python.len ? buf_str(&venv->python) : "default");
	tell("Use system site packages", venv->system_site_packages ? "yes" : "no");
	tell("Guild", venv->guild ? venv->guild : "not installed in it, this one is used");
	if (*home)
		tell("Guild home", home);
	tell_list("Guild package requirements", &venv->packages);
	tell_list("Python requirements", &venv->requirements);
	if (venv->pre)
		tell("Use pre-release", "yes");
	tell_list("Additional paths", &venv->paths);
	tell("Resource cache", o->own_resources ? "local" : "shared");
	return confirm("Continue?", true);
}

/* --- both --------------------------------------------------------------------- */

static int make_environment(const struct init_options *o, const char *dir, const char *home)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;
	int r;

	name_user_path(&shown, dir);
	fprintf(stderr, "Initializing Guild environment in %s\n", buf_str(&shown));
	r = file_mkdirs(AT_FDCWD, dir, 0777);
	if (r < 0)
		return complain("cannot make %s: %s", dir, strerror(-r));
	return *home ? link_home(dir, home) : make_home(dir, o->own_resources);
}

/* As guild-env looks for it: ./venv needs no name. */
static void print_how(const struct guild *g, const char *dir)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;
	size_t len = strlen(g->cwd);
	const char *named = dir;

	name_user_path(&shown, dir);
	if (strncmp(dir, g->cwd, len) == 0 && dir[len] == '/' && !strchr(dir + len + 1, '/'))
		named = dir + len + 1;
	fprintf(stderr, "Guild environment initialized in %s\n\nTo activate it run:\n\n",
		buf_str(&shown));
	if (strcmp(named, "venv") == 0)
		fputs("  source guild-env\n\n", stderr);
	else
		fprintf(stderr, "  source guild-env %s\n\n",
			named == dir ? buf_str(&shown) : named);
}

static int init_with_venv(
	struct guild *g, const struct init_options *o, const char *dir, const char *home)
{
	_cleanup_(venv_release) struct venv venv = {
		.dir = dir,
		.guild = o->guild,
		.system_site_packages = o->system_site_packages,
		.no_progress = o->no_progress,
		.pre = o->pre,
	};
	_cleanup_buf_ struct buf name = BUF_INIT;
	int status = EXIT_OK;

	choose_name(o->name, dir, &name);
	venv.name = buf_str(&name);
	if (buf_error(&name) || strv_copy(&venv.paths, &o->paths) < 0)
		return complain("out of memory");
	if (o->python)
		status = venv_choose_python(g, o->python, &venv);
	if (status == EXIT_OK)
		status = venv_choose_requirements(g, &o->requirements, o->no_reqs, &venv);
	if (status == EXIT_OK && !o->yes)
		status = ask(o, &venv, home);
	if (status == EXIT_OK)
		status = make_environment(o, dir, home);
	if (status == EXIT_OK)
		status = venv_make(g, &venv);
	if (status == EXIT_OK)
		print_how(g, dir);
	return status;
}

static int init(struct guild *g, void *options, const struct strv *args)
{
	const struct init_options *o = options;
	const char *given = args->n ? args->v[0] : wants_venv(o) ? "venv" : ".";
	_cleanup_buf_ struct buf path = BUF_INIT, dir = BUF_INIT, home = BUF_INIT;
	int status;

	if (args->n > 1) {
		complain("unexpected argument '%s'", args->v[1]);
		return EXIT_USAGE;
	}
	/* What is installed is named by paths from here, to pip as well. */
	if (chdir(g->cwd) < 0)
		return complain("cannot enter %s: %s", g->cwd, strerror(errno));
	if (*given != '/')
		buf_printf(&path, "%s/", g->cwd);
	buf_puts(&path, given);
	name_normal_path(&dir, buf_str(&path));
	if (buf_error(&path) || buf_error(&dir))
		return complain("out of memory");
	status = choose_home(g, o, &home);
	if (status != EXIT_OK)
		return status;
	return wants_venv(o) ? init_with_venv(g, o, buf_str(&dir), buf_str(&home))
			     : make_environment(o, buf_str(&dir), buf_str(&home));
}

const struct command cmd_init = {
	.name = "init",
	.usage = "init [OPTION]... [DIR]",
	.summary = "Make a Guild home for a directory, and a virtual environment",
	.options = init_options,
	.options_size = sizeof(struct init_options),
	.run = init,
	.release = release_options,
};
