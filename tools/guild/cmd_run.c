/* SPDX-License-Identifier: MIT */
/* guild run: what was gathered (run_job.h) becomes a run. */
#include "run_job.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "edit.h"
#include "follow.h"
#include "select.h"
#include "table.h"
#include "base/file.h"
#include "base/shell.h"
#include "base/user.h"
#include "catalog/dep_runs.h"
#include "project/command.h"
#include "project/flag_values.h"
#include "project/flags.h"
#include "run/attr.h"
#include "run/birth.h"
#include "run/deps.h"
#include "run/launch.h"
#include "run/opref.h"
#include "run/status.h"
#include "yaml/scalar.h"

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
		{o->optimizer, "optimizer"},
		{o->optimize, "optimize"},
		{o->stage_trials, "stage-trials"},
		{o->print_trials, "print-trials"},
		{o->save_trials, "save-trials"},
		{o->remote, "remote"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if (pairs[i].a && pairs[i].b)
			return exclusive(pairs[i].a_name, pairs[i].b_name);
	for (size_t i = 0; i < ARRAY_SIZE(later); i++)
		if (later[i].set)
			return complain("--%s is not supported yet", later[i].name);
	if (o->max_trials)
		warning("not a batch run - ignoring --max-trials");
	return EXIT_OK;
}

/* --- needed? -------------------------------------------------------------------- */

struct needed {
	struct guild *g;
	const struct opref *ref;
	const struct value *flags;
	struct table table;
	size_t n;
};

static bool has_same_flags(struct guild *g, const char *id, const struct value *flags)
{
	_cleanup_close_ int fd = home_open_run(g->home, id);
	_cleanup_value_ struct value *theirs = NULL;

	return fd >= 0 && attr_read(fd, "flags", &theirs, NULL) == 0 && value_equal(theirs, flags);
}

static bool is_same_operation(const struct opref *a, const struct opref *b)
{
	return strcmp(a->pkg_type, b->pkg_type) == 0 && strcmp(a->pkg_name, b->pkg_name) == 0 &&
	       strcmp(a->pkg_version, b->pkg_version) == 0 && strcmp(a->model, b->model) == 0 &&
	       strcmp(a->op, b->op) == 0;
}

static int look_at(void *arg, uint64_t serial)
{
	struct needed *n = arg;
	_cleanup_summary_ struct run_summary s = {0};

	if (catalog_summary(n->g->catalog, serial, &s) < 0 || s.damage ||
		(s.status != RUN_COMPLETED && s.status != RUN_TERMINATED) ||
		!is_same_operation(&s.opref, n->ref) ||
		!has_same_flags(n->g, catalog_id(n->g->catalog, serial), n->flags))
		return 0;
	n->n++;
	return select_add_row(n->g, serial, 0, &n->table);
}

/* True, with a message, when there is a run that makes a new one needless. */
static bool is_needless(struct guild *g, const struct job *job)
{
	_cleanup_(opref_release) struct opref ref = {0};
	struct needed n = {.g = g, .ref = &ref, .flags = job->flags};
	int r;

	if (!job->o->needed)
		return false;
	if (job->run_fd >= 0 && !job->is_proto) {
		enum run_status status = run_status_get(job->run_fd);

		if ((status != RUN_COMPLETED && status != RUN_TERMINATED) ||
			!has_same_flags(g, job->id, job->flags))
			return false;
		puts("Skipping run because flags have not changed (--needed specified)");
		return true;
	}
	r = job->op ? opref_for_operation(job->op, &ref) : opref_read(job->run_fd, &ref, NULL);
	n.table.columns = SELECT_COLUMNS;
	if (r == 0)
		catalog_each(g->catalog, look_at, &n);
	if (n.n) {
		puts("Skipping because the following runs match this operation (--needed "
		     "specified):");
		table_print(&n.table, "  ", stdout);
	}
	table_release(&n.table);
	return n.n > 0;
}

