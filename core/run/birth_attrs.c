/* SPDX-License-Identifier: MIT */
/* The attributes of a new run. */
#include "run/birth_attrs.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>

#include "base/beneath.h"
#include "base/clock.h"
#include "base/libexec.h"
#include "base/shell.h"
#include "project/command.h"
#include "project/flags.h"
#include "project/plugins.h"
#include "run/annotate.h"
#include "run/attr.h"
#include "run/executor.h"
#include "run/jobs.h"
#include "run/opref.h"
#include "yaml/yaml.h"

enum { OPREF_MAX = 64 * 1024 };

/* Takes v over; NULL is out of memory. */
static int put(int dir_fd, const char *name, struct value *v)
{
	_cleanup_buf_ struct buf path = BUF_INIT, text = BUF_INIT;
	int r;

	if (!v)
		return -ENOMEM;
	buf_printf(&path, "%s/%s", RUN_ATTRS_DIR, name);
	yaml_emit(&text, v);
	value_free(v);
	r = buf_error(&text) ? buf_error(&text) : buf_error(&path);
	if (r == 0)
		r = beneath_create(dir_fd, buf_str(&path), text.data, text.len, 0644);
	/* A restart: others may be reading. */
	return r == -EEXIST ? beneath_write(dir_fd, buf_str(&path), text.data, text.len, 0644,
				      FILE_NOSYNC)
			    : r;
}

static int put_string(int dir_fd, const char *name, const char *text)
{
	return put(dir_fd, name, value_string(text));
}

static struct value *copy_or_map(const struct value *v)
{
	return v ? value_copy(v) : value_map();
}

/* --- who, where, when ----------------------------------------------------- */

static int write_identity(const struct birth_spec *spec, const char *id, int dir_fd)
{
	char host[HOST_NAME_MAX + 1] = "";
	const char *host_env = strv_env_get(spec->env, "HOST");
	int64_t now = clock_now();
	int r = put_string(dir_fd, "id", id);

	gethostname(host, sizeof(host) - 1);
	if (r == 0)
		r = put(dir_fd, "initialized", value_int(now));
	/* A staged run is listed where it was staged. */
	if (r == 0 && spec->stage)
		r = put(dir_fd, "started", value_int(now));
	if (r == 0)
		r = put_string(dir_fd, "host", host_env && *host_env ? host_env : host);
	return r < 0 ? r : put_string(dir_fd, "user", spec->user ? spec->user : "");
}

/* A run made after another one, without an operation of its own, is what that one was. */
static int copy_opref(const struct birth_spec *spec, int dir_fd)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = beneath_read(spec->proto_fd, RUN_GUILD_DIR "/opref", OPREF_MAX, &text);

	return r < 0 ? r
		     : beneath_create(dir_fd, RUN_GUILD_DIR "/opref", text.data, text.len, 0644);
}

static int write_opref(const struct birth_spec *spec, int dir_fd)
{
	_cleanup_(opref_release) struct opref ref = {0};
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r;

	if (!spec->op)
		return copy_opref(spec, dir_fd);
	r = opref_for_operation(spec->op, &ref);
	if (r < 0)
		return r;
	opref_format(&text, &ref);
	return buf_error(&text)
		       ? buf_error(&text)
		       : beneath_create(dir_fd, RUN_GUILD_DIR "/opref", text.data, text.len, 0644);
}

static int write_platform(int dir_fd)
{
	struct value *v = value_map();
	_cleanup_buf_ struct buf uname_text = BUF_INIT;
	struct utsname u;
	int r;

	if (!v)
		return -ENOMEM;
	uname(&u);
	buf_printf(&uname_text, "%s %s %s %s %s", u.sysname, u.nodename, u.release, u.version,
		u.machine);
	r = value_map_set(v, "architecture", value_string(u.machine));
	if (r == 0)
		r = value_map_set(v, "cpus", value_int(sysconf(_SC_NPROCESSORS_ONLN)));
	if (r == 0)
		r = value_map_set(v, "processor", value_string(""));
	if (r == 0)
		r = value_map_set(v, "uname", value_string(buf_str(&uname_text)));
	if (r < 0) {
		value_free(v);
		return r;
	}
	return put(dir_fd, "platform", v);
}

