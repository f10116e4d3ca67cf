/* SPDX-License-Identifier: MIT */
/* guild predict: what the model at a target makes of instances, by a run of its own. */
#include "models/deployments.h"

#include <stddef.h>

#include "run/deploy.h"

struct predict_options {
	bool yes;
};

static const struct option_def predict_options[] = {
	{
		.name = "--yes",
		.short_name = "-y",
		.help = "do not ask",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct predict_options, yes),
	},
	{0},
};

/* Of what was deployed last. */
static int plan(struct guild *g, const char *target, const char *instances, struct deployment *ret)
{
	struct former *formers = NULL;
	struct err err = ERR_INIT;
	size_t n;
	int status = EXIT_OK;

	if (formers_read(g, target, &formers, &n) < 0)
		return complain("out of memory");
	if (!n)
		status = complain(
			"nothing has been deployed to '%s': guild deploy RUN %s", target, target);
	else {
		const struct predict_spec spec = {
			.deployment = formers[0].id, .instances = instances, .env = &g->env};

		if (predict_plan(g->home, &spec, ret, &err) < 0)
			status = complain("%s", err_text(&err));
	}
	formers_free(formers, n);
	return status;
}

static int predict(struct guild *g, void *options, const struct strv *args)
{
	const struct predict_options *o = options;
	_cleanup_deployment_ struct deployment d = {0};
	int status;

	if (is_own_operation(g, "predict", args))
		return run_own_operation(g, "predict", args, o->yes);
	if (args->n != 2) {
		complain("a TARGET and a FILE are needed (see --help)");
		return EXIT_USAGE;
	}
	status = guild_open_home(g);
	if (status == EXIT_OK)
		status = plan(g, args->v[0], args->v[1], &d);
	if (status == EXIT_OK)
		status = deployment_ask(&d, "predict", o->yes);
	return status == EXIT_OK ? deployment_start(g, &d) : status;
}

const struct command cmd_predict = {
	.name = "predict",
	.usage = "predict [OPTION]... TARGET FILE\n"
		 "       guild predict [OPTION]... MODEL [FLAG=VALUE]...",
	.summary = "Ask the model that is deployed to TARGET",
	.options = predict_options,
	.options_size = sizeof(struct predict_options),
	.run = predict,
};
