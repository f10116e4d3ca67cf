/* SPDX-License-Identifier: MIT */
/* The `op` attribute, and the command and environment that follow from it (reference, 1.7, 3.5.1).
 */
#include "project/command.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/shell.h"
#include "project/flag_values.h"
#include "project/refs.h"
#include "yaml/scalar.h"
#include "yaml/yaml.h"

#define FLAG_ARGS        "__flag_args__"
#define PYTHON_EXE       "${python_exe}"
#define GUILD_PYTHON_EXE "${guild_python_exe}"

/* --- text of values ------------------------------------------------------- */

static bool is_globals(const char *dest)
{
	return dest &&
	       (strcmp(dest, "globals") == 0 || strncmp(dest, "global:", 7) == 0 ||
		       strncmp(dest, "dict:", 5) == 0 || strncmp(dest, "namespace:", 10) == 0);
}

/* As in Python, where true is 1 and 1.0, too. */
static bool equals_key(const struct value *key, const struct value *v)
{
	if (value_equal(key, v))
		return true;
	if (key->type == VALUE_BOOL)
		return (v->type == VALUE_INT && v->integer == key->boolean) ||
		       (v->type == VALUE_FLOAT && v->number == key->boolean);
	return v->type == VALUE_BOOL && key->type == VALUE_INT && key->integer == v->boolean;
}

/* The entry of an encoding for a value; NULL: there is none. */
static const struct value *encoded(const struct value *encoding, const struct value *v)
{
	for (size_t i = 0; encoding && encoding->type == VALUE_MAP && i < encoding->map.n; i++) {
		const struct value_pair *pair = &encoding->map.pairs[i];
		_cleanup_value_ struct value *key = value_of_key(pair);

		if (key && equals_key(key, v))
			return pair->value;
	}
	return NULL;
}

static void add_str(struct buf *b, const struct value *v)
{
	if (v->type == VALUE_STRING)
		buf_puts(b, v->string);
	else
		value_repr(b, v);
}

/* A value behind an option, or in an environment variable, which may have its own encoding. */
static void add_text(struct buf *b, const struct value *v, const struct value *def, bool is_env)
{
	const struct value *own = is_env ? encoded(value_get(def, "env-encoding"), v) : NULL;

	if (!own)
		own = encoded(value_get(def, "arg-encoding"), v);
	if (own)
		add_str(b, own);
	else if (v->type == VALUE_LIST)
		flag_join(b, v, value_get(def, "arg-split"));
	else
		refs_arg_text(b, v);
}

/* --- arguments ------------------------------------------------------------ */

/* --NAME and each part; globals take one list. */
static int add_parts(const char *option, const struct value *v, const struct value *def,
	const char *dest, struct strv *argv)
{
	_cleanup_strv_ struct strv parts = STRV_INIT;
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_value_ struct value *list = value_list();
	int r = list ? 0 : -ENOMEM;

	if (v->type == VALUE_STRING)
		buf_puts(&text, v->string);
	else
		flag_encode(&text, v);
	if (r == 0)
		r = flag_split(buf_str(&text), value_get(def, "arg-split"), &parts);
	if (r < 0 || (!parts.n && !is_globals(dest)))
		return r;
	r = strv_add(argv, option);
	if (!is_globals(dest))
		return r < 0 ? r : strv_copy(argv, &parts);
	for (size_t i = 0; r == 0 && i < parts.n; i++)
		r = value_list_add(list, scalar_resolve(parts.v[i], strlen(parts.v[i])));
	buf_clear(&text);
	yaml_emit_flow(&text, list);
	return r < 0 ? r : strv_add(argv, buf_str(&text));
}

/* The arguments of the chosen value, when it has its own. */
static const struct value *own_args(const struct value *def, const struct value *v)
{
	const struct value *choices = value_get(def, "choice-args");

	for (size_t i = 0; choices && choices->type == VALUE_LIST && i < choices->list.n; i++)
		if (value_equal(value_get(choices->list.items[i], "value"), v))
			return value_get(choices->list.items[i], "args");
	return NULL;
}

static int add_option(const char *name, const struct value *v, const struct value *def,
	const char *dest, struct strv *argv)
{
	_cleanup_buf_ struct buf option = BUF_INIT, text = BUF_INIT;
	int r;

	buf_printf(&option, "--%s", name);
	if (value_truthy(value_get(def, "arg-split")) && v->type != VALUE_LIST)
		return add_parts(buf_str(&option), v, def, dest, argv);
	if (is_globals(dest))
		yaml_emit_flow(&text, v);
	else
		add_text(&text, v, def, false);
	r = strv_add(argv, buf_str(&option));
	return r < 0 ? r : strv_add(argv, buf_str(&text));
}

