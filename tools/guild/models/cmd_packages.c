/* SPDX-License-Identifier: MIT */
/*
 * guild install, uninstall, packages: pip of the Python that runs have does what changes something;
 * what is there is read from its directories.
 */
#include "guild.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "term/child.h"
#include "term/table.h"
#include "base/name.h"
#include "base/output_of.h"
#include "package/wheel_check.h"

/* --- pip ------------------------------------------------------------------------ */

static int begin_pip(struct guild *g, const char *command, struct strv *argv)
{
	_cleanup_buf_ struct buf python = BUF_INIT;

	if (guild_find_python(g, &python) != EXIT_OK)
		return EXIT_ERROR;
	if (strv_add(argv, buf_str(&python)) < 0 || strv_add(argv, "-m") < 0 ||
		strv_add(argv, "pip") < 0 || strv_add(argv, command) < 0)
		return complain("out of memory");
	return EXIT_OK;
}

/* pip says on the terminal what it does and what is wrong. */
static int run_pip(const struct strv *argv, const char *what)
{
	int status = run_child((const char *const *)argv->v, NULL);

	if (status < 0)
		return complain("cannot run %s: %s", argv->v[0], strerror(-status));
	return status ? complain("%s: pip of %s failed with exit status %d (see above)", what,
				argv->v[0], status)
		      : EXIT_OK;
}

static int need_packages(const struct strv *args)
{
	if (args->n)
		return EXIT_OK;
	complain("a PACKAGE is missing");
	return EXIT_USAGE;
}

/* --- install -------------------------------------------------------------------- */

struct install_options {
	bool upgrade, reinstall, no_cache, no_deps, pre;
	const char *target;
};

#define OPTION(type, member, n, s, v, h, k)                                                        \
	{                                                                                          \
		.name = n, .short_name = s, .value = v, .help = h, .kind = k,                      \
		.offset = offsetof(struct type, member)                                            \
	}

static const struct option_def install_options[] = {
	OPTION(install_options, upgrade, "--upgrade", "-U", NULL,
		"replace what is installed by the newest version", OPTION_FLAG),
	OPTION(install_options, reinstall, "--reinstall", NULL, NULL,
		"install again what is installed already", OPTION_FLAG),
	OPTION(install_options, no_cache, "--no-cache", NULL, NULL, "do not use pip's cache",
		OPTION_FLAG),
	OPTION(install_options, no_deps, "--no-deps", NULL, NULL, "not what the packages require",
		OPTION_FLAG),
	OPTION(install_options, pre, "--pre", NULL, NULL, "also versions before a release",
		OPTION_FLAG),
	OPTION(install_options, target, "--target", "-t", "DIR", "into DIR, with what they require",
		OPTION_VALUE),
	{0},
};

/* `pypi.NAME` is Guild AI's way to say which index; a requirements file is given by its name. */
static int add_requirement(struct strv *argv, const char *req)
{
	static const char file[] = "requirements.txt", pypi[] = "pypi.";
	size_t len = strlen(req), n = strlen(file);
	int r = 0;

	if (access(req, F_OK) != 0 && strncmp(req, pypi, strlen(pypi)) == 0)
		req += strlen(pypi);
	if (len >= n && strcmp(req + strlen(req) - n, file) == 0)
		r = strv_add(argv, "--requirement");
	return r == 0 ? strv_add(argv, req) : r;
}

/* Wheels that are here; of those that come from elsewhere pip checks what an index says. */
static int check_wheel(const char *path)
{
	const char *aside = getenv("TMPDIR");
	struct err err = ERR_INIT;

	if (!name_ends_with(path, ".whl") || access(path, F_OK) != 0)
		return EXIT_OK;
	return wheel_check(path, aside && *aside ? aside : "/tmp", &err) < 0
		       ? complain("%s", err_text(&err))
		       : EXIT_OK;
}

