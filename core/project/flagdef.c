/* SPDX-License-Identifier: MIT */
/* The definition of one flag in a Guild file (reference, 1.6). */
#include "project/guildfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "project/fields.h"

static const struct {
	const char *name;
	enum flag_type type;
} types[] = {
	{"auto", FLAG_AUTO},
	{"string", FLAG_STRING},
	{"int", FLAG_INT},
	{"float", FLAG_FLOAT},
	{"number", FLAG_NUMBER},
	{"boolean", FLAG_BOOLEAN},
	{"path", FLAG_PATH},
	{"existing-path", FLAG_EXISTING_PATH},
};

const char *flag_type_name(enum flag_type type)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].type == type)
			return types[i].name;
	return "";
}

static void choice_release(struct flag_choice *choice)
{
	value_free(choice->value);
	value_free(choice->flags);
	value_free(choice->args);
	free(choice->description);
	free(choice->alias);
}

void flag_release(struct flag *flag)
{
	for (size_t i = 0; i < flag->n_choices; i++)
		choice_release(&flag->choices[i]);
	free(flag->choices);
	free(flag->name);
	free(flag->description);
	free(flag->alias);
	value_free(flag->default_value);
	free(flag->arg_name);
	value_free(flag->arg_skip);
	value_free(flag->arg_switch);
	value_free(flag->arg_split);
	value_free(flag->arg_encoding);
	value_free(flag->env_encoding);
	value_free(flag->min);
	value_free(flag->max);
	free(flag->distribution);
	free(flag->env_name);
	free(flag->null_label);
	value_free(flag->extra);
}

static int get_type(const struct value *map, struct flag *flag, struct err *err)
{
	const struct value *v = value_get(map, "type");

	if (value_is_null(v))
		return 0;
	for (size_t i = 0; v->source && i < ARRAY_SIZE(types); i++) {
		if (strcmp(types[i].name, v->source) == 0) {
			flag->type = types[i].type;
			flag->type_given = true;
			return 0;
		}
	}
	return fail(err, v,
		"flag type '%s' is unknown; the types are: string, int, float, number, "
		"boolean, path, existing-path, auto",
		v->source ? v->source : value_type_name(v));
}

static int parse_choice(const struct value *v, struct flag_choice *ret, struct err *err)
{
	const struct value *value = v;
	int r = 0;

	if (v->type == VALUE_MAP) {
		value = value_get(v, "value");
		if (!value)
			return fail(err, v, "missing required 'value' attribute of a choice");
		r = field_string(v, "description", NULL, &ret->description, err);
		if (r == 0)
			r = field_string(v, "alias", NULL, &ret->alias, err);
		if (r == 0)
			r = field_map(v, "flags", &ret->flags, err);
		if (r == 0)
			r = field_map(v, "args", &ret->args, err);
	}
	if (r < 0)
		return r;
	ret->value = value_copy(value);
	return ret->value ? 0 : -ENOMEM;
}

static int parse_choices(const struct value *map, struct flag *flag, struct err *err)
{
	const struct value *v = value_get(map, "choices");
	_cleanup_buf_ struct buf shown = BUF_INIT;
	int r = 0;

	if (!value_truthy(v))
		return 0;
	if (v->type != VALUE_LIST) {
		value_repr(&shown, v);
		return fail(err, v,
			"invalid flag choice data %s: expected a list of values or mappings",
			buf_str(&shown));
	}
	flag->choices = calloc(v->list.n + 1, sizeof(*flag->choices));
	if (!flag->choices)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < v->list.n; i++)
		r = parse_choice(v->list.items[i], &flag->choices[flag->n_choices++], err);
	return r;
}

/* Attributes that are kept as they are written; null is as good as nothing. */
static int keep_values(const struct value *map, struct flag *flag)
{
	const struct {
		const char *key;
		struct value **to;
	} kept[] = {
		{"arg-skip", &flag->arg_skip},
		{"arg-switch", &flag->arg_switch},
		{"arg-split", &flag->arg_split},
		{"arg-encoding", &flag->arg_encoding},
		{"env-encoding", &flag->env_encoding},
		{"min", &flag->min},
		{"max", &flag->max},
	};

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		const struct value *v = value_get(map, kept[i].key);

		if (value_is_null(v))
			continue;
		*kept[i].to = value_copy(v);
		if (!*kept[i].to)
			return -ENOMEM;
	}
	return 0;
}

static int keep_extra(const struct value *map, struct flag *flag)
{
	static const char *const known[] = {"default", "description", "type", "required", "alias",
		"arg-name", "arg-encoding", "arg-skip", "arg-switch", "arg-split", "choices",
		"allow-other", "env-name", "env-encoding", "null-label", "min", "max",
		"distribution", "name"};
	int r = 0;

	for (size_t i = 0; r == 0 && i < map->map.n; i++) {
		const struct value_pair *pair = &map->map.pairs[i];
		bool is_known = false;

		for (size_t j = 0; j < ARRAY_SIZE(known); j++)
			is_known |= strcmp(known[j], pair->key) == 0;
		if (is_known)
			continue;
		if (!flag->extra)
			flag->extra = value_map();
		r = flag->extra ? value_map_set(flag->extra, pair->key, value_copy(pair->value))
				: -ENOMEM;
	}
	return r;
}

static int parse_map(const struct value *v, struct flag *flag, struct err *err)
{
	const struct value *initial = value_get(v, "default");
	int r = field_string(v, "description", "", &flag->description, err);

	flag->default_value = initial ? value_copy(initial) : value_null();
	flag->required = value_truthy(value_get(v, "required"));
	flag->allow_other = value_truthy(value_get(v, "allow-other"));
	if (!flag->default_value)
		return -ENOMEM;
	if (r == 0)
		r = field_string(v, "alias", NULL, &flag->alias, err);
	if (r == 0)
		r = field_string(v, "arg-name", NULL, &flag->arg_name, err);
	if (r == 0)
		r = field_string(v, "env-name", NULL, &flag->env_name, err);
	if (r == 0)
		r = field_string(v, "null-label", NULL, &flag->null_label, err);
	if (r == 0)
		r = field_string(v, "distribution", NULL, &flag->distribution, err);
	if (r == 0)
		r = get_type(v, flag, err);
	if (r == 0)
		r = keep_values(v, flag);
	if (r == 0)
		r = keep_extra(v, flag);
	return r < 0 ? r : parse_choices(v, flag, err);
}

int flag_parse(const char *name, const struct value *v, struct flag *ret, struct err *err)
{
	ret->name = strdup(name);
	if (!ret->name)
		return -ENOMEM;
	if (v->type == VALUE_MAP)
		return parse_map(v, ret, err);
	ret->default_value = value_copy(v);
	ret->description = strdup("");
	return ret->default_value && ret->description ? 0 : -ENOMEM;
}
