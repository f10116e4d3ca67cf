/* SPDX-License-Identifier: MIT */
/* guild deploy: a run's model, taken to a target, by a run of its own (run/deploy.h). */
#include "guild.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "models/deployments.h"
#include "runs/select.h"
#include "run/deploy.h"

struct deploy_options {
	bool yes, rollback;
};

#define OPTION(member, n, s, h)                                                                    \
	{                                                                                          \
		.name = n, .short_name = s, .help = h, .kind = OPTION_FLAG,                        \
		.offset = offsetof(struct deploy_options, member)                                  \
	}

static const struct option_def deploy_options[] = {
	OPTION(yes, "--yes", "-y", "do not ask"),
	OPTION(rollback, "--rollback", NULL,
		"the version of TARGET before the present one, as a new deployment"),
	{0},
};

/* --- rolling back ------------------------------------------------------------------- */

static size_t index_of(const struct former *formers, size_t n, const char *id)
{
	size_t i = 0;

	while (i < n && strcmp(formers[i].id, id) != 0)
		i++;
	return i;
}

/* One that went back stands for what it went back to; n: that is gone. */
static size_t meant_by(const struct former *formers, size_t n, size_t at)
{
	while (at < n && former_flag(&formers[at], "back-to"))
		at = index_of(formers, n, former_flag(&formers[at], "back-to"));
	return at;
}

/* The one before the present; n: none. */
static size_t find_before(const struct former *formers, size_t n)
{
	size_t present = meant_by(formers, n, 0);

	return present < n ? meant_by(formers, n, present + 1) : n;
}

static int plan(struct guild *g, const char *run_id, const char *target, const char *back_to,
	struct deployment *ret)
{
	const struct deploy_spec spec = {
		.cwd = g->cwd,
		.run_id = run_id,
		.target = target,
		.back_to = back_to,
		.env = &g->env,
	};
	struct err err = ERR_INIT;

	return deploy_plan(g->home, &spec, ret, &err) < 0 ? complain("%s", err_text(&err))
							  : EXIT_OK;
}

static int plan_rollback(struct guild *g, const char *target, struct deployment *ret)
{
	struct former *formers = NULL;
	size_t n, before;
	int r = formers_read(g, target, &formers, &n), status = EXIT_OK;

	before = r == 0 ? find_before(formers, n) : 0;
	if (r < 0)
		status = complain("out of memory");
	else if (before == n)
		status = complain("there is no deployment to '%s' before the present one", target);
	else
		status = plan(
			g, former_flag(&formers[before], "run"), target, formers[before].id, ret);
	formers_free(formers, n);
	return status;
}

/* --- deploying ------------------------------------------------------------------------ */

static int deploy(struct guild *g, void *options, const struct strv *args)
{
	const struct deploy_options *o = options;
	_cleanup_deployment_ struct deployment d = {0};
	char id[256];
	int status;

	if (!o->rollback && is_own_operation(g, "deploy", args))
		return run_own_operation(g, "deploy", args, o->yes);
	if (args->n != (o->rollback ? 1 : 2)) {
		complain(o->rollback ? "one TARGET is needed"
				     : "a RUN and a TARGET are needed (see --help)");
		return EXIT_USAGE;
	}
	status = guild_open_home(g);
	if (status == EXIT_OK && o->rollback) {
		status = plan_rollback(g, args->v[0], &d);
	} else if (status == EXIT_OK) {
		status = guild_find_run(g, args->v[0], id, sizeof(id));
		if (status == EXIT_OK)
			status = plan(g, id, args->v[1], NULL, &d);
	}
	if (status == EXIT_OK)
		status = deployment_ask(&d, "deploy", o->yes);
	return status == EXIT_OK ? deployment_start(g, &d) : status;
}

const struct command cmd_deploy = {
	.name = "deploy",
	.usage = "deploy [OPTION]... RUN TARGET\n"
		 "       guild deploy [OPTION]... --rollback TARGET\n"
		 "       guild deploy [OPTION]... MODEL [FLAG=VALUE]...",
	.summary = "Deploy the model of a run",
	.options = deploy_options,
	.options_size = sizeof(struct deploy_options),
	.run = deploy,
};
