/* SPDX-License-Identifier: MIT */
/* The options of guild run. */
#include "start/run_job.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "yaml/scalar.h"

#define OPTION(member, n, s, v, h, k)                                                              \
	{                                                                                          \
		.name = n, .short_name = s, .value = v, .help = h, .kind = k,                      \
		.offset = offsetof(struct run_options, member)                                     \
	}

const struct option_def run_options[] = {
	OPTION(label, "--label", "-l", "LABEL", "label of the run; ${flag} is replaced",
		OPTION_VALUE),
	OPTION(tags, "--tag", "-t", "TAG", "tag of the run; may be repeated", OPTION_LIST),
	OPTION(comment, "--comment", "-c", "TEXT", "comment on the run", OPTION_VALUE),
	OPTION(edit_comment, "--edit-comment", "-ec", NULL, "write the comment in an editor",
		OPTION_FLAG),
	OPTION(edit_flags, "--edit-flags", "-e", NULL, "edit the flags before the run",
		OPTION_FLAG),
	OPTION(run_dir, "--run-dir", "-d", "DIR", "make the run in DIR", OPTION_VALUE),
	OPTION(run_id, "--run-id", NULL, "ID", "id of the new run", OPTION_VALUE),
	OPTION(stage, "--stage", NULL, NULL, "make the run, but do not start it", OPTION_FLAG),
	OPTION(start, "--start", "-s", "RUN", "start a staged run", OPTION_VALUE),
	OPTION(restart, "--restart", NULL, "RUN", "run again in place", OPTION_VALUE),
	OPTION(proto, "--proto", NULL, "RUN",
		"a new run with the operation, flags and source "
		"code of RUN",
		OPTION_VALUE),
	OPTION(force_sourcecode, "--force-sourcecode", NULL, NULL,
		"with --restart or --proto, the project's source code", OPTION_FLAG),
	OPTION(gpus, "--gpus", NULL, "DEVICES", "limit to these GPUs", OPTION_VALUE),
	OPTION(no_gpus, "--no-gpus", NULL, NULL, "no GPUs", OPTION_FLAG),
	OPTION(batch_label, "--batch-label", "-bl", "LABEL", "label of the batch", OPTION_VALUE),
	OPTION(batch_tags, "--batch-tag", "-bt", "TAG", "tag of the batch", OPTION_LIST),
	OPTION(batch_comment, "--batch-comment", "-bc", "TEXT", "comment on the batch",
		OPTION_VALUE),
	OPTION(edit_batch_comment, "--edit-batch-comment", "-ebc", NULL,
		"write the comment on the batch in an editor", OPTION_FLAG),
	OPTION(optimizer, "--optimizer", "-o", "ALGORITHM",
		"have trials proposed by gp, forest, gbrt, tpe, cmaes, asha, random, a name under "
		"optimizers of the operation, or an operation",
		OPTION_VALUE),
	OPTION(optimize, "--optimize", "-O", NULL,
		"the same by the operation's default optimizer, else by gp", OPTION_FLAG),
	OPTION(minimize, "--minimize", "-N", "COLUMN", "column to minimize", OPTION_VALUE),
	OPTION(maximize, "--maximize", "-X", "COLUMN", "column to maximize", OPTION_VALUE),
	OPTION(opt_flags, "--opt-flag", "-Fo", "FLAG=VAL",
		"flag of the optimizer ('guild run gp --help-op' shows those of gp)", OPTION_LIST),
	OPTION(max_trials, "--max-trials", "-m", "N", "most trials of a batch", OPTION_VALUE),
	OPTION(max_trials, "--trials", NULL, "N", "the same", OPTION_VALUE),
	OPTION(jobs, "--jobs", NULL, "N",
		"runs at a time of a batch or a queue; else `jobs` of the operation, or 1",
		OPTION_VALUE),
	OPTION(executor, "--executor", NULL, "NAME",
		"have it started by this executor of the user configuration, slurm, or local",
		OPTION_VALUE),
	OPTION(executor_options, "--executor-option", "-Xo", "NAME=VALUE",
		"a setting of the executor, such as time=1:00:00; may be repeated", OPTION_LIST),
	OPTION(random_seed, "--random-seed", NULL, "N", "seed of the run", OPTION_VALUE),
	OPTION(debug_sourcecode, "--debug-sourcecode", NULL, "PATH",
		"where modules are loaded from, in place of the run's source code", OPTION_VALUE),
	OPTION(stage_trials, "--stage-trials", NULL, NULL, "stage the trials of a batch",
		OPTION_FLAG),
	OPTION(remote, "--remote", "-r", "REMOTE", "run on REMOTE", OPTION_VALUE),
	OPTION(no_wait, "--no-wait", "-n", NULL, "do not wait for a remote run", OPTION_FLAG),
	OPTION(yes, "--yes", "-y", NULL, "do not ask", OPTION_FLAG),
	OPTION(force_flags, "--force-flags", "-f", NULL, "take flags as they are, checked or not",
		OPTION_FLAG),
	OPTION(force_deps, "--force-deps", NULL, NULL, "go on when a dependency is not met",
		OPTION_FLAG),
	OPTION(stop_after, "--stop-after", NULL, "N", "stop the run after N minutes", OPTION_VALUE),
	OPTION(fail_on_trial_error, "--fail-on-trial-error", NULL, NULL,
		"stop a batch when a trial fails", OPTION_FLAG),
	OPTION(needed, "--needed", NULL, NULL, "only when there is no such run with these flags",
		OPTION_FLAG),
	OPTION(background, "--background", "-b", NULL, "do not wait for the run", OPTION_FLAG),
	OPTION(pidfile, "--pidfile", NULL, "FILE", "in background, with the process id in FILE",
		OPTION_VALUE),
	OPTION(save_trials, "--save-trials", NULL, "PATH", "write the trials of a batch to PATH",
		OPTION_VALUE),
	OPTION(print_trials, "--print-trials", NULL, NULL, "show the trials of a batch and exit",
		OPTION_FLAG),
	OPTION(keep_run, "--keep-run", NULL, NULL, "keep a run that would be deleted on success",
		OPTION_FLAG),
	OPTION(keep_batch, "--keep-batch", NULL, NULL, "keep a batch that would be deleted",
		OPTION_FLAG),
	OPTION(deps, "--dep", "-D", "PATH", "another file that the run depends on", OPTION_LIST),
	OPTION(breaks, "--break", NULL, "LOCATION", "break in the debugger there", OPTION_LIST),
	OPTION(break_on_error, "--break-on-error", NULL, NULL, "break in the debugger on error",
		OPTION_FLAG),
	OPTION(quiet, "--quiet", "-q", NULL, "do not show the run's output", OPTION_FLAG),
	OPTION(print_cmd, "--print-cmd", NULL, NULL, "show the command and exit", OPTION_FLAG),
	OPTION(print_env, "--print-env", NULL, NULL, "show the environment and exit", OPTION_FLAG),
	OPTION(help_op, "--help-op", "-h", NULL, "show the operation's flags and exit",
		OPTION_FLAG),
	OPTION(help_model, "--help-model", NULL, NULL, "show the model's help and exit",
		OPTION_FLAG),
	OPTION(test_output_scalars, "--test-output-scalars", NULL, "FILE",
		"show which scalars are read from output, and exit", OPTION_VALUE),
	OPTION(test_output_attrs, "--test-output-attrs", NULL, "FILE",
		"show which attributes are read from output, and exit", OPTION_VALUE),
	OPTION(test_sourcecode, "--test-sourcecode", NULL, NULL,
		"show which files are source code, and exit", OPTION_FLAG),
	OPTION(test_flags, "--test-flags", NULL, NULL, "show the flags' definitions and exit",
		OPTION_FLAG),
	{0},
};

