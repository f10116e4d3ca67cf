/* SPDX-License-Identifier: MIT */
/* guild package: a wheel of the project. */
#include "guild.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include "package/wheel.h"

struct package_options {
	const char *dist_dir, *repo;
	bool clean, upload, upload_test;
};

#define OPTION(member, n, s, v, h, k)                                                              \
	{                                                                                          \
		.name = n, .short_name = s, .value = v, .help = h, .kind = k,                      \
		.offset = offsetof(struct package_options, member)                                 \
	}

static const struct option_def package_options[] = {
	OPTION(dist_dir, "--dist-dir", "-d", "DIR", "where the wheel is made (default: dist)",
		OPTION_VALUE),
	OPTION(clean, "--clean", NULL, NULL, "no effect: nothing is left from building",
		OPTION_FLAG),
	OPTION(upload, "--upload", NULL, NULL, "refused: upload with twine", OPTION_FLAG),
	OPTION(upload_test, "--upload-test", NULL, NULL, "the same", OPTION_FLAG),
	OPTION(repo, "--repo", NULL, "REPO", "the same", OPTION_VALUE),
	{0},
};

static int refuse_upload(const struct package_options *o)
{
	const char *way = o->upload_test ? " -r testpypi" : "";

	return complain("packages are not uploaded by this command\nRun 'guild package' and then "
			"'twine upload%s%s%s dist/*.whl'.",
		way, o->repo ? " -r " : "", o->repo ? o->repo : "");
}

/* What a project asks to be told about its Guild file and its package. */
static int build(struct guild *g, const struct guildfile *file, const char *dist_dir)
{
	_cleanup_(package_release) struct package package = {0};
	_cleanup_strv_ struct strv warnings = STRV_INIT;
	_cleanup_buf_ struct buf dir = BUF_INIT, shown = BUF_INIT;
	struct err err = ERR_INIT;
	int r = package_define(file, &package, &warnings, &err);

	print_warnings(&warnings);
	buf_puts(&shown, dist_dir ? dist_dir : "dist");
	if (buf_str(&shown)[0] != '/')
		buf_printf(&dir, "%s/", g->cwd);
	buf_puts(&dir, buf_str(&shown));
	/* Times in a zip file are local ones. */
	setenv("TZ", "UTC0", 1);
	tzset();
	if (r == 0)
		r = wheel_build(&package, buf_str(&dir), &err);
	if (r < 0)
		return complain("%s", err_text(&err));
	buf_putc(&shown, '/');
	wheel_name(&shown, &package);
	puts(buf_str(&shown));
	return EXIT_OK;
}

static int package(struct guild *g, void *options, const struct strv *args)
{
	const struct package_options *o = options;
	_cleanup_guildfile_ struct guildfile *file = NULL;

	if (guild_no_arguments(args) != EXIT_OK)
		return EXIT_USAGE;
	if (o->upload || o->upload_test || o->repo)
		return refuse_upload(o);
	if (guild_open_home(g) != EXIT_OK || guild_open_project(g, &file) != EXIT_OK)
		return EXIT_ERROR;
	if (!file)
		return complain("the current directory does not contain a guild.yml file\n"
				"guild.yml is required when creating a package. Create one in this "
				"directory first or try specifying a different directory.");
	return build(g, file, o->dist_dir);
}

const struct command cmd_package = {
	.name = "package",
	.usage = "package [OPTION]...",
	.summary = "Make a package of the project: a wheel that pip installs",
	.options = package_options,
	.options_size = sizeof(struct package_options),
	.run = package,
};
