/* SPDX-License-Identifier: MIT */
/* What a flags file has to say to get such a batch: see project/batch_options.h. */
#include <errno.h>
#include <string.h>

#include "project/builtin.h"
#include "project/flags.h"
#include "run/attr.h"
#include "run/batch.h"
#include "run/jobs.h"
#include "run/opref.h"

/* Of the batch itself; everything may be missing. */
struct described {
	struct opref ref;
	struct guildfile *file; /* of the built-in operation; NULL: it is of a project */
	const struct operation *op;
	struct value *flags, *params, *stage;
	struct buf objective;
	int64_t max_trials;
};

static void described_release(struct described *d)
{
	opref_release(&d->ref);
	if (d->file)
		guildfile_unref(d->file);
	value_free(d->flags);
	value_free(d->params);
	value_free(d->stage);
	buf_release(&d->objective);
}

static void read_described(int run_fd, struct described *d)
{
	_cleanup_buf_ struct buf spec = BUF_INIT;

	if (opref_read(run_fd, &d->ref, NULL) == 0 && strcmp(d->ref.pkg_type, "builtin") == 0) {
		opref_display(&spec, &d->ref);
		builtin_find(buf_str(&spec), &d->file, &d->op, NULL);
	}
	if (attr_read(run_fd, "flags", &d->flags, NULL) < 0)
		d->flags = NULL;
	if (attr_read(run_fd, "run_params", &d->params, NULL) < 0)
		d->params = NULL;
	if (attr_read(run_fd, "stage_trials", &d->stage, NULL) < 0)
		d->stage = NULL;
	attr_read_int(run_fd, "max_trials", &d->max_trials);
	attr_read_text(run_fd, "objective", &d->objective);
}

/* What flags alone make needs no name. */
static bool has_optimizer(const struct described *d)
{
	enum batch_kind kind = d->op ? builtin_kind(d->op->name) : BATCH_CUSTOM;

	return d->ref.op && kind != BATCH_GRID && strcmp(d->ref.op, "random") != 0;
}

static int add_optimizer(const struct described *d, struct value *to)
{
	_cleanup_buf_ struct buf spec = BUF_INIT;

	if (!has_optimizer(d))
		return 0;
	if (d->op)
		buf_puts(&spec, d->op->name);
	else
		opref_display(&spec, &d->ref);
	return value_map_set(to, "$optimizer", value_string(buf_str(&spec)));
}

/* Those that it would not have anyhow. */
static int add_opt_flags(const struct described *d, struct value *to)
{
	_cleanup_value_ struct value *own = d->op ? flags_defaults(d->op) : NULL;
	_cleanup_value_ struct value *given = value_map();
	int r = given ? 0 : -ENOMEM;

	if (!d->flags || d->flags->type != VALUE_MAP)
		return r;
	for (size_t i = 0; r == 0 && i < d->flags->map.n; i++) {
		const struct value_pair *pair = &d->flags->map.pairs[i];
		const struct value *usual = value_get(own, pair->key);

		if (!value_is_null(pair->value) && !(usual && value_equal(usual, pair->value)))
			r = value_map_set(given, pair->key, value_copy(pair->value));
	}
	return r < 0 || !given->map.n ? r : value_map_set(to, "$opt-flags", STEAL(given));
}

static int add_objective(const struct described *d, struct value *to)
{
	const char *text = buf_str(&d->objective);

	if (!*text || strcmp(text, "loss") == 0)
		return 0;
	return *text == '-' ? value_map_set(to, "$maximize", value_string(text + 1))
			    : value_map_set(to, "$minimize", value_string(text));
}

int batch_describe_options(int run_fd, struct value *to)
{
	_cleanup_(described_release) struct described d = {0};
	int jobs = run_jobs_get(run_fd), r;

	read_described(run_fd, &d);
	r = add_optimizer(&d, to);
	if (r == 0)
		r = add_opt_flags(&d, to);
	if (r == 0)
		r = add_objective(&d, to);
	if (r == 0 && d.max_trials && !(d.op && d.max_trials == batch_default_trials(d.op)))
		r = value_map_set(to, "$max-trials", value_int(d.max_trials));
	if (r == 0 && jobs > 1)
		r = value_map_set(to, "$jobs", value_int(jobs));
	if (r == 0 && d.stage && value_truthy(d.stage))
		r = value_map_set(to, "$stage-trials", value_bool(true));
	if (r == 0 && value_truthy(value_get(d.params, "fail_on_trial_error")))
		r = value_map_set(to, "$fail-on-trial-error", value_bool(true));
	return r;
}
