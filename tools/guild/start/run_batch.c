/* SPDX-License-Identifier: MIT */
/* guild run with several values: what its flags make, and what is shown of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <unistd.h>

#include "start/run_job.h"
#include "term/table.h"
#include "base/csv.h"
#include "base/file.h"
#include "base/name.h"
#include "project/builtin.h"
#include "project/command.h"
#include "project/flag_values.h"
#include "project/optimizer.h"
#include "run/attr.h"
#include "run/batch.h"
#include "run/jobs.h"
#include "run/opref.h"
#include "run/queue.h"
#include "yaml/json.h"
#include "yaml/scalar.h"

/* --- what it is ------------------------------------------------------------------ */

/* A run that is a batch stays one of its kind, whatever its flags become. */
static int kind_of_run(struct job *job)
{
	_cleanup_(opref_release) struct opref ref = {0};

	if (opref_read(job->batch_fd, &ref, NULL) < 0)
		return complain("cannot read batch %s", job->id);
	job->batch = strcmp(ref.pkg_type, "builtin") == 0 ? builtin_kind(ref.op) : BATCH_CUSTOM;
	return job->batch ? EXIT_OK
			  : complain("'%s' of batch %s is an optimizer that is not here", ref.op,
				    job->id);
}

static int use_optimizer(struct guild *g, struct job *job, const struct optimizer *chosen)
{
	/* A script has no project; the directory may have one. */
	int status = job_find_optimizer(g, job->file->is_script ? NULL : job->file, chosen->opspec,
		&job->batch_file, &job->batch_op);

	if (status != EXIT_OK)
		return status;
	job->batch = job->batch_file->is_builtin ? builtin_kind(job->batch_op->name) : BATCH_CUSTOM;
	return job_resolve_opt_flags(job, chosen->flags);
}

/* The one that is asked for, by name or as the operation's own. */
static int choose_optimizer(struct guild *g, struct job *job)
{
	_cleanup_optimizer_ struct optimizer chosen = {0};
	struct err err = ERR_INIT;
	int r;

	if (!job->op)
		return complain("an optimizer needs the operation's definition");
	r = job->o->optimizer ? optimizer_named(job->op, job->o->optimizer, &chosen, &err)
			      : optimizer_default(job->op, &chosen, &err);
	return r < 0 ? complain("%s", err.code ? err_text(&err) : "out of memory")
		     : use_optimizer(g, job, &chosen);
}

/* Guild AI makes such a batch, and so can who asks for it; most likely it is a slip. */
static void warn_of_no_trials(const struct job *job)
{
	const char *empty = job->batch == BATCH_GRID ? batch_empty_flag(job->flags) : NULL;

	if (empty && !job->o->quiet)
		warning("flag '%s' is an empty list: the batch has no trials", empty);
}

static int choose_kind(struct guild *g, struct job *job)
{
	if (job->batch_fd >= 0)
		return kind_of_run(job);
	if (job->o->optimizer || job->o->optimize)
		return choose_optimizer(g, job);
	/* Of an earlier run there is nothing but what was tried already. */
	job->batch = job->op ? batch_kind_of(job->flags, job->trials) : BATCH_NONE;
	warn_of_no_trials(job);
	return job->batch && job->id[0] && !job->is_proto
		       ? complain("run %s is no batch and cannot become one: use --proto for a "
				  "new run with several values",
				 job->id)
		       : EXIT_OK;
}

/* An operation that starts other runs by itself. */
static bool is_queue(const struct job *job)
{
	_cleanup_(opref_release) struct opref ref = {0};
	int r = job->op ? opref_for_operation(job->op, &ref) : opref_read(job->run_fd, &ref, NULL);

	return r == 0 && queue_is(&ref);
}

