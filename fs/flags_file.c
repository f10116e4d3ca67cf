/* SPDX-License-Identifier: MIT */
/* From the bytes of a flags file to a run. */
#include "flags_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "changes.h"
#include "errors.h"
#include "guildfs.h"
#include "opdir.h"
#include "opener.h"
#include "show.h"
#include "things.h"
#include "walk.h"
#include "catalog/catalog.h"
#include "catalog/dep_runs.h"
#include "project/batch_request.h"
#include "project/flag_import.h"
#include "project/flags.h"
#include "project/plugin_op.h"
#include "run/birth.h"
#include "run/executor.h"
#include "run/launch.h"

struct flags_file {
	struct place op;
	struct thing *thing;
	char *dropped; /* NULL: flags or stage */
	bool stage;
	enum flags_start start;
	struct opener who;

	struct buf text;
	bool dirty;              /* written since the last flush */
	int spoiled;             /* a write or a flush was refused: -errno */
	bool holes;              /* written beyond its end: what is between may yet come */
	char id[RUN_ID_LEN + 1]; /* the run it became; "" before */
};

static void flags_file_free(struct flags_file *f)
{
	buf_release(&f->text);
	free(f->dropped);
	free(f);
}

/* Puts the sentence where people look for it, and nothing that was written counts any more. */
static int refuse(struct flags_file *f, int code, const struct err *err)
{
	struct guildfs *fs = f->op.fs;
	_cleanup_buf_ struct buf path = BUF_INIT, sentence = BUF_INIT;

	f->spoiled = code;
	if (f->id[0]) {
		birth_withdraw(fs->home, f->id);
		changes_run_gone(fs, f->id, 0);
		f->id[0] = '\0';
	}
	thing_path(fs, f->thing, &path);
	buf_printf(&path, "/%s", f->dropped ? f->dropped : f->stage ? "stage" : "flags");
	if (err->line && strncmp(err->text, "line ", 5) != 0)
		buf_printf(&sentence, "line %d: ", err->line);
	buf_puts(&sentence, err_text(err));
	thing_set_error(f->thing, buf_str(&sentence));
	errors_add(fs->errors, buf_str(&path), buf_str(&sentence));
	changes_operation(&f->op);
	return code;
}

int flags_file_open(const struct place *op, const char *dropped, bool stage, enum flags_start start,
	const struct opener *who, struct flags_file **ret)
{
	struct flags_file *f = calloc(1, sizeof(*f));
	struct err err = ERR_INIT;
	int r;

	if (!f)
		return -ENOMEM;
	f->op = *op;
	f->op.viewer = *who;
	f->thing = things_by_serial(op->fs->things, op->serial);
	f->stage = stage;
	f->start = start;
	f->who = *who;
	if (dropped)
		f->dropped = strdup(dropped);
	if (!f->thing || (dropped && !f->dropped)) {
		r = f->thing ? -ENOMEM : -ESTALE;
		goto fail;
	}
	r = opener_may_start(op->fs, who, &err);
	if (r < 0) {
		refuse(f, r, &err);
		goto fail;
	}
	if (start == FLAGS_START_SHOWN && op->row->show) {
		r = walk_show(op, &f->text);
		if (r < 0)
			goto fail;
	}
	*ret = f;
	return 0;
fail:
	flags_file_free(f);
	return r;
}

static int parse(const struct flags_file *f, struct batch_request *q, enum flags_extent extent,
	struct value **ret_flags, struct err *err)
{
	int r = plugin_op_refuse(q->op, err);

	if (r < 0)
		return r;
	operation_import_flags(q->op);
	return flags_parse_batch(
		q->op, f->text.data, f->text.len, extent, ret_flags, &q->options, err);
}

