/* SPDX-License-Identifier: MIT */
/* The lists, and what is near to one of them. */
#include "project/attr_names.h"

#include <string.h>

#include "project/nearest.h"

static const char *const model_names[] = {"model", "config", "description", "references", "default",
	"extends", "params", "operations", "operation-defaults", "resources", "flags", "sourcecode",
	"plugins", "python-requires", "extra", "include", "package"};

static const char *const operation_names[] = {"description", "default", "main", "exec", "steps",
	"notebook", "cmd", "plugin-op", "remote", "disabled-plugins", "flags", "flags-dest",
	"flags-import", "flags-import-skip", "default-flag-arg-skip", "requires", "env",
	"env-secrets", "python-path", "python-requires", "plugins", "pip-freeze", "label", "tags",
	"compare", "output-scalars", "output-attrs", "objective", "optimizer", "optimizers",
	"default-max-trials", "can-stage-trials", "flag-encoder", "sourcecode", "publish",
	"run-attrs", "delete-on-success", "handle-keyboard-interrupt", "stoppable", "executor",
	"jobs"};

static const char *const flag_names[] = {"default", "description", "required", "type", "choices",
	"allow-other", "alias", "arg-name", "arg-skip", "arg-switch", "arg-split", "arg-encoding",
	"env-encoding", "env-name", "null-label", "min", "max", "distribution", "extra"};

static const struct {
	const char *what;
	const char *const *names;
	size_t n;
} owners[] = {
	[ATTRS_OF_MODEL] = {"model", model_names, ARRAY_SIZE(model_names)},
	[ATTRS_OF_OPERATION] = {"operation", operation_names, ARRAY_SIZE(operation_names)},
	[ATTRS_OF_FLAG] = {"flag", flag_names, ARRAY_SIZE(flag_names)},
};

static bool is_known(enum attr_owner owner, const char *key)
{
	for (size_t i = 0; i < owners[owner].n; i++)
		if (strcmp(owners[owner].names[i], key) == 0)
			return true;
	return *key == '$' || *key == '_';
}

int attr_names_check(
	enum attr_owner owner, const char *name, const struct value *map, struct strv *warnings)
{
	int r = 0;

	for (size_t i = 0; map->type == VALUE_MAP && r == 0 && i < map->map.n; i++) {
		const struct value_pair *pair = &map->map.pairs[i];
		const char *near =
			is_known(owner, pair->key)
				? NULL
				: nearest_name(pair->key, owners[owner].names, owners[owner].n);

		if (near)
			r = strv_addf(warnings,
				"line %d: unknown attribute '%s' of %s '%s' - did you mean '%s'?",
				pair->key_line, pair->key, owners[owner].what, name, near);
	}
	return r;
}