static int check_unused(const struct job *job)
{
	const struct run_options *o = job->o;

	if (o->opt_flags.n)
		return complain(
			"invalid optimizer flag %s: no optimizer specified", o->opt_flags.v[0]);
	if (o->print_trials)
		return complain("cannot print trials for a non-batch operation");
	if (o->save_trials)
		return complain("cannot save trials for a non-batch operation");
	if (o->max_trials)
		warning("not a batch run - ignoring --max-trials");
	if (o->jobs && !is_queue(job))
		warning("not a batch run - ignoring --jobs");
	if (o->batch_comment || o->edit_batch_comment)
		warning("operation is not a batch - ignoring batch comment");
	return EXIT_OK;
}

static int read_number(const char *option, const char *text, int64_t least, int64_t *ret)
{
	_cleanup_value_ struct value *v = scalar_decode(text);

	return v && value_as_int(v, ret) && *ret >= least
		       ? EXIT_OK
		       : complain("invalid value '%s' for --%s: an integer%s is needed", text,
				 option, least > 0 ? " greater than 0" : "");
}

static int read_seed(struct job *job)
{
	uint32_t seed = 0;

	if (job->o->random_seed)
		return read_number("random-seed", job->o->random_seed, INT64_MIN, &job->seed);
	if (job->batch_fd >= 0 && attr_read_int(job->batch_fd, "random_seed", &job->seed) == 0)
		return EXIT_OK;
	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		return complain("no random numbers for a seed: %s", strerror(errno));
	job->seed = seed;
	return EXIT_OK;
}

static int read_max_trials(struct job *job)
{
	job->max_trials = 0;
	if (job->o->max_trials)
		return read_number("max-trials", job->o->max_trials, 1, &job->max_trials);
	if (job->batch_fd >= 0 && attr_read_int(job->batch_fd, "max_trials", &job->max_trials) == 0)
		return EXIT_OK;
	if (job->batch_op)
		job->max_trials = batch_default_trials(job->batch_op);
	return EXIT_OK;
}

static int read_jobs(struct job *job)
{
	int64_t n = 0;

	if (job->batch_fd >= 0)
		job->jobs = run_jobs_get(job->batch_fd);
	else if (job->batch && job->op)
		job->jobs = job->op->jobs;
	if (!job->o->jobs)
		return EXIT_OK;
	if (read_number("jobs", job->o->jobs, 1, &n) != EXIT_OK)
		return EXIT_ERROR;
	job->jobs = (int)n;
	return n <= JOBS_MAX ? EXIT_OK
			     : complain("invalid value '%s' for --jobs: at most %d runs at a time",
				       job->o->jobs, JOBS_MAX);
}

/* What is minimized, or with a `-` before it maximized. */
static int read_objective(struct job *job)
{
	struct buf *b = &job->objective;

	buf_clear(b);
	if (job->o->maximize)
		buf_printf(b, "-%s", job->o->maximize);
	else if (job->o->minimize)
		buf_puts(b, job->o->minimize);
	else if (job->batch_fd >= 0)
		attr_read_text(job->batch_fd, "objective", b);
	else if (job->op)
		batch_objective(job->op, b);
	return buf_error(b) ? complain("out of memory") : EXIT_OK;
}

/* What it is itself: a run of an operation that comes with Guild AI. */
static int find_batch_operation(struct job *job)
{
	struct err err = ERR_INIT;

	if (job->batch_fd >= 0 || job->batch_op)
		return EXIT_OK;
	return builtin_batch(job->batch, &job->batch_file, &job->batch_op, &err) < 0
		       ? complain("%s", err_text(&err))
		       : job_resolve_opt_flags(job, NULL);
}

