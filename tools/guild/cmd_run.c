/* SPDX-License-Identifier: MIT */
/* guild run: from words to a run. */
#include "guild.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "follow.h"
#include "select.h"
#include "base/shell.h"
#include "base/user.h"
#include "catalog/dep_runs.h"
#include "project/command.h"
#include "project/flags.h"
#include "run/birth.h"
#include "run/launch.h"
#include "yaml/yaml.h"

struct run_options {
	const char *label, *comment, *start, *restart;
	struct strv tags;
	bool yes, stage, background, quiet, print_cmd, help_op;
};

#define OPTION(member, n, s, v, h, k)                                                              \
	{                                                                                          \
		.name = n, .short_name = s, .value = v, .help = h, .kind = k,                      \
		.offset = offsetof(struct run_options, member)                                     \
	}

static const struct option_def run_options[] = {
	OPTION(label, "--label", "-l", "LABEL", "label of the run; ${flag} is replaced",
		OPTION_VALUE),
	OPTION(tags, "--tag", "-t", "TAG", "tag of the run; may be repeated", OPTION_LIST),
	OPTION(comment, "--comment", "-c", "TEXT", "comment on the run", OPTION_VALUE),
	OPTION(stage, "--stage", NULL, NULL, "make the run, but do not start it", OPTION_FLAG),
	OPTION(start, "--start", NULL, "RUN", "start a staged run", OPTION_VALUE),
	OPTION(restart, "--restart", NULL, "RUN", "run again in place", OPTION_VALUE),
	OPTION(background, "--background", "-b", NULL, "do not wait for the run", OPTION_FLAG),
	OPTION(quiet, "--quiet", "-q", NULL, "do not show the run's output", OPTION_FLAG),
	OPTION(print_cmd, "--print-cmd", NULL, NULL, "show the command and exit", OPTION_FLAG),
	OPTION(help_op, "--help-op", "-h", NULL, "show the operation's flags and exit",
		OPTION_FLAG),
	OPTION(yes, "--yes", "-y", NULL, "do not ask", OPTION_FLAG),
	{0},
};

static void release(void *options)
{
	strv_release(&((struct run_options *)options)->tags);
}

/* What is to be run, gathered step by step. */
struct job {
	struct guildfile *file;
	const struct operation *op;
	struct value *user_flags, *flags;
	struct buf opspec;
};

static void job_release(struct job *job)
{
	if (job->file)
		guildfile_unref(job->file);
	value_free(job->user_flags);
	value_free(job->flags);
	buf_release(&job->opspec);
}

/* --- gathering ------------------------------------------------------------ */

static int find_operation(
	struct guild *g, const struct strv *args, size_t *ret_first, struct job *job)
{
	bool has_op = args->n && !strchr(args->v[0], '=');
	struct err err = ERR_INIT;

	*ret_first = has_op ? 1 : 0;
	job->file = guild_open_project(g);
	if (!job->file)
		return EXIT_ERROR;
	if (guildfile_find_operation(job->file, has_op ? args->v[0] : "", &job->op, &err) < 0)
		return complain("%s", err_text(&err));
	operation_spec(&job->opspec, job->op);
	return EXIT_OK;
}

/* `~` at the beginning of a value is the user's directory, as in Guild AI. */
static int assign(struct job *job, const char *word, struct err *err)
{
	const char *home = getenv("HOME"), *value = strchr(word, '=');
	_cleanup_buf_ struct buf expanded = BUF_INIT;

	if (value && home && value[1] == '~' && (value[2] == '/' || !value[2])) {
		buf_printf(&expanded, "%.*s=%s%s", (int)(value - word), word, home, value + 2);
		word = buf_str(&expanded);
	}
	return flags_assign_word(job->op, job->user_flags, word, err);
}

static int gather_flags(struct job *job, const struct strv *args, size_t first)
{
	struct err err = ERR_INIT;
	int r = 0;

	job->user_flags = value_map();
	for (size_t i = first; r == 0 && i < args->n; i++) {
		if (args->v[i][0] == '@')
			return complain("batch files (%s) are not supported yet", args->v[i]);
		r = job->user_flags ? assign(job, args->v[i], &err) : -ENOMEM;
	}
	if (r == 0)
		r = flags_resolve(job->op, job->user_flags, &job->flags, &err);
	return r < 0 ? complain("%s", err.code ? err_text(&err) : strerror(-r)) : EXIT_OK;
}

static void print_flags(const struct job *job)
{
	for (size_t i = 0; i < job->flags->map.n; i++) {
		const struct value_pair *pair = &job->flags->map.pairs[i];
		const struct flag *flag = operation_flag(job->op, pair->key);
		_cleanup_buf_ struct buf text = BUF_INIT;

		if (value_is_null(pair->value))
			buf_puts(&text, flag && flag->null_label ? flag->null_label : "default");
		else
			yaml_emit_flow(&text, pair->value);
		fprintf(stderr, "  %s: %s\n", pair->key, buf_str(&text));
	}
}

static int ask(const struct run_options *o, const struct job *job)
{
	int r;

	if (o->yes)
		return EXIT_OK;
	fprintf(stderr, "You are about to %s %s\n", o->stage ? "stage" : "run",
		buf_str(&job->opspec));
	print_flags(job);
	r = confirm("Continue?", true);
	return r;
}

/* --- looking -------------------------------------------------------------- */

