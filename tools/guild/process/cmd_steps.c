/* SPDX-License-Identifier: MIT */
/*
 * guild steps-main: the process of a pipeline (reference, 9). It runs in the run directory of an
 * operation with `steps`, starts `guild run` for one step after the other, keeps a link to each
 * step's run, and checks what is expected of it. Started by the supervisor, not by people.
 */
#include "guild.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "op_log.h"
#include "start/run_job.h"
#include "process/step_checks.h"
#include "base/file.h"
#include "base/libexec.h"
#include "base/name.h"
#include "base/shell.h"
#include "project/flag_values.h"
#include "project/refs.h"
#include "run/attr.h"
#include "run/opref.h"
#include "run/status.h"

extern char **environ;

/* The run that this process is of. */
struct pipeline {
	struct guild *g;
	const char *id, *dir;
	int run_fd;
	struct value *steps, *flags, *params;
	struct opref opref;
	struct strv names; /* of steps, as many as there were: a repeated one gets a number */
};

struct step {
	const struct value *data; /* the step as a mapping */
	struct run_options options;
	struct strv words; /* arguments of `run`: the operation, then flags */
	struct buf opspec; /* with the pipeline's model, when it names none */
	const char *name;  /* as it was written */
	struct value *flags;
	struct strv files; /* batch files */
	struct buf link;   /* in the pipeline's run directory */
	char run_id[RUN_ID_LEN + 1];
	bool again; /* its run is there */
};

static void step_release(struct step *step)
{
	run_options_release(&step->options);
	strv_release(&step->words);
	strv_release(&step->files);
	buf_release(&step->opspec);
	buf_release(&step->link);
	value_free(step->flags);
}

/* --- reading a step ------------------------------------------------------------- */

/* [MODEL:]OP, with the pipeline's model when there is none. */
static void set_opspec(const struct pipeline *p, struct step *step)
{
	const char *op = step->words.v[0];

	if (!strchr(op, ':') && !strchr(op, '/') && *p->opref.model)
		buf_printf(&step->opspec, "%s:", p->opref.model);
	buf_puts(&step->opspec, op);
}

