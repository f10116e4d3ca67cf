/* SPDX-License-Identifier: MIT */
/* Summaries as values. */
#include "metrics/info.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "run/attr.h"

static struct value *pair_of(double value, int64_t step)
{
	struct value *pair = value_list();
	int r = pair ? value_list_add(pair, isnan(value) ? value_null() : value_float(value))
		     : -ENOMEM;

	if (r == 0)
		r = value_list_add(pair, value_int(step));
	if (r == 0)
		return pair;
	value_free(pair);
	return NULL;
}

static struct value *text_of(double value, int64_t step)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (isnan(value))
		buf_puts(&text, "nan");
	else
		buf_printf(&text, "%.6f", value);
	buf_printf(&text, " (step %lld)", (long long)step);
	return buf_error(&text) ? NULL : value_string(buf_str(&text));
}

/* Means and totals have no step: Guild AI has the number of samples in its place. */
static struct value *everything(const struct series_summary *s, bool as_pairs)
{
	const struct {
		const char *name;
		double value;
		int64_t step;
	} parts[] = {
		{"avg", series_avg(s), (int64_t)s->count},
		{"first", s->first.value, s->first.step},
		{"last", s->last.value, s->last.step},
		{"max", s->max.value, s->max.step},
		{"min", s->min.value, s->min.step},
		{"total", s->total, (int64_t)s->count},
	};
	struct value *map = value_map();
	int r = map ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++)
		r = value_map_set(map, parts[i].name,
			as_pairs ? pair_of(parts[i].value, parts[i].step)
				 : text_of(parts[i].value, parts[i].step));
	if (r == 0)
		return map;
	value_free(map);
	return NULL;
}

static struct value *shown(const struct scalar *s, bool all, bool as_pairs)
{
	const struct series_point *last = &s->series->summary.last;

	if (all)
		return everything(&s->series->summary, as_pairs);
	return as_pairs ? pair_of(last->value, last->step) : text_of(last->value, last->step);
}

static bool is_below(const struct scalar *s)
{
	return strchr(s->key, '#');
}

struct value *info_scalars(const struct scalars *scalars, bool all, bool as_pairs)
{
	struct value *map = value_map();
	size_t n;
	const struct scalar *list = scalars_list(scalars, &n);
	int r = map ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < 2 * n; i++) {
		const struct scalar *s = &list[i % n];

		if (is_below(s) == (i >= n) && !s->shadowed &&
			(all || strncmp(s->series->tag, "sys/", 4) != 0))
			r = value_map_set(map, s->key, shown(s, all, as_pairs));
	}
	if (r == 0)
		return map;
	value_free(map);
	return NULL;
}

/* What Guild AI itself stores of a run. */
static const char *const core_attrs[] = {"cmd", "deps", "env", "exit_status", "flags", "host", "id",
	"initialized", "label", "op", "opdef_attrs", "pip_freeze", "platform", "plugins",
	"r_packages_loaded", "r_sys_info", "random_seed", "run_params", "sourcecode_digest",
	"started", "stopped", "user", "user_flags", "vcs_commit"};

bool info_attr_is_core(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(core_attrs); i++)
		if (strcmp(core_attrs[i], name) == 0)
			return true;
	return false;
}

struct value *info_attributes(int run_fd, const struct scalars *scalars)
{
	const struct value *logged = scalars_attrs(scalars);
	struct value *attrs = attr_read_or_empty(run_fd, "opdef_attrs", VALUE_MAP);
	int r = attrs ? 0 : -ENOMEM;

	for (size_t i = 0; logged && r == 0 && i < logged->map.n; i++)
		r = value_map_set(
			attrs, logged->map.pairs[i].key, value_copy(logged->map.pairs[i].value));
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(core_attrs); i++)
		value_map_remove(attrs, core_attrs[i]);
	if (r == 0)
		return attrs;
	value_free(attrs);
	return NULL;
}