static int print_command(struct guild *g, const struct job *job)
{
	_cleanup_value_ struct value *attr = command_attr(job->op);
	_cleanup_strv_ struct strv argv = STRV_INIT;
	_cleanup_buf_ struct buf python = BUF_INIT, line = BUF_INIT;
	struct err err = ERR_INIT;

	if (python_find(job->file->dir, &g->env, &python) < 0)
		buf_puts(&python, "python");
	if (!attr ||
		command_argv(attr, job->flags, buf_str(&python), job->file->dir, &argv, &err) < 0)
		return complain("%s", err_text(&err));
	shell_join(&line, argv.v, argv.n);
	puts(buf_str(&line));
	return EXIT_OK;
}

static int print_operation_help(const struct job *job)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	printf("Usage: guild run [OPTIONS] %s [FLAG]...\n\n", buf_str(&job->opspec));
	if (*job->op->description)
		printf("%s\n\n", job->op->description);
	flags_print_help(&b, job->op);
	printf("Flags:\n%s", buf_str(&b));
	return EXIT_OK;
}

/* --- starting ------------------------------------------------------------- */

static int give_birth(struct guild *g, const struct run_options *o, const struct job *job,
	char id[RUN_ID_LEN + 1])
{
	_cleanup_buf_ struct buf user = BUF_INIT;
	struct err err = ERR_INIT;
	struct birth_spec spec = {
		.op = job->op,
		.user_flags = job->user_flags,
		.flags = job->flags,
		.label = o->label,
		.tags = &o->tags,
		.comment = o->comment,
		.stage = o->stage,
		.uid = getuid(),
		.gid = getgid(),
		.env = &g->env,
	};

	user_name(getuid(), &user);
	spec.user = buf_str(&user);
	id[0] = '\0';
	return birth_create(g->home, &spec, id, &err) < 0 ? complain("%s", err_text(&err))
							  : EXIT_OK;
}

static int launch(struct guild *g, const struct run_options *o, const char *id, const char *what)
{
	struct launch_spec spec = {
		.uid = getuid(),
		.gid = getgid(),
		.env = &g->env,
		.stdin_fd = o->background ? -1 : STDIN_FILENO,
		.background = o->background,
		.cmd_dir = g->start_dir,
	};
	struct err err = ERR_INIT;

	if (launch_run(g->home, id, &spec, &err) < 0)
		return complain("%s", err_text(&err));
	if (!o->background)
		return follow_run(g->home, id, o->quiet);
	fprintf(stderr, "%s started in background as %s\n", what, id);
	birth_sync(g->home, id);
	return EXIT_OK;
}

/* --start and --restart: a run that is there already. */
static int start_again(struct guild *g, const struct run_options *o)
{
	const struct selection any = {0};
	_cleanup_strv_ struct strv args = STRV_INIT;
	_cleanup_selected_ struct selected runs = {0};
	struct err err = ERR_INIT;
	const char *id;
	int r = guild_open_home(g);

	if (r == EXIT_OK && strv_add(&args, o->start ? o->start : o->restart) < 0)
		r = complain("out of memory");
	if (r == EXIT_OK)
		r = select_runs(g, &any, &args, 0, SELECT_LATEST, &runs);
	if (r != EXIT_OK)
		return r;
	id = catalog_id(g->catalog, runs.serials[0]);
	if (!o->yes) {
		fprintf(stderr, "You are about to start run %.8s\n", id);
		r = confirm("Continue?", true);
		if (r != EXIT_OK)
			return r == EXIT_DECLINED ? EXIT_OK : r;
	}
	/* Either word starts a staged run, and runs one again that is over. */
	r = launch_claim_staged(g->home, id, &err);
	if (r == -EBUSY) {
		err = ERR_INIT;
		r = launch_claim_restart(g->home, id, &err);
	}
	return r < 0 ? complain("%s", err_text(&err)) : launch(g, o, id, id);
}

static int run_new(struct guild *g, const struct run_options *o, const struct job *job)
{
	char id[RUN_ID_LEN + 1];
	int r;

	if (dep_runs_fill_flags(g->catalog, job->op, job->flags) < 0)
		return complain("out of memory");
	value_map_sort(job->flags);
	r = ask(o, job);
	if (r == EXIT_OK)
		r = give_birth(g, o, job, id);
	else
		return r == EXIT_DECLINED ? EXIT_OK : r;
	if (r != EXIT_OK)
		return r;
	if (!o->stage)
		return launch(g, o, id, buf_str(&job->opspec));
	birth_sync(g->home, id);
	fprintf(stderr, "%s staged as %s\nTo start the operation, use 'guild run --start %s'\n",
		buf_str(&job->opspec), id, id);
	return EXIT_OK;
}

static int run(struct guild *g, void *options, const struct strv *args)
{
	const struct run_options *o = options;
	_cleanup_(job_release) struct job job = {0};
	size_t first = 0;
	int r;

	if (o->start && o->restart) {
		complain("--start and --restart cannot both be used");
		return EXIT_USAGE;
	}
	if (o->stage && o->background) {
		complain("--stage and --background cannot both be used");
		return EXIT_USAGE;
	}
	if (o->start || o->restart)
		return start_again(g, o);
	r = find_operation(g, args, &first, &job);
	if (r == EXIT_OK && o->help_op)
		return print_operation_help(&job);
	if (r == EXIT_OK)
		r = gather_flags(&job, args, first);
	if (r == EXIT_OK && o->print_cmd)
		return print_command(g, &job);
	if (r == EXIT_OK)
		r = guild_open_home(g);
	return r == EXIT_OK ? run_new(g, o, &job) : r;
}

const struct command cmd_run = {
	.name = "run",
	.usage = "run [OPTION]... [[MODEL:]OPERATION] [FLAG=VALUE]...",
	.summary = "Run an operation",
	.options = run_options,
	.options_size = sizeof(struct run_options),
	.run = run,
	.release = release,
};