/* A batch that is run again has the flags that it had, but for those that the user sets. */
static int read_opt_flags(struct job *job)
{
	const struct strv *words = &job->o->opt_flags;
	int r = 0;

	if (job->batch_fd < 0)
		return EXIT_OK;
	if (attr_read(job->batch_fd, "flags", &job->opt_flags, NULL) < 0)
		job->opt_flags = value_map();
	job->opt_user_flags = value_map();
	for (size_t i = 0; job->opt_flags && job->opt_user_flags && r == 0 && i < words->n; i++) {
		const char *equals = strchr(words->v[i], '=');
		_cleanup_buf_ struct buf name = BUF_INIT;

		if (!equals)
			return complain("invalid argument '%s' for --opt-flag: expected NAME=VAL",
				words->v[i]);
		buf_add(&name, words->v[i], (size_t)(equals - words->v[i]));
		r = value_map_set(
			job->opt_user_flags, buf_str(&name), flag_decode(FLAG_AUTO, equals + 1));
		if (r == 0)
			r = value_map_set(
				job->opt_flags, buf_str(&name), flag_decode(FLAG_AUTO, equals + 1));
	}
	return r < 0 || !job->opt_flags || !job->opt_user_flags ? complain("out of memory")
								: EXIT_OK;
}

static int check_stage_trials(const struct job *job)
{
	_cleanup_buf_ struct buf name = BUF_INIT;

	if (!job->o->stage_trials || !job->batch_op ||
		value_truthy(value_get(job->batch_op->data, "can-stage-trials")))
		return EXIT_OK;
	operation_spec(&name, job->batch_op);
	return complain("operation '%s' does not support --stage-trials", buf_str(&name));
}

/* What was found for other flags. */
static void forget_batch(struct job *job)
{
	if (job->batch_file)
		guildfile_unref(job->batch_file);
	value_free(job->opt_user_flags);
	value_free(job->opt_flags);
	job->batch_file = NULL;
	job->batch_op = NULL;
	job->opt_user_flags = job->opt_flags = NULL;
}

int job_resolve_batch(struct guild *g, struct job *job)
{
	int status;

	forget_batch(job);
	status = choose_kind(g, job);
	if (status == EXIT_OK)
		status = read_seed(job);
	if (status == EXIT_OK && !job->batch)
		status = check_unused(job);
	if (status == EXIT_OK && (job->batch || is_queue(job)))
		status = read_jobs(job);
	if (status != EXIT_OK || !job->batch)
		return status;
	status = find_batch_operation(job);
	if (status == EXIT_OK)
		status = check_stage_trials(job);
	if (status == EXIT_OK && job->batch_op && batch_opens_ranges(job->batch_op) && job->op &&
		batch_open_ranges(job->op, job->user_flags, job->flags) < 0)
		return complain("out of memory");
	if (status == EXIT_OK)
		status = read_opt_flags(job);
	if (status == EXIT_OK)
		status = read_max_trials(job);
	if (status == EXIT_OK)
		status = read_objective(job);
	if (status == EXIT_OK && !job->trials && job->batch_fd >= 0 &&
		attr_read(job->run_fd, "trials", &job->trials, NULL) < 0)
		job->trials = NULL;
	return status;
}

/* --- its trials -------------------------------------------------------------------- */

static int expand(const struct job *job, struct value **ret, struct err *err)
{
	const struct batch_spec spec = {
		.kind = job->batch,
		.flags = job->flags,
		.user_flags = job->user_flags,
		.trials = job->trials,
		.max_trials = job->max_trials,
		.seed = job->seed,
	};

	return batch_expand(&spec, ret, err);
}

/* Trials that nobody knows before they are run are none that can be shown. */
static int expand_or_complain(const struct job *job, const char *what, struct value **ret)
{
	struct err err = ERR_INIT;
	int r;

	if (job->batch != BATCH_GRID && job->batch != BATCH_RANDOM)
		return complain("optimizer does not support %s", what);
	r = expand(job, ret, &err);

	return r < 0 ? complain("%s", err.code ? err_text(&err) : strerror(-r)) : EXIT_OK;
}

/* MODEL:OPERATION of the batch itself. */
static void batch_name(const struct job *job, struct buf *b)
{
	_cleanup_(opref_release) struct opref ref = {0};

	if (job->batch_op)
		operation_spec(b, job->batch_op);
	else if (job->batch && opref_read(job->batch_fd, &ref, NULL) == 0)
		opref_display(b, &ref);
}

