/* SPDX-License-Identifier: MIT */
/* The built-in Guild file. */
#include "project/builtin.h"

#include <errno.h>
#include <string.h>

#include "yaml/json.h"

/* Of both kinds of queue. */
/* clang-format off */
#define QUEUE_FLAGS                                                                        \
	"        poll-interval:\n"                                                         \
	"          description: Seconds after which it looks at the latest\n"              \
	"          default: 10\n"                                                          \
	"          type: int\n"                                                            \
	"        run-once:\n"                                                              \
	"          description: End when there is no staged run left\n"                    \
	"          default: no\n"                                                          \
	"          arg-switch: yes\n"                                                      \
	"          type: boolean\n"                                                        \
	"        wait-for-running:\n"                                                      \
	"          description: Start nothing while other runs are running\n"              \
	"          default: no\n"                                                          \
	"          arg-switch: yes\n"                                                      \
	"          type: boolean\n"

/* Names and values of Guild AI's own are theirs: its users' scripts and runs have them. */
static const char text[] =
	"- model: ''\n"
	"  plugins: no\n"
	"  operations:\n"
	"    +:\n"
	"      description: Every combination of the values of flags\n"
	"      exec: ${guild_python_exe} -um guild.batch_main\n"
	"      env: &env {NO_OP_INTERRUPTED_MSG: '1'}\n"
	"      delete-on-success: yes\n"
	"      can-stage-trials: yes\n"
	"      pip-freeze: no\n"
	"    asha:\n"
	"      description: Values by chance, and an early end for trials that do worse\n"
	"      exec: ${guild_python_exe} -um guild.plugins.asha_main\n"
	"      env: *env\n"
	"      pip-freeze: no\n"
	"      default-max-trials: 20\n"
	"      flag-encoder: &encoder guild.plugins.skopt:encode_flag_for_optimizer\n"
	"      flags:\n"
	"        reduction:\n"
	"          description: One trial of so many goes on each time that they are compared\n"
	"          type: int\n"
	"          min: 2\n"
	"          default: 3\n"
	"        first-rung:\n"
	"          description: Values of the objective that a trial writes before it is compared\n"
	"          type: int\n"
	"          min: 1\n"
	"          default: 1\n"
	"    queue:\n"
	"      sourcecode: no\n"
	"      description: >\n"
	"        Start staged runs\n"
	"        \n"
	"        A queue starts runs that were staged, in the order in which they\n"
	"        were, one after the other, or as many at a time as --jobs says. It\n"
	"        goes on until it is stopped. `guild runs pause`, `resume` and\n"
	"        `drain` tell it to start nothing for a while, to go on, and to end\n"
	"        when what it has started has ended. Several queues share the work.\n"
	"      exec: ${guild_python_exe} -um guild.plugins.queue_main ${flag_args}\n"
	"      delete-on-success: yes\n"
	"      pip-freeze: no\n"
	"      flags:\n"
	QUEUE_FLAGS
	"        gpus:\n"
	"          description: >\n"
	"            GPUs of the runs that it starts\n"
	"            \n"
	"            Numbers with commas between them, or all: those of the\n"
	"            machine. With --jobs they are divided, and each run has a\n"
	"            share to itself. A run that was staged with other --gpus is\n"
	"            left to another queue.\n"
	"          null-label: unspecified\n"
	"- model: dask\n"
	"  plugins: no\n"
	"  operations:\n"
	"    scheduler:\n"
	"      sourcecode: no\n"
	"      description: >\n"
	"        Start staged runs, as Guild AI's Dask scheduler does\n"
	"        \n"
	"        A queue with the options of that scheduler; it is no Dask cluster\n"
	"        and has no dashboard. A run with a tag dask:NAME=QUANTITY is\n"
	"        started when that quantity of the resource is free, and has it\n"
	"        until it ends.\n"
	"      exec: ${guild_python_exe} -um guild.plugins.dask_scheduler_main "
	"${flag_args}\n"
	"      pip-freeze: no\n"
	"      flags:\n"
	"        workers:\n"
	"          description: Runs at a time, as --jobs; else one for each CPU\n"
	"          type: int\n"
	"          null-label: auto\n"
	"        loglevel:\n"
	"          description: Taken, and without a meaning here\n"
	"          default: warn\n"
	"          choices: [debug, info, warn, error]\n"
	"        dashboard-address:\n"
	"          description: Taken, and without a meaning here\n"
	"          default: 8787\n"
	QUEUE_FLAGS
	"        resources:\n"
	"          description: What there is of resources, as NAME=QUANTITY words\n"
	"          null-label: unconstrained\n"
	"- model: skopt\n"
	"  plugins: no\n"
	"  operations:\n"
	"    random:\n"
	"      description: Values of flags by chance\n"
	"      exec: ${guild_python_exe} -um guild.plugins.random_main\n"
	"      env: *env\n"
	"      delete-on-success: yes\n"
	"      can-stage-trials: yes\n"
	"      pip-freeze: no\n"
	"      default-max-trials: 20\n"
	"      flag-encoder: *encoder\n"
	"    gp:\n"
	"      description: Bayesian optimization by Gaussian processes (scikit-optimize)\n"
	"      exec: ${guild_python_exe} -um guild.plugins.skopt_gp_main\n"
	"      env: *env\n"
	"      pip-freeze: no\n"
	"      default-max-trials: 20\n"
	"      flag-encoder: *encoder\n"
	"      flags:\n"
	"        random-starts: &random_starts\n"
	"          description: Trials by chance before the search begins\n"
	"          type: int\n"
	"          default: 3\n"
	"        prev-trials: &prev_trials\n"
	"          description: Earlier runs that the search learns from\n"
	"          default: sourcecode\n"
	"          choices:\n"
	"            - {value: batch, description: trials of this batch}\n"
	"            - {value: sourcecode, description: of the same source code}\n"
	"            - {value: operation, description: of the same operation}\n"
	"        kappa: &kappa\n"
	"          description: How much what is not known counts (LCB)\n"
	"          type: float\n"
	"          default: 1.96\n"
	"        xi: &xi\n"
	"          description: Improvement to look for over what is best so far (EI, PI)\n"
	"          type: float\n"
	"          default: 0.05\n"
	"        acq-func:\n"
	"          description: Which next trial is thought to be best\n"
	"          default: gp_hedge\n"
	"          choices:\n"
	"            - {value: LCB, description: lower confidence bound}\n"
	"            - {value: EI, description: expected improvement}\n"
	"            - {value: PI, description: probability of improvement}\n"
	"            - {value: gp_hedge, description: 'one of these three by chance, the "
	"more often the better it did'}\n"
	"            - {value: EIps, description: EI for each second of a trial}\n"
	"            - {value: PIps, description: PI for each second of a trial}\n"
	"        noise:\n"
	"          description: Variance of the objective, or gaussian when it is not known\n"
	"          default: gaussian\n"
	"    forest:\n"
	"      description: Search by randomized decision trees (scikit-optimize)\n"
	"      exec: ${guild_python_exe} -um guild.plugins.skopt_forest_main\n"
	"      env: *env\n"
	"      pip-freeze: no\n"
	"      default-max-trials: 20\n"
	"      flag-encoder: *encoder\n"
	"      flags: &tree_flags\n"
	"        random-starts: *random_starts\n"
	"        prev-trials: *prev_trials\n"
	"        kappa: *kappa\n"
	"        xi: *xi\n"
	"    gbrt:\n"
	"      description: Search by gradient boosted trees (scikit-optimize)\n"
	"      exec: ${guild_python_exe} -um guild.plugins.skopt_gbrt_main\n"
	"      env: *env\n"
	"      pip-freeze: no\n"
	"      default-max-trials: 20\n"
	"      flag-encoder: *encoder\n"
	"      flags: *tree_flags\n"
	"- model: optuna\n"
	"  plugins: no\n"
	"  operations:\n"
	"    tpe:\n"
	"      description: Tree-structured Parzen estimator (Optuna)\n"
	"      exec: ${guild_python_exe} -um guild.plugins.optuna_tpe_main\n"
	"      env: *env\n"
	"      pip-freeze: no\n"
	"      default-max-trials: 20\n"
	"      flag-encoder: *encoder\n"
	"      flags:\n"
	"        random-starts: *random_starts\n"
	"        prev-trials: *prev_trials\n"
	"        candidates:\n"
	"          description: Values that are compared for each next one\n"
	"          type: int\n"
	"          min: 1\n"
	"          default: 24\n"
	"        multivariate:\n"
	"          description: Whether flags are seen together, not each by itself\n"
	"          type: boolean\n"
	"          default: no\n"
	"    cmaes:\n"
	"      description: Evolution strategy that adapts its covariance, for numbers (Optuna)\n"
	"      exec: ${guild_python_exe} -um guild.plugins.optuna_cmaes_main\n"
	"      env: *env\n"
	"      pip-freeze: no\n"
	"      default-max-trials: 20\n"
	"      flag-encoder: *encoder\n"
	"      flags:\n"
	"        population:\n"
	"          description: Trials of a generation\n"
	"          type: int\n"
	"          min: 2\n"
	"          null-label: by the number of flags\n";