/* Options that a step may have beside those in `run`; the mapping's win. */
static int take_options(struct step *step)
{
	struct run_options *o = &step->options;
	const struct {
		const char *key;
		const char **to;
	} texts[] = {{"label", &o->label}, {"batch-label", &o->batch_label}, {"gpus", &o->gpus},
		{"jobs", &o->jobs}, {"max-trials", &o->max_trials}, {"maximize", &o->maximize},
		{"minimize", &o->minimize}, {"optimizer", &o->optimizer},
		{"random-seed", &o->random_seed}, {"remote", &o->remote},
		{"stop-after", &o->stop_after}};
	const struct {
		const char *key;
		bool *to;
	} switches[] = {{"fail-on-trial-error", &o->fail_on_trial_error},
		{"force-flags", &o->force_flags}, {"force-sourcecode", &o->force_sourcecode},
		{"needed", &o->needed}, {"no-gpus", &o->no_gpus}, {"optimize", &o->optimize}};
	const struct {
		const char *key;
		struct strv *to;
	} lists[] = {
		{"tags", &o->tags}, {"batch-tags", &o->batch_tags}, {"opt-flags", &o->opt_flags}};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const struct value *v = value_get(step->data, texts[i].key);

		if (v && v->source)
			*texts[i].to = v->source;
	}
	for (size_t i = 0; i < ARRAY_SIZE(switches); i++)
		if (value_get(step->data, switches[i].key))
			*switches[i].to = value_truthy(value_get(step->data, switches[i].key));
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		const struct value *v = value_get(step->data, lists[i].key);

		for (size_t j = 0; v && v->type == VALUE_LIST && j < v->list.n; j++)
			if (v->list.items[j]->source &&
				strv_add(lists[i].to, v->list.items[j]->source) < 0)
				return -ENOMEM;
		if (v && v->source && strv_add(lists[i].to, v->source) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Label and tags of the pipeline are its steps', unless they have their own. */
static int inherit_options(const struct pipeline *p, struct step *step)
{
	const struct value *tags = value_get(p->params, "tags");
	bool own_tags = step->options.tags.n;
	int r = 0;

	if (!step->options.label)
		step->options.label = value_str(value_get(p->params, "label"));
	for (size_t i = 0;
		!own_tags && tags && tags->type == VALUE_LIST && r == 0 && i < tags->list.n; i++)
		if (value_str(tags->list.items[i]))
			r = strv_add(&step->options.tags, tags->list.items[i]->string);
	return r;
}

/* A value with the pipeline's flags in it; one reference alone keeps its type. */
static struct value *resolved(const struct pipeline *p, const struct value *v)
{
	const char *text = value_str(v);
	size_t len = text ? strlen(text) : 0;
	_cleanup_buf_ struct buf b = BUF_INIT;

	if (!text || !strstr(text, "${"))
		return value_copy(v);
	if (strncmp(text, "${", 2) == 0 && strchr(text, '}') == text + len - 1) {
		_cleanup_free_ char *name = strndup(text + 2, len - 3);
		const struct value *flag = name ? value_get(p->flags, name) : NULL;

		if (flag)
			return value_copy(flag);
	}
	if (refs_resolve_yaml(text, p->flags, &b, NULL) < 0)
		return value_copy(v);
	return value_string(buf_str(&b));
}

static int set_flag(
	const struct pipeline *p, struct step *step, const char *name, const struct value *v)
{
	_cleanup_value_ struct value *now = resolved(p, v);

	if (!now)
		return -ENOMEM;
	if (value_is_null(now)) {
		value_map_remove(step->flags, name);
		return 0;
	}
	return value_map_set(step->flags, name, STEAL(now));
}

static int set_flag_word(const struct pipeline *p, struct step *step, const char *word)
{
	const char *equals = strchr(word, '=');
	_cleanup_free_ char *name = equals ? strndup(word, (size_t)(equals - word)) : NULL;
	_cleanup_value_ struct value *v = equals ? flag_decode(FLAG_AUTO, equals + 1) : NULL;

	if (*word == '@')
		return strv_add(&step->files, word);
	if (!equals) {
		complain("invalid argument(s):\n%s\nexpected NAME=VAL", word);
		return -EINVAL;
	}
	return name && v ? set_flag(p, step, name, v) : -ENOMEM;
}

/* Flags of the pipeline that are called STEP:FLAG are the step's. */
static int add_prefixed(const struct pipeline *p, struct step *step, const char *prefix)
{
	size_t len = strlen(prefix);
	int r = 0;

	for (size_t i = 0; p->flags && r == 0 && i < p->flags->map.n; i++) {
		const struct value_pair *pair = &p->flags->map.pairs[i];

		if (strncmp(pair->key, prefix, len) == 0 && pair->key[len] == ':')
			r = set_flag(p, step, pair->key + len + 1, pair->value);
	}
	return r;
}

static int read_flags(const struct pipeline *p, struct step *step)
{
	const struct value *own = value_get(step->data, "flags");
	int r = 0;

	step->flags = value_map();
	if (!step->flags)
		return -ENOMEM;
	for (size_t i = 1; r == 0 && !own && i < step->words.n; i++)
		r = set_flag_word(p, step, step->words.v[i]);
	for (size_t i = 0; own && own->type == VALUE_MAP && r == 0 && i < own->map.n; i++)
		r = set_flag(p, step, own->map.pairs[i].key, own->map.pairs[i].value);
	for (size_t i = 0; own && own->type == VALUE_LIST && r == 0 && i < own->list.n; i++)
		r = set_flag_word(
			p, step, own->list.items[i]->source ? own->list.items[i]->source : "");
	if (r == 0)
		r = add_prefixed(p, step, step->name);
	if (r == 0)
		r = add_prefixed(p, step, buf_str(&step->opspec));
	value_map_sort(step->flags);
	return r;
}

/* The command line in `run`, parsed by the options of guild run itself. */
static int read_run(const struct value *v, struct step *step, struct strv *argv)
{
	const char *run = v->type == VALUE_MAP ? value_str(value_get(v, "run")) : value_str(v);
	struct err err = ERR_INIT;
	bool help = false;
	int rest;

	if (!run || !*run)
		return complain("invalid step: must define run");
	if (shell_split(run, argv, &err) < 0)
		return complain("invalid run spec '%s': %s", run, err_text(&err));
	if (options_parse(run_options, &step->options, argv->v, (int)argv->n, false, &step->words,
		    &rest, &help, &err) < 0)
		return complain("invalid run spec '%s': %s", run, err_text(&err));
	return step->words.n ? EXIT_OK : complain("invalid step: must define run");
}

static int read_step(
	struct pipeline *p, const struct value *v, struct step *step, struct strv *argv)
{
	const char *name;
	int r = read_run(v, step, argv);

	if (r != EXIT_OK)
		return r;
	step->data = v->type == VALUE_MAP ? v : NULL;
	set_opspec(p, step);
	name = value_str(value_get(step->data, "name"));
	step->name = name ? name : step->words.v[0];
	r = take_options(step);
	if (r == 0)
		r = inherit_options(p, step);
	if (r == 0)
		r = read_flags(p, step);
	return r == 0 ? EXIT_OK : r == -EINVAL ? EXIT_ERROR : complain("out of memory");
}

/* --- its run ---------------------------------------------------------------------- */

static int name_link(struct pipeline *p, struct step *step)
{
	size_t before = 0;

	for (size_t i = 0; i < p->names.n; i++)
		before += strcmp(p->names.v[i], step->name) == 0;
	buf_puts(&step->link, step->name);
	if (before)
		buf_printf(&step->link, "_%zu", before + 1);
	return strv_add(&p->names, step->name);
}

/* An earlier start of the pipeline left a link to a run, or to one that never was. */
static bool take_existing(struct pipeline *p, struct step *step)
{
	_cleanup_buf_ struct buf target = BUF_INIT;
	const char *slash;
	struct stat st;

	if (file_readlink(p->run_fd, buf_str(&step->link), &target) < 0)
		return false;
	if (fstatat(p->run_fd, buf_str(&step->link), &st, 0) < 0) {
		unlinkat(p->run_fd, buf_str(&step->link), 0);
		return false;
	}
	slash = strrchr(buf_str(&target), '/');
	snprintf(step->run_id, sizeof(step->run_id), "%s", slash ? slash + 1 : buf_str(&target));
	return true;
}

/* The link comes before the run: a step that could not start shows as one that leads nowhere. */
static int choose_run(struct pipeline *p, struct step *step)
{
	_cleanup_buf_ struct buf target = BUF_INIT;
	int r = name_link(p, step);

	if (r < 0)
		return complain("out of memory");
	step->again = take_existing(p, step);
	if (step->again)
		return EXIT_OK;
	if (file_exists(p->run_fd, buf_str(&step->link)))
		return complain("unexpected step run link %s/%s: expected symlink", p->dir,
			buf_str(&step->link));
	r = name_new_run_id(step->run_id);
	buf_printf(&target, "../%s", step->run_id);
	if (r == 0 && strchr(buf_str(&step->link), '/')) {
		/* A step may be called like a file in a directory. */
		for (char *c = step->link.data; *c; c++)
			*c = *c == '/' ? '_' : *c;
	}
	if (r == 0 && symlinkat(buf_str(&target), p->run_fd, buf_str(&step->link)) < 0)
		r = -errno;
	return r < 0 ? complain("cannot link the run of step %s: %s", step->name, strerror(-r))
		     : EXIT_OK;
}

static bool is_completed(const struct pipeline *p, const struct step *step)
{
	_cleanup_close_ int fd = home_open_run(p->g->home, step->run_id);

	return fd >= 0 && run_status_get(fd) == RUN_COMPLETED;
}

/* --- its command ------------------------------------------------------------------ */

static int add_text(
	struct strv *argv, const char *option, const char *value, const struct pipeline *p)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r;

	if (!value)
		return 0;
	if (refs_resolve_yaml(value, p->flags, &text, NULL) < 0) {
		buf_clear(&text);
		buf_puts(&text, value);
	}
	r = strv_add(argv, option);
	return r < 0 ? r : strv_add(argv, buf_str(&text));
}