/* --- asking --------------------------------------------------------------------- */

static void print_flags(const struct job *job)
{
	for (size_t i = 0; i < job->flags->map.n; i++) {
		const struct value_pair *pair = &job->flags->map.pairs[i];
		const struct flag *flag = job->op ? operation_flag(job->op, pair->key) : NULL;
		_cleanup_buf_ struct buf text = BUF_INIT;

		if (value_is_null(pair->value))
			buf_puts(&text, flag && flag->null_label ? flag->null_label : "default");
		else
			flag_encode(&text, pair->value);
		fprintf(stderr, "  %s: %s\n", pair->key, buf_str(&text));
	}
}

static int ask(const struct job *job)
{
	bool again = job->id[0] && !job->is_proto;

	if (job->o->yes)
		return EXIT_OK;
	fprintf(stderr, "You are about to %s ", job->o->stage ? "stage" : again ? "start" : "run");
	if (again)
		fprintf(stderr, "%s (%s)\n", job->id, buf_str(&job->name));
	else
		fprintf(stderr, "%s\n", buf_str(&job->name));
	print_flags(job);
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
	struct birth_spec spec;
	struct buf user, run_dir, comment;
	struct value *env, *params;
	struct strv warnings;
	int64_t seed;
};

static void making_release(struct making *m)
{
	buf_release(&m->user);
	buf_release(&m->run_dir);
	buf_release(&m->comment);
	value_free(m->env);
	value_free(m->params);
	strv_release(&m->warnings);
}

static int make_spec(struct guild *g, const struct job *job, struct making *m)
{
	const struct run_options *o = job->o;
	_cleanup_value_ struct value *seed = o->random_seed ? scalar_decode(o->random_seed) : NULL;

	user_name(getuid(), &m->user);
	m->params = run_options_params(o, job->opspec, &job->flag_args);
	if (!m->params || make_extra_env(o, &m->env) < 0)
		return complain("out of memory");
	if (seed && !value_as_int(seed, &m->seed))
		return complain("invalid value '%s' for --random-seed: an integer is needed",
			o->random_seed);
	m->spec = (struct birth_spec){
		.op = job->op,
		.proto_fd = job->run_fd,
		.own_source = o->force_sourcecode,
		.user_flags = job->user_flags,
		.flags = job->flags,
		.label = o->label,
		.tags = &o->tags,
		.comment = o->comment,
		.stage = o->stage,
		.keep = o->keep_run,
		.uid = getuid(),
		.gid = getgid(),
		.user = buf_str(&m->user),
		.env = &g->env,
		.extra_env = m->env,
		.extra_deps = &o->deps,
		.run_params = m->params,
		.seed = seed ? &m->seed : NULL,
		.warnings = &m->warnings,
	};
	if (o->edit_comment) {
		if (edit_text("comment", o->comment ? o->comment : "", &m->comment) != EXIT_OK)
			return complain("the comment was not written");
		m->spec.comment = buf_str(&m->comment);
	}
	return EXIT_OK;
}

static void print_making_warnings(const struct making *m, const struct job *job)
{
	for (size_t i = 0; i < m->warnings.n; i++)
		warning("%s", m->warnings.v[i]);
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
	struct err err = ERR_INIT;

	fflush(stdout);
	if (launch_run(g->home, id, &spec, &err) < 0)
		return complain("%s", err_text(&err));
	if (!background)
		return follow_run(g->home, id, o->quiet);
	if (!o->quiet && o->pidfile)
		fprintf(stderr, "%s started in background as %s (pidfile %s)\n",
			buf_str(&job->name), id, o->pidfile);
	else if (!o->quiet)
		fprintf(stderr, "%s started in background as %s\n", buf_str(&job->name), id);
	birth_sync(g->home, id);
	return o->pidfile ? write_pidfile(g, id, o->pidfile) : EXIT_OK;
}

