/* SPDX-License-Identifier: MIT */
/*
 * guild cloudml-main: the process of an operation with `plugin-op: cloudml-train` or
 * `cloudml-hptune` (project/plugin_op.h), in its run directory: what the operation behind it runs
 * here is run by Vertex AI, on files that are copied there and back. Started by the supervisor.
 */
#include "models/vertex_job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "project/command.h"
#include "run/attr.h"
#include "run/deploy_target.h"

#define HPTUNE_MODULE "guild.plugins.cloudml_hptune_main"

/* Words before those of the operation: Python, -um, the module. */
enum { OWN_WORDS = 3 };

static int load_target(struct vertex_job *job)
{
	const char *name = value_str(value_get(job->flags, "target"));
	const struct deploy_type *type = NULL;
	_cleanup_buf_ struct buf only = BUF_INIT;
	struct err err = ERR_INIT;
	int r = guild_open_home(job->g) == EXIT_OK ? 0 : -EINVAL;

	if (r < 0)
		return EXIT_ERROR;
	if (!name)
		r = deploy_target_only(job->g->home, job->g->cwd, "cloudml", &only, &err);
	if (r == 0)
		r = deploy_target_load(job->g->home, job->g->cwd, name ? name : buf_str(&only),
			&type, &job->target, &err);
	if (r == 0 && type != deploy_type_find("cloudml"))
		r = err_set(&err, -EINVAL, "deploy target '%s' is not of type cloudml", name);
	if (r == 0)
		r = deploy_target_trains(name ? name : buf_str(&only), job->target, &err);
	/* A mount, or a restart, has not asked yet. */
	if (r == 0)
		r = deploy_type_ready(type, &job->g->env, &err);
	return r < 0 ? complain("%s", err_text(&err)) : EXIT_OK;
}

static int read_command(struct vertex_job *job, bool *ret_tunes)
{
	_cleanup_strv_ struct strv words = STRV_INIT;
	struct err err = ERR_INIT;
	int r = attr_read(job->run_fd, "op", &job->op, &err);

	if (r == 0)
		r = attr_read(job->run_fd, "flags", &job->flags, &err);
	/* The container's Python. */
	if (r == 0)
		r = command_argv(job->op, job->flags, "python3", &words, &err);
	if (r == 0 && words.n <= OWN_WORDS)
		r = err_set(&err, -EINVAL, "the run does not say what is to be run by Vertex AI");
	if (r < 0)
		return complain("%s", err_text(&err));
	*ret_tunes = strcmp(words.v[OWN_WORDS - 1], HPTUNE_MODULE) == 0;
	for (size_t i = OWN_WORDS; r == 0 && i < words.n; i++)
		r = strv_add(&job->command, words.v[i]);
	return r < 0 ? complain("out of memory") : EXIT_OK;
}

static int run_job(struct vertex_job *job, bool tunes)
{
	const char *config = value_str(value_get(job->flags, "config"));
	int status = EXIT_OK, fetched;

	if (tunes && !config)
		return complain("flag config is needed: the file that has the hyperparameters");
	if (tunes)
		status = vertex_study_read(job, config);
	if (status == EXIT_OK)
		status = load_target(job);
	if (status == EXIT_OK)
		status = vertex_job_upload(job);
	if (status == EXIT_OK)
		status = vertex_job_run(job);
	/* Also what a job has left that failed. */
	if (!job->state)
		return status;
	fetched = vertex_job_download(job);
	if (fetched == EXIT_OK && tunes)
		fetched = vertex_study_report(job);
	return status == EXIT_OK ? fetched : status;
}

static int cloudml_main(struct guild *g, void *options, const struct strv *args)
{
	const char *dir = getenv("RUN_DIR"), *id = getenv("RUN_ID");
	struct vertex_job job = {.g = g, .run_fd = -1, .run_id = id};
	bool tunes = false;
	int status;

	(void)options, (void)args;
	if (!dir || !id)
		return complain("cloudml-main is started by a run, not by hand");
	job.run_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (job.run_fd < 0 || fchdir(job.run_fd) < 0)
		status = complain("cannot read run %s: %s", dir, strerror(errno));
	else
		status = read_command(&job, &tunes);
	if (status == EXIT_OK)
		status = run_job(&job, tunes);
	vertex_job_release(&job);
	return status;
}

static const struct option_def no_options[] = {{0}};

const struct command cmd_cloudml_main = {
	.name = "cloudml-main",
	.usage = "cloudml-main",
	.options = no_options,
	.options_size = 1,
	.run = cloudml_main,
};
