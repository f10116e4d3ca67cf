/* SPDX-License-Identifier: MIT */
/* Deployments among all runs. */
#include "models/deployments.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runs/follow.h"
#include "base/user.h"
#include "run/attr.h"
#include "run/birth.h"
#include "run/launch.h"
#include "run/status.h"
#include "yaml/yaml.h"

const char *former_flag(const struct former *p, const char *name)
{
	return value_str(value_get(p->flags, name));
}

/* As the list of runs has it: of many runs only few need a look at the store. */
static bool may_be_former(struct guild *g, uint64_t serial)
{
	_cleanup_summary_ struct run_summary s = {0};

	return catalog_listed(g->catalog, serial, &s) == 0 && s.status == RUN_COMPLETED &&
	       strcmp(s.opref.pkg_type, "builtin") == 0 && strcmp(s.opref.op, "deploy") == 0;
}

/* False for all other runs. */
static bool read_former(struct guild *g, uint64_t serial, const char *target, struct former *ret)
{
	const char *id = catalog_id(g->catalog, serial);
	_cleanup_close_ int fd = -1;
	_cleanup_value_ struct value *flags = NULL;

	if (!may_be_former(g, serial) || strlen(id) != RUN_ID_LEN)
		return false;
	fd = home_open_run(g->home, id);
	if (fd < 0 || attr_read(fd, "flags", &flags, NULL) < 0)
		return false;
	*ret = (struct former){.flags = STEAL(flags)};
	memcpy(ret->id, id, RUN_ID_LEN);
	if (former_flag(ret, "target") && strcmp(former_flag(ret, "target"), target) == 0 &&
		former_flag(ret, "run"))
		return true;
	value_free(ret->flags);
	return false;
}

/* Newest first. */
int formers_read(struct guild *g, const char *target, struct former **ret, size_t *ret_n)
{
	_cleanup_free_ uint64_t *serials = NULL;
	size_t n;
	int r = catalog_newest_first(g->catalog, &serials, &n);

	*ret_n = 0;
	*ret = r < 0 ? NULL : calloc(n + 1, sizeof(**ret));
	for (size_t i = 0; *ret && i < n; i++)
		*ret_n += read_former(g, serials[i], target, *ret + *ret_n);
	return *ret ? 0 : -ENOMEM;
}

void formers_free(struct former *formers, size_t n)
{
	for (size_t i = 0; i < n; i++)
		value_free(formers[i].flags);
	free(formers);
}

/* --- a new one --------------------------------------------------------------------- */

int deployment_ask(const struct deployment *d, const char *what, bool yes)
{
	if (yes)
		return EXIT_OK;
	fprintf(stderr, "You are about to %s\n", what);
	for (size_t i = 0; i < d->flags->map.n; i++) {
		_cleanup_buf_ struct buf shown = BUF_INIT;

		yaml_emit_flow(&shown, d->flags->map.pairs[i].value);
		fprintf(stderr, "  %s: %s\n", d->flags->map.pairs[i].key, buf_str(&shown));
	}
	return confirm("Continue?", true);
}

int deployment_start(struct guild *g, const struct deployment *d)
{
	_cleanup_buf_ struct buf user = BUF_INIT;
	struct birth_spec spec = deploy_birth(d);
	const struct launch_spec launch = {
		.uid = getuid(),
		.gid = getgid(),
		.env = &g->env,
		.stdin_fd = STDIN_FILENO,
		.out_fd = STDOUT_FILENO,
		.err_fd = STDERR_FILENO,
		.cmd_dir = g->start_dir,
	};
	char id[RUN_ID_LEN + 1] = "";
	struct err err = ERR_INIT;

	user_name(getuid(), &user);
	spec.uid = getuid();
	spec.gid = getgid();
	spec.user = buf_str(&user);
	spec.env = &g->env;
	fflush(stdout);
	if (birth_create(g->home, &spec, id, &err) < 0 ||
		launch_run(g->home, id, &launch, &err) < 0)
		return complain("%s", err_text(&err));
	return follow_run(g->home, id, &launch, false);
}

/* --- operations of the project's ----------------------------------------------------- */

int run_own_operation(struct guild *g, const char *name, const struct strv *args, bool yes)
{
	_cleanup_strv_ struct strv words = STRV_INIT;
	bool has_model = args->n && !strchr(args->v[0], '=');
	int r = strv_addf(
		&words, "%s%s%s", has_model ? args->v[0] : "", has_model ? ":" : "", name);

	for (size_t i = has_model; r == 0 && i < args->n; i++)
		r = strv_add(&words, args->v[i]);
	if (r == 0 && yes)
		r = strv_add(&words, "-y");
	return r < 0 ? complain("out of memory") : guild_run_command(g, &cmd_run, &words);
}

static bool has_operation(struct guild *g, const char *name)
{
	_cleanup_guildfile_ struct guildfile *file = NULL;

	if (guild_open_project(g, &file) != EXIT_OK || !file)
		return false;
	for (size_t i = 0; i < file->n_models; i++)
		if (model_operation(&file->models[i], name))
			return true;
	return false;
}

static int count_words(const struct strv *args)
{
	int n = 0;

	for (size_t i = 0; i < args->n; i++)
		n += !strchr(args->v[i], '=');
	return n;
}

bool is_own_operation(struct guild *g, const char *name, const struct strv *args)
{
	return count_words(args) < 2 && has_operation(g, name);
}
