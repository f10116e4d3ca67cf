/* SPDX-License-Identifier: MIT */
/* The three forms of a Guild file, models and operations. */
#include "project/guildfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/shell.h"
#include "yaml/yaml.h"

enum { GUILDFILE_MAX = 8 * 1024 * 1024 };

/* A sentence about a place in the file. */
#define fail(err, v, ...) err_set_at(err, -EINVAL, (v)->line, (v)->column, __VA_ARGS__)

/* --- owning --------------------------------------------------------------- */

static void operation_release(struct operation *op)
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

static void model_release(struct model *m)
{
	for (size_t i = 0; i < m->n_operations; i++)
		operation_release(&m->operations[i]);
	free(m->operations);
	free(m->name);
	free(m->description);
	strv_release(&m->references);
}

struct guildfile *guildfile_ref(struct guildfile *file)
{
	__atomic_add_fetch(&file->refs, 1, __ATOMIC_RELAXED);
	return file;
}

void guildfile_unref(struct guildfile *file)
{
	if (__atomic_sub_fetch(&file->refs, 1, __ATOMIC_ACQ_REL))
		return;
	for (size_t i = 0; i < file->n_models; i++)
		model_release(&file->models[i]);
	free(file->models);
	free(file->path);
	free(file->dir);
	free(file);
}

/* --- attributes ----------------------------------------------------------- */

static int set_string(char **to, const char *text)
{
	*to = strdup(text);
	return *to ? 0 : -ENOMEM;
}

/* A string attribute without white space around it; `absent` when it is not there (may be NULL). */
static int get_string(
	const struct value *map, const char *key, const char *absent, char **ret, struct err *err)
{
	const struct value *v = value_get(map, key);
	const char *text;
	size_t len;

	if (value_is_null(v)) {
		*ret = absent ? strdup(absent) : NULL;
		return absent && !*ret ? -ENOMEM : 0;
	}
	text = v->source; /* `description: 2018` is text, too */
	if (!text)
		return fail(err, v, "'%s' is %s; a string is needed", key, value_type_name(v));
	text += strspn(text, " \t\r\n");
	len = strlen(text);
	while (len && strchr(" \t\r\n", text[len - 1]))
		len--;
	*ret = strndup(text, len);
	return *ret ? 0 : -ENOMEM;
}

static int get_bool(const struct value *map, const char *key, bool *ret, struct err *err)
{
	const struct value *v = value_get(map, key);

	*ret = false;
	if (value_is_null(v))
		return 0;
	if (v->type != VALUE_BOOL)
		return fail(err, v, "'%s' is %s; yes or no is needed", key, value_type_name(v));
	*ret = v->boolean;
	return 0;
}

/* One string or a list of them. */
static int get_strings(const struct value *map, const char *key, struct strv *ret, struct err *err)
{
	const struct value *v = value_get(map, key);
	int r = 0;

	if (value_is_null(v))
		return 0;
	if (v->type != VALUE_LIST)
		return v->source
			       ? strv_add(ret, v->source)
			       : fail(err, v, "'%s' is %s; a string or a list of strings is needed",
					 key, value_type_name(v));
	for (size_t i = 0; r == 0 && i < v->list.n; i++) {
		const struct value *item = v->list.items[i];

		r = item->source ? strv_add(ret, item->source)
				 : fail(err, item, "an item of '%s' is %s; a string is needed", key,
					   value_type_name(item));
	}
	return r;
}

static int get_map(const struct value *map, const char *key, struct value **ret, struct err *err)
{
	const struct value *v = value_get(map, key);

	*ret = NULL;
	if (value_is_null(v))
		return 0;
	if (v->type != VALUE_MAP)
		return fail(err, v, "'%s' is %s; a mapping is needed", key, value_type_name(v));
	*ret = value_copy(v);
	return *ret ? 0 : -ENOMEM;
}

/*
 * Attributes whose meaning would change what is run: refused until they are there, since a run
 * without them would not be the run that was asked for.
 */
static int refuse_later(const struct value *map, const char *const *names, struct err *err)
{
	for (; *names; names++) {
		for (size_t i = 0; i < map->map.n; i++) {
			const struct value_pair *pair = &map->map.pairs[i];

			if (strcmp(pair->key, *names) == 0)
				return err_set_at(err, -EINVAL, pair->key_line, pair->key_column,
					"'%s' is not supported yet; write out what it stands for",
					pair->key);
		}
	}
	return 0;
}