/* Of the words, the first `n_words` are the command's own. */
static int add_flag(const char *name, const struct value *v, const struct value *def,
	const char *dest, size_t n_words, struct strv *argv)
{
	const char *arg_name = value_str(value_get(def, "arg-name"));
	const struct value *arg_switch = value_get(def, "arg-switch");
	const struct value *instead = own_args(def, v);
	_cleanup_buf_ struct buf option = BUF_INIT;
	int r = 0;

	if (value_truthy(value_get(def, "arg-skip")))
		return 0;
	arg_name = arg_name ? arg_name : name;
	buf_printf(&option, "--%s", arg_name);
	/* The command says it already; what stands there wins. */
	for (size_t i = 0; i < n_words; i++)
		if (strcmp(argv->v[i], buf_str(&option)) == 0)
			return 0;
	if (!value_is_null(arg_switch))
		return equals_key(arg_switch, v) ? strv_add(argv, buf_str(&option)) : 0;
	if (value_is_null(v))
		return 0;
	if (!instead || instead->type != VALUE_MAP)
		return add_option(arg_name, v, def, dest, argv);
	for (size_t i = 0; r == 0 && i < instead->map.n; i++)
		r = add_option(
			instead->map.pairs[i].key, instead->map.pairs[i].value, NULL, dest, argv);
	return r;
}

static int add_flags(const struct value *cmd, const struct value *flags, struct strv *argv)
{
	const struct value *defs = value_get(cmd, "cmd-flags");
	const char *dest = value_str(value_get(cmd, "flags-dest"));
	_cleanup_value_ struct value *sorted = flags ? value_copy(flags) : value_map();
	size_t n_words = argv->n;
	int r = sorted ? 0 : -ENOMEM;

	if (r == 0)
		value_map_sort(sorted);
	/* A flag that the operation does not have is there because the user insisted. */
	for (size_t i = 0; r == 0 && i < sorted->map.n; i++) {
		const char *name = sorted->map.pairs[i].key;

		r = add_flag(name, sorted->map.pairs[i].value, value_get(defs, name), dest, n_words,
			argv);
	}
	return r;
}

static int add_word(const char *word, const struct value *flags, const char *python,
	struct strv *argv, struct err *err)
{
	_cleanup_buf_ struct buf a = BUF_INIT, b = BUF_INIT, out = BUF_INIT;
	static const char undefined[] = "undefined reference ";
	struct err why = ERR_INIT;
	const char *text;
	int r;

	buf_replace(&a, word, PYTHON_EXE, python);
	buf_replace(&b, buf_str(&a), GUILD_PYTHON_EXE, python);
	r = refs_resolve(buf_str(&b), flags, &out, &why);
	if (r != -EINVAL)
		return r < 0 ? r : strv_add(argv, buf_str(&out));
	text = err_text(&why);
	if (strncmp(text, undefined, strlen(undefined)) == 0)
		return err_set(err, r,
			"invalid setting for operation: command contains invalid reference %s",
			text + strlen(undefined));
	return err_set(err, r, "invalid setting for operation: %s", text);
}

int command_argv(const struct value *op_attr, const struct value *flags, const char *python,
	struct strv *ret_argv, struct err *err)
{
	const struct value *cmd = value_get(op_attr, "op-cmd");
	const struct value *args = value_get(cmd, "cmd-args");
	int r = 0;

	if (!args || args->type != VALUE_LIST || !args->list.n)
		return err_set(err, -EINVAL,
			"the run does not say what it runs (attribute 'op' has no op-cmd: "
			"cmd-args)");
	for (size_t i = 0; r == 0 && i < args->list.n; i++) {
		const char *word = value_str(args->list.items[i]);

		if (!word)
			return err_set(err, -EINVAL, "a word of the run's command is not a string");
		if (strcmp(word, FLAG_ARGS) == 0)
			r = add_flags(cmd, flags, ret_argv);
		else
			r = add_word(word, flags, python, ret_argv, err);
	}
	return r;
}

/* A word before the flags. */
static bool has_word(const struct value *args, const char *wanted)
{
	for (size_t i = 0; args && args->type == VALUE_LIST && i < args->list.n; i++) {
		const char *word = value_str(args->list.items[i]);

		if (!word || strcmp(word, FLAG_ARGS) == 0)
			return false;
		if (strcmp(word, wanted) == 0)
			return true;
	}
	return false;
}

