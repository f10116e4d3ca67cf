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
#include "things.h"
#include "walk.h"
#include "catalog/catalog.h"
#include "catalog/dep_runs.h"
#include "project/flag_import.h"
#include "project/flags.h"
#include "run/birth.h"

struct flags_file {
	struct place op;
	struct thing *thing;
	char *dropped; /* NULL: flags or stage */
	bool stage;
	enum flags_start start;
	struct opener who;

	struct buf text;
	bool dirty;              /* written since the last flush */
	bool spoiled;            /* a write or a flush was refused */
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

	f->spoiled = true;
	if (f->id[0]) {
		birth_withdraw(fs->home, f->id);
		changes_run_gone(fs, f->id);
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

int flags_file_write(struct flags_file *f, const void *data, size_t len, off_t offset)
{
	_cleanup_guildfile_ struct guildfile *file = NULL;
	const struct operation *op;
	struct err err = ERR_INIT;
	size_t at = f->start == FLAGS_START_APPEND ? f->text.len : (size_t)offset;
	int r;

	if (f->spoiled)
		return -EINVAL;
	if (offset < 0 || at > FLAGS_FILE_MAX || len > FLAGS_FILE_MAX - at) {
		err_set(&err, -EFBIG, "a flags file of more than 1 MiB");
		return refuse(f, -EFBIG, &err);
	}
	buf_write_at(&f->text, at, data, len);
	if (buf_error(&f->text))
		return buf_error(&f->text);
	f->dirty = true;
	/* Over shown text only the whole makes sense; it is checked when it is all there. */
	if (!len || f->start == FLAGS_START_SHOWN || f->text.data[f->text.len - 1] != '\n')
		return 0;
	r = thing_operation(f->op.fs, f->thing, &file, &op);
	if (r == 0) {
		operation_import_flags(op);
		r = flags_parse(op, f->text.data, f->text.len, FLAGS_PREFIX, NULL, &err);
	}
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

static int give_birth(struct flags_file *f, const struct operation *op,
	const struct value *user_flags, const struct value *flags, struct err *err)
{
	struct guildfs *fs = f->op.fs;
	_cleanup_strv_ struct strv env = STRV_INIT;
	_cleanup_buf_ struct buf user = BUF_INIT;
	_cleanup_free_ char *label = f->dropped && !op->label_template ? stem(f->dropped) : NULL;
	struct birth_spec spec = {
		.op = op,
		.proto_fd = -1,
		.user_flags = user_flags,
		.flags = flags,
		.label = label,
		.dropped = f->dropped,
		.stage = f->stage,
		.uid = f->who.uid,
		.gid = f->who.gid,
		.env = &env,
	};
	int r = opener_env(fs, &f->who, &env);

	if (r < 0)
		return r;
	opener_name(&f->who, &user);
	spec.user = buf_str(&user);
	return birth_create(fs->home, &spec, f->id, err);
}

/* Parses, checks, and makes the run: everything that can be refused. */
static int start_run(struct flags_file *f, struct err *err)
{
	struct guildfs *fs = f->op.fs;
	_cleanup_guildfile_ struct guildfile *file = NULL;
	_cleanup_value_ struct value *user_flags = NULL, *flags = NULL;
	const struct operation *op;
	int r = thing_operation(fs, f->thing, &file, &op);

	if (r < 0)
		return err_set(err, -EINVAL, "the operation is no longer in the Guild file");
	operation_import_flags(op);
	r = flags_parse(op, f->text.data, f->text.len, FLAGS_WHOLE, &user_flags, err);
	if (r == 0)
		r = flags_resolve(op, user_flags, false, &flags, NULL, err);
	if (r == 0)
		r = dep_runs_fill_flags(fs->catalog, op, flags, NULL);
	return r < 0 ? r : give_birth(f, op, user_flags, flags, err);
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

void flags_file_release(struct flags_file *f)
{
	struct guildfs *fs = f->op.fs;
	struct err err = ERR_INIT;
	_cleanup_buf_ struct buf path = BUF_INIT;

	if (f->id[0] && !f->stage) {
		if (opener_launch(fs, &f->who, f->id, &err) < 0) {
			buf_printf(&path, "runs/%s", f->id);
			errors_add(fs->errors, buf_str(&path), err_text(&err));
		}
		changes_run(fs, f->id);
	}
	if (f->id[0])
		birth_sync(fs->home, f->id);
	flags_file_free(f);
}

const struct buf *flags_file_text(const struct flags_file *f)
{
	return &f->text;
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