/* --- operations ----------------------------------------------------------- */

/* 2018's `cmd` may be a list of words. */
static int get_command(const struct value *map, const char *key, char **ret, struct err *err)
{
	const struct value *v = value_get(map, key);
	_cleanup_strv_ struct strv words = STRV_INIT;
	_cleanup_buf_ struct buf joined = BUF_INIT;
	int r;

	if (!v || v->type != VALUE_LIST)
		return get_string(map, key, NULL, ret, err);
	r = get_strings(map, key, &words, err);
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

static int add_flags(const struct value *flags, struct operation *op, struct err *err)
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
	int r = get_string(v, "flags-dest", NULL, &op->flags_dest, err);

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
	int r = refuse_later(v, later, err);

	if (r == 0)
		r = get_string(v, "description", "", &op->description, err);
	if (r == 0)
		r = get_bool(v, "default", &op->is_default, err);
	if (r == 0)
		r = parse_command(v, op, err);
	if (r == 0)
		r = parse_flags_dest(v, op, err);
	if (r == 0)
		r = get_string(v, "label", NULL, &op->label_template, err);
	if (r == 0)
		r = get_strings(v, "tags", &op->tags, err);
	if (r == 0)
		r = get_map(v, "env", &op->env, err);
	if (r == 0)
		r = add_flags(value_get(v, "flags"), op, err);
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
	qsort(op->flags, op->n_flags, sizeof(*op->flags), compare_flags);
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

static int parse_operations(
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
	qsort(m->operations, m->n_operations, sizeof(*m->operations), compare_operations);
	choose_default_operation(m);
	/* Only now do they stay where they are. */
	for (size_t i = 0; i < m->n_operations; i++)
		m->operations[i].model = m;
	return 0;
}

/* --- models --------------------------------------------------------------- */

/* `map` is a model's mapping; `form2018` says that its flags are those of all its operations. */
static int parse_model(
	const struct value *map, const char *name, bool form2018, struct model *m, struct err *err)
{
	static const char *const later[] = {"extends", "params", "operation-defaults", NULL};
	int r = refuse_later(map, later, err);

	m->line = map->line;
	if (r == 0)
		r = set_string(&m->name, name);
	if (r == 0)
		r = get_string(map, "description", "", &m->description, err);
	if (r == 0)
		r = get_bool(map, "default", &m->is_default, err);
	if (r == 0)
		r = get_strings(map, "references", &m->references, err);
	if (r == 0)
		r = parse_operations(value_get(map, "operations"), map, m, err);
	for (size_t i = 0; form2018 && r == 0 && i < m->n_operations; i++) {
		struct operation *op = &m->operations[i];

		r = add_flags(value_get(map, "flags"), op, err);
		qsort(op->flags, op->n_flags, sizeof(*op->flags), compare_flags);
	}
	return r;
}

static int add_model(struct guildfile *file, const struct value *map, const struct value *name,
	bool form2018, struct err *err)
{
	struct model *m = &file->models[file->n_models];

	if (name && name->type != VALUE_STRING)
		return fail(err, name, "a model's name is %s; a string is needed",
			value_type_name(name));
	if (guildfile_model(file, name ? name->string : ""))
		return fail(err, name ? name : map, "there is a model '%s' already",
			name ? name->string : "");
	file->n_models++;
	return parse_model(map, name ? name->string : "", form2018, m, err);
}

/* One item of the list form, or the one of 2018. */
static int parse_item(
	struct guildfile *file, const struct value *item, bool form2018, struct err *err)
{
	static const char *const types[] = {"model", "config", "include", "package"};
	const char *type = NULL;

	if (item->type != VALUE_MAP)
		return fail(err, item, "an item is %s; a mapping such as 'model: NAME' is needed",
			value_type_name(item));
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (!value_get(item, types[i]))
			continue;
		if (type)
			return fail(err, item, "this is a %s and a %s; make two items of it", type,
				types[i]);
		type = types[i];
	}
	if (!type && !value_get(item, "operations"))
		return fail(err, item,
			"what this is, is missing; one of model, config, include, package is "
			"needed");
	if (!type || strcmp(type, "model") == 0)
		return add_model(file, item, value_get(item, "model"), form2018, err);
	/* A package is about building one; what it contains are the models beside it. */
	if (strcmp(type, "package") == 0)
		return 0;
	return fail(err, value_get(item, type), "'%s' is not supported yet; write out the models",
		type);
}

