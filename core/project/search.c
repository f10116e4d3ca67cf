/* SPDX-License-Identifier: MIT */
/* Reading dimensions and drawing from them. */
#include "project/search.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "project/flag_values.h"

enum { DRAW_ARGS = 2, INITIAL = 2 };

void dimension_release(struct dimension *d)
{
	value_free(d->choices);
	value_free(d->initial);
	*d = (struct dimension){0};
}

/* --- reading ----------------------------------------------------------------- */

static struct value *decode_args(const struct strv *args)
{
	_cleanup_value_ struct value *list = value_list();
	int r = list ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < args->n; i++)
		r = value_list_add(list, flag_decode(FLAG_AUTO, args->v[i]));
	return r == 0 ? STEAL(list) : NULL;
}

static bool is_number(const struct value *v)
{
	return v->type == VALUE_INT || v->type == VALUE_FLOAT;
}

static double number(const struct value *v)
{
	return v->type == VALUE_INT ? (double)v->integer : v->number;
}

static int bad_args(const char *flag, const struct value *v, struct err *err, const char *what)
{
	return err_set_at(err, -EDOM, v->line, 0, "invalid function args in '%s=%s': %s", flag,
		v->string, what);
}

static int set_bounds(const char *flag, const struct value *v, const struct value *args,
	bool logarithmic, struct dimension *d, struct err *err)
{
	const struct value *low = args->list.items[0], *high = args->list.items[1];
	_cleanup_buf_ struct buf what = BUF_INIT;

	if (number(low) >= number(high)) {
		buf_puts(&what, "the lower bound ");
		value_repr(&what, low);
		buf_puts(&what, " has to be less than the upper bound ");
		value_repr(&what, high);
		return bad_args(flag, v, err, buf_str(&what));
	}
	if (logarithmic && !(number(low) > 0))
		return bad_args(flag, v, err, "the lower bound has to be greater than 0");
	if (!isfinite(number(low)) || !isfinite(number(high)) ||
		!isfinite(number(high) - number(low)))
		return bad_args(flag, v, err, "the bounds have to be finite");
	d->low = number(low);
	d->high = number(high);
	if (logarithmic) {
		d->kind = DIMENSION_LOG;
	} else if (low->type == VALUE_INT && high->type == VALUE_INT) {
		d->kind = DIMENSION_INTEGER;
		d->first = low->integer;
		d->last = high->integer;
	}
	return 0;
}

/* As Python shows a tuple. */
static int wrong_count(const char *flag, const struct value *v, const char *name,
	const struct value *args, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	for (size_t i = 0; i < args->list.n; i++) {
		buf_puts(&text, i ? ", " : "");
		value_repr(&text, args->list.items[i]);
	}
	return err_set_at(err, -EINVAL, v->line, 0,
		"%s requires 2 or 3 args, got (%s%s) for flag %s", name, buf_str(&text),
		args->list.n == 1 ? "," : "", flag);
}

static int parse_function(const char *flag, const struct value *v, const struct flag_function *f,
	struct dimension *d, struct err *err)
{
	const char *name = f->name ? f->name : "uniform";
	bool logarithmic = strcmp(name, "loguniform") == 0;
	_cleanup_value_ struct value *args = decode_args(&f->args);
	const char *fault;

	if (!args)
		return -ENOMEM;
	fault = flag_sequence_fault(f);
	if (fault)
		return bad_args(flag, v, err, fault);
	if (!logarithmic && strcmp(name, "uniform") != 0)
		return err_set_at(err, -EINVAL, v->line, 0,
			"unknown function '%s' used for flag %s", name, flag);
	if (args->list.n != DRAW_ARGS && args->list.n != DRAW_ARGS + 1)
		return wrong_count(flag, v, name, args, err);
	if (args->list.n > INITIAL) {
		d->initial = value_copy(args->list.items[INITIAL]);
		if (!d->initial)
			return -ENOMEM;
	}
	if (is_number(args->list.items[0]) && is_number(args->list.items[1]))
		return set_bounds(flag, v, args, logarithmic, d, err);
	if (logarithmic)
		return bad_args(flag, v, err, "the bounds have to be numbers");
	d->kind = DIMENSION_CHOICE;
	d->choices = value_list();
	for (size_t i = 0; i < DRAW_ARGS; i++)
		if (!d->choices || value_list_add(d->choices, value_copy(args->list.items[i])) < 0)
			return -ENOMEM;
	return 0;
}

