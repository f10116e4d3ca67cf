/* SPDX-License-Identifier: MIT */
/* The definition of one flag in a Guild file (reference, 1.6). */
#include "project/guildfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "project/fields.h"

#define fail(err, v, ...) err_set_at(err, -EINVAL, (v)->line, (v)->column, __VA_ARGS__)

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

void flag_release(struct flag *flag)
{
	for (size_t i = 0; i < flag->n_choices; i++) {
		value_free(flag->choices[i].value);
		free(flag->choices[i].description);
	}
	free(flag->choices);
	free(flag->name);
	free(flag->description);
	free(flag->alias);
	value_free(flag->default_value);
	free(flag->arg_name);
	value_free(flag->arg_switch);
	free(flag->env_name);
	free(flag->null_label);
}

static int get_type(const struct value *map, enum flag_type *ret, struct err *err)
{
	const struct value *v = value_get(map, "type");

	if (value_is_null(v))
		return 0;
	for (size_t i = 0; v->source && i < ARRAY_SIZE(types); i++) {
		if (strcmp(types[i].name, v->source) == 0) {
			*ret = types[i].type;
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
	const struct value *value = v, *description = NULL;

	if (v->type == VALUE_LIST)
		return fail(
			err, v, "a choice is a list; a value or {value, description} is needed");
	if (v->type == VALUE_MAP) {
		value = value_get(v, "value");
		description = value_get(v, "description");
		if (!value)
			return fail(err, v, "a choice has no 'value'");
		if (value_get(v, "flags") || value_get(v, "args"))
			return fail(err, v, "'flags' of a choice are not supported yet");
	}
	ret->value = value_copy(value);
	if (description && description->source)
		ret->description = strdup(description->source);
	return ret->value ? 0 : -ENOMEM;
}

static int parse_choices(const struct value *map, struct flag *flag, struct err *err)
{
	const struct value *v = value_get(map, "choices");
	int r = 0;

	if (value_is_null(v))
		return 0;
	if (v->type != VALUE_LIST)
		return fail(err, v, "'choices' is %s; a list is needed", value_type_name(v));
	flag->choices = calloc(v->list.n + 1, sizeof(*flag->choices));
	if (!flag->choices)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < v->list.n; i++)
		r = parse_choice(v->list.items[i], &flag->choices[flag->n_choices++], err);
	return r;
}

static int parse_map(const struct value *v, struct flag *flag, struct err *err)
{
	const struct value *initial = value_get(v, "default");
	const struct value *arg_switch = value_get(v, "arg-switch");
	int r = field_string(v, "description", "", &flag->description, err);

	flag->default_value = initial ? value_copy(initial) : value_null();
	if (arg_switch)
		flag->arg_switch = value_copy(arg_switch);
	flag->arg_skip = value_truthy(value_get(v, "arg-skip"));
	flag->required = value_truthy(value_get(v, "required"));
	flag->allow_other = value_truthy(value_get(v, "allow-other"));
	if (!flag->default_value || (arg_switch && !flag->arg_switch))
		return -ENOMEM;
	if (value_truthy(value_get(v, "arg-split")))
		return fail(err, value_get(v, "arg-split"), "'arg-split' is not supported yet");
	if (value_get(v, "arg-encoding"))
		return fail(
			err, value_get(v, "arg-encoding"), "'arg-encoding' is not supported yet");
	if (r == 0)
		r = field_string(v, "alias", NULL, &flag->alias, err);
	if (r == 0)
		r = field_string(v, "arg-name", NULL, &flag->arg_name, err);
	if (r == 0)
		r = field_string(v, "env-name", NULL, &flag->env_name, err);
	if (r == 0)
		r = field_string(v, "null-label", NULL, &flag->null_label, err);
	if (r == 0)
		r = get_type(v, &flag->type, err);
	return r < 0 ? r : parse_choices(v, flag, err);
}

int flag_parse(const char *name, const struct value *v, struct flag *ret, struct err *err)
{
	ret->name = strdup(name);
	if (!ret->name)
		return -ENOMEM;
	if (v->type == VALUE_MAP)
		return parse_map(v, ret, err);
	if (v->type == VALUE_LIST)
		return fail(err, v,
			"flag '%s' has a list as its default, which makes a batch: "
			"batches are not supported yet",
			name);
	ret->default_value = value_copy(v);
	ret->description = strdup("");
	return ret->default_value && ret->description ? 0 : -ENOMEM;
}
