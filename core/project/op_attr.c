/* SPDX-License-Identifier: MIT */
/* The `op` attribute, from an operation of a Guild file (reference, 3.5.1). */
#include "project/command.h"

#include <errno.h>
#include <string.h>

#include "base/shell.h"
#include "project/framework.h"
#include "project/plugin_op.h"

#define FLAG_ARGS      "__flag_args__"
#define PROJECT_DIR    "${project_dir}"
#define MAIN_TEMPLATE  "${python_exe} -um guild.op_main ${main_args} -- ${flag_args}"
#define STEPS_TEMPLATE "${guild_python_exe} -um guild.steps_main"

/* Takes v over; true when both it and the map were there. */
static bool put(struct value *map, const char *key, struct value *v)
{
	if (!map) {
		value_free(v);
		return false;
	}
	return value_map_set(map, key, v) == 0;
}

/* The map when all went well; else it is freed. */
static struct value *checked(struct value *map, bool ok)
{
	if (ok)
		return map;
	value_free(map);
	return NULL;
}

static struct value *string_or_null(const char *s)
{
	return s ? value_string(s) : value_null();
}

/* --- what runs ------------------------------------------------------------ */

static int add_words(struct value *args, const char *text)
{
	_cleanup_strv_ struct strv words = STRV_INIT;
	int r = shell_split(text, &words, NULL);

	for (size_t i = 0; r == 0 && i < words.n; i++)
		r = value_list_add(args, value_string(words.v[i]));
	return r;
}

static const char *template_of(const struct operation *op)
{
	if (op->exec)
		return op->exec;
	return op->main ? MAIN_TEMPLATE : STEPS_TEMPLATE;
}

static int add_arg(const struct operation *op, const char *word, struct value *args)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (strcmp(word, "${main_args}") == 0)
		return op->main ? add_words(args, op->main) : 0;
	if (strcmp(word, "${flag_args}") == 0)
		return value_list_add(args, value_string(FLAG_ARGS));
	buf_replace(&text, word, PROJECT_DIR, op->model->file->dir);
	return value_list_add(args, value_string(buf_str(&text)));
}

static struct value *cmd_args(const struct operation *op)
{
	const struct plugin_op *plugin = plugin_op_of(op);
	_cleanup_strv_ struct strv words = STRV_INIT;
	_cleanup_buf_ struct buf before = BUF_INIT;
	struct value *args = value_list();
	int r = args ? 0 : -ENOMEM;

	/* Its process takes the operation's command as words. */
	if (r == 0 && plugin && plugin->module) {
		buf_printf(&before, "${guild_python_exe} -um %s", plugin->module);
		r = shell_split(buf_str(&before), &words, NULL);
	}
	if (r == 0)
		r = shell_split(template_of(op), &words, NULL);
	for (size_t i = 0; r == 0 && i < words.n; i++)
		r = add_arg(op, words.v[i], args);
	return args ? checked(args, r == 0) : NULL;
}

/* All that the command needs beside its flags: Guild AI adds nothing when it starts a run again. */
static struct value *cmd_env(const struct operation *op)
{
	struct value *env = op->env ? value_copy(op->env) : value_map();
	bool handle = value_truthy(value_get(op->data, "handle-keyboard-interrupt"));
	const char *dest = op->flags_dest;

	return checked(
		env, env && (!handle || put(env, "HANDLE_KEYBOARD_INTERRUPT", value_string("1"))) &&
			     (!dest || put(env, "FLAGS_DEST", value_string(dest))));
}

/* --- flags ---------------------------------------------------------------- */

static struct value *choice_with_args(const struct flag_choice *choice)
{
	struct value *v = value_map();

	return checked(v, put(v, "value", value_copy(choice->value)) &&
				  put(v, "args", value_copy(choice->args)));
}

/* 2018: what a chosen value puts on the command line in place of its flag. Empty: nothing. */
static struct value *choice_args(const struct flag *f)
{
	struct value *list = value_list();
	int r = list ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < f->n_choices; i++)
		if (f->choices[i].args)
			r = value_list_add(list, choice_with_args(&f->choices[i]));
	return list ? checked(list, r == 0) : NULL;
}

