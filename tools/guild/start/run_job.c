/* SPDX-License-Identifier: MIT */
/* From words to an operation, a run and flags. */
#include "start/run_job.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runs/select.h"
#include "term/table.h"
#include "base/file.h"
#include "base/strv.h"
#include "catalog/dep_runs.h"
#include "project/builtin.h"
#include "project/flag_import.h"
#include "project/flag_values.h"
#include "project/flags.h"
#include "project/script.h"
#include "project/trials.h"
#include "run/attr.h"
#include "run/batch.h"
#include "run/opref.h"

void job_release(struct job *job)
{
	if (job->file)
		guildfile_unref(job->file);
	if (job->batch_file)
		guildfile_unref(job->batch_file);
	installed_release(&job->installed);
	if (job->run_fd >= 0)
		close(job->run_fd);
	if (job->batch_fd >= 0)
		close(job->batch_fd);
	value_free(job->trials);
	strv_release(&job->flag_args);
	strv_release(&job->missing);
	value_free(job->user_flags);
	value_free(job->flags);
	value_free(job->opt_user_flags);
	value_free(job->opt_flags);
	buf_release(&job->name);
	buf_release(&job->objective);
}

/* --- the run ---------------------------------------------------------------- */

/* Operation and flags of a batch are those of its trials. */
static void look_for_proto(struct job *job)
{
	int fd = batch_open_proto(job->run_fd);

	if (fd < 0)
		return;
	job->batch_fd = job->run_fd;
	job->run_fd = fd;
}

/* A run directory, by an absolute path or one that begins with a dot. */
static bool run_of_dir(struct guild *g, const char *spec, struct job *job)
{
	_cleanup_free_ char *real = *spec == '/' || *spec == '.' ? realpath(spec, NULL) : NULL;
	_cleanup_buf_ struct buf opref = BUF_INIT, runs = BUF_INIT;

	if (!real)
		return false;
	buf_printf(&opref, "%s/" RUN_GUILD_DIR "/opref", real);
	if (!file_exists(AT_FDCWD, buf_str(&opref)))
		return false;
	buf_printf(&runs, "%s/runs/", g->home->path);
	if (strncmp(real, buf_str(&runs), runs.len) == 0 && !strchr(real + runs.len, '/'))
		snprintf(job->id, sizeof(job->id), "%s", real + runs.len);
	else
		snprintf(job->id, sizeof(job->id), "%s", real);
	return true;
}

/* A directory, or what guild_find_run() finds. */
static int find_run(struct guild *g, const char *spec, struct job *job)
{
	int status = run_of_dir(g, spec, job) ? EXIT_OK
					      : guild_find_run(g, spec, job->id, sizeof(job->id));

	if (status != EXIT_OK)
		return status;
	job->run_fd = home_open_run(g->home, job->id);
	if (job->run_fd < 0)
		return complain("cannot read run %s: %s", job->id, strerror(-job->run_fd));
	look_for_proto(job);
	return EXIT_OK;
}

/* --- the operation ----------------------------------------------------------- */

static void take_import_warnings(struct job *job, size_t before)
{
	for (size_t i = before; i < job->file->warnings.n; i++)
		warning("%s", job->file->warnings.v[i]);
}

/* A file that is an operation by itself. */
static int find_script(struct guild *g, const char *path, struct job *job, struct err *err)
{
	struct guildfile *file = NULL;
	int r = script_guildfile(g->cwd, path, &file, err);

	if (r < 0)
		return r;
	if (job->file)
		guildfile_unref(job->file);
	job->file = file;
	job->op = &file->models[0].operations[0];
	return 0;
}

/* One that comes with guild. */
static int find_builtin(const char *opspec, struct job *job)
{
	struct guildfile *file = NULL;
	const struct operation *op;
	int r = builtin_find(opspec, &file, &op, NULL);

	if (r < 0)
		return r;
	if (job->file)
		guildfile_unref(job->file);
	job->file = file;
	job->op = op;
	return 0;
}

/* The Guild file of a directory; none there is no error. */
static int load_project(struct guild *g, const char *dir, struct job *job)
{
	struct err err = ERR_INIT;
	int r = guildfile_load(dir, &job->file, &err);

	(void)g;
	if (r == 0)
		print_warnings(&job->file->warnings);
	if (r == 0 || r == -ENOENT)
		return EXIT_OK;
	fprintf(stderr, "ERROR: error in %s\n", err_text(&err));
	return complain("guildfile in the current directory contains an error (see above for "
			"details)");
}

