/* SPDX-License-Identifier: MIT */
/* From the forms in which optimizers are written to one. */
#include "project/optimizer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void optimizer_release(struct optimizer *o)
{
	free(o->opspec);
	value_free(o->flags);
	*o = (struct optimizer){0};
}

/* A name alone is an algorithm; nothing is a mapping without keys. */
static struct value *one_of(const struct value *v)
{
	_cleanup_value_ struct value *map = NULL;

	if (v && v->type == VALUE_MAP)
		return value_copy(v);
	map = value_map();
	if (map && value_str(v) &&
		value_map_set(map, "algorithm", value_string(v->string)) < 0)
		return NULL;
	return STEAL(map);
}

static int bad_form(const struct operation *op, const struct value *v, struct err *err)
{
	return err_set_at(err, -EINVAL, v->line, v->column,
		"invalid optimizer config of operation '%s': %s, where a list of names or a "
		"mapping is needed",
		op->name, value_type_name(v));
}

static int add_single(
	const struct operation *op, const struct value *v, struct value *all, struct err *err)
{
	_cleanup_value_ struct value *one = one_of(v);
	const char *algorithm = one ? value_str(value_get(one, "algorithm")) : NULL;
	_cleanup_free_ char *name = algorithm ? strdup(algorithm) : NULL;

	if (!one)
		return -ENOMEM;
	if (!algorithm)
		return err_set_at(err, -EINVAL, v->line, v->column,
			"the optimizer of operation '%s' has no 'algorithm'", op->name);
	return name ? value_map_set(all, name, STEAL(one)) : -ENOMEM;
}

static int add_listed(
	const struct operation *op, const struct value *list, struct value *all, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->list.n; i++) {
		const char *name = value_str(list->list.items[i]);

		r = name ? value_map_set(all, name, value_map())
			 : bad_form(op, list->list.items[i], err);
	}
	return r;
}

/* All of them, name -> mapping, sorted. */
static int read_all(const struct operation *op, struct value **ret, struct err *err)
{
	const struct value *single = value_get(op->data, "optimizer");
	const struct value *many = value_get(op->data, "optimizers");
	_cleanup_value_ struct value *all = value_map();
	int r = all ? 0 : -ENOMEM;

	if (r == 0 && value_truthy(many) && many->type == VALUE_MAP)
		for (size_t i = 0; r == 0 && i < many->map.n; i++)
			r = value_map_set(
				all, many->map.pairs[i].key, one_of(many->map.pairs[i].value));
	else if (r == 0 && value_truthy(many))
		r = many->type == VALUE_LIST ? add_listed(op, many, all, err)
					     : bad_form(op, many, err);
	else if (r == 0 && value_truthy(single))
		r = add_single(op, single, all, err);
	if (r < 0)
		return r;
	value_map_sort(all);
	*ret = STEAL(all);
	return 0;
}

/* Takes the mapping out of it: what is left is flags. */
static int take(const char *name, const struct value *data, struct optimizer *ret)
{
	const char *algorithm = value_str(value_get(data, "algorithm"));
	_cleanup_optimizer_ struct optimizer o = {
		.opspec = strdup(algorithm ? algorithm : name),
		.flags = data ? value_copy(data) : value_map(),
	};

	if (!o.opspec || !o.flags)
		return -ENOMEM;
	value_map_remove(o.flags, "algorithm");
	value_map_remove(o.flags, "default");
	*ret = o;
	o = (struct optimizer){0};
	return 0;
}

int optimizer_named(const struct operation *op, const char *name, struct optimizer *ret,
	struct err *err)
{
	_cleanup_value_ struct value *all = NULL;
	int r = read_all(op, &all, err);

	return r < 0 ? r : take(name, value_get(all, name), ret);
}

static int no_default(const struct operation *op, const struct value *all, struct err *err)
{
	_cleanup_buf_ struct buf names = BUF_INIT, spec = BUF_INIT;

	for (size_t i = 0; i < all->map.n; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", all->map.pairs[i].key);
	operation_spec(&spec, op);
	return err_set(err, -ENOENT,
		"no default optimizer defined for %s\nSpecify one of the following with "
		"'--optimizer': %s",
		buf_str(&spec), buf_str(&names));
}

int optimizer_default(const struct operation *op, struct optimizer *ret, struct err *err)
{
	_cleanup_value_ struct value *all = NULL;
	size_t chosen;
	int r = read_all(op, &all, err);

	if (r < 0)
		return r;
	if (!all->map.n)
		return take(OPTIMIZER_DEFAULT, NULL, ret);
	for (chosen = 0; chosen < all->map.n; chosen++)
		if (all->map.n == 1 ||
			value_truthy(value_get(all->map.pairs[chosen].value, "default")))
			break;
	return chosen < all->map.n
		       ? take(all->map.pairs[chosen].key, all->map.pairs[chosen].value, ret)
		       : no_default(op, all, err);
}
