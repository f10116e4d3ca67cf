/* SPDX-License-Identifier: MIT */
/* Between flags and points. */
#include "project/space.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "project/flag_values.h"

void space_release(struct space *s)
{
	for (size_t i = 0; s->dimensions && s->flags && i < s->flags->map.n; i++)
		dimension_release(&s->dimensions[i]);
	free(s->dimensions);
	free(s->searched);
	value_free(s->flags);
	*s = (struct space){0};
}

static int no_dimensions(const struct value *flags, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	for (size_t i = 0; i < flags->map.n; i++) {
		buf_printf(&text, "%s%s=", text.len ? ", " : "", flags->map.pairs[i].key);
		flag_format(&text, flags->map.pairs[i].value, false);
	}
	return err_set(err, -EINVAL,
		"flags for batch (%s) do not contain any search dimensions\nTry specifying a "
		"range for one or more flags as NAME=[MIN:MAX].",
		buf_str(&text));
}

int space_open(const struct value *flags, struct space *ret, struct err *err)
{
	_cleanup_space_ struct space s = {.flags = value_copy(flags)};
	bool any = false;

	s.dimensions = calloc(flags->map.n + 1, sizeof(*s.dimensions));
	s.searched = calloc(flags->map.n + 1, sizeof(*s.searched));
	if (!s.flags || !s.dimensions || !s.searched)
		return -ENOMEM;
	value_map_sort(s.flags);
	for (size_t i = 0; i < s.flags->map.n; i++) {
		const struct value_pair *pair = &s.flags->map.pairs[i];
		int r = dimension_parse(pair->key, pair->value, &s.dimensions[i], err);

		if (r < 0 && r != -ENOENT)
			return r;
		s.searched[i] = r == 0;
		any |= r == 0;
	}
	if (!any)
		return no_dimensions(s.flags, err);
	*ret = s;
	s = (struct space){0};
	return 0;
}

struct value *space_describe(const struct space *s)
{
	_cleanup_value_ struct value *list = value_list();
	int r = list ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < s->flags->map.n; i++)
		if (s->searched[i])
			r = value_list_add(list,
				dimension_describe(
					s->flags->map.pairs[i].key, &s->dimensions[i]));
	return r == 0 ? STEAL(list) : NULL;
}

/* --- from flags to points ------------------------------------------------------ */

static bool as_number(const struct value *v, double *ret)
{
	if (v->type != VALUE_INT && v->type != VALUE_FLOAT)
		return false;
	*ret = v->type == VALUE_INT ? (double)v->integer : v->number;
	return isfinite(*ret);
}

/* -EDOM: it is not in there. */
static int coordinate_of(const struct dimension *d, const struct value *v, struct value **ret)
{
	double number;
	bool in = false;

	if (d->kind == DIMENSION_CHOICE) {
		for (size_t i = 0; i < d->choices->list.n; i++)
			if (value_equal(d->choices->list.items[i], v)) {
				*ret = value_int((int64_t)i);
				return *ret ? 0 : -ENOMEM;
			}
		return -EDOM;
	}
	if (d->kind == DIMENSION_INTEGER)
		in = v->type == VALUE_INT && v->integer >= d->first && v->integer <= d->last;
	else
		in = as_number(v, &number) && number >= d->low && number <= d->high;
	if (!in)
		return -EDOM;
	*ret = value_copy(v);
	return *ret ? 0 : -ENOMEM;
}

int space_point_of(const struct space *s, const struct value *flags, struct value **ret)
{
	_cleanup_value_ struct value *point = value_list();
	int r = point ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < s->flags->map.n; i++) {
		const struct value_pair *pair = &s->flags->map.pairs[i];
		const struct value *v = value_get(flags, pair->key);
		struct value *coordinate = NULL;

		if (!s->searched[i])
			continue;
		if (!v)
			return -EDOM;
		r = coordinate_of(&s->dimensions[i], v, &coordinate);
		if (r == 0)
			r = value_list_add(point, coordinate);
	}
	if (r == 0)
		*ret = STEAL(point);
	return r;
}

/* --- from points to flags ------------------------------------------------------ */

static struct value *value_at(const struct dimension *d, const struct value *coordinate)
{
	double number;
	int64_t whole;

	switch (d->kind) {
	case DIMENSION_CHOICE:
		if (!value_as_int(coordinate, &whole) || whole < 0 ||
			(size_t)whole >= d->choices->list.n)
			return NULL;
		return value_copy(d->choices->list.items[whole]);
	case DIMENSION_INTEGER:
		if (!value_as_int(coordinate, &whole) || whole < d->first || whole > d->last)
			return NULL;
		return value_int(whole);
	default:
		/* Logarithms and their powers miss the bounds by a little. */
		return as_number(coordinate, &number)
			       ? value_float(fmin(fmax(number, d->low), d->high))
			       : NULL;
	}
}

/* Takes v over, which may be NULL for want of memory. */
static int set_value(struct value *flags, const char *name, const struct dimension *d, bool first,
	struct value *v)
{
	if (v && first && d->initial) {
		value_free(v);
		v = value_copy(d->initial);
	}
	return value_map_set(flags, name, v);
}

static int bad_point(const struct value *point, struct err *err)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;

	value_repr(&shown, point);
	return err_set(err, -EINVAL, "the optimizer proposes %s, which is no point of the space",
		buf_str(&shown));
}

int space_flags_at(const struct space *s, const struct value *point, bool first,
	struct value **ret, struct err *err)
{
	_cleanup_value_ struct value *flags = value_copy(s->flags);
	size_t n = 0;
	int r = flags ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < s->flags->map.n; i++) {
		const struct dimension *d = &s->dimensions[i];
		struct value *v;

		if (!s->searched[i])
			continue;
		if (!point || point->type != VALUE_LIST || n >= point->list.n)
			return bad_point(point, err);
		v = value_at(d, point->list.items[n++]);
		if (!v)
			return bad_point(point, err);
		r = set_value(flags, s->flags->map.pairs[i].key, d, first, v);
	}
	if (r == 0)
		*ret = STEAL(flags);
	return r;
}

int space_draw(const struct space *s, struct random *random, bool first, struct value **ret)
{
	_cleanup_value_ struct value *flags = value_copy(s->flags);
	int r = flags ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < s->flags->map.n; i++) {
		const struct dimension *d = &s->dimensions[i];

		/* It is drawn in any case: what follows stays what it is. */
		if (s->searched[i])
			r = set_value(flags, s->flags->map.pairs[i].key, d, first,
				dimension_draw(d, random));
	}
	if (r == 0)
		*ret = STEAL(flags);
	return r;
}
