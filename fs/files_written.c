/* SPDX-License-Identifier: MIT */
/* The kinds that take what people write. */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "errors.h"
#include "flags_file.h"
#include "guildfs.h"
#include "opdir.h"
#include "runs_of.h"
#include "scratch.h"
#include "tree.h"
#include "walk.h"

/* The sentence goes where people look for it; the handle takes nothing more. */
static int refuse(struct handle *h, int code, const struct err *err)
{
	_cleanup_buf_ struct buf path = BUF_INIT;

	buf_printf(&path, "runs/%s/%s", place_run_id(&h->place), h->place.row->name);
	errors_add(h->place.fs->errors, buf_str(&path), err_text(err));
	h->spoiled = code;
	return code;
}

static int store(struct handle *h, const char *text, size_t len, bool append)
{
	struct err err = ERR_INIT;
	int r = h->place.row->store(&h->place, &h->who, text, len, append, &err);

	if (r >= 0)
		return 0;
	if (!err.code)
		err_set(&err, r, "%s", strerror(-r));
	return refuse(h, r, &err);
}

/* --- documents ------------------------------------------------------------ */

static bool appends(const struct handle *h)
{
	return h->append && h->place.row->flags & ROW_APPENDS;
}

static int document_open(struct handle *h, int flags)
{
	int r = 0;

	h->snapshot = true;
	h->cache = HANDLE_DIRECT;
	h->append = flags & O_APPEND;
	h->cleared = flags & O_TRUNC;
	if (!(flags & O_TRUNC) && !appends(h))
		r = walk_show(&h->place, &h->text);
	return r;
}

/*
 * Shells write line by line: what is refused at its second line must leave nothing of its first.
 */
static int document_store(struct handle *h)
{
	bool eager = h->place.row->flags & ROW_EAGER;
	int r = eager && !h->stored ? walk_show(&h->place, &h->before) : 0;

	/* What could not be put back is not replaced. */
	if (r < 0)
		return r;
	h->dirty = false;
	h->cleared = false;
	r = store(h, buf_str(&h->text), h->text.len, appends(h));
	if (r < 0 && h->stored)
		store(h, buf_str(&h->before), h->before.len, false);
	h->stored = eager && r >= 0;
	return r;
}

static ssize_t document_write(struct handle *h, const char *data, size_t len, off_t offset)
{
	size_t at = h->append ? h->text.len : (size_t)offset;
	struct err err = ERR_INIT;
	int r = 0;

	if (h->spoiled)
		return h->spoiled;
	if (offset < 0 || at > DOCUMENT_MAX || len > DOCUMENT_MAX - at) {
		err_set(&err, -EFBIG, "more than 1 MiB of text");
		return refuse(h, -EFBIG, &err);
	}
	if (h->cleared)
		handle_set_unsettled(h, false);
	buf_write_at(&h->text, at, data, len);
	if (buf_error(&h->text))
		return buf_error(&h->text);
	h->dirty = true;
	h->cleared = false;
	if (len && data[len - 1] == '\n' && h->place.row->flags & ROW_EAGER)
		r = document_store(h);
	return r < 0 ? r : (ssize_t)len;
}

static int document_truncate(struct handle *h, off_t size)
{
	if (size < 0 || (size_t)size > DOCUMENT_MAX)
		return -EFBIG;
	buf_resize(&h->text, (size_t)size);
	h->cleared = size == 0;
	h->dirty = size != 0;
	return buf_error(&h->text);
}

static int document_flush(struct handle *h)
{
	if (h->spoiled)
		return -EINVAL;
	if (h->cleared)
		handle_set_unsettled(h, true);
	return h->dirty ? document_store(h) : 0;
}

/* `: > label` writes nothing: only the last close can know that nothing was to follow. */
static void document_release(struct handle *h)
{
	if (h->cleared && !h->spoiled) {
		h->append = false;
		document_store(h);
	}
}

const struct file_kind file_document = {
	.open = document_open,
	.write = document_write,
	.truncate = document_truncate,
	.flush = document_flush,
	.release = document_release,
};

/* --- verbs ---------------------------------------------------------------- */

static int verbs_open(struct handle *h, int flags)
{
	(void)flags;
	h->cache = HANDLE_DIRECT;
	return 0;
}

/*
 * Executes the lines that are complete. When one fails after others were done, the write ends
 * there, so that its writer tries the rest again and is told.
 */
static ssize_t verbs_write(struct handle *h, const char *data, size_t len, off_t offset)
{
	struct err err = ERR_INIT;
	size_t done = 0;

	(void)offset;
	if (h->spoiled == -E2BIG)
		return h->spoiled;
	while (done < len) {
		const char *newline = memchr(data + done, '\n', len - done);
		size_t take = newline ? (size_t)(newline - data) - done + 1 : len - done;
		int r;

		if (h->text.len + take > VERBS_MAX) {
			err_set(&err, -E2BIG, "a line of more than 4 KiB");
			return refuse(h, -E2BIG, &err);
		}
		buf_add(&h->text, data + done, take);
		if (buf_error(&h->text))
			return buf_error(&h->text);
		if (!newline)
			return (ssize_t)len;
		r = store(h, h->text.data, h->text.len, false);
		buf_clear(&h->text);
		if (r < 0)
			return done ? (ssize_t)done : r;
		done += take;
	}
	return (ssize_t)len;
}

static int verbs_read(struct handle *h, size_t size, off_t offset, struct buf *piece)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;
	int r = walk_show(&h->place, &shown);

	buf_add_range(piece, &shown, size, offset);
	return r;
}

static int verbs_truncate(struct handle *h, off_t size)
{
	(void)h, (void)size;
	return 0;
}