static int install(struct guild *g, void *options, const struct strv *args)
{
	const struct install_options *o = options;
	const struct {
		bool given;
		const char *option;
	} flags[] = {
		{o->pre, "--pre"},
		{o->upgrade || o->reinstall, "--upgrade"},
		{o->no_cache, "--no-cache-dir"},
		{o->no_deps, "--no-deps"},
		{o->reinstall, "--force-reinstall"},
	};
	_cleanup_strv_ struct strv argv = STRV_INIT;
	int r = 0, status = need_packages(args);

	for (size_t i = 0; status == EXIT_OK && i < args->n; i++)
		status = check_wheel(args->v[i]);
	if (status == EXIT_OK)
		status = begin_pip(g, "install", &argv);
	if (status != EXIT_OK)
		return status;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(flags); i++)
		r = flags[i].given ? strv_add(&argv, flags[i].option) : 0;
	if (r == 0 && o->target)
		r = strv_add(&argv, "--target");
	if (r == 0 && o->target)
		r = strv_add(&argv, o->target);
	/* What begins with a dash is no option of pip. */
	if (r == 0)
		r = strv_add(&argv, "--");
	for (size_t i = 0; r == 0 && i < args->n; i++)
		r = add_requirement(&argv, args->v[i]);
	return r < 0 ? complain("out of memory") : run_pip(&argv, "not installed");
}

/* --- uninstall ------------------------------------------------------------------- */

struct uninstall_options {
	bool yes;
};

static const struct option_def uninstall_options[] = {
	OPTION(uninstall_options, yes, "--yes", "-y", NULL, "do not ask", OPTION_FLAG),
	{0},
};

static int uninstall(struct guild *g, void *options, const struct strv *args)
{
	const struct uninstall_options *o = options;
	_cleanup_strv_ struct strv argv = STRV_INIT;
	int status = need_packages(args);

	if (status == EXIT_OK)
		status = begin_pip(g, "uninstall", &argv);
	if (status != EXIT_OK)
		return status;
	if ((o->yes && strv_add(&argv, "--yes") < 0) || strv_add(&argv, "--") < 0 ||
		strv_copy(&argv, args) < 0)
		return complain("out of memory");
	return run_pip(&argv, "not uninstalled");
}

/* --- list -------------------------------------------------------------------------- */

struct list_options {
	bool all;
};

static const struct option_def list_options[] = {
	OPTION(list_options, all, "--all", "-a", NULL,
		"also Python packages that are not for Guild", OPTION_FLAG),
	{0},
};

static int add_row(struct table *t, const struct dist *d, bool all, const struct strv *terms)
{
	_cleanup_value_ struct value *headers = NULL;
	_cleanup_buf_ struct buf summary = BUF_INIT;
	const char *name;

	/* One without readable metadata is nothing that could be listed. */
	if (dist_headers(d, &headers) < 0 || (!all && !metadata_is_guild(headers)))
		return 0;
	name = metadata_header(headers, "name");
	metadata_summary(&summary, headers);
	for (size_t i = 0; i < terms->n; i++)
		if (!strcasestr(name, terms->v[i]) && !strcasestr(buf_str(&summary), terms->v[i]))
			return 0;
	if (table_add(t, name) < 0 || table_add(t, metadata_header(headers, "version")) < 0 ||
		table_add(t, buf_str(&summary)) < 0)
		return -ENOMEM;
	return 0;
}

