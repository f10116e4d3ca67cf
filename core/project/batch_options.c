/* SPDX-License-Identifier: MIT */
/* Options by their names, each with the check that its value needs. */
#include "project/batch_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "project/batch.h"
#include "project/flag_values.h"
#include "project/guildfile.h"
#include "project/nearest.h"

struct option {
	const char *name;
	int (*read)(const struct value_pair *given, struct batch_options *o, struct err *err);
};

static int bad_value(const struct value_pair *given, const char *wanted, struct err *err)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;

	flag_encode(&shown, given->value);
	return err_set_at(err, -EINVAL, given->key_line, 0, "invalid value %s for %s: %s is needed",
		buf_str(&shown), given->key, wanted);
}

static int replace(char **text, const char *with)
{
	free(*text);
	*text = with ? strdup(with) : NULL;
	return with && !*text ? -ENOMEM : 0;
}

static int read_flag(const struct value_pair *given, bool *ret, struct err *err)
{
	if (given->value->type != VALUE_BOOL)
		return bad_value(given, "yes or no", err);
	*ret = given->value->boolean;
	return 0;
}

static int read_count(const struct value_pair *given, int64_t most, int64_t *ret, struct err *err)
{
	int64_t n;

	if (!value_as_int(given->value, &n) || n < 1)
		return bad_value(given, "an integer greater than 0", err);
	if (n > most)
		return err_set_at(err, -EINVAL, given->key_line, 0,
			"invalid value %lld for %s: at most %lld", (long long)n, given->key,
			(long long)most);
	*ret = n;
	return 0;
}

/* --- options ---------------------------------------------------------------------- */

/* yes is the operation's own, which has no name here. */
static int read_optimizer(const struct value_pair *given, struct batch_options *o, struct err *err)
{
	const char *name = value_str(given->value);

	if (given->value->type == VALUE_BOOL) {
		o->optimize = given->value->boolean;
		return replace(&o->optimizer, NULL);
	}
	if (!name || !*name)
		return bad_value(given, "the name of an optimizer, or yes,", err);
	o->optimize = true;
	return replace(&o->optimizer, name);
}

static int read_opt_flags(const struct value_pair *given, struct batch_options *o, struct err *err)
{
	if (given->value->type != VALUE_MAP)
		return bad_value(given, "a mapping, {NAME: VALUE},", err);
	value_free(o->opt_flags);
	o->opt_flags = value_copy(given->value);
	return o->opt_flags ? 0 : -ENOMEM;
}

static int read_objective(
	const struct value_pair *given, const char *sign, struct batch_options *o, struct err *err)
{
	const char *column = value_str(given->value);
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (!column || !*column)
		return bad_value(given, "a column, such as loss,", err);
	if (o->objective)
		return err_set_at(err, -EINVAL, given->key_line, 0,
			"$minimize and $maximize cannot both be used");
	buf_printf(&text, "%s%s", sign, column);
	return replace(&o->objective, buf_str(&text));
}

static int read_minimize(const struct value_pair *given, struct batch_options *o, struct err *err)
{
	return read_objective(given, "", o, err);
}

static int read_maximize(const struct value_pair *given, struct batch_options *o, struct err *err)
{
	return read_objective(given, "-", o, err);
}

static int read_max_trials(const struct value_pair *given, struct batch_options *o, struct err *err)
{
	return read_count(given, BATCH_TRIALS_MAX, &o->max_trials, err);
}

static int read_jobs(const struct value_pair *given, struct batch_options *o, struct err *err)
{
	return read_count(given, JOBS_MAX, &o->jobs, err);
}

static int read_seed(const struct value_pair *given, struct batch_options *o, struct err *err)
{
	o->has_seed = value_as_int(given->value, &o->seed);
	return o->has_seed ? 0 : bad_value(given, "an integer", err);
}

static int read_stage(const struct value_pair *given, struct batch_options *o, struct err *err)
{
	return read_flag(given, &o->stage_trials, err);
}

static int read_fail(const struct value_pair *given, struct batch_options *o, struct err *err)
{
	return read_flag(given, &o->fail_on_trial_error, err);
}

static const struct option options[] = {
	{"$optimizer", read_optimizer},
	{"$opt-flags", read_opt_flags},
	{"$minimize", read_minimize},
	{"$maximize", read_maximize},
	{"$max-trials", read_max_trials},
	{"$random-seed", read_seed},
	{"$jobs", read_jobs},
	{"$stage-trials", read_stage},
	{"$fail-on-trial-error", read_fail},
};

static int unknown(const struct value_pair *given, struct err *err)
{
	const char *names[ARRAY_SIZE(options)], *near;
	_cleanup_buf_ struct buf list = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		names[i] = options[i].name;
		buf_printf(&list, "%s%s", i ? ", " : "", names[i]);
	}
	near = nearest_name(given->key, names, ARRAY_SIZE(names));
	return err_set_at(err, -EINVAL, given->key_line, 0,
		"unknown option '%s'%s%s%s; options of a batch are: %s", given->key,
		near ? " - did you mean '" : "", near ? near : "", near ? "'?" : "",
		buf_str(&list));
}

static int read_one(const struct value_pair *given, struct batch_options *o, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (strcmp(options[i].name, given->key) != 0)
			continue;
		o->given = options[i].name;
		return options[i].read(given, o, err);
	}
	return unknown(given, err);
}

int batch_options_read(const struct value *given, struct batch_options *ret, struct err *err)
{
	_cleanup_batch_options_ struct batch_options o = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < given->map.n; i++)
		r = read_one(&given->map.pairs[i], &o, err);
	if (r < 0)
		return r;
	*ret = o;
	o = (struct batch_options){0};
	return 0;
}

void batch_options_release(struct batch_options *o)
{
	free(o->optimizer);
	free(o->objective);
	value_free(o->opt_flags);
	*o = (struct batch_options){0};
}