int dimension_parse(const char *flag, const struct value *v, struct dimension *ret, struct err *err)
{
	_cleanup_(flag_function_release) struct flag_function f = {0};
	struct dimension d = {0};
	int r;

	if (v->type == VALUE_LIST && v->list.n) {
		d.kind = DIMENSION_CHOICE;
		d.choices = value_copy(v);
		r = d.choices ? 0 : -ENOMEM;
	} else if (flag_parse_function(v, &f)) {
		r = parse_function(flag, v, &f, &d, err);
	} else {
		return -ENOENT;
	}
	if (r == 0)
		*ret = d;
	else
		dimension_release(&d);
	return r;
}

/* --- telling ------------------------------------------------------------------ */

struct value *dimension_describe(const char *flag, const struct dimension *d)
{
	static const char *const kinds[] = {
		[DIMENSION_REAL] = "real",
		[DIMENSION_LOG] = "log",
		[DIMENSION_INTEGER] = "integer",
		[DIMENSION_CHOICE] = "choice",
	};
	_cleanup_value_ struct value *map = value_map();
	bool whole = d->kind == DIMENSION_INTEGER;
	int r = map ? value_map_set(map, "name", value_string(flag)) : -ENOMEM;

	if (r == 0)
		r = value_map_set(map, "kind", value_string(kinds[d->kind]));
	if (r == 0 && d->kind == DIMENSION_CHOICE)
		return value_map_set(map, "choices", value_copy(d->choices)) == 0 ? STEAL(map)
										  : NULL;
	if (r == 0)
		r = value_map_set(
			map, "low", whole ? value_int(d->first) : value_float(d->low));
	if (r == 0)
		r = value_map_set(
			map, "high", whole ? value_int(d->last) : value_float(d->high));
	return r == 0 ? STEAL(map) : NULL;
}

/* --- drawing ----------------------------------------------------------------- */

/* The library draws a seed for a model that a random search then does without. */
void search_begin(struct random *random)
{
	random_up_to(random, INT_MAX - 1);
}

/* Both ends belong to it. */
static double uniform(struct random *random, double low, double high)
{
	double scale = high - low;

	return low + random_unit(random) * nextafter(scale, scale + 1);
}

static double within(double d, double low, double high)
{
	return d < low ? low : d > high ? high : d;
}

static const struct value *choose(const struct value *choices, struct random *random)
{
	double u = random_unit(random), share = 1.0 / (double)choices->list.n, sum = 0;
	size_t i = 0;

	for (; i + 1 < choices->list.n; i++) {
		sum += share;
		if (sum >= u)
			break;
	}
	return choices->list.items[i];
}

static struct value *draw_log(struct random *random, double low, double high)
{
	return value_float(
		within(pow(10, uniform(random, low, high)), pow(10, low), pow(10, high)));
}

struct value *dimension_draw(const struct dimension *d, struct random *random)
{
	switch (d->kind) {
	case DIMENSION_CHOICE:
		return value_copy(choose(d->choices, random));
	case DIMENSION_INTEGER:
		return value_int(
			(int64_t)((uint64_t)d->first +
				  random_up_to(random, (uint64_t)d->last - (uint64_t)d->first)));
	case DIMENSION_LOG:
		return draw_log(random, log10(d->low), log10(d->high));
	default:
		return value_float(within(uniform(random, d->low, d->high), d->low, d->high));
	}
}