/* Guild AI writes a switch only when it is on for what is true; ours stays in any case. */
static struct value *cmd_flag(const struct operation *op, const struct flag *f)
{
	const struct value *skip =
		f->arg_skip ? f->arg_skip : value_get(op->data, "default-flag-arg-skip");
	const struct {
		const char *key;
		const struct value *v;
	} kept[] = {
		{"arg-switch", f->arg_switch},
		{"arg-split", f->arg_split},
		{"arg-encoding", f->arg_encoding},
		{"env-encoding", f->env_encoding},
	};
	_cleanup_value_ struct value *instead = choice_args(f);
	struct value *v = value_map();
	bool ok = v && instead;

	if (ok && f->arg_name)
		ok = put(v, "arg-name", value_string(f->arg_name));
	if (ok && value_truthy(skip))
		ok = put(v, "arg-skip", value_bool(true));
	for (size_t i = 0; ok && i < ARRAY_SIZE(kept); i++)
		if (kept[i].v)
			ok = put(v, kept[i].key, value_copy(kept[i].v));
	if (ok && f->env_name)
		ok = put(v, "env-name", value_string(f->env_name));
	if (ok && instead->list.n)
		ok = put(v, "choice-args", STEAL(instead));
	return v ? checked(v, ok) : NULL;
}

static struct value *cmd_flags(const struct operation *op)
{
	struct value *flags = value_map();
	bool ok = flags != NULL;

	for (size_t i = 0; ok && i < op->n_flags; i++)
		ok = put(flags, op->flags[i].name, cmd_flag(op, &op->flags[i]));
	return flags ? checked(flags, ok) : NULL;
}

static struct value *null_labels(const struct operation *op)
{
	struct value *map = value_map();
	bool ok = map != NULL;

	for (size_t i = 0; ok && i < op->n_flags; i++)
		if (op->flags[i].null_label)
			ok = put(map, op->flags[i].name, value_string(op->flags[i].null_label));
	return map ? checked(map, ok) : NULL;
}

static struct value *flags_extra(const struct operation *op)
{
	struct value *map = value_map();
	bool ok = map != NULL;

	for (size_t i = 0; ok && i < op->n_flags; i++)
		if (op->flags[i].extra)
			ok = put(map, op->flags[i].name, value_copy(op->flags[i].extra));
	return map ? checked(map, ok) : NULL;
}

static struct value *op_cmd(const struct operation *op)
{
	struct value *cmd = value_map();
	const char *dest = op->flags_dest ? op->flags_dest : "args";

	return checked(cmd, put(cmd, "cmd-args", cmd_args(op)) &&
				    put(cmd, "cmd-env", cmd_env(op)) &&
				    put(cmd, "cmd-flags", cmd_flags(op)) &&
				    put(cmd, "flags-dest", value_string(dest)));
}

/* --- dependencies --------------------------------------------------------- */

static bool add_config(struct value *config, const struct value *flags, const char *name)
{
	const struct value *v = value_get(flags, name);

	return !v || put(config, name, value_copy(v));
}

/* Values of flags that override a resource's sources. */
static struct value *dep_config(const struct resource *res, const struct value *flags)
{
	struct value *config = value_map();
	bool ok = config != NULL;

	for (size_t i = 0; ok && i < res->n_sources; i++) {
		const struct source *s = &res->sources[i];

		if (s->flag_name || s->name)
			ok = add_config(config, flags, s->flag_name ? s->flag_name : s->name);
		else
			ok = add_config(config, flags, s->uri) &&
			     add_config(config, flags, s->spec);
	}
	return config ? checked(config, ok) : NULL;
}

