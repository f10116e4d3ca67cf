/* SPDX-License-Identifier: MIT */
/* Which kind a place is, and the kinds that are only read. */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backing.h"
#include "cache.h"
#include "event_stream.h"
#include "opdir.h"
#include "runs_of.h"
#include "scratch.h"
#include "waiters.h"
#include "walk.h"
#include "wheel_file.h"
#include "base/beneath.h"

/* --- texts ---------------------------------------------------------------- */

/*
 * What the kernel may keep it mostly has already, so that it is printed only when it is asked for;
 * what it may not keep is printed now, since readers of one open see one text.
 */
static int text_open(struct handle *h, int flags)
{
	(void)flags;
	if (cache_text(&h->place)) {
		h->cache = HANDLE_KEEP;
		h->unprinted = true;
		return 0;
	}
	h->snapshot = true;
	h->cache = HANDLE_DIRECT;
	return walk_show(&h->place, &h->text);
}

static const struct file_kind file_text = {.open = text_open};

/* --- files of the store --------------------------------------------------- */

static int artifact_open(struct handle *h, int flags)
{
	(void)flags;
	h->cache = HANDLE_PASSTHROUGH;
	return backing_open(&h->place, &h->fd);
}

static void artifact_release(struct handle *h)
{
	backing_close(&h->place, h->fd);
}

static const struct file_kind file_artifact = {
	.open = artifact_open,
	.release = artifact_release,
};

static int log_open(struct handle *h, int flags)
{
	int run_fd = place_open_run(&h->place);
	struct stat st;

	(void)flags;
	if (run_fd < 0)
		return run_fd;
	h->fd = beneath_open(run_fd, h->place.row->backing, O_RDONLY | O_NONBLOCK, 0);
	close(run_fd);
	if (h->fd < 0)
		return h->fd;
	if (fstat(h->fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(h->fd);
		return -EINVAL;
	}
	h->cache = HANDLE_PASSTHROUGH;
	return 0;
}

static void log_release(struct handle *h)
{
	close(h->fd);
}

static const struct file_kind file_log = {.open = log_open, .release = log_release};

/* --- wait and events --------------------------------------------------------- */

static int wait_open(struct handle *h, int flags)
{
	(void)flags;
	h->cache = HANDLE_DIRECT;
	return 0;
}

static void wait_release(struct handle *h)
{
	waiters_forget_poll(h->place.fs, h);
}

static const struct file_kind file_wait = {.open = wait_open, .release = wait_release};

static int events_open(struct handle *h, int flags)
{
	(void)flags;
	h->cache = HANDLE_DIRECT;
	h->events = event_stream_open(h->place.fs, h->who);
	return h->events ? 0 : -ENOMEM;
}

static void events_release(struct handle *h)
{
	event_stream_close(h->place.fs, h->events);
}

static const struct file_kind file_events = {.open = events_open, .release = events_release};

/* --- which ---------------------------------------------------------------- */

/* A scratch file under a flags name is a flags file for whoever writes it. */
static const struct file_kind *scratch_kind(const struct place *p)
{
	_cleanup_buf_ struct buf name = BUF_INIT;
	uint32_t op;

	if (scratch_where(opdir_scratches(p->fs), p->serial, &op, &name) < 0)
		return &file_scratch;
	return opdir_is_flags_name(buf_str(&name)) ? &file_dropped : &file_scratch;
}

static const struct file_kind *reading_kind(const struct place *p)
{
	switch (p->row->kind) {
	case ROW_LOG:
		return &file_log;
	case ROW_FILE:
		return &file_artifact;
	case ROW_WAIT:
		return &file_wait;
	case ROW_STREAM:
		return &file_events;
	case ROW_SCRATCH:
		return &file_scratch;
	default:
		return &file_text;
	}
}

static const struct file_kind *writing_kind(const struct place *p)
{
	if (place_in_trash(p))
		return NULL;
	switch (p->row->kind) {
	case ROW_DOC:
		return &file_document;
	case ROW_CTL:
		return &file_verbs;
	case ROW_FLAGS:
		return &file_flags;
	case ROW_SCRATCH:
		return scratch_kind(p);
	case ROW_WHEEL:
		return &file_wheel;
	default:
		return NULL;
	}
}

const struct file_kind *file_kind_of(const struct place *p, int flags, int *ret_error)
{
	const struct file_kind *kind =
		(flags & O_ACCMODE) == O_RDONLY ? reading_kind(p) : writing_kind(p);

	*ret_error = p->row->kind == ROW_DIR ? -EISDIR
		     : kind                  ? 0
		     : place_in_trash(p)     ? -EROFS
					     : -EACCES;
	return *ret_error ? NULL : kind;
}