/*
 * Whether packages may have what an opspec names: one with a package, or with a model that is not
 * the project's; without a project any.
 */
static bool may_be_installed(const struct job *job, const char *opspec)
{
	const char *colon = strchr(opspec, ':');

	if (strchr(opspec, '/') || !job->file)
		return true;
	if (!colon || colon == opspec)
		return false;
	for (size_t i = 0; i < job->file->n_models; i++)
		if (memmem(job->file->models[i].name, strlen(job->file->models[i].name), opspec,
			    (size_t)(colon - opspec)))
			return false;
	return true;
}

/* *err says what the project lacks, and is replaced where packages have something like it. */
static int find_installed(struct guild *g, const char *opspec, struct job *job, struct err *err)
{
	const struct operation *op;
	struct err inner = ERR_INIT;
	int r;

	if (guild_open_installed(g, &job->installed) != EXIT_OK)
		return -EIO;
	r = installed_find_operation(&job->installed, opspec, &op, &inner);
	/* A project has no packages: it can say nothing about PACKAGE/OPERATION. */
	if (r < 0 && (inner.code || strchr(opspec, '/')))
		*err = inner;
	if (r < 0)
		return r;
	if (job->file)
		guildfile_unref(job->file);
	job->file = guildfile_ref((struct guildfile *)op->model->file);
	job->op = op;
	print_warnings(&job->file->warnings);
	return 0;
}

/* [PACKAGE/][MODEL:]OPERATION, or nothing. */
static bool is_opspec(const char *text)
{
	const char *slash = strchr(text, '/'), *rest = slash ? slash + 1 : text;
	const char *colon = strchr(rest, ':'), *op = colon ? colon + 1 : rest;

	return !*text || (*op && !strpbrk(op, "/:") && !(colon && memchr(rest, '/',
							(size_t)(colon - rest))) &&
				 !(slash && memchr(text, ':', (size_t)(slash - text))));
}

static int find_operation(struct guild *g, const char *opspec, struct job *job)
{
	struct err err = ERR_INIT, script_err = ERR_INIT;
	int status = job->file ? EXIT_OK : load_project(g, g->cwd, job);
	int r;

	if (status != EXIT_OK)
		return status;
	r = job->file ? guildfile_find_operation(job->file, opspec, &job->op, &err) : -ENOENT;
	if (r < 0 && *opspec) {
		int s = find_script(g, opspec, job, &script_err);

		if (s == -EACCES)
			return complain("%s", err_text(&script_err));
		r = s < 0 ? r : s;
	}
	if (r < 0)
		r = find_builtin(opspec, job) == 0 ? 0 : r;
	if (r == -ENOENT && may_be_installed(job, opspec))
		r = find_installed(g, opspec, job, &err);
	if (r == 0)
		return EXIT_OK;
	if (r == -EIO)
		return EXIT_ERROR;
	if (!is_opspec(opspec))
		return complain("invalid operation '%s'\nTry 'guild operations' for a list of "
				"available operations.",
			opspec);
	if (err.code)
		return complain("%s", err_text(&err));
	if (*opspec)
		return complain("cannot find operation %s\nYou may need to include a model in the "
				"form MODEL:OPERATION. Try 'guild operations' for a list of "
				"available operations.",
			opspec);
	return complain("cannot find a default operation\nTry 'guild operations' for a list.");
}

int job_find_optimizer(struct guild *g, struct guildfile *file, const char *opspec,
	struct guildfile **ret_file, const struct operation **ret)
{
	struct job job = {.file = file ? guildfile_ref(file) : NULL, .run_fd = -1, .batch_fd = -1};
	int status = find_operation(g, opspec, &job);

	if (status == EXIT_OK) {
		operation_import_flags(job.op);
		*ret_file = guildfile_ref(job.file);
		*ret = job.op;
	}
	job_release(&job);
	return status;
}