int flags_file_write(struct flags_file *f, const void *data, size_t len, off_t offset)
{
	_cleanup_guildfile_ struct guildfile *file = NULL;
	_cleanup_batch_request_ struct batch_request q = {0};
	struct err err = ERR_INIT;
	size_t at = f->start == FLAGS_START_APPEND ? f->text.len : (size_t)offset;
	int r;

	if (f->spoiled)
		return f->spoiled;
	if (offset < 0 || at > FLAGS_FILE_MAX || len > FLAGS_FILE_MAX - at) {
		err_set(&err, -EFBIG, "a flags file of more than 1 MiB");
		return refuse(f, -EFBIG, &err);
	}
	f->holes |= len && at > f->text.len;
	buf_write_at(&f->text, at, data, len);
	if (buf_error(&f->text))
		return buf_error(&f->text);
	f->dirty = true;
	/* Over shown text only the whole makes sense; it is checked when it is all there. */
	if (!len || f->start == FLAGS_START_SHOWN || f->holes ||
		f->text.data[f->text.len - 1] != '\n')
		return 0;
	r = thing_operation(f->op.fs, f->thing, &file, &q.op);
	if (r == 0)
		r = parse(f, &q, FLAGS_PREFIX, NULL, &err);
	if (r == 0)
		r = batch_request_find_optimizer(&q, &err);
	return r < 0 ? refuse(f, -EINVAL, &err) : 0;
}

int flags_file_truncate(struct flags_file *f, off_t size)
{
	if (size < 0 || (size_t)size > FLAGS_FILE_MAX)
		return -EFBIG;
	buf_resize(&f->text, (size_t)size);
	/* What an editor or `truncate` does before it writes starts nothing by itself. */
	return buf_error(&f->text);
}

/* The label of a dropped file is its name up to the last dot. */
static char *stem(const char *dropped)
{
	return strndup(dropped, (size_t)(strrchr(dropped, '.') - dropped));
}

/* It stays when it is done, as any run does. */
static int create_batch(struct flags_file *f, const struct batch_request *q,
	struct birth_spec *spec, struct err *err)
{
	const struct batch_options *o = &q->options;
	_cleanup_buf_ struct buf objective = BUF_INIT;
	struct birth_spec proto = *spec;
	struct birth_batch batch = {.proto = &proto,
		.max_trials = q->max_trials,
		.stage_trials = o->stage_trials,
		.fail_on_trial_error = o->fail_on_trial_error};

	if (o->objective)
		buf_puts(&objective, o->objective);
	else
		batch_objective(q->op, &objective);
	batch.objective = buf_str(&objective);
	proto.label = NULL;
	proto.dropped = NULL;
	proto.stage = false;
	spec->op = q->batch_op;
	spec->batch = &batch;
	spec->user_flags = o->opt_flags;
	spec->flags = q->opt_flags;
	spec->keep = true;
	spec->jobs = o->jobs ? (int)o->jobs : q->op->jobs;
	spec->seed = o->has_seed ? &o->seed : NULL;
	return birth_create(f->op.fs->home, spec, f->id, err);
}

static int give_birth(struct flags_file *f, const struct batch_request *q, struct err *err)
{
	struct guildfs *fs = f->op.fs;
	_cleanup_strv_ struct strv env = STRV_INIT;
	_cleanup_buf_ struct buf user = BUF_INIT;
	_cleanup_free_ char *label = f->dropped && !q->op->label_template ? stem(f->dropped) : NULL;
	struct birth_spec spec = {
		.op = q->op,
		.proto_fd = -1,
		.user_flags = q->user_flags,
		.flags = q->flags,
		.label = label,
		.dropped = f->dropped,
		.stage = f->stage,
		.uid = f->who.uid,
		.gid = f->who.gid,
		.env = &env,
	};
	const struct executor_choice choice = {.op = q->op, .otherwise = fs->executor};
	_cleanup_value_ struct value *executor = NULL;
	int r = opener_env(fs, &f->who, &env);

	if (r == 0)
		r = executor_choose(fs->home, fs->cwd, &choice, &executor, err);
	if (r < 0)
		return r;
	spec.executor = executor;
	opener_name(&f->who, &user);
	spec.user = buf_str(&user);
	return q->kind == BATCH_NONE ? birth_create(fs->home, &spec, f->id, err)
				     : create_batch(f, q, &spec, err);
}