static int add_list(
	struct strv *argv, const char *option, const struct strv *values, const struct pipeline *p)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < values->n; i++)
		r = add_text(argv, option, values->v[i], p);
	return r;
}

static int add_switch(struct strv *argv, const char *option, bool on)
{
	return on ? strv_add(argv, option) : 0;
}

/* What the pipeline was told is told to its steps. */
static int add_passed_on(const struct pipeline *p, const struct step *step, struct strv *argv)
{
	int r = add_switch(
		argv, "--stage-trials", value_truthy(value_get(p->params, "stage_trials")));

	if (r == 0)
		r = add_switch(argv, "--force-sourcecode",
			value_truthy(value_get(p->params, "force_sourcecode")));
	if (r == 0)
		r = add_switch(argv, "--needed",
			value_truthy(value_get(p->params, "needed")) && is_completed(p, step));
	return r;
}

static int add_step_options(const struct pipeline *p, const struct step *step, struct strv *argv)
{
	const struct run_options *o = &step->options;
	int r = add_text(argv, "--batch-label", o->batch_label, p);

	if (r == 0)
		r = add_list(argv, "--batch-tag", &o->batch_tags, p);
	if (r == 0)
		r = add_switch(argv, "--fail-on-trial-error", o->fail_on_trial_error);
	if (r == 0)
		r = add_switch(argv, "--force-flags", o->force_flags);
	if (r == 0)
		r = add_text(argv, "--gpus", o->gpus, p);
	if (r == 0)
		r = add_text(argv, "--jobs", o->jobs, p);
	if (r == 0)
		r = add_text(argv, "--label", o->label, p);
	if (r == 0)
		r = add_text(argv, "--max-trials", o->max_trials, p);
	if (r == 0)
		r = add_text(argv, "--maximize", o->maximize, p);
	if (r == 0)
		r = add_text(argv, "--minimize", o->minimize, p);
	if (r == 0)
		r = add_switch(argv, "--needed", o->needed);
	if (r == 0)
		r = add_switch(argv, "--no-gpus", o->no_gpus);
	if (r == 0)
		r = add_list(argv, "--opt-flag", &o->opt_flags, p);
	if (r == 0)
		r = add_switch(argv, "--optimize", o->optimize);
	if (r == 0)
		r = add_text(argv, "--optimizer", o->optimizer, p);
	if (r == 0)
		r = add_text(argv, "--random-seed", o->random_seed, p);
	if (r == 0)
		r = add_text(argv, "--remote", o->remote, p);
	if (r == 0)
		r = add_text(argv, "--stop-after", o->stop_after, p);
	return r < 0 ? r : add_list(argv, "--tag", &o->tags, p);
}