/* The operation that a run was of, as it is in the project now. */
static int find_operation_of_run(struct guild *g, struct job *job)
{
	_cleanup_(opref_release) struct opref ref = {0};
	_cleanup_buf_ struct buf dir = BUF_INIT, spec = BUF_INIT, name = BUF_INIT;
	struct err err = ERR_INIT;
	int r = opref_read(job->run_fd, &ref, &err), status;

	if (r < 0)
		return complain("%s", err_text(&err));
	opref_project_dir(&dir, &ref);
	if (strcmp(ref.pkg_type, "package") == 0) {
		buf_printf(
			&spec, "%s/%s%s%s", ref.pkg_name, ref.model, *ref.model ? ":" : "", ref.op);
		if (find_installed(g, buf_str(&spec), job, &err) == 0)
			return EXIT_OK;
	} else if (strcmp(ref.pkg_type, "builtin") == 0) {
		opref_display(&spec, &ref);
		if (find_builtin(buf_str(&spec), job) == 0)
			return EXIT_OK;
	} else if (strcmp(ref.pkg_type, "script") == 0) {
		buf_printf(&spec, "%s/%s", buf_str(&dir), ref.op);
		if (find_script(g, buf_str(&spec), job, &err) == 0)
			return EXIT_OK;
	} else if (dir.len) {
		status = load_project(g, buf_str(&dir), job);
		if (status != EXIT_OK)
			return status;
		buf_printf(&spec, "%s:%s", ref.model, ref.op);
		if (job->file && guildfile_find_operation(job->file,
					 *ref.model ? buf_str(&spec) : ref.op, &job->op, NULL) == 0)
			return EXIT_OK;
	}
	opref_display(&name, &ref);
	return complain("cannot find definition for operation '%s' in run %s\nThis is required "
			"when setting flags or using '--force-sourcecode' for restart or a new "
			"run.",
		buf_str(&name), job->id);
}

static void set_name(struct job *job)
{
	_cleanup_(opref_release) struct opref ref = {0};

	if (job->op)
		operation_spec(&job->name, job->op);
	else if (opref_read(job->run_fd, &ref, NULL) == 0)
		opref_display(&job->name, &ref);
}

/* --- words ------------------------------------------------------------------- */

/* `~` at the beginning of a value is the user's directory, as in Guild AI. */
static int add_flag_word(struct job *job, const char *word)
{
	const char *home = getenv("HOME"), *value = strchr(word, '=');

	if (value && home && value[1] == '~' && (value[2] == '/' || !value[2]))
		return strv_addf(
			&job->flag_args, "%.*s=%s%s", (int)(value - word), word, home, value + 2);
	return strv_add(&job->flag_args, word);
}

static int split_args(struct job *job, const struct strv *args)
{
	_cleanup_buf_ struct buf bad = BUF_INIT;
	bool has_op = args->n && !strchr(args->v[0], '=') && args->v[0][0] != '@';

	job->opspec = has_op ? args->v[0] : NULL;
	for (size_t i = has_op ? 1 : 0; i < args->n; i++) {
		if (args->v[i][0] != '@' && !strchr(args->v[i], '='))
			buf_printf(&bad, "%s\n", args->v[i]);
		else if (add_flag_word(job, args->v[i]) < 0)
			return complain("out of memory");
	}
	return bad.len ? complain("invalid argument(s):\n%sexpected NAME=VAL", buf_str(&bad))
		       : EXIT_OK;
}

/* --- batch files ------------------------------------------------------------- */

static int set_absent(struct value *flags, const struct value *trial)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < trial->map.n; i++)
		if (!value_get(flags, trial->map.pairs[i].key))
			r = value_map_set(flags, trial->map.pairs[i].key,
				value_copy(trial->map.pairs[i].value));
	return r;
}

static int read_trials(struct guild *g, struct job *job, const char *name)
{
	bool here = *name != '/' && strcmp(g->cwd, g->start_dir) == 0;
	_cleanup_buf_ struct buf path = BUF_INIT, shown = BUF_INIT;
	_cleanup_value_ struct value *trials = NULL;
	struct err err = ERR_INIT;
	int r;

	buf_printf(&path, "%s%s%s", *name == '/' ? "" : g->cwd, *name == '/' ? "" : "/", name);
	buf_printf(&shown, "%s%s", here ? "./" : "", here ? name : buf_str(&path));
	r = trials_read(buf_str(&path), &trials, &err);
	if (r == -ENOENT)
		return complain("batch file %s does not exist", buf_str(&shown));
	if (r < 0)
		return complain("cannot read trials for %s: %s", buf_str(&shown), err_text(&err));
	if (!job->trials)
		job->trials = value_list();
	for (size_t i = 0; job->trials && r == 0 && i < trials->list.n; i++)
		r = value_list_add(job->trials, value_copy(trials->list.items[i]));
	return r < 0 || !job->trials ? complain("out of memory") : EXIT_OK;
}