static void describe_optimizer(const struct job *job, const char *name, struct buf *b)
{
	const char *objective = buf_str(&job->objective);

	buf_printf(b, " with %s optimizer (", name);
	if (job->max_trials)
		buf_printf(b, "%lld trials, ", (long long)job->max_trials);
	if (*objective == '-')
		buf_printf(b, "maximize %s)", objective + 1);
	else
		buf_printf(b, "minimize %s)", objective);
}

void batch_describe(const struct job *job, struct buf *b)
{
	_cleanup_value_ struct value *trials = NULL;

	_cleanup_buf_ struct buf name = BUF_INIT;

	batch_name(job, &name);
	if (strcmp(buf_str(&name), "skopt:random") == 0)
		buf_printf(b, " with random search (%lld trials)", (long long)job->max_trials);
	else if (job->batch == BATCH_GRID && expand(job, &trials, NULL) == 0)
		buf_printf(b, " as a batch (%zu trial%s)", trials->list.n,
			trials->list.n == 1 ? "" : "s");
	else if (job->batch)
		describe_optimizer(job, buf_str(&name), b);
	if (job->batch && job->trials && job->flags->map.n)
		buf_puts(b, " (flags below used unless specified in batch trial)");
}

void batch_suffix(const struct job *job, struct buf *b)
{
	_cleanup_buf_ struct buf name = BUF_INIT;

	if (!job->batch)
		return;
	batch_name(job, &name);
	buf_putc(b, '+');
	if (strcmp(buf_str(&name), "+") != 0)
		buf_puts(b, buf_str(&name));
}

/* Names of all flags that any trial has, sorted. */
static int names_of(const struct value *trials, struct strv *names)
{
	int r = 0;

	for (size_t i = 0; i < trials->list.n; i++) {
		const struct value *trial = trials->list.items[i];

		/* Nearly always those of the one before. */
		for (size_t j = 0; r == 0 && j < trial->map.n; j++)
			if (i == 0 ||
				!value_get(trials->list.items[i - 1], trial->map.pairs[j].key))
				r = strv_add(names, trial->map.pairs[j].key);
	}
	strv_sort(names);
	strv_unique(names);
	return r;
}

static void cell(struct buf *b, const struct value *v)
{
	buf_clear(b);
	if (v)
		flag_encode(b, v);
}

int batch_print_trials(const struct job *job)
{
	_cleanup_(table_release) struct table t = {0};
	_cleanup_value_ struct value *trials = NULL;
	_cleanup_strv_ struct strv names = STRV_INIT;
	_cleanup_buf_ struct buf text = BUF_INIT;
	int status = expand_or_complain(job, "printing trials", &trials);

	if (status != EXIT_OK || !trials->list.n)
		return status;
	if (names_of(trials, &names) < 0)
		return complain("out of memory");
	t.columns = names.n + 1;
	table_add(&t, "#");
	for (size_t i = 0; i < names.n; i++)
		table_add(&t, names.v[i]);
	for (size_t i = 0; i < trials->list.n; i++) {
		buf_clear(&text);
		buf_printf(&text, "%zu", i + 1);
		table_add(&t, buf_str(&text));
		for (size_t j = 0; j < names.n; j++) {
			cell(&text, value_get(trials->list.items[i], names.v[j]));
			table_add(&t, buf_str(&text));
		}
	}
	table_print(&t, "", stdout);
	return EXIT_OK;
}