static int write_seed(const struct birth_spec *spec, int dir_fd)
{
	struct value *of_proto;
	uint32_t seed;

	if (spec->seed)
		return put(dir_fd, "random_seed", value_int(*spec->seed));
	if (spec->proto_fd >= 0 && attr_read(spec->proto_fd, "random_seed", &of_proto, NULL) == 0)
		return put(dir_fd, "random_seed", of_proto);
	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		return -errno;
	return put(dir_fd, "random_seed", value_int(seed));
}

/* --- what runs ------------------------------------------------------------ */

/*
 * Guild AI restarts a run with the environment that it finds in the op attribute, and adds nothing
 * of its own: what a Python module needs must be there. Our own supervisor makes it anew.
 */
static int add_environment(const struct birth_spec *spec, struct value *op)
{
	struct value *env = value_get(value_get(op, "op-cmd"), "cmd-env");
	const char *dest = value_str(value_get(value_get(op, "sourcecode"), "dest"));
	const char *own = value_str(value_get(env, "PYTHONPATH"));
	_cleanup_buf_ struct buf path = BUF_INIT, libexec = BUF_INIT;
	int r = libexec_dir(&libexec);

	if (!env)
		return r;
	if (spec->op && command_is_python(op)) {
		buf_printf(&path, "%s%s%s", own ? own : "", own ? ":" : "", dest ? dest : ".");
		/* Guild AI's own modules are run by a Guild AI that starts them, not by what stands
		 * in for it. */
		if (!command_own_process(op))
			buf_printf(&path, ":%s/python", buf_str(&libexec));
		r = value_map_set(env, "PYTHONPATH", value_string(buf_str(&path)));
	}
	if (spec->op && r == 0) {
		r = value_map_set(env, "PROJECT_DIR", value_string(spec->op->model->file->dir));
		if (r == 0)
			r = value_map_set(env, "GUILD_PLUGINS", value_string(""));
	}
	for (size_t i = 0; spec->extra_env && r == 0 && i < spec->extra_env->map.n; i++)
		r = value_map_set(env, spec->extra_env->map.pairs[i].key,
			value_copy(spec->extra_env->map.pairs[i].value));
	return r;
}

/* What only we know how to use: Guild AI reads over it. */
static int add_own(const struct birth_spec *spec, struct value *op)
{
	static const char *const keys[] = {"pip-freeze", "env-secrets"};
	struct value *own = value_map();
	int r = own ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(keys); i++) {
		const struct value *v = value_get(spec->op->data, keys[i]);

		if (v)
			r = value_map_set(own, keys[i], value_copy(v));
	}
	if (r == 0 && own->map.n)
		return value_map_set(op, "guildfs", own);
	value_free(own);
	return r;
}

/* --dep: files that are linked, whatever the operation says. */
static int add_deps(const struct birth_spec *spec, struct value *op)
{
	struct value *deps = value_get(op, "deps");
	int r = 0;

	for (size_t i = 0; spec->extra_deps && deps && r == 0 && i < spec->extra_deps->n; i++) {
		struct value *dep = value_map(), *source = value_map(), *sources = value_list();
		_cleanup_buf_ struct buf name = BUF_INIT;
		_cleanup_free_ char *real = realpath(spec->extra_deps->v[i], NULL);

		buf_printf(&name, "file:%s", spec->extra_deps->v[i]);
		r = source ? value_map_set(source, "file",
				     value_string(real ? real : spec->extra_deps->v[i]))
			   : -ENOMEM;
		if (r == 0)
			r = sources ? value_list_add(sources, STEAL(source)) : -ENOMEM;
		value_free(source);
		if (r == 0)
			r = dep ? value_map_set(dep, "sources", STEAL(sources)) : -ENOMEM;
		value_free(sources);
		if (r == 0)
			r = value_map_set(dep, "name", value_string(buf_str(&name)));
		if (r == 0)
			r = value_map_set(dep, "target-type", value_string("link"));
		if (r == 0)
			r = value_list_add(deps, STEAL(dep));
		value_free(dep);
	}
	return r;
}

/*
 * How the run gets its label: as the user says, else by the user's tags, else as the run that it
 * comes from got its own, else as the operation says.
 */
