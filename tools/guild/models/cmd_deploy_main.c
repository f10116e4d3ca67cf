/* SPDX-License-Identifier: MIT */
/*
 * guild deploy-main: the process of a deployment (run/deploy.h). It runs in the deployment's run
 * directory, where `model/` has a link to what is deployed, and makes a new version of it at the
 * target, in the way of the target's type. Started by the supervisor.
 */
#include "models/deploying.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "run/attr.h"
#include "run/deploy.h"
#include "run/deploy_model.h"

static const struct {
	const char *type;
	int (*deploy)(struct deploying *d);
} ways[] = {
	{"directory", deploy_to_directory},
	{"rclone", deploy_to_remote},
	{"cloudml", deploy_to_vertex},
};

const char *deploying_flag(const struct deploying *d, const char *name)
{
	const char *text = value_str(value_get(d->flags, name));

	return text ? text : "";
}

void deploying_take_version(struct deploying *d, const char *name)
{
	size_t digits = strspn(name, "0123456789");
	int64_t n = digits && digits < 18 ? strtoll(name, NULL, 10) : -1;

	/* rclone shows directories with a slash. */
	if ((name[digits] == '\0' || name[digits] == '/') && n >= d->version)
		d->version = n + 1;
}

/* What came of it, beside what was asked for in the flags. */
int deploying_record(struct deploying *d)
{
	const char *model = buf_str(&d->name) + strlen("model/");
	int r = value_map_set(d->result, "version", value_int(d->version));

	if (r == 0)
		r = value_map_set(d->result, "location", value_string(buf_str(&d->where)));
	if (r == 0)
		r = value_map_set(d->result, "run", value_string(deploying_flag(d, "run")));
	if (r == 0)
		r = value_map_set(d->result, "model", value_string(model));
	if (r == 0)
		r = attr_write(d->run_fd, "deployment", d->result, FILE_SYNC);
	if (r < 0)
		return complain("cannot record the deployment: %s", strerror(-r));
	printf("%s of run %s is version %jd of %s: %s\n", model, deploying_flag(d, "run"),
		(intmax_t)d->version, deploying_flag(d, "target"), buf_str(&d->where));
	return EXIT_OK;
}

/* --- what ---------------------------------------------------------------------------- */

static int find_model(struct deploying *d)
{
	_cleanup_strv_ struct strv names = STRV_INIT;
	_cleanup_free_ char *real = NULL;
	_cleanup_close_ int fd = -1;
	struct err err = ERR_INIT;
	char *slash;

	file_names(AT_FDCWD, "model", &names);
	if (names.n != 1)
		return complain("the run that is deployed, %s, has its model no more",
			deploying_flag(d, "run"));
	buf_printf(&d->name, "model/%s", names.v[0]);
	real = realpath(buf_str(&d->name), NULL);
	if (!real)
		return complain("cannot read %s: %s", buf_str(&d->name), strerror(errno));
	buf_puts(&d->model, real);
	slash = strrchr(real, '/');
	*slash = '\0';
	fd = open(real, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return complain("cannot read %s: %s", real, strerror(errno));
	if (model_check(fd, slash + 1, &err) < 0)
		return complain("%s", err_text(&err));
	deploy_place(&d->member, d->flags, fd, slash + 1);
	return EXIT_OK;
}

/* --- the process ------------------------------------------------------------------- */

static int deploy_by_type(struct deploying *d)
{
	const char *type = deploying_flag(d, "type");

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		if (strcmp(type, ways[i].type) == 0)
			return ways[i].deploy(d);
	return complain("no target is of type '%s'", type);
}

static void release(struct deploying *d)
{
	value_free(d->flags);
	value_free(d->result);
	buf_release(&d->model);
	buf_release(&d->name);
	buf_release(&d->member);
	buf_release(&d->where);
	if (d->run_fd >= 0)
		close(d->run_fd);
}

static int deploy_main(struct guild *g, void *options, const struct strv *args)
{
	const char *dir = getenv("RUN_DIR");
	struct deploying d = {.g = g, .run_fd = -1, .version = 1, .result = value_map()};
	struct err err = ERR_INIT;
	int status = EXIT_OK;

	(void)options, (void)args;
	if (!dir || !getenv("RUN_ID"))
		status = complain("deploy-main is started by a deployment's run, not by hand");
	else if (!d.result)
		status = complain("out of memory");
	else
		d.run_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (status == EXIT_OK && (d.run_fd < 0 || fchdir(d.run_fd) < 0))
		status = complain("cannot read run %s: %s", dir, strerror(errno));
	if (status == EXIT_OK && attr_read(d.run_fd, "flags", &d.flags, &err) < 0)
		status = complain("%s", err_text(&err));
	if (status == EXIT_OK)
		status = find_model(&d);
	if (status == EXIT_OK)
		status = deploy_by_type(&d);
	release(&d);
	return status;
}

static const struct option_def no_options[] = {{0}};

const struct command cmd_deploy_main = {
	.name = "deploy-main",
	.usage = "deploy-main",
	.options = no_options,
	.options_size = 1,
	.run = deploy_main,
};
