/* SPDX-License-Identifier: MIT */
/* The `op` attribute, and the command and environment that follow from it (reference, 1.7, 3.5.1).
 */
#include "project/command.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/shell.h"
#include "yaml/yaml.h"

#define FLAG_ARGS   "__flag_args__"
#define PYTHON_EXE  "${python_exe}"
#define PROJECT_DIR "${project_dir}"

enum { MAX_REFERENCES = 100 };

/* --- the attribute -------------------------------------------------------- */

/* Takes v over; true when both it and the map were there. */
static bool put(struct value *map, const char *key, struct value *v)
{
	if (!map) {
		value_free(v);
		return false;
	}
	return value_map_set(map, key, v) == 0;
}

static struct value *string_or_null(const char *s)
{
	return s ? value_string(s) : value_null();
}

static int add_words(struct value *args, const char *text)
{
	_cleanup_strv_ struct strv words = STRV_INIT;
	int r = shell_split(text, &words, NULL);

	for (size_t i = 0; r == 0 && i < words.n; i++)
		r = value_list_add(args, value_string(words.v[i]));
	return r;
}

static struct value *cmd_args(const struct operation *op)
{
	struct value *args = value_list();
	int r = args ? 0 : -ENOMEM;

	if (r == 0 && op->exec)
		r = add_words(args, op->exec);
	if (r == 0 && !op->exec) {
		r = add_words(args, PYTHON_EXE " -um guild.op_main");
		if (r == 0)
			r = add_words(args, op->main);
		if (r == 0)
			r = add_words(args, "-- " FLAG_ARGS);
	}
	/* exec says where its flags go by the same word that Guild AI's templates use. */
	for (size_t i = 0; r == 0 && i < args->list.n; i++) {
		struct value *word = args->list.items[i];

		if (strcmp(word->string, "${flag_args}") == 0) {
			value_free(word);
			args->list.items[i] = value_string(FLAG_ARGS);
			r = args->list.items[i] ? 0 : -ENOMEM;
		}
	}
	if (r == 0)
		return args;
	value_free(args);
	return NULL;
}

static struct value *cmd_flags(const struct operation *op)
{
	struct value *flags = value_map();

	for (size_t i = 0; flags && i < op->n_flags; i++) {
		const struct flag *f = &op->flags[i];
		struct value *v = value_map();
		bool ok = v != NULL;

		if (ok && f->arg_name)
			ok = put(v, "arg-name", value_string(f->arg_name));
		if (ok && f->arg_skip)
			ok = put(v, "arg-skip", value_bool(true));
		if (ok && f->arg_switch)
			ok = put(v, "arg-switch", value_copy(f->arg_switch));
		if (ok && f->env_name)
			ok = put(v, "env-name", value_string(f->env_name));
		if (!put(flags, f->name, ok ? v : NULL)) {
			if (!ok)
				value_free(v);
			value_free(flags);
			return NULL;
		}
	}
	return flags;
}

static struct value *op_cmd(const struct operation *op)
{
	struct value *cmd = value_map();
	const char *dest = op->flags_dest ? op->flags_dest : op->exec ? NULL : "args";

	if (put(cmd, "cmd-args", cmd_args(op)) &&
		put(cmd, "cmd-env", op->env ? value_copy(op->env) : value_map()) &&
		put(cmd, "cmd-flags", cmd_flags(op)) &&
		put(cmd, "flags-dest", string_or_null(dest)))
		return cmd;
	value_free(cmd);
	return NULL;
}

static struct value *dep_attr(const struct operation *op, const struct dep *dep)
{
	struct value *attr = value_map(), *sources = value_list();

	if (sources && value_list_add(sources, value_copy(dep->raw)) < 0) {
		value_free(sources);
		sources = NULL;
	}
	if (put(attr, "name", value_string(dep->name)) && put(attr, "sources", sources) &&
		put(attr, "location", value_string(op->model->file->dir)))
		return attr;
	value_free(attr);
	return NULL;
}

static struct value *deps_attr(const struct operation *op)
{
	struct value *deps = value_list();

	for (size_t i = 0; deps && i < op->n_deps; i++) {
		if (value_list_add(deps, dep_attr(op, &op->deps[i])) < 0) {
			value_free(deps);
			return NULL;
		}
	}
	return deps;
}

static struct value *sourcecode_attr(void)
{
	struct value *v = value_map();

	if (put(v, "dest", value_string(".")))
		return v;
	value_free(v);
	return NULL;
}

struct value *command_attr(const struct operation *op)
{
	struct value *attr = value_map(), *labels = value_map();
	bool ok = labels != NULL;

	for (size_t i = 0; ok && i < op->n_flags; i++)
		if (op->flags[i].null_label)
			ok = put(labels, op->flags[i].name, value_string(op->flags[i].null_label));
	if (put(attr, "flag-null-labels", labels) && ok &&
		put(attr, "delete-on-success", value_bool(false)) &&
		put(attr, "flags-extra", value_map()) && put(attr, "deps", deps_attr(op)) &&
		put(attr, "label-template", string_or_null(op->label_template)) &&
		put(attr, "output-attrs", value_null()) &&
		put(attr, "output-scalars", value_null()) && put(attr, "op-cmd", op_cmd(op)) &&
		put(attr, "python-requires", value_null()) &&
		put(attr, "sourcecode", sourcecode_attr()))
		return attr;
	value_free(attr);
	return NULL;
}

/* --- text of values ------------------------------------------------------- */

