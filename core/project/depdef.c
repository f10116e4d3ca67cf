/* SPDX-License-Identifier: MIT */
/* What an operation requires (reference, section 5): files, and files of other runs. */
#include "project/guildfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "project/fields.h"

#define fail(err, v, ...) err_set_at(err, -EINVAL, (v)->line, (v)->column, __VA_ARGS__)

static const char *const source_types[] = {
	"file", "operation", "url", "config", "module", "dvcfile", "dvcstage"};

void dep_release(struct dep *dep)
{
	free(dep->type_name);
	free(dep->spec);
	free(dep->name);
	free(dep->flag_name);
	free(dep->select);
	free(dep->rename);
	free(dep->target_path);
	value_free(dep->raw);
}

/* A relative path that stays below the run directory, or nothing. */
static int get_target_path(const struct value *map, struct dep *dep, struct err *err)
{
	const char *key = value_get(map, "target-path") ? "target-path" : "path";
	int r = field_string(map, key, NULL, &dep->target_path, err);

	if (r == 0 && dep->target_path && !name_is_safe_path(dep->target_path))
		return fail(err, value_get(map, key),
			"invalid path '%s' (a relative path without .. is needed)",
			dep->target_path);
	return r;
}

/* Links by default for files of runs, copies for files of the project. */
static int get_target_type(const struct value *map, struct dep *dep, struct err *err)
{
	const struct value *v = value_get(map, "target-type");
	const char *text = value_str(v);

	dep->link = dep->type == DEP_OPERATION;
	if (value_is_null(v))
		return 0;
	if (!text || (strcmp(text, "link") != 0 && strcmp(text, "copy") != 0))
		return fail(err, v, "target-type is neither link nor copy");
	dep->link = strcmp(text, "link") == 0;
	return 0;
}

/* The name, else the flag's name, else TYPE:SPEC; flag-name: no means that there is no flag. */
static int get_names(const struct value *map, struct dep *dep, struct err *err)
{
	const struct value *flag = value_get(map, "flag-name");
	bool no_flag = flag && flag->type == VALUE_BOOL && !flag->boolean;
	_cleanup_buf_ struct buf uri = BUF_INIT;
	int r = field_string(map, "name", NULL, &dep->name, err);

	buf_printf(&uri, "%s:%s", dep->type_name, dep->spec);
	if (r == 0 && !no_flag)
		r = field_string(map, "flag-name", NULL, &dep->flag_name, err);
	if (r == 0 && !dep->flag_name && !no_flag && dep->type == DEP_OPERATION) {
		dep->flag_name = strdup(dep->name ? dep->name : buf_str(&uri));
		r = dep->flag_name ? 0 : -ENOMEM;
	}
	if (r == 0 && !dep->name) {
		dep->name = strdup(flag && dep->flag_name ? dep->flag_name : buf_str(&uri));
		r = dep->name ? 0 : -ENOMEM;
	}
	return r;
}

static const char *type_of(const struct value *map, const struct value **ret_spec)
{
	for (size_t i = 0; i < ARRAY_SIZE(source_types); i++) {
		*ret_spec = value_get(map, source_types[i]);
		if (*ret_spec)
			return source_types[i];
	}
	return NULL;
}

static int get_select(const struct value *map, struct dep *dep, struct err *err)
{
	static const char *const later[] = {"select-min", "select-max", "post-process", "sha256"};

	for (size_t i = 0; i < ARRAY_SIZE(later); i++)
		if (value_get(map, later[i]))
			return fail(err, value_get(map, later[i]), "'%s' is not supported yet",
				later[i]);
	return field_string(map, "select", NULL, &dep->select, err);
}

static int parse_source_map(const struct value *v, struct dep *dep, struct err *err)
{
	const struct value *spec;
	const char *type = type_of(v, &spec);
	int r;

	if (!type)
		return fail(err, v,
			"a source has no type; 'file: PATH' or 'operation: NAME' is needed");
	if (!spec->source || !*spec->source)
		return fail(
			err, spec, "'%s' is %s; a string is needed", type, value_type_name(spec));
	dep->type = strcmp(type, "file") == 0        ? DEP_FILE
		    : strcmp(type, "operation") == 0 ? DEP_OPERATION
						     : DEP_OTHER;
	if (dep->type == DEP_OTHER)
		return fail(err, spec,
			"sources of type '%s' are not supported yet; file and "
			"operation are",
			type);
	dep->type_name = strdup(type);
	dep->spec = strdup(spec->source);
	dep->optional = value_truthy(value_get(v, "optional"));
	dep->raw = value_copy(v);
	dep->line = v->line;
	if (!dep->type_name || !dep->spec || !dep->raw)
		return -ENOMEM;
	r = get_names(v, dep, err);
	if (r == 0)
		r = get_target_path(v, dep, err);
	if (r == 0)
		r = get_target_type(v, dep, err);
	if (r == 0)
		r = get_select(v, dep, err);
	return r < 0 ? r : field_string(v, "rename", NULL, &dep->rename, err);
}

static int add_source(const struct value *v, struct operation *op, struct err *err)
{
	struct dep *grown;
	int r;

	if (v->type != VALUE_MAP)
		return fail(err, v,
			"'%s' names a resource, which is not supported yet; write the source here: "
			"'file: PATH' or 'operation: NAME'",
			v->source ? v->source : value_type_name(v));
	grown = reallocarray(op->deps, op->n_deps + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	op->deps = grown;
	grown[op->n_deps] = (struct dep){0};
	r = parse_source_map(v, &grown[op->n_deps], err);
	op->n_deps++;
	return r;
}

static int add_item(const struct value *v, struct operation *op, struct err *err)
{
	const struct value *sources = v->type == VALUE_MAP ? value_get(v, "sources") : NULL;
	int r = 0;

	if (!sources)
		return add_source(v, op, err);
	if (sources->type != VALUE_LIST)
		return fail(err, sources, "'sources' is %s; a list is needed",
			value_type_name(sources));
	for (size_t i = 0; r == 0 && i < sources->list.n; i++)
		r = add_source(sources->list.items[i], op, err);
	return r;
}

int deps_parse(const struct value *requires, struct operation *op, struct err *err)
{
	int r = 0;

	if (value_is_null(requires))
		return 0;
	if (requires->type != VALUE_LIST)
		return add_item(requires, op, err);
	for (size_t i = 0; r == 0 && i < requires->list.n; i++)
		r = add_item(requires->list.items[i], op, err);
	return r;
}
