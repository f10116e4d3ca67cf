/* SPDX-License-Identifier: MIT */
/* What a filter says of a run, with Python's ideas of truth, equality and order. */
#include "catalog/filter_parse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool filter_has_test(const struct filter *f)
{
	if (!f || f->kind >= FILTER_EQUAL)
		return f != NULL;
	return filter_has_test(f->left) || filter_has_test(f->right);
}

/* --- values --------------------------------------------------------------- */

static bool as_number(const struct value *v, double *ret)
{
	switch (v->type) {
	case VALUE_BOOL:
		*ret = v->boolean;
		return true;
	case VALUE_INT:
		*ret = (double)v->integer;
		return true;
	case VALUE_BIGINT:
		*ret = strtod(v->string, NULL);
		return true;
	case VALUE_FLOAT:
		*ret = v->number;
		return true;
	default:
		return false;
	}
}

/* Of decimal digits without zeros in front, beyond 64 bits. */
static int order_of_digits(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);

	return n != m ? (n > m) - (n < m) : strcmp(a, b);
}

static int order_of_bigints(const char *a, const char *b)
{
	if (*a == '-' && *b == '-')
		return order_of_digits(b + 1, a + 1);
	return *a == '-' ? -1 : *b == '-' ? 1 : order_of_digits(a, b);
}

static bool are_equal(const struct value *a, const struct value *b)
{
	double x, y;

	if (a->type == VALUE_INT && b->type == VALUE_INT)
		return a->integer == b->integer;
	if (a->type == VALUE_BIGINT && b->type == VALUE_BIGINT)
		return strcmp(a->string, b->string) == 0;
	if (as_number(a, &x) && as_number(b, &y))
		return x == y;
	if (a->type != b->type)
		return false;
	if (a->type != VALUE_LIST)
		return value_equal(a, b);
	if (a->list.n != b->list.n)
		return false;
	for (size_t i = 0; i < a->list.n; i++)
		if (!are_equal(a->list.items[i], b->list.items[i]))
			return false;
	return true;
}

/* -1, 0, 1, or 2 for what has no order. */
static int order(const struct value *a, const struct value *b)
{
	double x, y;

	if (a->type == VALUE_INT && b->type == VALUE_INT)
		return (a->integer > b->integer) - (a->integer < b->integer);
	if (a->type == VALUE_BIGINT && b->type == VALUE_BIGINT) {
		int r = order_of_bigints(a->string, b->string);

		return (r > 0) - (r < 0);
	}
	if (as_number(a, &x) && as_number(b, &y))
		return isnan(x) || isnan(y) ? 2 : (x > y) - (x < y);
	if (a->type == VALUE_STRING && b->type == VALUE_STRING) {
		int r = strcmp(a->string, b->string);

		return (r > 0) - (r < 0);
	}
	if (a->type != VALUE_LIST || b->type != VALUE_LIST)
		return 2;
	for (size_t i = 0; i < a->list.n && i < b->list.n; i++)
		if (!are_equal(a->list.items[i], b->list.items[i]))
			return order(a->list.items[i], b->list.items[i]);
	return (a->list.n > b->list.n) - (a->list.n < b->list.n);
}

static bool has_item(const struct value *list, const struct value *item)
{
	for (size_t i = 0; i < list->list.n; i++)
		if (are_equal(list->list.items[i], item))
			return true;
	return false;
}

static bool has_items(const struct value *list, const struct value *items)
{
	for (size_t i = 0; i < items->list.n; i++)
		if (!has_item(list, items->list.items[i]))
			return false;
	return true;
}

/* As Python's str(). */
static void print(struct buf *b, const struct value *v)
{
	if (value_str(v))
		buf_puts(b, v->string);
	else
		value_repr(b, v);
}

static bool contains(const struct value *v, const struct value *part)
{
	_cleanup_buf_ struct buf text = BUF_INIT, wanted = BUF_INIT;

	if (!value_truthy(v))
		return false;
	if (v->type == VALUE_LIST)
		return part->type == VALUE_LIST ? has_items(v, part) : has_item(v, part);
	print(&text, v);
	print(&wanted, part);
	return strcasestr(buf_str(&text), buf_str(&wanted)) != NULL;
}

/* --- what a run has --------------------------------------------------------- */

static const char *without(const char *name, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(name, prefix, len) == 0 ? name + len : NULL;
}

/* PREFIX#TAG is of that directory, TAG of the first that has it. NULL: none. */
static struct value *scalar_of(const struct filter_run *run, const char *key)
{
	const char *hash = strchr(key, '#'), *tag = hash ? hash + 1 : key;
	size_t len = hash ? (size_t)(hash - key) : 0;