/* As an argument: 1 for true, nothing for false and null, strings as they are, else repr(). */
static void arg_text(struct buf *b, const struct value *v)
{
	switch (v->type) {
	case VALUE_NULL:
		break;
	case VALUE_BOOL:
		buf_puts(b, v->boolean ? "1" : "");
		break;
	case VALUE_STRING:
		buf_puts(b, v->string);
		break;
	default:
		value_repr(b, v);
	}
}

static bool is_globals(const char *dest)
{
	return dest &&
	       (strcmp(dest, "globals") == 0 || strncmp(dest, "global:", 7) == 0 ||
		       strncmp(dest, "dict:", 5) == 0 || strncmp(dest, "namespace:", 10) == 0);
}

/* ${name} in a word, from flags; references in flag values are followed. */
static int expand(
	const char *word, const struct value *flags, int depth, struct buf *out, struct err *err)
{
	while (*word) {
		const char *end = strncmp(word, "${", 2) == 0 ? strchr(word, '}') : NULL;
		_cleanup_buf_ struct buf name = BUF_INIT, text = BUF_INIT;
		const struct value *v;
		int r;

		if (!end) {
			buf_putc(out, *word++);
			continue;
		}
		buf_add(&name, word + 2, (size_t)(end - word) - 2);
		v = value_get(flags, buf_str(&name));
		if (!v)
			return err_set(err, -EINVAL, "command contains invalid reference '%s'",
				buf_str(&name));
		if (depth > MAX_REFERENCES)
			return err_set(err, -EINVAL, "the references of flag '%s' lead in a circle",
				buf_str(&name));
		arg_text(&text, v);
		r = v->type == VALUE_STRING ? expand(buf_str(&text), flags, depth + 1, out, err)
					    : 0;
		if (r < 0)
			return r;
		if (v->type != VALUE_STRING)
			buf_puts(out, buf_str(&text));
		word = end + 1;
	}
	return buf_error(out);
}

static void replace_all(struct buf *b, const char *text, const char *what, const char *by)
{
	const char *at;

	while ((at = strstr(text, what))) {
		buf_add(b, text, (size_t)(at - text));
		buf_puts(b, by);
		text = at + strlen(what);
	}
	buf_puts(b, text);
}

/* --- arguments ------------------------------------------------------------ */

static int add_flag(const char *name, const struct value *v, const struct value *def,
	const char *dest, struct strv *argv)
{
	const char *arg_name = value_str(value_get(def, "arg-name"));
	const struct value *arg_switch = value_get(def, "arg-switch");
	_cleanup_buf_ struct buf option = BUF_INIT, text = BUF_INIT;
	int r;

	if (value_truthy(value_get(def, "arg-skip")))
		return 0;
	buf_printf(&option, "--%s", arg_name ? arg_name : name);
	/* The command says it already; what stands there wins. */
	if (strv_has(argv, buf_str(&option)))
		return 0;
	if (arg_switch)
		return value_equal(arg_switch, v) ? strv_add(argv, buf_str(&option)) : 0;
	if (value_is_null(v))
		return 0;
	if (is_globals(dest))
		yaml_emit_flow(&text, v);
	else
		arg_text(&text, v);
	r = strv_add(argv, buf_str(&option));
	return r < 0 ? r : strv_add(argv, buf_str(&text));
}

static int add_flags(const struct value *cmd, const struct value *flags, struct strv *argv)
{
	const struct value *defs = value_get(cmd, "cmd-flags");
	const char *dest = value_str(value_get(cmd, "flags-dest"));
	_cleanup_value_ struct value *sorted = flags ? value_copy(flags) : value_map();
	int r = sorted ? 0 : -ENOMEM;

	if (r == 0)
		value_map_sort(sorted);
	for (size_t i = 0; r == 0 && i < sorted->map.n; i++) {
		const char *name = sorted->map.pairs[i].key;

		if (value_get(defs, name))
			r = add_flag(name, sorted->map.pairs[i].value, value_get(defs, name), dest,
				argv);
	}
	return r;
}

static int add_word(const char *word, const struct value *flags, const char *python,
	const char *project_dir, struct strv *argv, struct err *err)
{
	_cleanup_buf_ struct buf a = BUF_INIT, b = BUF_INIT, out = BUF_INIT;
	int r;

	replace_all(&a, word, PYTHON_EXE, python);
	replace_all(&b, buf_str(&a), PROJECT_DIR, project_dir);
	r = expand(buf_str(&b), flags, 0, &out, err);
	return r < 0 ? r : strv_add(argv, buf_str(&out));
}

int command_argv(const struct value *op_attr, const struct value *flags, const char *python,
	const char *project_dir, struct strv *ret_argv, struct err *err)
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
			r = add_word(word, flags, python, project_dir, ret_argv, err);
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

		arg_text(&raw, own->map.pairs[i].value);
		r = expand(buf_str(&raw), flags, 0, &out, err);
		if (r == 0)
			r = strv_env_set(env, own->map.pairs[i].key, buf_str(&out));
	}
	return r;
}

static void flag_env_name(struct buf *b, const char *name)
{
	buf_puts(b, "FLAG_");
	for (; *name; name++)
		buf_putc(b,
			isalnum((unsigned char)*name) ? (char)toupper((unsigned char)*name) : '_');
}

int command_env(
	const struct value *op_attr, const struct value *flags, struct strv *env, struct err *err)
{
	const struct value *cmd = value_get(op_attr, "op-cmd");
	const char *dest = value_str(value_get(cmd, "flags-dest"));
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
		arg_text(&text, flags->map.pairs[i].value);
		r = strv_env_set(env, buf_str(&own), buf_str(&text));
	}
	if (r == 0 && dest)
		r = strv_env_set(env, "FLAGS_DEST", dest);
	return r;
}
