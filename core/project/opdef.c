/* SPDX-License-Identifier: MIT */
/* Operations in a Guild file (reference, 1.5). */
#include "project/opdef.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/shell.h"
#include "project/fields.h"

#define fail(err, v, ...) err_set_at(err, -EINVAL, (v)->line, (v)->column, __VA_ARGS__)

void opdef_release(struct operation *op)
{
	for (size_t i = 0; i < op->n_flags; i++)
		flag_release(&op->flags[i]);
	for (size_t i = 0; i < op->n_deps; i++)
		dep_release(&op->deps[i]);
	free(op->flags);
	free(op->deps);
	free(op->name);
	free(op->description);
	free(op->main);
	free(op->exec);
	free(op->flags_dest);
	free(op->label_template);
	strv_release(&op->tags);
	value_free(op->env);
	value_free(op->sourcecode);
}

/* 2018's `cmd` may be a list of words. */
static int get_command(const struct value *map, const char *key, char **ret, struct err *err)
{
	const struct value *v = value_get(map, key);
	_cleanup_strv_ struct strv words = STRV_INIT;
	_cleanup_buf_ struct buf joined = BUF_INIT;
	int r;

	if (!v || v->type != VALUE_LIST)
		return field_string(map, key, NULL, ret, err);
	r = field_strings(map, key, &words, err);
	if (r < 0)
		return r;
	shell_join(&joined, words.v, words.n);
	*ret = buf_steal(&joined, NULL);
	return *ret ? 0 : -ENOMEM;
}

/* Without a command of its own an operation runs the module that is called like it. */
static int main_from_name(struct operation *op)
{
	size_t len = strlen(op->name);

	if (len > 3 && strcmp(op->name + len - 3, ".py") == 0)
		len -= 3;
	op->main = strndup(op->name, len);
	if (!op->main)
		return -ENOMEM;
	for (char *c = op->main; *c; c++)
		if (*c == '-')
			*c = '_';
	return 0;
}

static int check_words(const char *command, const struct value *at, struct err *err)
{
	_cleanup_strv_ struct strv words = STRV_INIT;
	struct err inner = ERR_INIT;
	int r = shell_split(command, &words, &inner);

	if (r < 0)
		return fail(err, at, "in the command '%s': %s", command, err_text(&inner));
	return words.n ? 0 : fail(err, at, "the command is empty");
}

static int parse_command(const struct value *v, struct operation *op, struct err *err)
{
	const struct value *at = v;
	const char *keys[] = {"exec", "main", "cmd"};
	int r = get_command(v, "exec", &op->exec, err);

	if (r == 0 && !op->exec)
		r = get_command(v, "main", &op->main, err);
	if (r == 0 && !op->exec && !op->main)
		r = get_command(v, "cmd", &op->main, err);
	for (size_t i = ARRAY_SIZE(keys); i-- > 0;)
		if (value_get(v, keys[i]))
			at = value_get(v, keys[i]);
	if (r == 0 && !op->exec && !op->main)
		r = main_from_name(op);
	return r < 0 ? r : check_words(op->exec ? op->exec : op->main, at, err);
}

static int compare_flags(const void *a, const void *b)
{
	return strcmp(((const struct flag *)a)->name, ((const struct flag *)b)->name);
}

void opdef_sort_flags(struct operation *op)
{
	if (op->n_flags > 1)
		qsort(op->flags, op->n_flags, sizeof(*op->flags), compare_flags);
}