static int add_flag_words(const struct step *step, struct strv *argv)
{
	int r = strv_copy(argv, &step->files);

	for (size_t i = 0; r == 0 && i < step->flags->map.n; i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;

		flag_format(&text, step->flags->map.pairs[i].value, false);
		r = strv_addf(argv, "%s=%s", step->flags->map.pairs[i].key, buf_str(&text));
	}
	return r;
}

/* argv, and where in it the part begins that people are shown. */
static int make_command(
	const struct pipeline *p, const struct step *step, struct strv *argv, size_t *ret_shown)
{
	_cleanup_buf_ struct buf guild = BUF_INIT;
	int r = libexec_guild(&guild);

	if (r == 0)
		r = strv_add(argv, buf_str(&guild));
	if (r == 0)
		r = strv_add(argv, "run");
	if (r == 0)
		r = strv_add(argv, "-y");
	if (r == 0 && step->again) {
		r = strv_add(argv, "--restart");
		*ret_shown = argv->n;
		if (r == 0)
			r = strv_add(argv, step->run_id);
	} else if (r == 0) {
		r = strv_add(argv, "--keep-batch");
		if (r == 0)
			r = strv_add(argv, "--run-dir");
		if (r == 0)
			r = strv_addf(argv, "%s/runs/%s", p->g->home->path, step->run_id);
		*ret_shown = argv->n;
		if (r == 0)
			r = strv_add(argv, buf_str(&step->opspec));
	}
	if (r == 0)
		r = add_passed_on(p, step, argv);
	if (r == 0)
		r = add_step_options(p, step, argv);
	return r < 0 ? r : add_flag_words(step, argv);
}

static void log_command(const struct step *step, const struct strv *argv, size_t shown)
{
	_cleanup_buf_ struct buf line = BUF_INIT;

	for (size_t i = shown; i < argv->n; i++)
		buf_printf(&line, "%s%s", i > shown ? " " : "", argv->v[i]);
	op_log(OP_LOG_INFO, "%s %s: %s", step->again ? "restarting" : "running", step->name,
		buf_str(&line));
}