/* Parses, checks, and makes the run: everything that can be refused. */
static int start_run(struct flags_file *f, struct err *err)
{
	struct guildfs *fs = f->op.fs;
	_cleanup_guildfile_ struct guildfile *file = NULL;
	_cleanup_batch_request_ struct batch_request q = {0};
	const struct catalog_viewer viewer = runs_viewer(&f->op);
	const struct dep_query query = {fs->catalog, &viewer, f->stage};
	int r = thing_operation(fs, f->thing, &file, &q.op);

	if (r < 0)
		return err_set(err, -EINVAL, "the operation is no longer in the Guild file");
	r = parse(f, &q, FLAGS_WHOLE, &q.user_flags, err);
	if (r == 0)
		r = flags_resolve(q.op, q.user_flags, false, &q.flags, NULL, err);
	if (r == 0)
		r = dep_runs_fill_flags(&query, q.op, q.flags, NULL);
	if (r == 0)
		r = batch_request_resolve(&q, err);
	if (r == -E2BIG || r == -EDOM)
		r = -EINVAL;
	return r < 0 ? r : give_birth(f, &q, err);
}

int flags_file_flush(struct flags_file *f)
{
	struct guildfs *fs = f->op.fs;
	struct err err = ERR_INIT;
	int r;

	if (f->spoiled)
		return -EINVAL;
	if (!f->dirty || !f->text.len)
		return 0;
	f->dirty = false;
	r = start_run(f, &err);
	if (r < 0)
		return refuse(f, r == -ENOENT || r == -ESRCH ? -EINVAL : r, &err);
	thing_set_error(f->thing, NULL);
	changes_run(fs, f->id);
	if (f->dropped)
		opdir_dropped(&f->op, f->dropped, f->id);
	changes_operation(&f->op);
	return 0;
}

/*
 * Unless it was stopped meanwhile: a supervisor that finds nothing to do holds the run's lock for
 * a moment, and so long the run would seem to be running. Or somebody else has started it.
 */
static void launch(struct flags_file *f)
{
	struct guildfs *fs = f->op.fs;
	_cleanup_close_ int run_fd = home_open_run(fs->home, f->id);
	_cleanup_buf_ struct buf path = BUF_INIT;
	struct err err = ERR_INIT;
	int r = run_fd >= 0 && launch_has_ticket(run_fd) ? opener_launch(fs, &f->who, f->id, &err)
							 : 0;

	if (r < 0 && r != -EALREADY && r != -EBUSY) {
		buf_printf(&path, "runs/%s", f->id);
		errors_add(fs->errors, buf_str(&path), err_text(&err));
	}
	changes_run(fs, f->id);
}

void flags_file_release(struct flags_file *f)
{
	struct guildfs *fs = f->op.fs;

	if (f->id[0] && !f->stage)
		launch(f);
	if (f->id[0])
		birth_sync(fs->home, f->id);
	flags_file_free(f);
}

const struct buf *flags_file_text(const struct flags_file *f)
{
	return &f->text;
}

const char *flags_file_name(const struct flags_file *f)
{
	return f->dropped;
}

bool flags_file_done(const struct flags_file *f)
{
	return f->spoiled || f->id[0];
}

int flags_file_submit(const struct place *op, const char *dropped, bool stage, const char *text,
	size_t len, const struct opener *who)
{
	struct flags_file *f;
	int r = flags_file_open(op, dropped, stage, FLAGS_START_EMPTY, who, &f);

	if (r < 0)
		return r;
	if (len)
		r = flags_file_write(f, text, len, 0);
	if (r == 0)
		r = flags_file_flush(f);
	flags_file_release(f);
	return r;
}
