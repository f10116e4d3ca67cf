/* SPDX-License-Identifier: MIT */
/* Combinations, draws, and choosing among them. */
#include "project/batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "project/flag_values.h"
#include "project/search.h"
#include "project/space.h"

enum batch_kind batch_kind_of(const struct value *flags, const struct value *trials)
{
	enum batch_kind kind = trials && trials->list.n ? BATCH_GRID : BATCH_NONE;

	for (size_t i = 0; i < flags->map.n; i++) {
		const struct value *v = flags->map.pairs[i].value;

		if (flag_is_function(v))
			return BATCH_RANDOM;
		if (v->type == VALUE_LIST)
			kind = BATCH_GRID;
	}
	return kind;
}

void batch_objective(const struct operation *op, struct buf *b)
{
	const struct value *v = value_get(op->data, "objective");
	const char *maximize = value_str(value_get(v, "maximize"));
	const char *minimize = value_str(v) ? value_str(v) : value_str(value_get(v, "minimize"));

	if (maximize)
		buf_printf(b, "-%s", maximize);
	else
		buf_puts(b, minimize ? minimize : "loss");
}

/* --- ranges ------------------------------------------------------------------ */

static struct value *choices_of(const struct flag *flag)
{
	_cleanup_value_ struct value *list = value_list();
	int r = list ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < flag->n_choices; i++)
		r = value_list_add(list, value_copy(flag->choices[i].value));
	return r == 0 ? STEAL(list) : NULL;
}

/* DISTRIBUTION[MIN:MAX:VALUE] */
static struct value *range_of(const struct flag *flag, const struct value *v)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	buf_printf(&text, "%s[", flag->distribution ? flag->distribution : "uniform");
	flag_encode(&text, flag->min);
	buf_putc(&text, ':');
	flag_encode(&text, flag->max);
	if (!value_is_null(v)) {
		buf_putc(&text, ':');
		flag_encode(&text, v);
	}
	buf_putc(&text, ']');
	return buf_error(&text) ? NULL : value_string(buf_str(&text));
}

int batch_open_ranges(
	const struct operation *op, const struct value *user_flags, struct value *flags)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < op->n_flags; i++) {
		const struct flag *flag = &op->flags[i];

		if (value_get(user_flags, flag->name) || !value_get(flags, flag->name) ||
			(flag->alias && value_get(user_flags, flag->alias)))
			continue;
		if (flag->n_choices)
			r = value_map_set(flags, flag->name, choices_of(flag));
		else if (!value_is_null(flag->min) && !value_is_null(flag->max))
			r = value_map_set(
				flags, flag->name, range_of(flag, value_get(flags, flag->name)));
	}
	return r;
}

bool batch_opens_ranges(const struct operation *batch_op)
{
	const char *encoder = value_str(value_get(batch_op->data, "flag-encoder"));

	return encoder && strcmp(encoder, "guild.plugins.skopt:encode_flag_for_optimizer") == 0;
}

int64_t batch_default_trials(const struct operation *batch_op)
{
	int64_t n = 0;

	value_as_int(value_get(batch_op->data, "default-max-trials"), &n);
	return n;
}

/* --- a grid ------------------------------------------------------------------ */

/* How often the items of one flag are told, and by which function. */
const char *batch_empty_flag(const struct value *flags)
{
	for (size_t i = 0; i < flags->map.n; i++) {
		const struct value *v = flags->map.pairs[i].value;

		if (v->type == VALUE_LIST && !v->list.n)
			return flags->map.pairs[i].key;
	}
	return NULL;
}

static size_t items_of(const struct value *v)
{
	return v->type == VALUE_LIST ? v->list.n : 1;
}

static const struct value *item_of(const struct value *v, size_t i)
{
	return v->type == VALUE_LIST ? v->list.items[i] : v;
}

int batch_too_many(struct err *err)
{
	return err_set(err, -E2BIG, "the batch has more than %d trials: give fewer values",
		(int)BATCH_TRIALS_MAX);
}

/* One trial: `n` counts through the combinations like a number whose last digit is the last flag.
 */
static int add_combination(const struct value *flags, size_t n, struct value *list)
{
	_cleanup_value_ struct value *trial = value_map();
	_cleanup_free_ size_t *digits = calloc(flags->map.n + 1, sizeof(*digits));
	int r = trial && digits ? 0 : -ENOMEM;

	for (size_t i = flags->map.n; r == 0 && i-- > 0;) {
		size_t base = items_of(flags->map.pairs[i].value);

		digits[i] = n % base;
		n /= base;
	}
	for (size_t i = 0; r == 0 && i < flags->map.n; i++)
		r = value_map_add(trial, flags->map.pairs[i].key,
			value_copy(item_of(flags->map.pairs[i].value, digits[i])));
	return r < 0 ? r : value_list_add(list, STEAL(trial));
}

static int add_combinations(const struct value *flags, struct value *list, struct err *err)
{
	size_t n = 1;
	int r = 0;

	for (size_t i = 0; i < flags->map.n; i++) {
		n *= items_of(flags->map.pairs[i].value);
		if (n + list->list.n > BATCH_TRIALS_MAX)
			return batch_too_many(err);
	}
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_combination(flags, i, list);
	return r;
}