void run_options_release(void *options)
{
	struct run_options *o = options;

	strv_release(&o->executor_options);
	strv_release(&o->tags);
	strv_release(&o->deps);
	strv_release(&o->batch_tags);
	strv_release(&o->opt_flags);
	strv_release(&o->breaks);
}

/* As Guild AI's program calls an option's variable. */
static const char *param_name(const struct option_def *def, struct buf *b)
{
	static const struct {
		const char *option, *param;
	} other[] = {{"--tag", "tags"}, {"--batch-tag", "batch_tags"}, {"--opt-flag", "opt_flags"},
		{"--break", "break_"}, {"--dep", "additional_deps"}, {"--trials", NULL},
		{"--jobs", NULL}, {"--executor", NULL}, {"--executor-option", NULL}};

	for (size_t i = 0; i < ARRAY_SIZE(other); i++)
		if (strcmp(other[i].option, def->name) == 0)
			return other[i].param;
	buf_puts(b, def->name + 2);
	for (size_t i = 0; i < b->len; i++)
		if (b->data[i] == '-')
			b->data[i] = '_';
	return buf_str(b);
}

static struct value *param_value(const struct option_def *def, const struct run_options *o)
{
	static const char *const numbers[] = {"--stop-after", "--random-seed", "--max-trials"};
	const char *base = (const char *)o + def->offset;
	const char *text;

	switch (def->kind) {
	case OPTION_FLAG:
		return value_bool(*(const bool *)base);
	case OPTION_LIST:
		return value_from_strv((const struct strv *)base);
	default:
		break;
	}
	text = *(const char *const *)base;
	for (size_t i = 0; text && i < ARRAY_SIZE(numbers); i++)
		if (strcmp(numbers[i], def->name) == 0)
			return scalar_decode(text);
	return text ? value_string(text) : value_null();
}

struct value *run_options_params(
	const struct run_options *o, const char *opspec, const struct strv *flag_args)
{
	struct value *params = value_map();
	int r = params ? value_map_set(
				 params, "opspec", opspec ? value_string(opspec) : value_null())
		       : -ENOMEM;

	if (r == 0)
		r = value_map_set(params, "flags", value_from_strv(flag_args));
	for (const struct option_def *def = run_options; r == 0 && def->name; def++) {
		_cleanup_buf_ struct buf name = BUF_INIT;
		const char *param = param_name(def, &name);

		if (param && strcmp(param, "start") != 0)
			r = value_map_set(params, param, param_value(def, o));
	}
	if (r == 0)
		return params;
	value_free(params);
	return NULL;
}
