/* SPDX-License-Identifier: MIT */
/* From options of a flags file to the operation of a batch. */
#include "project/batch_request.h"

#include <errno.h>

#include "project/builtin.h"
#include "project/flag_import.h"
#include "project/flags.h"
#include "project/optimizer.h"
#include "project/space.h"

void batch_request_release(struct batch_request *q)
{
	value_free(q->user_flags);
	value_free(q->flags);
	value_free(q->given_flags);
	value_free(q->opt_flags);
	batch_options_release(&q->options);
	if (q->batch_file)
		guildfile_unref(q->batch_file);
}

/* The project's own operation of that name, or one that comes with guild. */
static int find_operation(struct batch_request *q, const char *opspec, struct err *err)
{
	struct guildfile *file = (struct guildfile *)q->op->model->file;
	int r = guildfile_find_operation(file, opspec, &q->batch_op, NULL);

	if (r == 0)
		q->batch_file = guildfile_ref(file);
	else
		r = builtin_find(opspec, &q->batch_file, &q->batch_op, NULL);
	if (r == -ENOENT)
		return err_set(err, -EINVAL,
			"there is no optimizer '%s': it is none of the project's operations, nor "
			"gp, forest, gbrt, tpe, cmaes, asha or random",
			opspec);
	if (r == 0)
		q->kind =
			q->batch_file->is_builtin ? builtin_kind(q->batch_op->name) : BATCH_CUSTOM;
	return r == 0 && q->kind == BATCH_NONE
		       ? err_set(err, -EINVAL, "'%s' is no optimizer", opspec)
		       : r;
}

int batch_request_find_optimizer(struct batch_request *q, struct err *err)
{
	_cleanup_optimizer_ struct optimizer chosen = {0};
	int r;

	if (!q->options.optimize)
		return 0;
	r = q->options.optimizer ? optimizer_named(q->op, q->options.optimizer, &chosen, err)
				 : optimizer_default(q->op, &chosen, err);
	if (r == 0)
		r = find_operation(q, chosen.opspec, err);
	if (r == 0)
		q->given_flags = STEAL(chosen.flags);
	return r == -ENOENT ? -EINVAL : r;
}

/* What the operation gives the optimizer, and over that what the text says. */
static int resolve_opt_flags(struct batch_request *q, struct err *err)
{
	const struct value *said = q->options.opt_flags;
	int r = 0;

	operation_import_flags(q->batch_op);
	for (size_t i = 0; said && r == 0 && i < said->map.n; i++)
		r = value_map_set(q->given_flags, said->map.pairs[i].key,
			value_copy(said->map.pairs[i].value));
	return r < 0 ? r
		     : flags_resolve(q->batch_op, q->given_flags, false, &q->opt_flags, NULL, err);
}

static int check_options(const struct batch_request *q, struct err *err)
{
	const struct batch_options *o = &q->options;

	if (o->given && q->kind == BATCH_NONE)
		return err_set(err, -EINVAL,
			"%s is for a batch, and no flag has several values: give one a list or a "
			"range, or name an $optimizer",
			o->given);
	if (o->opt_flags && !o->optimize)
		return err_set(err, -EINVAL, "$opt-flags are of an $optimizer, and there is none");
	if (o->stage_trials && !value_truthy(value_get(q->batch_op->data, "can-stage-trials")))
		return err_set(err, -EINVAL,
			"trials of '%s' cannot be staged: it makes each when "
			"the one before is done",
			q->batch_op->name);
	return 0;
}

/* What cannot be drawn from is refused now, not by the batch. */
static int check_batch(struct batch_request *q, struct err *err)
{
	const struct batch_spec spec = {.kind = q->kind,
		.flags = q->flags,
		.user_flags = q->user_flags,
		.max_trials = q->max_trials};
	const char *empty = q->kind == BATCH_GRID ? batch_empty_flag(q->flags) : NULL;
	_cleanup_value_ struct value *trials = NULL;
	_cleanup_space_ struct space space = {0};

	if (empty)
		return err_set(err, -EINVAL,
			"flag '%s' is an empty list: a batch of it has no trials", empty);
	if (q->kind == BATCH_SEQUENTIAL)
		return space_open(q->flags, &space, err);
	return q->kind == BATCH_CUSTOM ? 0 : batch_expand(&spec, &trials, err);
}

int batch_request_resolve(struct batch_request *q, struct err *err)
{
	int r = 0;

	q->kind = batch_kind_of(q->flags, NULL);
	if (q->options.optimize)
		r = batch_request_find_optimizer(q, err);
	else if (q->kind != BATCH_NONE)
		r = builtin_batch(q->kind, &q->batch_file, &q->batch_op, err);
	if (r == 0)
		r = check_options(q, err);
	if (r == 0 && q->given_flags)
		r = resolve_opt_flags(q, err);
	if (r < 0 || q->kind == BATCH_NONE)
		return r;
	q->max_trials =
		q->options.max_trials ? q->options.max_trials : batch_default_trials(q->batch_op);
	if (batch_opens_ranges(q->batch_op))
		r = batch_open_ranges(q->op, q->user_flags, q->flags);
	return r < 0 ? r : check_batch(q, err);
}