int command_shadowed(const struct value *op_attr, const struct value *flags, struct strv *warnings)
{
	const struct value *cmd = value_get(op_attr, "op-cmd");
	int r = 0;

	for (size_t i = 0; flags && r == 0 && i < flags->map.n; i++) {
		const struct value_pair *pair = &flags->map.pairs[i];
		const struct value *def = value_get(value_get(cmd, "cmd-flags"), pair->key);
		const char *arg_name = value_str(value_get(def, "arg-name"));
		_cleanup_buf_ struct buf option = BUF_INIT, text = BUF_INIT;

		buf_printf(&option, "--%s", arg_name ? arg_name : pair->key);
		if (value_truthy(value_get(def, "arg-skip")) ||
			!has_word(value_get(cmd, "cmd-args"), buf_str(&option)))
			continue;
		flag_encode(&text, pair->value);
		r = strv_addf(warnings,
			"ignoring flag '%s=%s' because it's shadowed in the operation cmd as %s",
			pair->key, buf_str(&text), buf_str(&option));
	}
	return r;
}

/* --- environment ---------------------------------------------------------- */

static int add_own_env(
	const struct value *own, const struct value *flags, struct strv *env, struct err *err)
{
	int r = 0;

	for (size_t i = 0; own && own->type == VALUE_MAP && r == 0 && i < own->map.n; i++) {
		_cleanup_buf_ struct buf raw = BUF_INIT, out = BUF_INIT;

		refs_arg_text(&raw, own->map.pairs[i].value);
		r = refs_resolve_yaml(buf_str(&raw), flags, &out, err);
		if (r == 0)
			r = strv_env_set(env, own->map.pairs[i].key, buf_str(&out));
	}
	return r;
}

static void flag_env_name(struct buf *b, const char *name)
{
	buf_puts(b, "FLAG_");
	for (; *name; name++) {
		unsigned char c = (unsigned char)*name;

		if ((c & 0xc0) != 0x80) /* a character of several bytes is one _ */
			buf_putc(b, isalnum(c) ? (char)toupper(c) : '_');
	}
}

int command_env(
	const struct value *op_attr, const struct value *flags, struct strv *env, struct err *err)
{
	const struct value *cmd = value_get(op_attr, "op-cmd");
	int r = add_own_env(value_get(cmd, "cmd-env"), flags, env, err);

	for (size_t i = 0; flags && r == 0 && i < flags->map.n; i++) {
		const char *name = flags->map.pairs[i].key;
		const struct value *def = value_get(value_get(cmd, "cmd-flags"), name);
		const char *env_name = value_str(value_get(def, "env-name"));
		_cleanup_buf_ struct buf own = BUF_INIT, text = BUF_INIT;

		if (env_name)
			buf_puts(&own, env_name);
		else
			flag_env_name(&own, name);
		add_text(&text, flags->map.pairs[i].value, def, true);
		r = strv_env_set(env, buf_str(&own), buf_str(&text));
	}
	return r;
}

bool command_is_python(const struct value *op_attr)
{
	const struct value *args = value_get(value_get(op_attr, "op-cmd"), "cmd-args");
	bool has_words = args && args->type == VALUE_LIST && args->list.n;
	const char *word = has_words ? value_str(args->list.items[0]) : NULL;
	const char *slash = word ? strrchr(word, '/') : NULL;

	if (word && (strcmp(word, PYTHON_EXE) == 0 || strcmp(word, GUILD_PYTHON_EXE) == 0))
		return true;
	/* Only a path: what PATH leads to is nobody's business before the start. */
	return slash && strncasecmp(slash + 1, "python", strlen("python")) == 0 &&
	       access(word, X_OK) == 0;
}

const char *command_own_process(const struct value *op_attr)
{
	static const char *const modules[][2] = {
		{"guild.steps_main", "steps-main"},
		{"guild.batch_main", "batch-main"},
		{"guild.deploy_main", "deploy-main"},
		{"guild.predict_main", "predict-main"},
		{"guild.plugins.cloudml_train_main", "cloudml-main"},
		{"guild.plugins.cloudml_hptune_main", "cloudml-main"},
		{"guild.plugins.random_main", "batch-main"},
		{"guild.plugins.skopt_gp_main", "batch-main"},
		{"guild.plugins.skopt_forest_main", "batch-main"},
		{"guild.plugins.skopt_gbrt_main", "batch-main"},
		{"guild.plugins.optuna_tpe_main", "batch-main"},
		{"guild.plugins.optuna_cmaes_main", "batch-main"},
		{"guild.plugins.asha_main", "batch-main"},
		{"guild.plugins.queue_main", "queue-main"},
		{"guild.plugins.dask_scheduler_main", "queue-main"},
	};
	const struct value *args = value_get(value_get(op_attr, "op-cmd"), "cmd-args");
	bool is_module = args && args->type == VALUE_LIST && args->list.n >= 3;
	const char *module = is_module ? value_str(args->list.items[2]) : NULL;

	for (size_t i = 0; module && i < ARRAY_SIZE(modules); i++)
		if (strcmp(module, modules[i][0]) == 0)
			return modules[i][1];
	return NULL;
}