/* A last line without a newline. */
static int verbs_flush(struct handle *h)
{
	int r = h->text.len ? store(h, h->text.data, h->text.len, false) : 0;

	buf_clear(&h->text);
	return r;
}

const struct file_kind file_verbs = {
	.open = verbs_open,
	.read = verbs_read,
	.write = verbs_write,
	.truncate = verbs_truncate,
	.flush = verbs_flush,
};

/* --- flags files ---------------------------------------------------------- */

static enum flags_start start_of(int flags)
{
	return flags & O_APPEND  ? FLAGS_START_APPEND
	       : flags & O_TRUNC ? FLAGS_START_EMPTY
				 : FLAGS_START_SHOWN;
}

/* What is shown of it is what was written so far. */
static void mirror(struct handle *h)
{
	const struct buf *text = flags_file_text(h->flags);

	buf_clear(&h->text);
	buf_add(&h->text, text->data, text->len);
}

static int flags_open(struct handle *h, int flags)
{
	int r = flags_file_open(&h->place, NULL, h->place.row->flags & ROW_STAGE, start_of(flags),
		&h->who, &h->flags);

	h->cache = HANDLE_DIRECT;
	h->snapshot = true;
	if (r == 0)
		mirror(h);
	return r;
}

static ssize_t flags_write(struct handle *h, const char *data, size_t len, off_t offset)
{
	int r = flags_file_write(h->flags, data, len, offset);

	mirror(h);
	return r < 0 ? r : (ssize_t)len;
}

static int flags_truncate(struct handle *h, off_t size)
{
	int r = flags_file_truncate(h->flags, size);

	mirror(h);
	return r;
}

static int flags_flush(struct handle *h)
{
	return flags_file_flush(h->flags);
}

static void flags_release(struct handle *h)
{
	flags_file_release(h->flags);
}

const struct file_kind file_flags = {
	.open = flags_open,
	.write = flags_write,
	.truncate = flags_truncate,
	.flush = flags_flush,
	.release = flags_release,
};

/* --- scratch files -------------------------------------------------------- */

static int scratch_open(struct handle *h, int flags)
{
	struct scratches *s = opdir_scratches(h->place.fs);

	h->cache = HANDLE_DIRECT;
	h->append = flags & O_APPEND;
	if (flags & O_TRUNC)
		scratch_truncate(s, h->place.serial, 0);
	scratch_opened(s, h->place.serial);
	return 0;
}

static int scratch_read_file(struct handle *h, size_t size, off_t offset, struct buf *piece)
{
	return scratch_read_at(opdir_scratches(h->place.fs), h->place.serial, size, offset, piece);
}

static ssize_t scratch_write_file(struct handle *h, const char *data, size_t len, off_t offset)
{
	int r = scratch_write(
		opdir_scratches(h->place.fs), h->place.serial, data, len, offset, h->append);

	return r < 0 ? r : (ssize_t)len;
}

static int scratch_truncate_file(struct handle *h, off_t size)
{
	return scratch_truncate(opdir_scratches(h->place.fs), h->place.serial, size);
}

static void scratch_release(struct handle *h)
{
	scratch_closed(opdir_scratches(h->place.fs), h->place.serial);
}

const struct file_kind file_scratch = {
	.open = scratch_open,
	.read = scratch_read_file,
	.write = scratch_write_file,
	.truncate = scratch_truncate_file,
	.release = scratch_release,
};

/* --- dropped flags files: a scratch file until it has become a run -------- */

static int dropped_open(struct handle *h, int flags)
{
	struct scratches *s = opdir_scratches(h->place.fs);
	struct place op = {.fs = h->place.fs, .row = tree_operation, .class = PLACE_THING};
	_cleanup_buf_ struct buf name = BUF_INIT;
	int r = scratch_where(s, h->place.serial, &op.serial, &name);

	if (r < 0)
		return r;
	h->cache = HANDLE_DIRECT;
	h->snapshot = true;
	r = flags_file_open(&op, buf_str(&name), false,
		flags & O_APPEND ? FLAGS_START_APPEND : FLAGS_START_EMPTY, &h->who, &h->flags);
	if (r == 0)
		scratch_opened(s, h->place.serial);
	return r;
}

static void dropped_mirror(struct handle *h)
{
	mirror(h);
	scratch_replace(opdir_scratches(h->place.fs), h->place.serial, &h->text);
}

static ssize_t dropped_write(struct handle *h, const char *data, size_t len, off_t offset)
{
	ssize_t taken = flags_write(h, data, len, offset);

	dropped_mirror(h);
	return taken;
}

static int dropped_truncate(struct handle *h, off_t size)
{
	int r = flags_file_truncate(h->flags, size);

	dropped_mirror(h);
	return r;
}

/* What its writer took away before it had become a run becomes none. */
static int dropped_flush(struct handle *h)
{
	bool gone =
		!flags_file_done(h->flags) && scratch_taken_away(opdir_scratches(h->place.fs),
						      h->place.serial, flags_file_name(h->flags));

	return gone ? 0 : flags_file_flush(h->flags);
}

static void dropped_release(struct handle *h)
{
	struct scratches *s = opdir_scratches(h->place.fs);

	/* Its text was refused or is a run now: either way the name is not this file's any more. */
	if (flags_file_done(h->flags))
		scratch_detach(s, h->place.serial);
	flags_file_release(h->flags);
	scratch_closed(s, h->place.serial);
}

const struct file_kind file_dropped = {
	.open = dropped_open,
	.write = dropped_write,
	.truncate = dropped_truncate,
	.flush = dropped_flush,
	.release = dropped_release,
};