static struct value *dep_attr(
	const struct operation *op, const struct resource *res, const struct value *flags)
{
	bool is_map = res->data->type == VALUE_MAP;
	struct value *attr = is_map ? value_copy(res->data) : value_map();
	_cleanup_value_ struct value *config = dep_config(res, flags);
	struct value *parents = value_from_strv(&op->model->parents);
	bool ok = attr && config && parents;

	if (ok && parents->list.n)
		ok = put(attr, "guildfs-parents", STEAL(parents));
	value_free(parents);
	if (ok && !is_map)
		ok = put(attr, "sources", value_copy(res->data));
	ok = ok && put(attr, "name", value_string(res->resolving_name)) &&
	     put(attr, "location", value_string(res->dir));
	if (ok && config->map.n)
		ok = put(attr, "config", STEAL(config));
	return attr ? checked(attr, ok) : NULL;
}

static struct value *deps_attr(
	const struct operation *op, const struct value *flags, struct err *err)
{
	_cleanup_free_ const struct resource **resources = NULL;
	_cleanup_buf_ struct buf spec = BUF_INIT;
	struct value *deps;
	size_t n = 0;
	int r = operation_resources(op, flags, &resources, &n, err);

	if (r < 0) {
		operation_spec(&spec, op);
		err_prefix(err, r, "invalid definition for operation '%s'", buf_str(&spec));
		return NULL;
	}
	deps = value_list();
	for (size_t i = 0; deps && r == 0 && i < n; i++)
		r = value_list_add(deps, dep_attr(op, resources[i], flags));
	return deps ? checked(deps, r == 0) : NULL;
}

/* --- the attribute -------------------------------------------------------- */

/* `dest` must be there for Guild AI to restart the run. */
static struct value *sourcecode_attr(const struct operation *op)
{
	static const char *const keys[] = {"dest", "root"};
	struct value *v = value_map();
	bool ok = put(v, "dest", value_string("."));

	for (size_t i = 0; ok && i < ARRAY_SIZE(keys); i++) {
		const struct value *own = value_get(op->sourcecode, keys[i]);

		if (value_is_null(own))
			own = value_get(op->model->sourcecode, keys[i]);
		if (!value_is_null(own))
			ok = put(v, keys[i], value_copy(own));
	}
	return checked(v, ok);
}

/* An attribute of the Guild file that is only passed on. */
static struct value *passed_on(const struct operation *op, const char *key)
{
	const struct value *v = value_get(op->data, key);

	return v ? value_copy(v) : value_null();
}

/* A list; `no` is an empty one. */
static struct value *wished_patterns(const struct operation *op, const char *key)
{
	const struct value *v = value_get(op->data, key);
	struct value *list;

	if (value_is_null(v) || v->type == VALUE_LIST)
		return passed_on(op, key);
	list = value_list();
	return list ? checked(list,
			      v->type == VALUE_BOOL || value_list_add(list, value_copy(v)) == 0)
		    : NULL;
}

struct value *command_output_scalars(const struct operation *op)
{
	struct value *v = NULL;

	if (value_is_null(value_get(op->data, "output-scalars")))
		v = framework_output_scalars(op);
	return v ? v : wished_patterns(op, "output-scalars");
}

struct value *command_output_attrs(const struct operation *op)
{
	return wished_patterns(op, "output-attrs");
}

struct value *command_attr(const struct operation *op, const struct value *flags, struct err *err)
{
	struct value *attr = value_map();
	bool delete_it = value_truthy(value_get(op->data, "delete-on-success"));

	return checked(
		attr, put(attr, "flag-null-labels", null_labels(op)) &&
			      put(attr, "delete-on-success", value_bool(delete_it)) &&
			      put(attr, "flags-extra", flags_extra(op)) &&
			      put(attr, "deps", deps_attr(op, flags, err)) &&
			      put(attr, "label-template", string_or_null(op->label_template)) &&
			      put(attr, "output-attrs", command_output_attrs(op)) &&
			      put(attr, "output-scalars", command_output_scalars(op)) &&
			      put(attr, "op-cmd", op_cmd(op)) &&
			      put(attr, "python-requires", passed_on(op, "python-requires")) &&
			      put(attr, "sourcecode", sourcecode_attr(op)));
}
