/* SPDX-License-Identifier: MIT */
/* Operations in a Guild file (reference, 1.5). */
#include "project/opdef.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/name.h"
#include "base/shell.h"
#include "project/config_file.h"
#include "project/attr_names.h"
#include "project/fields.h"
#include "project/plugin_op.h"
#include "project/plugins.h"

void opdef_release(struct operation *op)
{
	for (size_t i = 0; i < op->n_flags; i++)
		flag_release(&op->flags[i]);
	for (size_t i = 0; i < op->n_requires; i++) {
		free(op->requires[i].spec);
		if (op->requires[i].resource)
			resource_release(op->requires[i].resource);
		free(op->requires[i].resource);
	}
	free(op->flags);
	free(op->requires);
	free(op->name);
	free(op->description);
	free(op->main);
	free(op->exec);
	value_free(op->steps);
	free(op->flags_dest);
	strv_release(&op->import_names);
	strv_release(&op->import_skip);
	free(op->label_template);
	strv_release(&op->tags);
	value_free(op->env);
	value_free(op->plugins);
	value_free(op->sourcecode);
	value_free(op->data);
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

/* A notebook, and arguments, for a module of Guild AI's own. */
static int set_notebook(struct operation *op, const char *notebook)
{
	return asprintf(&op->main, "guild.plugins.nbexec %s", notebook) < 0 ? -ENOMEM : 0;
}

/* Without a command an operation runs the module or the notebook that is called like it. */
static int main_from_name(struct operation *op)
{
	size_t len = strlen(op->name);

	if (name_has_extension(op->name, ".ipynb"))
		return set_notebook(op, op->name);
	if (name_has_extension(op->name, ".py"))
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

static int parse_steps(const struct value *v, struct operation *op, struct err *err)
{
	const struct value *steps = value_get(v, "steps");
	_cleanup_buf_ struct buf shown = BUF_INIT;

	if (!value_truthy(steps))
		return 0;
	if (steps->type != VALUE_LIST) {
		value_repr(&shown, steps);
		return fail(err, steps, "invalid steps data %s: expected a list", buf_str(&shown));
	}
	op->steps = value_copy(steps);
	return op->steps ? 0 : -ENOMEM;
}

static int main_from_notebook(const struct value *v, struct operation *op, struct err *err)
{
	_cleanup_free_ char *notebook = NULL;
	int r = field_string(v, "notebook", NULL, &notebook, err);

	return r < 0 || !notebook ? r : set_notebook(op, notebook);
}

static int parse_command(const struct value *v, struct operation *op, struct err *err)
{
	static const char *const keys[] = {"exec", "main", "cmd"};
	const struct value *at = v;
	int r = get_command(v, "exec", &op->exec, err);

	if (r == 0)
		r = get_command(v, "main", &op->main, err);
	if (r == 0 && !op->main)
		r = main_from_notebook(v, op, err);
	if (r == 0 && !op->main)
		r = get_command(v, "cmd", &op->main, err);
	if (r == 0)
		r = parse_steps(v, op, err);
	/* In 2018 flags were arguments, whatever the program was. */
	if (r == 0 && value_get(v, "cmd") && !value_get(v, "main") && !op->flags_dest) {
		op->flags_dest = strdup("args");
		r = op->flags_dest ? 0 : -ENOMEM;
	}
	for (size_t i = ARRAY_SIZE(keys); i-- > 0;)
		if (value_get(v, keys[i]))
			at = value_get(v, keys[i]);
	if (r == 0 && !op->exec && !op->main && !op->steps && !plugin_op_of(op))
		r = main_from_name(op);
	if (r == 0 && op->exec)
		r = check_words(op->exec, at, err);
	return r == 0 && op->main ? check_words(op->main, at, err) : r;
}

/* The operation's own by their names, then those of its dependencies as they are required. */
static int compare_flags(const void *a, const void *b)
{
	const struct flag *x = a, *y = b;

	if (x->of_source != y->of_source)
		return x->of_source < y->of_source ? -1 : 1;
	return strcmp(x->name, y->name);
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
		return fail(err, flags, "invalid flags value: %s, where a mapping is needed",
			value_type_name(flags));
	grown = reallocarray(op->flags, op->n_flags + flags->map.n + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	op->flags = grown;
	for (size_t i = 0; r == 0 && i < flags->map.n; i++) {
		const struct value_pair *pair = &flags->map.pairs[i];
		struct flag *flag = &op->flags[op->n_flags];

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

/* --- requirements and their flags ------------------------------------------ */

static int add_requirement(
	const struct value *v, struct operation *op, struct strv *warnings, struct err *err)
{
	struct requirement *req = &op->requires[op->n_requires++];
	const struct value *named = v->type == VALUE_MAP ? value_get(v, "resource") : v;
	_cleanup_value_ struct value *wrapped = NULL;
	int r;

	req->line = v->line;
	if (v->type != VALUE_MAP && v->type != VALUE_STRING)
		return fail(err, v,
			"invalid dependency value: %s, where a string or mapping is "
			"needed",
			value_type_name(v));
	if (value_truthy(named)) {
		req->spec = named->source ? strdup(named->source) : NULL;
		return req->spec ? 0 : fail(err, named, "the name of a resource is not a string");
	}
	req->resource = calloc(1, sizeof(*req->resource));
	/* Without sources it is one itself. */
	if (!value_get(v, "sources")) {
		struct value *sources = value_list();

		wrapped = value_map();
		if (!wrapped || !sources || value_list_add(sources, value_copy(v)) < 0 ||
			value_map_set(wrapped, "sources", sources) < 0)
			return -ENOMEM;
		wrapped->line = v->line;
		wrapped->column = v->column;
		wrapped->file = v->file;
		v = wrapped;
	}
	r = req->resource ? resource_parse(NULL, op->model->name, v, req->resource, warnings, err)
			  : -ENOMEM;
	if (r < 0)
		return r;
	req->resource->dir = strdup(op->model->file->dir);
	return req->resource->dir ? 0 : -ENOMEM;
}

static int parse_requires(
	const struct value *v, struct operation *op, struct strv *warnings, struct err *err)
{
	int r = 0;

	if (!value_truthy(v))
		return 0;
	/* One more than are written: add_config_requirement() may need it. */
	op->requires = calloc((v->type == VALUE_LIST ? v->list.n : 1) + 1, sizeof(*op->requires));
	if (!op->requires)
		return -ENOMEM;
	if (v->type != VALUE_LIST)
		return add_requirement(v, op, warnings, err);
	for (size_t i = 0; r == 0 && i < v->list.n; i++)
		r = add_requirement(v->list.items[i], op, warnings, err);
	return r;
}

/* What a run keeps of a source is its data: that says the same. */
static int complete_config_source(struct resource *res, size_t i, struct source *s)
{
	struct value *sources = value_get(res->data, "sources");
	struct value *data = sources && sources->type == VALUE_LIST ? sources->list.items[i] : NULL;
	int r = 0;

	if (s->replace_existing == UNSET) {
		s->replace_existing = YES;
		r = data && data->type == VALUE_MAP
			    ? value_map_set(data, "replace-existing", value_bool(true))
			    : 0;
	}
	if (r == 0 && s->always_resolve == UNSET) {
		s->always_resolve = YES;
		r = data && data->type == VALUE_MAP
			    ? value_map_set(data, "always-resolve", value_bool(true))
			    : 0;
	}
	return r;
}

/*
 * Flags that go to a configuration file make that file a dependency: it is written anew for each
 * run, where it lies in the project.
 */
static int add_config_requirement(struct operation *op, struct strv *warnings, struct err *err)
{
	const char *config = op->flags_dest && strncmp(op->flags_dest, "config:", 7) == 0
				     ? op->flags_dest + 7
				     : NULL;
	const char *slash = config ? strrchr(config, '/') : NULL;
	_cleanup_value_ struct value *source = NULL;
	int r;

	if (!config)
		return 0;
	for (size_t i = 0; i < op->n_requires; i++) {
		struct resource *res = op->requires[i].resource;

		for (size_t j = 0; res && j < res->n_sources; j++) {
			struct source *s = &res->sources[j];

			if (s->type != SOURCE_CONFIG || strcmp(s->spec, config) != 0)
				continue;
			return complete_config_source(res, j, s);
		}
	}
	if (!config_file_is_supported(config) &&
		strv_addf(warnings, "config type for %s not supported", config) < 0)
		return -ENOMEM;
	if (!op->requires)
		op->requires = calloc(1, sizeof(*op->requires));
	source = value_map();
	r = source && op->requires ? value_map_set(source, "config", value_string(config))
				   : -ENOMEM;
	if (r == 0)
		r = value_map_set(source, "replace-existing", value_bool(true));
	if (r == 0)
		r = value_map_set(source, "always-resolve", value_bool(true));
	if (r == 0 && slash)
		r = value_map_set(
			source, "target-path", value_string_len(config, (size_t)(slash - config)));
	for (size_t i = 0; r == 0 && i < source->map.n; i++)
		if (source->map.pairs[i].value->type == VALUE_STRING) {
			struct value *v = source->map.pairs[i].value;

			v->source = strdup(v->string);
			r = v->source ? 0 : -ENOMEM;
		}
	return r < 0 ? r : add_requirement(source, op, warnings, err);
}

static struct flag *own_flag(struct operation *op, const char *name)
{
	for (size_t i = 0; i < op->n_flags; i++)
		if (strcmp(op->flags[i].name, name) == 0)
			return &op->flags[i];
	return NULL;
}

/* A flag that the Guild file has for a source gets what it does not say. */
static int complete_source_flag(
	struct operation *op, struct flag *flag, const struct source *s, struct strv *warnings)
{
	bool fits = flag->type == FLAG_STRING || flag->type == FLAG_AUTO ||
		    (s->type == SOURCE_FILE &&
			    (flag->type == FLAG_PATH || flag->type == FLAG_EXISTING_PATH));
	_cleanup_buf_ struct buf warning = BUF_INIT, spec = BUF_INIT;

	if (!fits) {
		operation_spec(&spec, op);
		buf_printf(&warning,
			"flag '%s' for operation %s is configured with type '%s' - this value "
			"cannot be used because it conflicts with the dependency '%s' - ignoring "
			"configured value",
			flag->name, buf_str(&spec), flag_type_name(flag->type), s->resolving_name);
		strv_add(warnings, buf_str(&warning));
	}
	if (!fits)
		flag->type = FLAG_STRING;
	if (!flag->arg_skip)
		flag->arg_skip = value_bool(true);
	if (value_is_null(flag->default_value) && s->type == SOURCE_FILE) {
		value_free(flag->default_value);
		flag->default_value = value_string(s->spec);
	}
	return flag->arg_skip && flag->default_value ? 0 : -ENOMEM;
}

/* Operation sources have a flag, file sources when they name one: what overrides them. */
static int add_source_flag(struct operation *op, const struct source *s, struct strv *warnings)
{
	const char *name = s->flag_name;
	struct flag *grown;

	if (s->no_flag || (s->type != SOURCE_OPERATION && s->type != SOURCE_FILE))
		return 0;
	if (!name && s->type == SOURCE_OPERATION)
		name = s->name ? s->name : s->uri;
	if (!name)
		return 0;
	if (own_flag(op, name))
		return complete_source_flag(op, own_flag(op, name), s, warnings);
	grown = reallocarray(op->flags, op->n_flags + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	op->flags = grown;
	grown[op->n_flags] = (struct flag){
		.name = strdup(name),
		.description = strdup(""),
		.type = FLAG_STRING,
		.default_value = s->type == SOURCE_FILE ? value_string(s->spec) : value_null(),
		.arg_skip = value_bool(true),
		.of_source = op->n_flags + 1, /* grows with each */
		.line = s->line,
	};
	if (name == s->uri)
		grown[op->n_flags].alias = strdup(s->spec);
	op->n_flags++;
	return grown[op->n_flags - 1].name && grown[op->n_flags - 1].description &&
			       grown[op->n_flags - 1].default_value &&
			       grown[op->n_flags - 1].arg_skip
		       ? 0
		       : -ENOMEM;
}

/* A name with a reference is looked up when the flag's value is known. */
static int warn_of_unknown(const struct requirement *req, struct strv *warnings)
{
	return strstr(req->spec, "${")
		       ? 0
		       : strv_addf(warnings, "cannot find resource definition for dependency %s",
				 req->spec);
}

int opdef_add_source_flags(struct operation *op, struct strv *warnings)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < op->n_requires; i++) {
		const struct resource *res = NULL;

		r = requirement_resource(op, &op->requires[i], NULL, &res, NULL);
		if (r < 0 && r != -ENOMEM)
			r = warn_of_unknown(&op->requires[i], warnings);
		for (size_t j = 0; r == 0 && res && j < res->n_sources; j++)
			r = add_source_flag(op, &res->sources[j], warnings);
	}
	opdef_sort_flags(op);
	return r;
}

/* --- one operation ---------------------------------------------------------- */

static int parse_flags_import(const struct value *v, struct operation *op, struct err *err)
{
	const struct value *import = value_get(v, "flags-import");
	_cleanup_buf_ struct buf shown = BUF_INIT;
	const char *text = value_str(import);
	int r = field_strings(v, "flags-import-skip", &op->import_skip, err);

	op->flags_import = IMPORT_DEFINED;
	if (r < 0 || value_is_null(import))
		return r;
	if ((import->type == VALUE_BOOL && import->boolean) || (text && strcmp(text, "all") == 0)) {
		op->flags_import = IMPORT_ALL;
		return 0;
	}
	if (import->type == VALUE_BOOL || (import->type == VALUE_LIST && !import->list.n)) {
		op->flags_import = IMPORT_NONE;
		return 0;
	}
	if (import->type != VALUE_LIST) {
		value_repr(&shown, import);
		return fail(err, import,
			"invalid flags-import value %s: expected yes/all, no, or a list of flag "
			"names",
			buf_str(&shown));
	}
	op->flags_import = IMPORT_LISTED;
	return field_strings(v, "flags-import", &op->import_names, err);
}

static int check_optimizers(const struct value *v, const struct operation *op, struct err *err)
{
	const struct value *one = value_get(v, "optimizer"), *many = value_get(v, "optimizers");

	if (one && many)
		return fail(err, many,
			"conflicting optimizer configuration in operation '%s' - cannot define "
			"both 'optimizer' and 'optimizers'",
			op->name);
	return 0;
}

static int parse_jobs(const struct value *v, struct operation *op, struct err *err)
{
	const struct value *jobs = value_get(v, "jobs");
	int64_t n;

	if (value_is_null(jobs))
		return 0;
	if (!value_as_int(jobs, &n) || n < 1 || n > JOBS_MAX)
		return fail(err, jobs, "invalid jobs of operation '%s': expected 1 to %d", op->name,
			JOBS_MAX);
	op->jobs = (int)n;
	return 0;
}

static int check_names(const struct value *v, const struct operation *op, struct strv *warnings)
{
	const struct value *flags = value_get(v, "flags");
	int r = attr_names_check(ATTRS_OF_OPERATION, op->name, v, warnings);

	for (size_t i = 0; r == 0 && flags && flags->type == VALUE_MAP && i < flags->map.n; i++)
		r = attr_names_check(ATTRS_OF_FLAG, flags->map.pairs[i].key,
			flags->map.pairs[i].value, warnings);
	return r;
}

static int parse_operation_map(
	const struct value *v, struct operation *op, struct strv *warnings, struct err *err)
{
	int r = field_string(v, "description", "", &op->description, err);

	op->is_default = value_truthy(value_get(v, "default"));
	if (r == 0)
		r = field_string(v, "flags-dest", NULL, &op->flags_dest, err);
	if (r == 0)
		r = parse_command(v, op, err);
	if (r == 0)
		r = parse_flags_import(v, op, err);
	if (r == 0)
		r = field_string(v, "label", NULL, &op->label_template, err);
	if (r == 0)
		r = field_strings(v, "tags", &op->tags, err);
	if (r == 0)
		r = field_map(v, "env", &op->env, err);
	if (r == 0)
		r = plugins_parse(v, &op->plugins, err);
	if (r == 0)
		r = check_optimizers(v, op, err);
	if (r == 0)
		r = parse_jobs(v, op, err);
	if (r == 0)
		r = opdef_add_flags(value_get(v, "flags"), op, err);
	if (r == 0)
		r = parse_requires(value_get(v, "requires"), op, warnings, err);
	if (r == 0)
		r = add_config_requirement(op, warnings, err);
	if (r == 0 && value_get(v, "sourcecode")) {
		op->sourcecode = value_copy(value_get(v, "sourcecode"));
		r = op->sourcecode ? 0 : -ENOMEM;
	}
	opdef_sort_flags(op);
	return r;
}

static int parse_operation(const struct value_pair *pair, const struct value *ops,
	const struct model *m, struct operation *op, struct strv *warnings, struct err *err)
{
	int r = plugin_op_complete(pair->value, ops, &op->data);

	op->model = m;
	op->name = strdup(pair->key);
	op->line = pair->key_line;
	if (r == 0 && !op->data)
		op->data = value_copy(pair->value);
	if (r < 0 || !op->name || !op->data)
		return -ENOMEM;
	if (check_names(pair->value, op, warnings) < 0)
		return -ENOMEM;
	return parse_operation_map(op->data, op, warnings, err);
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
	const struct value *ops, struct model *m, struct strv *warnings, struct err *err)
{
	int r = 0;

	if (value_is_null(ops))
		return 0;
	m->operations = calloc(ops->map.n + 1, sizeof(*m->operations));
	if (!m->operations)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < ops->map.n; i++)
		r = parse_operation(&ops->map.pairs[i], ops, m, &m->operations[m->n_operations++],
			warnings, err);
	if (r < 0)
		return r;
	if (m->n_operations > 1)
		qsort(m->operations, m->n_operations, sizeof(*m->operations), compare_operations);
	choose_default_operation(m);
	return 0;
}