int opdef_add_flags(const struct value *flags, struct operation *op, struct err *err)
{
	struct flag *grown;
	int r = 0;

	if (value_is_null(flags))
		return 0;
	if (flags->type != VALUE_MAP)
		return fail(err, flags, "'flags' is %s; a mapping of names to values is needed",
			value_type_name(flags));
	grown = reallocarray(op->flags, op->n_flags + flags->map.n + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	op->flags = grown;
	for (size_t i = 0; r == 0 && i < flags->map.n; i++) {
		const struct value_pair *pair = &flags->map.pairs[i];
		struct flag *flag = &op->flags[op->n_flags];

		if (strcmp(pair->key, "$include") == 0)
			return err_set_at(err, -EINVAL, pair->key_line, pair->key_column,
				"'$include' is not supported yet; write out the flags");
		if (operation_flag(op, pair->key))
			continue; /* the operation's own beats the model's */
		*flag = (struct flag){0};
		r = flag_parse(pair->key, pair->value, flag, err);
		flag->line = pair->key_line;
		if (r < 0)
			flag_release(flag);
		else
			op->n_flags++;
	}
	return r;
}

/* A flag for each operation source, so that a run can be told which run to take. */
static int add_dep_flags(struct operation *op)
{
	struct flag *grown = reallocarray(op->flags, op->n_flags + op->n_deps + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	op->flags = grown;
	for (size_t i = 0; i < op->n_deps; i++) {
		const struct dep *dep = &op->deps[i];
		struct flag *flag = &op->flags[op->n_flags];

		if (!dep->flag_name || operation_flag(op, dep->flag_name))
			continue;
		*flag = (struct flag){
			.name = strdup(dep->flag_name),
			.description = strdup(""),
			.type = dep->type == DEP_OPERATION ? FLAG_STRING : FLAG_AUTO,
			.default_value = value_null(),
			.arg_skip = true,
			.line = dep->line,
		};
		if (dep->type == DEP_OPERATION && strncmp(dep->flag_name, "operation:", 10) == 0)
			flag->alias = strdup(dep->spec);
		op->n_flags++;
		if (!flag->name || !flag->description || !flag->default_value)
			return -ENOMEM;
	}
	return 0;
}

static int parse_flags_dest(const struct value *v, struct operation *op, struct err *err)
{
	static const char *const accepted[] = {"args", "args:click", "globals", "none", NULL};
	static const char *const prefixes[] = {"global:", "dict:", "namespace:", NULL};
	int r = field_string(v, "flags-dest", NULL, &op->flags_dest, err);

	if (r < 0 || !op->flags_dest)
		return r;
	for (size_t i = 0; accepted[i]; i++)
		if (strcmp(op->flags_dest, accepted[i]) == 0)
			return 0;
	for (size_t i = 0; prefixes[i]; i++)
		if (strncmp(op->flags_dest, prefixes[i], strlen(prefixes[i])) == 0)
			return 0;
	return fail(err, value_get(v, "flags-dest"),
		"flags-dest '%s' is not supported yet; args, globals, global:NAME, dict:NAME, "
		"namespace:NAME and none are",
		op->flags_dest);
}

static int parse_operation_map(
	const struct value *v, const struct value *model, struct operation *op, struct err *err)
{
	static const char *const later[] = {
		"steps", "notebook", "delete-on-success", "run-attrs", NULL};
	struct value *sourcecode = value_get(v, "sourcecode");
	int r = fields_refuse(v, later, err);

	if (r == 0)
		r = field_string(v, "description", "", &op->description, err);
	if (r == 0)
		r = field_bool(v, "default", &op->is_default, err);
	if (r == 0)
		r = parse_command(v, op, err);
	if (r == 0)
		r = parse_flags_dest(v, op, err);
	if (r == 0)
		r = field_string(v, "label", NULL, &op->label_template, err);
	if (r == 0)
		r = field_strings(v, "tags", &op->tags, err);
	if (r == 0)
		r = field_map(v, "env", &op->env, err);
	if (r == 0)
		r = opdef_add_flags(value_get(v, "flags"), op, err);
	if (r == 0 && value_get(v, "requires"))
		r = deps_parse(value_get(v, "requires"), op, err);
	if (r == 0)
		r = add_dep_flags(op);
	if (!sourcecode)
		sourcecode = value_get(model, "sourcecode");
	if (r == 0 && sourcecode) {
		op->sourcecode = value_copy(sourcecode);
		r = op->sourcecode ? 0 : -ENOMEM;
	}
	opdef_sort_flags(op);
	return r;
}

/* `train: SPEC` is `train: {main: SPEC}`. */
static int parse_operation(const struct value_pair *pair, const struct value *model,
	struct operation *op, struct err *err)
{
	const struct value *v = pair->value;
	_cleanup_value_ struct value *map = NULL;
	int r;

	op->name = strdup(pair->key);
	op->line = pair->key_line;
	if (!op->name)
		return -ENOMEM;
	if (v->type == VALUE_MAP)
		return parse_operation_map(v, model, op, err);
	if (v->type != VALUE_STRING)
		return fail(err, v,
			"operation '%s' is %s; a mapping, or a string that names what "
			"runs, is needed",
			op->name, value_type_name(v));
	map = value_map();
	r = map ? value_map_set(map, "main", value_copy(v)) : -ENOMEM;
	return r < 0 ? r : parse_operation_map(map, model, op, err);
}

static int compare_operations(const void *a, const void *b)
{
	return strcmp(((const struct operation *)a)->name, ((const struct operation *)b)->name);
}

/* The first that says so, else the only one that is not hidden. */
static void choose_default_operation(struct model *m)
{
	struct operation *chosen = NULL, *only = NULL;
	size_t visible = 0;

	for (size_t i = 0; i < m->n_operations; i++) {
		struct operation *op = &m->operations[i];

		if (op->is_default && !chosen)
			chosen = op;
		if (op->name[0] != '_') {
			only = op;
			visible++;
		}
		op->is_default = false;
	}
	if (!chosen && visible == 1)
		chosen = only;
	if (chosen)
		chosen->is_default = true;
}

int opdef_parse_all(
	const struct value *ops, const struct value *model, struct model *m, struct err *err)
{
	int r = 0;

	if (value_is_null(ops))
		return 0;
	if (ops->type != VALUE_MAP)
		return fail(err, ops,
			"'operations' is %s; a mapping of names to operations is needed",
			value_type_name(ops));
	m->operations = calloc(ops->map.n + 1, sizeof(*m->operations));
	if (!m->operations)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < ops->map.n; i++) {
		const struct value_pair *pair = &ops->map.pairs[i];

		if (pair->key[0] == '$')
			return err_set_at(err, -EINVAL, pair->key_line, pair->key_column,
				"'%s' is not supported yet; write out the operations", pair->key);
		r = parse_operation(pair, model, &m->operations[m->n_operations++], err);
	}
	if (r < 0)
		return r;
	if (m->n_operations > 1)
		qsort(m->operations, m->n_operations, sizeof(*m->operations), compare_operations);
	choose_default_operation(m);
	/* Only now do they stay where they are. */
	for (size_t i = 0; i < m->n_operations; i++)
		m->operations[i].model = m;
	return 0;
}