static int format_csv(const struct value *trials, struct buf *b)
{
	_cleanup_strv_ struct strv names = STRV_INIT;
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = names_of(trials, &names);

	for (size_t j = 0; r == 0 && j < names.n; j++) {
		buf_puts(b, j ? "," : "");
		csv_field(b, names.v[j]);
	}
	buf_putc(b, '\n');
	for (size_t i = 0; r == 0 && i < trials->list.n; i++) {
		for (size_t j = 0; j < names.n; j++) {
			buf_puts(b, j ? "," : "");
			cell(&text, value_get(trials->list.items[i], names.v[j]));
			csv_field(b, buf_str(&text));
		}
		buf_putc(b, '\n');
	}
	return r < 0 ? r : buf_error(b);
}

int batch_save_trials(struct guild *g, const struct job *job)
{
	const char *name = job->o->save_trials;
	const char *dot = strrchr(name_of_path(name), '.');
	_cleanup_value_ struct value *trials = NULL;
	_cleanup_buf_ struct buf path = BUF_INIT, text = BUF_INIT;
	bool json = dot && strcasecmp(dot, ".json") == 0;
	int r;

	if (dot && !json && strcasecmp(dot, ".csv") != 0)
		return complain(
			"Unsupported extension '%s' - use '.csv', '.json', or no extension", dot);
	if (*name != '/')
		buf_printf(&path, "%s/", g->cwd);
	buf_puts(&path, name);
	if (expand_or_complain(job, "saving trials", &trials) != EXIT_OK)
		return EXIT_ERROR;
	printf("Saving trials to %s\n", name);
	r = 0;
	if (json)
		json_emit(&text, trials);
	else
		r = format_csv(trials, &text);
	if (r == 0)
		r = buf_error(&text);
	if (r == 0)
		r = file_write(AT_FDCWD, buf_str(&path), text.data, text.len, 0644, FILE_NOSYNC);
	return r < 0 ? complain("cannot write %s: %s", name, strerror(-r)) : EXIT_OK;
}

int batch_print_commands(struct guild *g, const struct job *job)
{
	_cleanup_value_ struct value *trials = NULL, *op = NULL, *attr = NULL;
	struct err err = ERR_INIT;
	int status = EXIT_OK;

	if (job->batch_op)
		attr = command_attr(job->batch_op, NULL, &err);
	else
		attr_read(job->batch_fd, "op", &attr, &err);
	if (!attr)
		return complain("%s", err.code ? err_text(&err) : "out of memory");
	if (expand_or_complain(job, "printing trials command", &trials) != EXIT_OK ||
		job_op_attr(job, &op) != EXIT_OK)
		return EXIT_ERROR;
	status = job_print_command(g, job, attr, NULL);
	for (size_t i = 0; status == EXIT_OK && i < trials->list.n; i++)
		status = job_print_command(g, job, op, trials->list.items[i]);
	return status;
}

/* --- making it ----------------------------------------------------------------------- */

void batch_make_spec(const struct job *job, struct birth_spec *spec, struct birth_spec *proto,
	struct birth_batch *ret)
{
	const struct run_options *o = job->o;
	_cleanup_value_ struct value *stage = NULL;

	*proto = *spec;
	proto->trials = job->trials;
	proto->stage = false;
	if (job->batch_fd >= 0)
		attr_read(job->batch_fd, "stage_trials", &stage, NULL);
	*ret = (struct birth_batch){
		.proto = proto,
		.max_trials = job->max_trials,
		.objective = job->objective.len ? buf_str(&job->objective) : NULL,
		.stage_trials = o->stage_trials || (stage && value_truthy(stage)),
	};
	*spec = (struct birth_spec){
		.op = job->batch_op,
		.proto_fd = job->batch_fd,
		.user_flags = job->opt_user_flags,
		.flags = job->opt_flags,
		.batch = ret,
		.label = o->batch_label,
		.tags = &o->batch_tags,
		.comment = o->batch_comment,
		.jobs = job->jobs,
		.stage = o->stage,
		.keep = o->keep_batch,
		.uid = proto->uid,
		.gid = proto->gid,
		.user = proto->user,
		.env = proto->env,
		.run_params = proto->run_params,
		.seed = &job->seed,
		.warnings = proto->warnings,
	};
}