static int overlay(struct value *flags, const struct value *over)
{
	int r = 0;

	for (size_t i = 0; over && r == 0 && i < over->map.n; i++)
		r = value_map_set(
			flags, over->map.pairs[i].key, value_copy(over->map.pairs[i].value));
	return r;
}

/* What the batch file says goes over the flags, what the user says over both. */
static int add_trial_of_file(const struct batch_spec *spec, const struct value *trial,
	struct value *list, struct err *err)
{
	_cleanup_value_ struct value *flags = value_copy(spec->flags);
	int r = flags ? overlay(flags, trial) : -ENOMEM;

	if (r == 0)
		r = overlay(flags, spec->user_flags);
	if (r < 0)
		return r;
	value_map_sort(flags);
	return add_combinations(flags, list, err);
}

static int add_grid(const struct batch_spec *spec, struct value *list, struct err *err)
{
	_cleanup_value_ struct value *flags = NULL;
	int r = 0;

	for (size_t i = 0; spec->trials && r == 0 && i < spec->trials->list.n; i++)
		r = add_trial_of_file(spec, spec->trials->list.items[i], list, err);
	if (spec->trials && spec->trials->list.n)
		return r;
	flags = value_copy(spec->flags);
	if (!flags)
		return -ENOMEM;
	value_map_sort(flags);
	return add_combinations(flags, list, err);
}

/* A function's own initial value is the first that it gives. */
static int draw_in_place(
	struct value_pair *pair, struct random *random, struct value *used, struct err *err)
{
	struct dimension d;
	struct value *v;
	int r = dimension_parse(pair->key, pair->value, &d, err);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (d.initial && !value_get(used, pair->value->string)) {
		r = value_map_set(used, pair->value->string, value_bool(true));
		v = STEAL(d.initial);
	} else {
		search_begin(random);
		v = dimension_draw(&d, random);
	}
	dimension_release(&d);
	if (r < 0 || !v) {
		value_free(v);
		return -ENOMEM;
	}
	value_free(pair->value);
	pair->value = v;
	return 0;
}

static int draw_functions(struct value *list, uint32_t seed, struct err *err)
{
	_cleanup_value_ struct value *used = value_map();
	struct random random;
	int r = used ? 0 : -ENOMEM;

	random_seed_numpy(&random, seed);
	for (size_t i = 0; r == 0 && i < list->list.n; i++) {
		struct value *trial = list->list.items[i];

		for (size_t j = 0; r == 0 && j < trial->map.n; j++)
			/* A list in a list is a value. */
			if (value_str(trial->map.pairs[j].value))
				r = draw_in_place(&trial->map.pairs[j], &random, used, err);
	}
	return r;
}

static int compare_sizes(const void *a, const void *b)
{
	const size_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* That many of them, in their order. */
static int sample(struct value *list, size_t count, int64_t seed)
{
	_cleanup_free_ size_t *chosen = calloc(count + 1, sizeof(*chosen));
	struct random random;
	size_t kept = 0;
	int r;

	if (!chosen)
		return -ENOMEM;
	random_seed_python(&random, (uint64_t)(seed < 0 ? -seed : seed));
	r = random_sample(&random, list->list.n, count, chosen);
	if (r < 0)
		return r;
	qsort(chosen, count, sizeof(*chosen), compare_sizes);
	for (size_t i = 0; i < list->list.n; i++) {
		if (kept < count && chosen[kept] == i)
			list->list.items[kept++] = list->list.items[i];
		else
			value_free(list->list.items[i]);
	}
	list->list.n = kept;
	return 0;
}

/* --- a random search ---------------------------------------------------------- */

static int add_draws(const struct batch_spec *spec, struct value *list, struct err *err)
{
	_cleanup_space_ struct space space = {0};
	int64_t n = spec->max_trials ? spec->max_trials : BATCH_RANDOM_TRIALS;
	struct random random;
	int r = space_open(spec->flags, &space, err);

	if (r == 0 && n > BATCH_TRIALS_MAX)
		r = batch_too_many(err);
	random_seed_numpy(&random, (uint32_t)spec->seed);
	search_begin(&random);
	for (int64_t i = 0; r == 0 && i < n; i++) {
		struct value *trial = NULL;

		r = space_draw(&space, &random, i == 0, &trial);
		if (r == 0)
			r = value_list_add(list, trial);
	}
	return r;
}

/* --- both --------------------------------------------------------------------- */

int batch_expand(const struct batch_spec *spec, struct value **ret, struct err *err)
{
	_cleanup_value_ struct value *list = value_list();
	int r = list ? 0 : -ENOMEM;

	if (r == 0 && spec->kind == BATCH_RANDOM)
		r = add_draws(spec, list, err);
	else if (r == 0)
		r = add_grid(spec, list, err);
	if (r == 0 && spec->kind != BATCH_RANDOM) {
		r = draw_functions(list, (uint32_t)spec->seed, err);
		if (r == 0 && spec->max_trials > 0 && list->list.n > (size_t)spec->max_trials)
			r = sample(list, (size_t)spec->max_trials, spec->seed);
	}
	if (r == 0)
		*ret = STEAL(list);
	return r;
}