/* clang-format on */

static int parse(struct guildfile **ret, struct err *err)
{
	/* Its directory, which is the project's elsewhere, is nothing. */
	int r = guildfile_parse("/builtin", text, strlen(text), ret, err);

	if (r == 0)
		(*ret)->is_builtin = true;
	return r;
}

static const char deploy[] = "- model: ''\n"
			     "  plugins: no\n"
			     "  operations:\n"
			     "    deploy:\n"
			     "      exec: ${guild_python_exe} -um guild.deploy_main\n"
			     "      pip-freeze: no\n"
			     "      sourcecode: no\n"
			     "      requires:\n"
			     "      - name: run\n"
			     "        target-path: model\n"
			     "        sources:\n"
			     "        - name: run\n";

/* Of the file a copy, since it may be another one the next day. */
static const char predict[] = "- model: ''\n"
			      "  plugins: no\n"
			      "  operations:\n"
			      "    predict:\n"
			      "      exec: ${guild_python_exe} -um guild.predict_main\n"
			      "      pip-freeze: no\n"
			      "      sourcecode: no\n"
			      "      requires:\n"
			      "      - name: deployment\n"
			      "        target-path: deployment\n"
			      "        sources:\n"
			      "        - name: deployment\n"
			      "          operation: deploy\n"
			      "          select: model\n"
			      "      - name: instances\n"
			      "        sources:\n"
			      "        - name: instances\n"
			      "          file: instances\n"
			      "          unpack: no\n"
			      "          target-type: copy\n"
			      "          rename: '.+ prediction.inputs'\n";

