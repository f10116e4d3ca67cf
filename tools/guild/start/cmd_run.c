/* SPDX-License-Identifier: MIT */
/* guild run: what was gathered (run_job.h) becomes a run. */
#include "start/run_job.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "term/edit.h"
#include "runs/follow.h"
#include "base/file.h"
#include "base/shell.h"
#include "base/user.h"
#include "catalog/dep_runs.h"
#include "project/command.h"
#include "project/flag_values.h"
#include "project/flags.h"
#include "project/plugin_op.h"
#include "run/attr.h"
#include "run/birth.h"
#include "run/executor.h"
#include "run/launch.h"
#include "run/status.h"

/* --- options that exclude each other ------------------------------------------- */

static int exclusive(const char *a, const char *b)
{
	complain("--%s and --%s cannot both be used\nTry 'guild run --help' for more information.",
		a, b);
	return EXIT_ERROR;
}

static int check_options(const struct run_options *o)
{
	const struct {
		bool a;
		const char *a_name;
		bool b;
		const char *b_name;
	} pairs[] = {
		{o->minimize, "minimize", o->maximize, "maximize"},
		{o->no_gpus, "no-gpus", o->gpus, "gpus"},
		{o->optimize, "optimize", o->optimizer, "optimizer"},
		{o->print_cmd, "print-cmd", o->print_env, "print-env"},
		{o->print_trials, "print-trials", o->stage_trials, "stage-trials"},
		{o->stage, "stage", o->background, "background"},
		{o->stage, "stage", o->pidfile, "pidfile"},
		{o->start, "start", o->restart, "restart"},
		{o->proto, "proto", o->start || o->restart, "restart"},
		{o->run_dir, "run-dir", o->start || o->restart, "restart"},
		{o->help_op, "help-op", o->start || o->restart, "restart"},
		{o->test_flags, "test-flags", o->start || o->restart, "restart"},
		{o->test_sourcecode, "test-sourcecode", o->start || o->restart, "restart"},
	};
	const struct {
		bool set;
		const char *name;
	} later[] = {
		{o->remote, "remote"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if (pairs[i].a && pairs[i].b)
			return exclusive(pairs[i].a_name, pairs[i].b_name);
	for (size_t i = 0; i < ARRAY_SIZE(later); i++)
		if (later[i].set)
			return complain("--%s is not supported yet", later[i].name);
	return EXIT_OK;
}

/* --- asking --------------------------------------------------------------------- */

static void print_flags(const struct operation *op, const struct value *flags)
{
	for (size_t i = 0; i < flags->map.n; i++) {
		const struct value_pair *pair = &flags->map.pairs[i];
		const struct flag *flag = op ? operation_flag(op, pair->key) : NULL;
		_cleanup_buf_ struct buf text = BUF_INIT;

		if (flag_is_function(pair->value))
			buf_puts(&text, pair->value->string);
		else if (value_is_null(pair->value))
			buf_puts(&text, flag && flag->null_label ? flag->null_label : "default");
		else
			flag_encode(&text, pair->value);
		fprintf(stderr, "  %s: %s\n", pair->key, buf_str(&text));
	}
}

static int ask(const struct job *job)
{
	bool again = job->id[0] && !job->is_proto;
	_cleanup_buf_ struct buf what = BUF_INIT;

	if (job->o->yes)
		return EXIT_OK;
	if (again)
		buf_printf(&what, "%s (%s)", job->id, buf_str(&job->name));
	else
		buf_puts(&what, buf_str(&job->name));
	batch_describe(job, &what);
	fprintf(stderr, "You are about to %s %s\n",
		job->o->stage          ? "stage"
		: job->o->stage_trials ? "stage trials for"
		: again                ? "start"
				       : "run",
		buf_str(&what));
	print_flags(job->op, job->flags);
	if (job->opt_flags && job->opt_flags->map.n) {
		fputs("Optimizer flags:\n", stderr);
		print_flags(job->batch_op, job->opt_flags);
	}
	return confirm("Continue?", true);
}

/* --- what the run is told ------------------------------------------------------- */

static int make_extra_env(const struct run_options *o, struct value **ret)
{
	_cleanup_value_ struct value *env = value_map();
	_cleanup_buf_ struct buf breaks = BUF_INIT;
	int r = env ? 0 : -ENOMEM;

	if (r == 0 && (o->gpus || o->no_gpus))
		r = value_map_set(
			env, "CUDA_VISIBLE_DEVICES", value_string(o->gpus ? o->gpus : ""));
	shell_join(&breaks, o->breaks.v, o->breaks.n);
	if (r == 0 && o->breaks.n)
		r = value_map_set(env, "PDB_BREAKS", value_string(buf_str(&breaks)));
	if (r == 0 && o->break_on_error)
		r = value_map_set(env, "BREAK_ON_ERROR", value_string("1"));
	if (r == 0)
		*ret = STEAL(env);
	return r;
}

/* Where the run is made: ID below runs/, or a directory elsewhere. */
static int choose_place(
	struct guild *g, const struct run_options *o, char id[256], struct buf *ret_dir)
{
	const char *quiet = getenv("NO_WARN_RUNDIR");
	_cleanup_buf_ struct buf path = BUF_INIT, runs = BUF_INIT;

	if (o->run_id) {
		snprintf(id, 256, "%s", o->run_id);
		return name_is_component(id) ? EXIT_OK
					     : complain("'%s' cannot be the id of a run", id);
	}
	if (!o->run_dir)
		return EXIT_OK;
	if (*o->run_dir != '/')
		buf_printf(&path, "%s/", g->start_dir);
	buf_puts(&path, o->run_dir);
	buf_printf(&runs, "%s/runs/", g->home->path);
	if (strncmp(buf_str(&path), buf_str(&runs), runs.len) == 0 &&
		name_is_component(buf_str(&path) + runs.len)) {
		snprintf(id, 256, "%s", buf_str(&path) + runs.len);
		return EXIT_OK;
	}
	if (!o->stage && (!quiet || strcmp(quiet, "1") != 0))
		fprintf(stderr, "Run directory is '%s' (results will not be visible to Guild)\n",
			buf_str(&path));
	buf_puts(ret_dir, buf_str(&path));
	return path.len < 256 ? EXIT_OK : complain("the run directory's path is too long");
}

struct making {
	struct birth_spec spec, proto;
	struct birth_batch batch;
	struct buf user, run_dir, comment, batch_comment;
	struct value *env, *params, *executor;
	struct strv warnings;
};

static void making_release(struct making *m)
{
	buf_release(&m->user);
	buf_release(&m->run_dir);
	buf_release(&m->comment);
	buf_release(&m->batch_comment);
	value_free(m->env);
	value_free(m->params);
	value_free(m->executor);
	strv_release(&m->warnings);
}

static int choose_executor(struct guild *g, const struct job *job, struct making *m)
{
	const struct executor_choice choice = {
		.asked = job->o->executor, .options = &job->o->executor_options, .op = job->op};
	struct err err = ERR_INIT;

	if (job->op && job->op->steps && !job->op->exec && !job->op->main &&
		(job->o->executor || job->o->executor_options.n))
		warning("a pipeline waits here - its steps have the executors of their operations");
	return executor_choose(g->home, g->cwd, &choice, &m->executor, &err) < 0
		       ? complain("%s", err.code ? err_text(&err) : "out of memory")
		       : EXIT_OK;
}

static int edit_comment(const char *given, struct buf *text, struct birth_spec *spec)
{
	if (edit_text("comment", given ? given : "", text) != EXIT_OK)
		return complain("the comment was not written");
	spec->comment = buf_str(text);
	return EXIT_OK;
}

static int make_spec(struct guild *g, const struct job *job, struct making *m)
{
	const struct run_options *o = job->o;

	user_name(getuid(), &m->user);
	m->params = run_options_params(o, job->opspec, &job->flag_args);
	if (!m->params || make_extra_env(o, &m->env) < 0)
		return complain("out of memory");
	if (choose_executor(g, job, m) != EXIT_OK)
		return EXIT_ERROR;
	m->spec = (struct birth_spec){
		.op = job->op,
		.proto_fd = job->run_fd,
		.own_source = o->force_sourcecode,
		.user_flags = job->user_flags,
		.flags = job->flags,
		.label = o->label,
		.tags = &o->tags,
		.comment = o->comment,
		.jobs = job->batch ? 0 : job->jobs,
		.executor = m->executor,
		.stage = o->stage,
		.keep = o->keep_run,
		.uid = getuid(),
		.gid = getgid(),
		.user = buf_str(&m->user),
		.env = &g->env,
		.extra_env = m->env,
		.extra_deps = &o->deps,
		.run_params = m->params,
		.seed = o->random_seed ? &job->seed : NULL,
		.warnings = &m->warnings,
	};
	if (o->edit_comment && edit_comment(o->comment, &m->comment, &m->spec) != EXIT_OK)
		return EXIT_ERROR;
	if (!job->batch)
		return EXIT_OK;
	batch_make_spec(job, &m->spec, &m->proto, &m->batch);
	return o->edit_batch_comment ? edit_comment(o->batch_comment, &m->batch_comment, &m->spec)
				     : EXIT_OK;
}

static void print_making_warnings(const struct making *m, const struct job *job)
{
	print_warnings(&m->warnings);
	for (size_t i = 0; i < job->missing.n; i++)
		warning("cannot find a suitable run for required resource '%s'", job->missing.v[i]);
}

/* --- starting --------------------------------------------------------------------- */

static int write_pidfile(struct guild *g, const char *id, const char *path)
{
	_cleanup_close_ int run_fd = home_open_run(g->home, id);
	_cleanup_buf_ struct buf line = BUF_INIT;
	int r = run_fd < 0 ? run_fd : file_read(run_fd, RUN_SUPERVISOR, 256, &line);
	size_t len = strcspn(buf_str(&line), " ");

	if (r == 0)
		r = file_write(AT_FDCWD, path, line.data, len, 0644, FILE_NOSYNC);
	return r < 0 ? complain("cannot write %s: %s", path, strerror(-r)) : EXIT_OK;
}

/* Where nobody asked for a file of its own, the run's LOCK has the operation's pid. */
static void print_background(
	struct guild *g, const char *name, const char *id, const struct run_options *o)
{
	_cleanup_buf_ struct buf pidfile = BUF_INIT;

	if (o->quiet)
		return;
	if (o->pidfile) {
		buf_puts(&pidfile, o->pidfile);
	} else {
		home_run_path(g->home, id, &pidfile);
		buf_puts(&pidfile, "/" RUN_GUILD_DIR "/LOCK");
	}
	fprintf(stderr, "%s started in background as %s (pidfile %s)\n", name, id,
		buf_str(&pidfile));
}

/* What was given to an executor elsewhere is known there by another name, too. */
static bool print_job(
	struct guild *g, const char *name, const char *id, const struct run_options *o)
{
	_cleanup_close_ int run_fd = home_open_run(g->home, id);
	_cleanup_buf_ struct buf job = BUF_INIT;
	const struct executor_type *type;

	if (run_fd < 0 || run_job_read(run_fd, &type, &job) < 0)
		return false;
	if (!o->quiet)
		fprintf(stderr, "%s is run %s, job %.*s of %s\n", name, id,
			(int)strcspn(buf_str(&job), " "), buf_str(&job), type->name);
	return true;
}

static int launch(struct guild *g, const struct job *job, const char *id)
{
	const struct run_options *o = job->o;
	bool background = o->background || o->pidfile;
	struct launch_spec spec = {
		.uid = getuid(),
		.gid = getgid(),
		.env = &g->env,
		.stdin_fd = background ? -1 : STDIN_FILENO,
		.out_fd = background || o->quiet ? 0 : STDOUT_FILENO,
		.err_fd = background || o->quiet ? 0 : STDERR_FILENO,
		.background = background,
		.cmd_dir = g->start_dir,
	};
	_cleanup_buf_ struct buf name = BUF_INIT;
	struct err err = ERR_INIT;
	bool has_job;
	int r;

	buf_puts(&name, buf_str(&job->name));
	batch_suffix(job, &name);
	fflush(stdout);
	r = launch_run(g->home, id, &spec, &err);
	/* Who waits for it tries again; else nobody may. */
	if (r == -EAGAIN && !background)
		warning("%s", err_text(&err));
	else if (r == -EAGAIN)
		launch_fail(g->home, id, EXIT_ERROR, err_text(&err));
	if (r < 0 && (r != -EAGAIN || background))
		return complain("%s", err_text(&err));
	has_job = print_job(g, buf_str(&name), id, o);
	if (!background)
		return follow_run(g->home, id, &spec, o->quiet);
	if (!has_job)
		print_background(g, buf_str(&name), id, o);
	birth_sync(g->home, id);
	return o->pidfile ? write_pidfile(g, id, o->pidfile) : EXIT_OK;
}

/* A staged run has its files, but for those of other runs. */
static int resolve_staged(struct guild *g, const char *id)
{
	struct err err = ERR_INIT;
	int r;

	fflush(stdout);
	r = launch_stage(g->home, id, g->start_dir, &g->env, &err);
	if (r < 0)
		return complain("%s", err_text(&err));
	return r ? EXIT_ERROR : EXIT_OK;
}

static int print_staged(struct guild *g, const struct job *job, const char *id)
{
	_cleanup_close_ int run_fd = home_open_run(g->home, id);
	_cleanup_value_ struct value *cmd = NULL;
	_cleanup_buf_ struct buf line = BUF_INIT, name = BUF_INIT;

	buf_puts(&name, buf_str(&job->name));
	batch_suffix(job, &name);
	if (*id != '/') {
		printf("%s staged as %s\nTo start the operation, use 'guild run --start %s'\n",
			buf_str(&name), id, id);
		return EXIT_OK;
	}
	if (run_fd < 0 || !attr_read_as(run_fd, "cmd", VALUE_LIST, &cmd))
		return complain("cannot read the staged run");
	for (size_t i = 0; i < cmd->list.n; i++) {
		buf_puts(&line, i ? " " : "");
		shell_quote(&line, value_str(cmd->list.items[i]) ? cmd->list.items[i]->string : "");
	}
	printf("%s staged in '%s'\nTo start the operation, use \"(cd '%s' && source .guild/ENV && "
	       "%s)\"\n",
		buf_str(&name), id, id, buf_str(&line));
	return EXIT_OK;
}

static int finish_stage(struct guild *g, const struct job *job, const char *id)
{
	int status = resolve_staged(g, id);

	if (status != EXIT_OK)
		launch_unstage(g->home, id);
	birth_sync(g->home, id);
	return status != EXIT_OK || job->o->quiet ? status : print_staged(g, job, id);
}

/* A run that is not there yet. */
static int run_new(struct guild *g, const struct job *job)
{
	_cleanup_(making_release) struct making m = {0};
	struct err err = ERR_INIT;
	char id[256] = "", new_id[RUN_ID_LEN + 1] = "";
	int status = make_spec(g, job, &m);

	if (status == EXIT_OK)
		status = choose_place(g, job->o, id, &m.run_dir);
	if (status != EXIT_OK)
		return status;
	m.spec.run_dir = m.run_dir.len ? buf_str(&m.run_dir) : NULL;
	m.spec.id = id[0] ? id : NULL;
	if (birth_create(g->home, &m.spec, new_id, &err) < 0)
		return complain("%s", err_text(&err));
	if (!id[0])
		snprintf(id, sizeof(id), "%s", m.spec.run_dir ? m.spec.run_dir : new_id);
	print_making_warnings(&m, job);
	return job->o->stage ? finish_stage(g, job, id) : launch(g, job, id);
}

/* One that is: either word starts a staged run, and runs one again that is over. */
static int run_again(struct guild *g, const struct job *job)
{
	_cleanup_(making_release) struct making m = {0};
	struct err err = ERR_INIT;
	int r, status = make_spec(g, job, &m);

	if (status != EXIT_OK)
		return status;
	r = launch_claim_staged(g->home, job->id, &err);
	if (r == -EBUSY) {
		err = ERR_INIT;
		r = launch_claim_restart(g->home, job->id, &err);
	}
	if (r == -EBUSY && run_status_get(job_own_fd(job)) == RUN_RUNNING)
		return complain("cannot restart run %s because it's running\nUse 'guild stop %.8s' "
				"to stop it first and try again.",
			job->id, job->id);
	if (r == 0)
		r = birth_renew(g->home, job->id, &m.spec, &err);
	if (r < 0)
		return complain("%s", err_text(&err));
	print_making_warnings(&m, job);
	return launch(g, job, job->id);
}

/* --- the command ------------------------------------------------------------------ */

static int edit_flags(struct guild *g, struct job *job)
{
	_cleanup_buf_ struct buf text = BUF_INIT, edited = BUF_INIT;
	_cleanup_value_ struct value *given = NULL;
	const struct dep_query query = {.catalog = g->catalog, .for_stage = job->o->stage};
	struct err err = ERR_INIT;

	if (!job->op)
		return complain("--edit-flags needs the operation's definition");
	flags_print(&text, job->flags);
	if (edit_text("flags", buf_str(&text), &edited) != EXIT_OK)
		return complain("the flags were not edited");
	if (flags_parse(job->op, buf_str(&edited), edited.len, FLAGS_WHOLE, &given, &err) < 0)
		return complain("%s", err_text(&err));
	value_free(job->flags);
	value_free(job->user_flags);
	job->user_flags = STEAL(given);
	job->flags = NULL;
	if (flags_resolve(job->op, job->user_flags, job->o->force_flags, &job->flags, NULL, &err) <
		0)
		return complain("%s", err_text(&err));
	return dep_runs_fill_flags(&query, job->op, job->flags, NULL) < 0
		       ? complain("out of memory")
		       : job_resolve_batch(g, job);
}

static int run(struct guild *g, void *options, const struct strv *args)
{
	const struct run_options *o = options;
	_cleanup_(job_release) struct job job = {.run_fd = -1, .batch_fd = -1};
	int looked, status = check_options(o);

	if (status == EXIT_OK)
		status = job_gather(g, o, args, &job);
	if (status != EXIT_OK)
		return status;
	if (job.op && plugin_op_refuse(job.op, NULL) < 0 && !o->help_op && !o->help_model)
		return job_run_plugin_op(g, &job);
	looked = job_look(g, &job);
	if (looked >= 0)
		return looked;
	if (!job.flags)
		status = job_resolve_flags(g, &job);
	if (status == EXIT_OK && o->edit_flags)
		status = edit_flags(g, &job);
	if (status != EXIT_OK || job_is_needless(g, &job))
		return status;
	status = job_check_optimizer(g, &job);
	if (status == EXIT_OK)
		status = job_check_plugin_op(g, &job);
	if (status != EXIT_OK)
		return status;
	status = ask(&job);
	if (status != EXIT_OK)
		return status == EXIT_DECLINED ? EXIT_OK : status;
	return job.id[0] && !job.is_proto ? run_again(g, &job) : run_new(g, &job);
}

const struct command cmd_run = {
	.name = "run",
	.usage = "run [OPTION]... [[MODEL:]OPERATION] [FLAG=VALUE]...",
	.summary = "Run an operation",
	.options = run_options,
	.options_size = sizeof(struct run_options),
	.run = run,
	.release = run_options_release,
};