	for (size_t i = 0; i < run->n_scalars; i++) {
		const struct compare_scalar *s = &run->scalars[i];
		double last = s->summary->last.value;

		if (strcmp(s->tag, tag) != 0 ||
			(len && (strlen(s->prefix) != len || memcmp(s->prefix, key, len) != 0)))
			continue;
		/* Guild AI's index has no NaN. */
		return isnan(last) ? NULL : value_float(last);
	}
	return NULL;
}

static struct value *flag_of(const struct filter_run *run, const char *name)
{
	const struct value *v = run->flags ? value_get(run->flags, name) : NULL;

	return value_is_null(v) ? NULL : value_copy(v);
}

static struct value *attr_of(const struct filter_run *run, const char *name)
{
	struct value *v = run->attr ? run->attr(run->arg, name) : NULL;

	if (!value_is_null(v))
		return v;
	value_free(v);
	return NULL;
}

static struct value *look_up(const struct filter_run *run, const char *name)
{
	const char *attr = without(name, "attr:"), *flag = without(name, "flag:");
	const char *scalar = without(name, "scalar:");
	struct value *v;

	if (attr)
		return attr_of(run, attr);
	if (flag)
		return flag_of(run, flag);
	if (scalar)
		return scalar_of(run, scalar);
	v = attr_of(run, name);
	if (!v)
		v = flag_of(run, name);
	return v ? v : scalar_of(run, name);
}

static bool has_scalar(const struct filter_run *run, const char *key)
{
	const char *hash = strchr(key, '#'), *tag = hash ? hash + 1 : key;

	for (size_t i = 0; i < run->n_scalars; i++)
		if (strcmp(run->scalars[i].tag, tag) == 0)
			return true;
	return false;
}

static bool has_attr(const struct filter_run *run, const char *name)
{
	_cleanup_value_ struct value *v = run->attr ? run->attr(run->arg, name) : NULL;

	return v != NULL;
}

const char *filter_bare_name(const char *name)
{
	static const char *const prefixes[] = {"attr:", "flag:", "scalar:"};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (without(name, prefixes[i]))
			return without(name, prefixes[i]);
	return name;
}

bool filter_defines(const struct filter_run *run, const char *name)
{
	const char *bare = filter_bare_name(name);
	char kind = bare == name ? '\0' : *name;

	return ((!kind || kind == 'f') && run->flags && value_get(run->flags, bare)) ||
	       ((!kind || kind == 's') && has_scalar(run, bare)) ||
	       ((!kind || kind == 'a') && has_attr(run, bare));
}

int filter_names(const struct filter *f, struct strv *ret)
{
	int r;

	if (!f)
		return 0;
	if (f->kind >= FILTER_EQUAL)
		return value_is_null(f->term) || strv_has(ret, f->name) ? 0
									: strv_add(ret, f->name);
	r = filter_names(f->left, ret);
	return r == 0 ? filter_names(f->right, ret) : r;
}

/* --- the expression --------------------------------------------------------- */

static bool test(const struct filter *f, const struct filter_run *run)
{
	static const struct value undefined = {.type = VALUE_NULL};
	_cleanup_value_ struct value *found = look_up(run, f->name);
	const struct value *v = found ? found : &undefined;
	int o;

	switch (f->kind) {
	case FILTER_EQUAL:
		return are_equal(v, f->term);
	case FILTER_UNEQUAL:
		return !are_equal(v, f->term);
	case FILTER_IN:
		return has_item(f->term, v);
	case FILTER_NOT_IN:
		return !has_item(f->term, v);
	case FILTER_CONTAINS:
		return contains(v, f->term);
	case FILTER_NOT_CONTAINS:
		return !contains(v, f->term);
	default:
		break;
	}
	o = order(v, f->term);
	switch (f->kind) {
	case FILTER_LESS:
		return o == -1;
	case FILTER_LESS_EQUAL:
		return o == -1 || o == 0;
	case FILTER_GREATER:
		return o == 1;
	default:
		return o == 1 || o == 0;
	}
}

bool filter_matches(const struct filter *f, const struct filter_run *run)
{
	switch (f->kind) {
	case FILTER_TERM:
		return value_truthy(f->term);
	case FILTER_NOT:
		return !filter_matches(f->left, run);
	case FILTER_AND:
		return filter_matches(f->left, run) && filter_matches(f->right, run);
	case FILTER_OR:
		return filter_matches(f->left, run) || filter_matches(f->right, run);
	default:
		return test(f, run);
	}
}