static const struct {
	const char *model, *op;
	enum batch_kind kind;
	const char *aliases[2];
} operations[] = {
	{"", "+", BATCH_GRID, {NULL}},
	{"skopt", "random", BATCH_RANDOM, {NULL}},
	{"", "asha", BATCH_RANDOM, {NULL}},
	{"skopt", "gp", BATCH_SEQUENTIAL, {"bayesian", "gaussian"}},
	{"skopt", "forest", BATCH_SEQUENTIAL, {NULL}},
	{"skopt", "gbrt", BATCH_SEQUENTIAL, {NULL}},
	{"optuna", "tpe", BATCH_SEQUENTIAL, {NULL}},
	{"optuna", "cmaes", BATCH_SEQUENTIAL, {NULL}},
	{"", "queue", BATCH_NONE, {NULL}},
	{"dask", "scheduler", BATCH_NONE, {NULL}},
};

static int load(
	size_t i, struct guildfile **ret_file, const struct operation **ret, struct err *err)
{
	int r = parse(ret_file, err);

	if (r < 0)
		return r;
	*ret = model_operation(guildfile_model(*ret_file, operations[i].model), operations[i].op);
	return 0;
}

int builtin_batch(enum batch_kind kind, struct guildfile **ret_file, const struct operation **ret,
	struct err *err)
{
	return load(kind == BATCH_RANDOM ? 1 : 0, ret_file, ret, err);
}

static bool is_called(size_t i, const char *opspec)
{
	const char *colon = strchr(opspec, ':');

	if (colon)
		return strlen(operations[i].model) == (size_t)(colon - opspec) &&
		       strncmp(opspec, operations[i].model, (size_t)(colon - opspec)) == 0 &&
		       strcmp(colon + 1, operations[i].op) == 0;
	for (size_t j = 0; j < ARRAY_SIZE(operations[i].aliases); j++)
		if (operations[i].aliases[j] && strcmp(operations[i].aliases[j], opspec) == 0)
			return true;
	/* What is no optimizer and of a model is only known by its whole name. */
	return (operations[i].kind != BATCH_NONE || !*operations[i].model) &&
	       strcmp(operations[i].op, opspec) == 0;
}

int builtin_find(const char *opspec, struct guildfile **ret_file, const struct operation **ret,
	struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(operations); i++)
		if (is_called(i, opspec))
			return load(i, ret_file, ret, err);
	return -ENOENT;
}

enum batch_kind builtin_kind(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(operations); i++)
		if (strcmp(operations[i].op, name) == 0)
			return operations[i].kind;
	return BATCH_NONE;
}

static int parse_made(const struct buf *all, const char *op, struct guildfile **ret_file,
	const struct operation **ret, struct err *err)
{
	int r = buf_error(all) ? buf_error(all)
			       : guildfile_parse("/builtin", all->data, all->len, ret_file, err);

	if (r < 0)
		return r;
	(*ret_file)->is_builtin = true;
	*ret = model_operation(guildfile_model(*ret_file, ""), op);
	return 0;
}

static void add_flags(struct buf *b, const struct value *flags)
{
	buf_puts(b, "      flags: ");
	json_emit(b, flags);
	buf_putc(b, '\n');
}

int builtin_deploy(const struct value *flags, const char *operation, const char *select,
	struct guildfile **ret_file, const struct operation **ret, struct err *err)
{
	_cleanup_buf_ struct buf all = BUF_INIT;

	buf_printf(&all, "%s          operation: ", deploy);
	json_emit_string(&all, operation);
	buf_puts(&all, "\n          select: ");
	json_emit_string(&all, select);
	buf_putc(&all, '\n');
	add_flags(&all, flags);
	return parse_made(&all, "deploy", ret_file, ret, err);
}

int builtin_predict(const struct value *flags, struct guildfile **ret_file,
	const struct operation **ret, struct err *err)
{
	_cleanup_buf_ struct buf all = BUF_INIT;

	buf_puts(&all, predict);
	add_flags(&all, flags);
	return parse_made(&all, "predict", ret_file, ret, err);
}