static int make_env(const struct pipeline *p, const struct step *step, struct strv *env)
{
	const struct value *isolate = value_get(step->data, "isolate-runs");
	int r = 0;

	for (char **e = environ; r == 0 && *e; e++)
		r = strv_add(env, *e);
	if (r == 0)
		r = strv_env_set(env, "NO_WARN_RUNDIR", "1");
	return r == 0 && (!isolate || value_truthy(isolate))
		       ? strv_env_set(env, "GUILD_RUNS_PARENT", p->id)
		       : r;
}

/* The exit status as a shell has it. */
static int start(const struct strv *argv, const struct strv *env, const char *dir)
{
	posix_spawn_file_actions_t actions;
	int status, r;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	if (dir && *dir)
		posix_spawn_file_actions_addchdir_np(&actions, dir);
	r = posix_spawn(&pid, argv->v[0], &actions, NULL, argv->v, env->v);
	posix_spawn_file_actions_destroy(&actions);
	if (r)
		return complain("cannot start %s: %s", argv->v[0], strerror(r));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return complain("cannot wait for a step: %s", strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 - WTERMSIG(status);
}

static int start_step(const struct pipeline *p, const struct step *step)
{
	const char *project = getenv("PROJECT_DIR"), *cmd_dir = getenv("CMD_DIR");
	_cleanup_strv_ struct strv argv = STRV_INIT, env = STRV_INIT;
	size_t shown = 0;

	if (make_command(p, step, &argv, &shown) < 0 || make_env(p, step, &env) < 0)
		return complain("out of memory");
	log_command(step, &argv, shown);
	return start(&argv, &env, project && *project ? project : cmd_dir);
}

/* --- all of them ------------------------------------------------------------------ */

static int run_step(struct pipeline *p, const struct value *v)
{
	_cleanup_(step_release) struct step step = {0};
	_cleanup_strv_ struct strv argv = STRV_INIT;
	int status = read_step(p, v, &step, &argv);

	if (status == EXIT_OK)
		status = choose_run(p, &step);
	if (status == EXIT_OK)
		status = start_step(p, &step);
	return status == EXIT_OK
		       ? step_checks(p->g->home, step.run_id, value_get(step.data, "expect"))
		       : status;
}

static int open_pipeline(struct guild *g, struct pipeline *p)
{
	struct err err = ERR_INIT;

	p->id = getenv("RUN_ID");
	p->dir = getenv("RUN_DIR");
	if (!p->id || !p->dir)
		return complain("steps-main is started by a pipeline's run, not by hand");
	if (guild_open_home(g) != EXIT_OK)
		return EXIT_ERROR;
	p->run_fd = open(p->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (p->run_fd < 0 || opref_read(p->run_fd, &p->opref, &err) < 0)
		return complain("cannot read run %s: %s", p->id,
			err.code ? err_text(&err) : strerror(errno));
	if (attr_read(p->run_fd, "steps", &p->steps, &err) < 0)
		return complain("%s", err_text(&err));
	if (attr_read(p->run_fd, "flags", &p->flags, NULL) < 0)
		p->flags = NULL;
	if (attr_read(p->run_fd, "run_params", &p->params, NULL) < 0)
		p->params = NULL;
	return p->steps->type == VALUE_LIST
		       ? EXIT_OK
		       : complain("invalid steps data: %s, where a list is needed",
				 value_type_name(p->steps));
}

static void close_pipeline(struct pipeline *p)
{
	if (p->run_fd >= 0)
		close(p->run_fd);
	value_free(p->steps);
	value_free(p->flags);
	value_free(p->params);
	opref_release(&p->opref);
	strv_release(&p->names);
}

static int steps_main(struct guild *g, void *options, const struct strv *args)
{
	_cleanup_(close_pipeline) struct pipeline p = {.g = g, .run_fd = -1};
	int status = open_pipeline(g, &p);

	(void)options;
	(void)args;
	if (status == EXIT_OK && !p.steps->list.n)
		op_log(OP_LOG_WARNING, "no steps defined for run %s", p.id);
	for (size_t i = 0; status == EXIT_OK && i < p.steps->list.n; i++)
		status = run_step(&p, p.steps->list.items[i]);
	return status;
}

static const struct option_def no_options[] = {{0}};

const struct command cmd_steps = {
	.name = "steps-main",
	.usage = "steps-main",
	.options = no_options,
	.options_size = 1,
	.run = steps_main,
};