static int compare_rows(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list(struct guild *g, void *options, const struct strv *args)
{
	const struct list_options *o = options;
	_cleanup_(table_release) struct table t = {.columns = 3};
	_cleanup_dists_ struct dists dists = {0};
	_cleanup_buf_ struct buf python = BUF_INIT;
	int r;

	if (guild_find_python(g, &python) != EXIT_OK)
		return EXIT_ERROR;
	r = dists_read(buf_str(&python), &dists);
	for (size_t i = 0; r == 0 && i < dists.n; i++)
		r = add_row(&t, &dists.v[i], o->all, args);
	if (r < 0)
		return complain(
			"cannot read what is installed for %s: %s", buf_str(&python), strerror(-r));
	/* By what the packages call themselves, not their directories. */
	if (t.cells.n)
		qsort(t.cells.v, t.cells.n / t.columns, t.columns * sizeof(*t.cells.v),
			compare_rows);
	table_print(&t, "", stdout);
	return EXIT_OK;
}

/* --- info -------------------------------------------------------------------------- */

struct info_options {
	bool verbose, files;
};

static const struct option_def info_options[] = {
	OPTION(info_options, verbose, "--verbose", "-v", NULL, "more", OPTION_FLAG),
	OPTION(info_options, files, "--files", "-f", NULL, "also the files", OPTION_FLAG),
	{0},
};

/* What pip shows, with Guild AI's attribute names: small letters up to the colon. */
static void print_lowered(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n"), name = strcspn(text, ":\n");

		for (size_t i = 0; i < len; i++)
			putchar(i < name && name < len ? tolower((unsigned char)text[i]) : text[i]);
		putchar('\n');
		text += len + (text[len] == '\n');
	}
}

static int show(struct guild *g, const struct info_options *o, const char *name, bool first)
{
	_cleanup_strv_ struct strv argv = STRV_INIT;
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (begin_pip(g, "show", &argv) != EXIT_OK)
		return EXIT_ERROR;
	if ((o->verbose && strv_add(&argv, "--verbose") < 0) ||
		(o->files && strv_add(&argv, "--files") < 0) || strv_add(&argv, "--") < 0 ||
		strv_add(&argv, name) < 0)
		return complain("out of memory");
	if (!first)
		puts("---");
	if (output_of((const char *const *)argv.v, NULL, &text) == 0) {
		print_lowered(buf_str(&text));
		return EXIT_OK;
	}
	warning("unknown package %s", name);
	return EXIT_OK;
}

static int info(struct guild *g, void *options, const struct strv *args)
{
	int status = need_packages(args);

	for (size_t i = 0; status == EXIT_OK && i < args->n; i++)
		status = show(g, options, args->v[i], i == 0);
	return status;
}

const struct command cmd_install = {
	.name = "install",
	.usage = "install [OPTION]... PACKAGE...",
	.summary = "Install packages: names, wheels, directories or URLs",
	.options = install_options,
	.options_size = sizeof(struct install_options),
	.run = install,
};

const struct command cmd_uninstall = {
	.name = "uninstall",
	.usage = "uninstall [OPTION]... PACKAGE...",
	.summary = "Uninstall packages",
	.options = uninstall_options,
	.options_size = sizeof(struct uninstall_options),
	.run = uninstall,
};

#define IN_PACKAGES(id, called, words, says, its_options, type, does)                              \
	const struct command id = {                                                                \
		.group = "packages",                                                               \
		.name = called,                                                                    \
		.usage = words,                                                                    \
		.summary = says,                                                                   \
		.options = its_options,                                                            \
		.options_size = sizeof(struct type),                                               \
		.run = does,                                                                       \
	}

IN_PACKAGES(cmd_packages, "list", "packages [list] [OPTION]... [TERM]...",
	"List installed packages", list_options, list_options, list);
IN_PACKAGES(cmd_packages_ls, "ls", "packages ls [OPTION]... [TERM]...", "The same as packages list",
	list_options, list_options, list);
IN_PACKAGES(cmd_packages_info, "info", "packages info [OPTION]... PACKAGE...",
	"Show what is known of packages", info_options, info_options, info);
IN_PACKAGES(cmd_packages_delete, "delete", "packages delete [OPTION]... PACKAGE...",
	"Uninstall packages", uninstall_options, uninstall_options, uninstall);
IN_PACKAGES(cmd_packages_rm, "rm", "packages rm [OPTION]... PACKAGE...",
	"The same as packages delete", uninstall_options, uninstall_options, uninstall);