/* The mapping of 2018 names what it is by a string; in today's short form all keys are operations.
 */
static bool is_2018(const struct value *map)
{
	static const char *const types[] = {"model", "package", "config", "include"};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (value_str(value_get(map, types[i])))
			return true;
	return false;
}

static int parse_short_form(struct guildfile *file, const struct value *ops, struct err *err)
{
	struct model *m = &file->models[file->n_models++];
	int r = set_string(&m->name, "");

	m->line = ops->line;
	if (r == 0)
		r = set_string(&m->description, "");
	return r < 0 ? r : parse_operations(ops, NULL, m, err);
}

static int parse_root(struct guildfile *file, const struct value *root, struct err *err)
{
	int r = 0;

	file->models =
		calloc(root->type == VALUE_LIST ? root->list.n + 1 : 1, sizeof(*file->models));
	if (!file->models)
		return -ENOMEM;
	switch (root->type) {
	case VALUE_NULL:
		return 0;
	case VALUE_LIST:
		for (size_t i = 0; r == 0 && i < root->list.n; i++)
			r = parse_item(file, root->list.items[i], false, err);
		return r;
	case VALUE_MAP:
		return is_2018(root) ? parse_item(file, root, true, err)
				     : parse_short_form(file, root, err);
	default:
		return fail(err, root,
			"the file is %s; a mapping of operations or a list of models is needed",
			value_type_name(root));
	}
}

/* The only one, else the first that says so. */
static void choose_default_model(struct guildfile *file)
{
	struct model *chosen = file->n_models == 1 ? &file->models[0] : NULL;

	for (size_t i = 0; i < file->n_models; i++) {
		if (file->models[i].is_default && !chosen)
			chosen = &file->models[i];
		file->models[i].is_default = false;
		file->models[i].file = file;
	}
	if (chosen)
		chosen->is_default = true;
}

/* --- files ---------------------------------------------------------------- */

int guildfile_parse(
	const char *path, const char *text, size_t len, struct guildfile **ret, struct err *err)
{
	_cleanup_guildfile_ struct guildfile *file = calloc(1, sizeof(*file));
	_cleanup_value_ struct value *root = NULL;
	struct err inner = ERR_INIT;
	struct digest *md5 = digest_new_md5();
	int r;

	if (!file || !md5) {
		digest_free(md5);
		return -ENOMEM;
	}
	file->refs = 1;
	digest_add(md5, text, len);
	digest_finish(md5, file->md5);
	file->path = strdup(path);
	file->dir = strrchr(path, '/') ? strndup(path, (size_t)(strrchr(path, '/') - path)) : NULL;
	if (!file->path || !file->dir)
		return -ENOMEM;
	r = yaml_parse(text, len, &root, &inner);
	if (r == 0)
		r = parse_root(file, root, &inner);
	if (r < 0 && inner.line)
		return err_set_at(err, r, inner.line, inner.column, "%s:%d:%d: %s", path,
			inner.line, inner.column, err_text(&inner));
	if (r < 0)
		return err_set(err, r, "%s: %s", path,
			err_text(inner.code ? &inner : &(struct err){.code = r}));
	choose_default_model(file);
	*ret = STEAL(file);
	return 0;
}

int guildfile_load(const char *dir, struct guildfile **ret, struct err *err)
{
	_cleanup_free_ char *real = realpath(dir, NULL);
	_cleanup_buf_ struct buf path = BUF_INIT, text = BUF_INIT;
	_cleanup_close_ int fd = -1;
	int r;

	if (!real)
		return err_set(err, -errno, "%s: %s", dir, strerror(errno));
	buf_printf(&path, "%s/%s", strcmp(real, "/") == 0 ? "" : real, GUILDFILE_NAME);
	/* A Guild file may be a link; what it must be is a regular file. */
	fd = open(buf_str(&path), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	r = fd < 0 ? -errno : file_read_fd(fd, GUILDFILE_MAX, &text);
	if (r == -EINVAL)
		return err_set(err, r, "%s: not a regular file", buf_str(&path));
	if (r < 0)
		return err_set(err, r, "%s: %s", buf_str(&path), strerror(-r));
	return guildfile_parse(buf_str(&path), buf_str(&text), text.len, ret, err);
}