static void say(void *arg, enum deps_level level, const char *line)
{
	const char *wanted = getenv("LOG_LEVEL");

	(void)arg;
	if (!wanted || !*wanted || (long)level >= strtol(wanted, NULL, 10))
		fprintf(stderr, "%s%s\n", level >= DEPS_WARNING ? "WARNING: " : "", line);
}

/* A staged run has its files, but for those of other runs. */
static int resolve_staged(struct guild *g, const struct job *job, const char *id)
{
	_cleanup_close_ int run_fd = home_open_run(g->home, id);
	_cleanup_value_ struct value *op = NULL;
	_cleanup_(opref_release) struct opref ref = {0};
	_cleanup_buf_ struct buf dir = BUF_INIT, project = BUF_INIT, python = BUF_INIT;
	struct err err = ERR_INIT;
	int r = run_fd < 0 ? run_fd : attr_read(run_fd, "op", &op, &err);
	struct deps_spec spec;

	if (r == 0)
		r = opref_read(run_fd, &ref, &err);
	if (r < 0)
		return complain("%s", err.code ? err_text(&err) : strerror(-r));
	opref_project_dir(&project, &ref);
	home_run_path(g->home, id, &dir);
	if (python_find(buf_str(&project), &g->env, &python) < 0)
		buf_puts(&python, "python");
	spec = (struct deps_spec){
		.home = g->home,
		.run_fd = run_fd,
		.run_dir = buf_str(&dir),
		.op_attr = op,
		.flags = job->flags,
		.project_dir = buf_str(&project),
		.cmd_dir = g->start_dir,
		.env = &g->env,
		.python = buf_str(&python),
		.for_stage = true,
		.go_on = job->o->force_deps,
		.say = say,
	};
	return deps_resolve(&spec, &err) < 0 ? complain("%s", err_text(&err)) : EXIT_OK;
}

static int print_staged(struct guild *g, const struct job *job, const char *id)
{
	_cleanup_close_ int run_fd = home_open_run(g->home, id);
	_cleanup_value_ struct value *cmd = NULL;
	_cleanup_buf_ struct buf line = BUF_INIT;

	if (*id != '/') {
		printf("%s staged as %s\nTo start the operation, use 'guild run --start %s'\n",
			buf_str(&job->name), id, id);
		return EXIT_OK;
	}
	if (run_fd < 0 || attr_read(run_fd, "cmd", &cmd, NULL) < 0 || cmd->type != VALUE_LIST)
		return complain("cannot read the staged run");
	for (size_t i = 0; i < cmd->list.n; i++) {
		buf_puts(&line, i ? " " : "");
		shell_quote(&line, value_str(cmd->list.items[i]) ? cmd->list.items[i]->string : "");
	}
	printf("%s staged in '%s'\nTo start the operation, use \"(cd '%s' && source .guild/ENV && "
	       "%s)\"\n",
		buf_str(&job->name), id, id, buf_str(&line));
	return EXIT_OK;
}

static int finish_stage(struct guild *g, const struct job *job, const char *id)
{
	int status = resolve_staged(g, job, id);

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
	if (r == -EBUSY && run_status_get(job->run_fd) == RUN_RUNNING)
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
	return dep_runs_fill_flags(g->catalog, job->op, job->flags, NULL) < 0
		       ? complain("out of memory")
		       : EXIT_OK;
}

static int run(struct guild *g, void *options, const struct strv *args)
{
	const struct run_options *o = options;
	_cleanup_(job_release) struct job job = {.run_fd = -1};
	int looked, status = check_options(o);

	if (status == EXIT_OK)
		status = job_gather(g, o, args, &job);
	if (status != EXIT_OK)
		return status;
	looked = job_look(g, &job);
	if (looked >= 0)
		return looked;
	if (!job.flags)
		status = job_resolve_flags(g, &job);
	if (status == EXIT_OK && o->edit_flags)
		status = edit_flags(g, &job);
	if (status != EXIT_OK || is_needless(g, &job))
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