/* One trial is a way to give flags; more make a batch. */
static int take_single_trial(struct job *job)
{
	int r = 0;

	if (!job->trials || job->trials->list.n > 1)
		return EXIT_OK;
	if (job->trials->list.n)
		r = set_absent(job->user_flags, job->trials->list.items[0]);
	value_free(job->trials);
	job->trials = NULL;
	return r < 0 ? complain("out of memory") : EXIT_OK;
}

/* --- gathering --------------------------------------------------------------- */

int job_gather(
	struct guild *g, const struct run_options *o, const struct strv *args, struct job *job)
{
	const char *again = o->restart ? o->restart : o->start;
	const char *run = again ? again : o->proto;
	int status;

	job->o = o;
	job->run_fd = job->batch_fd = -1;
	job->is_proto = !again;
	status = split_args(job, args);
	if (status == EXIT_OK && again && job->opspec)
		status = complain("OPERATION cannot be used with --restart\nTry 'guild run --help' "
				  "for more information.");
	if (status == EXIT_OK)
		status = guild_open_home(g);
	if (status == EXIT_OK && run)
		status = find_run(g, run, job);
	if (status != EXIT_OK)
		return status;
	if (job->opspec || !run)
		status = find_operation(g, job->opspec ? job->opspec : "", job);
	else if (job->flag_args.n || o->force_sourcecode)
		status = find_operation_of_run(g, job);
	if (status == EXIT_OK && job->op) {
		size_t before = job->file->warnings.n;

		operation_import_flags(job->op);
		take_import_warnings(job, before);
	}
	if (status == EXIT_OK)
		set_name(job);
	return status;
}

/* --- flags ------------------------------------------------------------------- */

static int decode_flags(struct guild *g, struct job *job)
{
	int r = 0, status = EXIT_OK;

	job->user_flags = value_map();
	for (size_t i = 0; job->user_flags && r == 0 && i < job->flag_args.n; i++) {
		const char *word = job->flag_args.v[i], *equals = strchr(word, '=');
		_cleanup_free_ char *name = NULL;

		if (*word == '@')
			continue;
		name = strndup(word, (size_t)(equals - word));
		if (!name)
			r = -ENOMEM;
		else if (job->op)
			r = flags_assign(job->op, job->user_flags, name, equals + 1, NULL);
		else
			r = value_map_set(
				job->user_flags, name, flag_decode(FLAG_AUTO, equals + 1));
	}
	for (size_t i = 0; status == EXIT_OK && i < job->flag_args.n; i++)
		if (job->flag_args.v[i][0] == '@')
			status = read_trials(g, job, job->flag_args.v[i] + 1);
	if (r < 0 || !job->user_flags)
		return complain("out of memory");
	return status == EXIT_OK ? take_single_trial(job) : status;
}

static int complain_choice(const struct flag *flag)
{
	_cleanup_(table_release) struct table t = {.columns = 2};

	fprintf(stderr, "Unsupported value for '%s' - supported values are:\n\n", flag->name);
	for (size_t i = 0; i < flag->n_choices; i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;

		flag_encode(&text, flag->choices[i].value);
		table_add(&t, buf_str(&text));
		table_add(&t, flag->choices[i].description ? flag->choices[i].description : "");
	}
	table_print(&t, "  ", stderr);
	fputs("\nRun the command again using one of these options.\n", stderr);
	return EXIT_ERROR;
}

static int complain_required(const struct operation *op, const struct value *given)
{
	_cleanup_(table_release) struct table t = {.columns = 2};
	_cleanup_buf_ struct buf name = BUF_INIT;

	fputs("Operation requires the following missing flags:\n\n", stderr);
	operation_spec(&name, op);
	for (size_t i = 0; i < op->n_flags; i++) {
		const struct flag *flag = &op->flags[i];
		const struct value *v = value_get(given, flag->name);
		_cleanup_free_ char *line =
			strndup(flag->description, strcspn(flag->description, "\n"));

		v = v ? v : flag->default_value;
		if (!flag->required || !(value_is_null(v) || (value_str(v) && !*v->string)))
			continue;
		table_add(&t, flag->name);
		table_add(&t, line ? line : "");
	}
	table_print(&t, "  ", stderr);
	fprintf(stderr,
		"\nRun the command again with these flags or try 'guild run %s --help-op' for "
		"help.\n",
		buf_str(&name));
	return EXIT_ERROR;
}