static int set_label_template(const struct birth_spec *spec, struct value *op)
{
	_cleanup_value_ struct value *of_run = NULL;
	_cleanup_buf_ struct buf tagged = BUF_INIT;
	const struct value *v;

	if (spec->label)
		return value_map_set(op, "label-template", value_string(spec->label));
	if (spec->tags && spec->tags->n) {
		for (size_t i = 0; i < spec->tags->n; i++)
			buf_printf(&tagged, "%s ", spec->tags->v[i]);
		buf_puts(&tagged, "${default_label}");
		if (buf_error(&tagged))
			return buf_error(&tagged);
		return value_map_set(op, "label-template", value_string(buf_str(&tagged)));
	}
	if (!spec->op || spec->proto_fd < 0 || attr_read(spec->proto_fd, "op", &of_run, NULL) < 0)
		return 0;
	v = value_get(of_run, "label-template");
	return v ? value_map_set(op, "label-template", value_copy(v)) : 0;
}

/* The `op` attribute: from the operation, else the prototype's. */
static int make_op(const struct birth_spec *spec, struct value **ret, struct err *err)
{
	_cleanup_value_ struct value *op = NULL;
	int r = 0;

	if (spec->op) {
		op = command_attr(spec->op, spec->flags, err);
		r = op ? add_own(spec, op) : err && err->code ? err->code : -ENOMEM;
	} else {
		r = attr_read(spec->proto_fd, "op", &op, err);
	}
	if (r == 0)
		r = add_environment(spec, op);
	if (r == 0)
		r = add_deps(spec, op);
	if (r == 0)
		r = set_label_template(spec, op);
	/* What starts other runs is started here: they have the executor. */
	if (r == 0 && spec->executor && !command_own_process(op))
		r = executor_put(op, spec->executor);
	if (r == 0 && spec->keep)
		r = value_map_set(op, "delete-on-success", value_bool(false));
	if (r == 0)
		*ret = STEAL(op);
	return r;
}

static int project_of(const struct birth_spec *spec, struct buf *b)
{
	_cleanup_(opref_release) struct opref ref = {0};
	int r = spec->op ? 0 : opref_read(spec->proto_fd, &ref, NULL);

	if (spec->op)
		buf_puts(b, spec->op->model->file->dir);
	else if (r == 0)
		opref_project_dir(b, &ref);
	return r;
}

static int write_command(
	const struct birth_spec *spec, int dir_fd, struct value **ret_op, struct err *err)
{
	_cleanup_value_ struct value *op = NULL;
	_cleanup_strv_ struct strv argv = STRV_INIT;
	_cleanup_buf_ struct buf python = BUF_INIT, project = BUF_INIT;
	int r = make_op(spec, &op, err);

	if (r == 0)
		r = project_of(spec, &project);
	/* Without a Python the start fails, and its output will say so. */
	if (r == 0 && python_find(buf_str(&project), spec->env, &python) < 0)
		buf_puts(&python, "python");
	if (r == 0)
		r = command_argv(op, spec->flags, buf_str(&python), &argv, err);
	if (r == 0 && spec->warnings)
		r = command_shadowed(op, spec->flags, spec->warnings);
	if (r == 0)
		r = put(dir_fd, "cmd", value_from_strv(&argv));
	if (r == 0)
		r = put(dir_fd, "op", value_copy(op));
	if (r == 0)
		*ret_op = STEAL(op);
	return r;
}

static int write_run_params(const struct birth_spec *spec, int dir_fd)
{
	_cleanup_buf_ struct buf opspec = BUF_INIT;
	struct value *v;
	int r;

	if (spec->run_params)
		return put(dir_fd, "run_params", value_copy(spec->run_params));
	v = value_map();
	if (spec->op)
		operation_spec(&opspec, spec->op);
	r = v ? value_map_set(v, "opspec", value_string(buf_str(&opspec))) : -ENOMEM;
	if (r == 0)
		r = value_map_set(v, "flags", value_list());
	if (r == 0)
		r = value_map_set(v, "tags", value_list());
	if (r == 0 && spec->batch && spec->batch->fail_on_trial_error)
		r = value_map_set(v, "fail_on_trial_error", value_bool(true));
	if (r < 0) {
		value_free(v);
		return r;
	}
	return put(dir_fd, "run_params", v);
}

