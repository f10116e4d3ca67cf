/* SPDX-License-Identifier: MIT */
/* guild run for operations of 2018's plugins: the command that has come after. */
#include "start/run_job.h"

#include <string.h>

#include "base/shell.h"
#include "project/plugin_op.h"
#include "run/deploy_target.h"

static const char *given(const struct job *job, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < job->flag_args.n; i++)
		if (strncmp(job->flag_args.v[i], name, len) == 0 && job->flag_args.v[i][len] == '=')
			return job->flag_args.v[i] + len + 1;
	return NULL;
}

/* Where it went was in flags, which is a target's now. */
static int check_flags(const struct job *job, const struct plugin_op *p)
{
	for (size_t i = 0; i < job->flag_args.n; i++) {
		const char *word = job->flag_args.v[i];
		size_t len = strcspn(word, "=");

		if ((len == strlen("target") && strncmp(word, "target", len) == 0) ||
			(len == strlen(p->flag) && strncmp(word, p->flag, len) == 0))
			continue;
		return complain(
			"flag '%.*s' of %s has no successor: where to and how is a target of "
			"type cloudml in the user configuration (guild %s --help); flags are "
			"target and %s",
			(int)len, word, p->name, p->command, p->flag);
	}
	return EXIT_OK;
}

static int find_target(struct guild *g, const struct job *job, struct buf *ret)
{
	struct err err = ERR_INIT;

	if (given(job, "target"))
		buf_puts(ret, given(job, "target"));
	else if (deploy_target_only(g->home, g->cwd, "cloudml", ret, &err) < 0)
		return complain("%s; flag target says which one", err_text(&err));
	return EXIT_OK;
}

/* A run, else the latest of what trains the model; a file, else that of the Guild file. */
static int find_subject(const struct job *job, const struct plugin_op *p, struct buf *ret)
{
	const struct operation *op = job->op;
	const struct flag *flag = operation_flag(op, p->flag);

	if (given(job, p->flag))
		buf_puts(ret, given(job, p->flag));
	else if (strcmp(p->command, "deploy") == 0)
		buf_printf(ret, "%s%strain", op->model->name, *op->model->name ? ":" : "");
	else if (flag && value_str(flag->default_value))
		buf_printf(ret, "%s/%s", op->model->file->dir, value_str(flag->default_value));
	else
		return complain("%s needs a file: %s=FILE", p->name, p->flag);
	return EXIT_OK;
}

/* What has come after is a run: that its process can work is found out before there is one. */
int job_check_plugin_op(struct guild *g, const struct job *job)
{
	const struct plugin_op *p = job->op ? plugin_op_of(job->op) : NULL;
	const char *target = value_str(value_get(job->flags, "target"));
	_cleanup_value_ struct value *data = NULL;
	_cleanup_buf_ struct buf only = BUF_INIT, notice = BUF_INIT;
	const struct deploy_type *type = NULL;
	struct err err = ERR_INIT;
	int r;

	if (!p || !p->module)
		return EXIT_OK;
	plugin_op_notice(p, &notice);
	warning("%s", buf_str(&notice));
	/* Several of them are a batch's, whose trials say it. */
	if (!value_is_null(value_get(job->flags, "target")) && !target)
		return EXIT_OK;
	if (!target && find_target(g, job, &only) != EXIT_OK)
		return EXIT_ERROR;
	r = deploy_target_load(
		g->home, g->cwd, target ? target : buf_str(&only), &type, &data, &err);
	if (r == 0)
		r = deploy_target_trains(target ? target : buf_str(&only), data, &err);
	if (r == 0)
		r = deploy_type_ready(type, &g->env, &err);
	return r < 0 ? complain("%s", err_text(&err)) : EXIT_OK;
}

int job_run_plugin_op(struct guild *g, const struct job *job)
{
	const struct plugin_op *p = plugin_op_of(job->op);
	_cleanup_buf_ struct buf target = BUF_INIT, subject = BUF_INIT, line = BUF_INIT;
	_cleanup_strv_ struct strv words = STRV_INIT;
	bool is_deploy;
	struct err err = ERR_INIT;
	int status;

	plugin_op_refuse(job->op, &err);
	if (!p->command)
		return complain("%s", err_text(&err));
	status = check_flags(job, p);
	if (status == EXIT_OK)
		status = find_target(g, job, &target);
	if (status == EXIT_OK)
		status = find_subject(job, p, &subject);
	if (status != EXIT_OK)
		return status;
	is_deploy = strcmp(p->command, "deploy") == 0;
	if (strv_add(&words, buf_str(is_deploy ? &subject : &target)) < 0 ||
		strv_add(&words, buf_str(is_deploy ? &target : &subject)) < 0)
		return complain("out of memory");
	shell_join(&line, words.v, words.n);
	warning("%s\nRunning `guild %s %s`", err_text(&err), p->command, buf_str(&line));
	if (job->o->yes && strv_add(&words, "-y") < 0)
		return complain("out of memory");
	return guild_run_command(g, guild_find_command(NULL, p->command), &words);
}