static int complain_flags(const struct operation *op, const struct value *given, int r,
	const struct flags_problem *problem, const struct err *err)
{
	_cleanup_buf_ struct buf name = BUF_INIT;

	operation_spec(&name, op);
	switch (problem->kind) {
	case PROBLEM_UNKNOWN:
		return complain("unsupported flag '%s'%s%s%s\nTry 'guild run %s --help-op' for a "
				"list of flags or use --force-flags to skip this check.",
			problem->name, problem->near ? " - did you mean '" : "",
			problem->near ? problem->near : "", problem->near ? "'?" : "",
			buf_str(&name));
	case PROBLEM_ALIAS:
		return complain("cannot specify both alias '%s' and name for flag '%s'\nUse "
				"--force-flags to skip this check.",
			problem->flag->name, problem->flag->alias);
	case PROBLEM_CHOICE:
		return complain_choice(problem->flag);
	case PROBLEM_REQUIRED:
		return complain_required(op, given);
	default:
		return complain("%s", err->code ? err_text(err) : strerror(-r));
	}
}

/* What a run had, then what the user says, then what the operation has. */
static int merge_flags(struct job *job, const struct value *of_run, struct value *of_op)
{
	_cleanup_value_ struct value *merged = of_run ? value_copy(of_run) : value_map();
	_cleanup_value_ struct value *named = NULL;
	int r = merged ? 0 : -ENOMEM;

	if (!of_op) {
		for (size_t i = 0; r == 0 && i < job->user_flags->map.n; i++)
			r = value_map_set(merged, job->user_flags->map.pairs[i].key,
				value_copy(job->user_flags->map.pairs[i].value));
	} else {
		named = flags_by_name(job->op, job->user_flags);
		r = named ? r : -ENOMEM;
		for (size_t i = 0; r == 0 && i < of_op->map.n; i++) {
			const struct value_pair *pair = &of_op->map.pairs[i];

			if (value_get(named, pair->key) || !value_get(merged, pair->key))
				r = value_map_set(merged, pair->key, value_copy(pair->value));
		}
	}
	if (r < 0)
		return r;
	value_map_sort(merged);
	job->flags = STEAL(merged);
	return 0;
}

int job_resolve_flags(struct guild *g, struct job *job)
{
	_cleanup_value_ struct value *of_run = NULL, *of_op = NULL;
	const struct dep_query query = {.catalog = g->catalog, .for_stage = job->o->stage};
	struct flags_problem problem = {0};
	struct err err = ERR_INIT;
	int r = 0, status = decode_flags(g, job);

	if (status != EXIT_OK)
		return status;
	if (job->run_fd >= 0 && attr_read(job->run_fd, "flags", &of_run, NULL) < 0)
		of_run = NULL;
	if (job->op)
		r = flags_resolve(job->op, job->user_flags, job->o->force_flags || job->trials,
			&of_op, &problem, &err);
	if (r < 0)
		return complain_flags(job->op, job->user_flags, r, &problem, &err);
	if (job->op)
		r = dep_runs_fill_flags(&query, job->op, of_op, &job->missing);
	if (r == 0)
		r = merge_flags(job, of_run, of_op);
	return r < 0 ? complain("out of memory") : job_resolve_batch(g, job);
}

int job_resolve_opt_flags(struct job *job, const struct value *given)
{
	const struct strv *words = &job->o->opt_flags;
	_cleanup_value_ struct value *all = given ? value_copy(given) : value_map();
	struct flags_problem problem = {0};
	struct err err = ERR_INIT;
	int r = all ? 0 : -ENOMEM;

	job->opt_user_flags = value_map();
	if (!job->opt_user_flags)
		r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < words->n; i++) {
		r = flags_assign_word(job->batch_op, job->opt_user_flags, words->v[i], &err);
		if (r == -EINVAL)
			return complain("invalid argument '%s' for --opt-flag: expected NAME=VAL",
				words->v[i]);
	}
	for (size_t i = 0; r == 0 && i < job->opt_user_flags->map.n; i++)
		r = value_map_set(all, job->opt_user_flags->map.pairs[i].key,
			value_copy(job->opt_user_flags->map.pairs[i].value));
	if (r < 0)
		return complain("out of memory");
	r = flags_resolve(job->batch_op, all, job->o->force_flags, &job->opt_flags, &problem, &err);
	return r < 0 ? complain_flags(job->batch_op, all, r, &problem, &err) : EXIT_OK;
}