/* Attributes that both tools write themselves. */
static bool is_core_attr(const char *name)
{
	static const char *const names[] = {"cmd", "comments", "deps", "env", "exit_status",
		"flags", "host", "id", "initialized", "label", "marked", "objective", "op",
		"opdef_attrs", "pip_freeze", "platform", "plugins", "random_seed", "run_params",
		"sourcecode_digest", "started", "stopped", "tags", "user", "user_flags",
		"vcs_commit", "steps", "trials", "max_trials", "compare"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static int write_run_attrs(const struct birth_spec *spec, int dir_fd)
{
	const struct value *attrs = spec->op ? value_get(spec->op->data, "run-attrs") : NULL;
	_cleanup_value_ struct value *own = value_map();
	int r = own ? 0 : -ENOMEM;

	if (!attrs || attrs->type != VALUE_MAP)
		return r;
	for (size_t i = 0; r == 0 && i < attrs->map.n; i++) {
		const struct value_pair *pair = &attrs->map.pairs[i];

		if (!is_core_attr(pair->key))
			r = value_map_set(own, pair->key, value_copy(pair->value));
		else if (spec->warnings)
			r = strv_addf(spec->warnings,
				"Invalid run attribute '%s' (reserved attribute) - ignoring",
				pair->key);
	}
	return r < 0 ? r : put(dir_fd, "opdef_attrs", STEAL(own));
}

/* What a batch or a queue is told beside its flags. */
static int write_batch(const struct birth_spec *spec, int dir_fd)
{
	const struct birth_batch *batch = spec->batch;
	int r = 0;

	if (batch && batch->max_trials)
		r = put(dir_fd, "max_trials", value_int(batch->max_trials));
	if (r == 0 && batch && batch->objective)
		r = put_string(dir_fd, "objective", batch->objective);
	if (r == 0 && batch && batch->stage_trials)
		r = put(dir_fd, "stage_trials", value_bool(true));
	if (r == 0 && spec->trials)
		r = put(dir_fd, "trials", value_copy(spec->trials));
	if (r == 0 && spec->jobs)
		r = run_jobs_set(dir_fd, spec->jobs);
	return r;
}

static int write_steps(const struct birth_spec *spec, int dir_fd)
{
	_cleanup_value_ struct value *steps = NULL;

	if (spec->op && (!spec->op->steps || spec->op->exec || spec->op->main))
		return 0;
	if (spec->op)
		return put(dir_fd, "steps", value_copy(spec->op->steps));
	if (attr_read(spec->proto_fd, "steps", &steps, NULL) < 0)
		return 0;
	return put(dir_fd, "steps", STEAL(steps));
}

/* What the supervisor samples, and names for who asks. */
static int write_plugins(const struct birth_spec *spec, int dir_fd)
{
	_cleanup_strv_ struct strv names = STRV_INIT;
	_cleanup_value_ struct value *of_proto = NULL;
	int r;

	if (spec->op) {
		r = plugins_of(spec->op, &names, spec->warnings);
		return r < 0 ? r : put(dir_fd, "plugins", value_from_strv(&names));
	}
	/* One that is started again without its operation keeps what it has. */
	if (spec->proto_fd < 0 || attr_read(spec->proto_fd, "plugins", &of_proto, NULL) < 0)
		return 0;
	return put(dir_fd, "plugins", STEAL(of_proto));
}

/* --- what people call it -------------------------------------------------- */

static int collect_tags(const struct birth_spec *spec, struct strv *tags)
{
	int r = spec->op && spec->proto_fd < 0 ? strv_copy(tags, &spec->op->tags) : 0;

	if (r == 0 && spec->tags)
		r = strv_copy(tags, spec->tags);
	strv_sort(tags);
	strv_unique(tags);
	return r;
}

int birth_write_label(const struct value *op, const struct value *flags, int dir_fd)
{
	const char *template = value_str(value_get(op, "label-template"));
	_cleanup_buf_ struct buf label = BUF_INIT;

	flags_expand_label(&label, template ? template : "${default_label}", flags);
	while (label.len && label.data[label.len - 1] == ' ')
		buf_resize(&label, label.len - 1);
	if (buf_error(&label))
		return buf_error(&label);
	return label.len ? put_string(dir_fd, "label", buf_str(&label))
			 : attr_remove(dir_fd, "label");
}

static int write_annotations(
	const struct birth_spec *spec, const struct value *op, int dir_fd, struct err *err)
{
	_cleanup_strv_ struct strv tags = STRV_INIT;
	int r = collect_tags(spec, &tags);

	if (r == 0 && tags.n)
		r = put(dir_fd, "tags", value_from_strv(&tags));
	if (r == 0)
		r = birth_write_label(op, spec->flags, dir_fd);
	if (r == 0 && spec->comment)
		r = annotate_store_comments(dir_fd, spec->comment, strlen(spec->comment), false,
			spec->user ? spec->user : "", err);
	return r;
}

/* What a run is to do: the same for a new one and for one that is started again. */
static int write_work(const struct birth_spec *spec, int dir_fd, struct err *err)
{
	_cleanup_value_ struct value *op = NULL;
	int r = write_command(spec, dir_fd, &op, err);

	if (r == 0)
		r = put(dir_fd, "flags", copy_or_map(spec->flags));
	if (r == 0)
		r = put(dir_fd, "user_flags", copy_or_map(spec->user_flags));
	if (r == 0)
		r = write_steps(spec, dir_fd);
	if (r == 0)
		r = write_batch(spec, dir_fd);
	if (r == 0)
		r = write_run_attrs(spec, dir_fd);
	if (r == 0)
		r = write_plugins(spec, dir_fd);
	return r < 0 ? r : write_annotations(spec, op, dir_fd, err);
}

int birth_write_attrs(const struct birth_spec *spec, const char *id, int dir_fd, struct err *err)
{
	int r = write_identity(spec, id, dir_fd);

	if (r == 0)
		r = write_opref(spec, dir_fd);
	if (r == 0)
		r = write_work(spec, dir_fd, err);
	if (r == 0)
		r = write_run_params(spec, dir_fd);
	if (r == 0)
		r = write_platform(dir_fd);
	if (r == 0)
		r = write_seed(spec, dir_fd);
	return r;
}

/* Of what the run was first asked for, a second start changes only what it asks for anew. */
static int rewrite_run_params(const struct birth_spec *spec, int run_fd)
{
	static const char *const anew[] = {"force_sourcecode", "gpus", "label", "needed", "tags"};
	_cleanup_value_ struct value *params = NULL;
	int r = 0;

	if (!attr_read_as(run_fd, "run_params", VALUE_MAP, &params))
		return write_run_params(spec, run_fd);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(anew); i++) {
		const struct value *v = value_get(spec->run_params, anew[i]);

		if (v && value_truthy(v))
			r = value_map_set(params, anew[i], value_copy(v));
	}
	return r < 0 ? r : put(run_fd, "run_params", STEAL(params));
}

int birth_rewrite_attrs(const struct birth_spec *spec, int run_fd, struct err *err)
{
	int r = write_work(spec, run_fd, err);

	return r == 0 && spec->run_params ? rewrite_run_params(spec, run_fd) : r;
}

int birth_write_digest(int dir_fd, const char *digest)
{
	return put(dir_fd, "sourcecode_digest", *digest ? value_string(digest) : value_null());
}

int birth_write_env(const struct birth_spec *spec, int dir_fd)
{
	_cleanup_strv_ struct strv env = STRV_INIT;
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = strv_copy(&env, spec->env);

	strv_sort(&env);
	for (size_t i = 0; r == 0 && i < env.n; i++) {
		const char *equals = strchr(env.v[i], '=');

		if (!equals || strncmp(env.v[i], "PWD=", 4) == 0 || strncmp(env.v[i], "_=", 2) == 0)
			continue;
		buf_printf(&text, "export %.*s=", (int)(equals - env.v[i]), env.v[i]);
		shell_quote(&text, equals + 1);
		buf_putc(&text, '\n');
	}
	if (r == 0)
		r = buf_error(&text);
	return r < 0 ? r : beneath_create(dir_fd, RUN_GUILD_DIR "/ENV", text.data, text.len, 0600);
}
