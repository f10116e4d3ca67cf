/* SPDX-License-Identifier: MIT */
/* Which kind a place is, and the kinds that are only read. */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backing.h"
#include "cache.h"
#include "opdir.h"
#include "scratch.h"
#include "walk.h"

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
	h->fd = openat(
		run_fd, h->place.row->backing, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	close(run_fd);
	if (h->fd < 0)
		return -errno;
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

/* --- scratch files that are read, and wait -------------------------------- */

static int scratch_text_open(struct handle *h, int flags)
{
	(void)flags;
	h->snapshot = true;
	h->cache = HANDLE_DIRECT;
	return scratch_read(opdir_scratches(h->place.fs), h->place.serial, &h->text);
}

static const struct file_kind file_scratch_text = {.open = scratch_text_open};

static int wait_open(struct handle *h, int flags)
{
	(void)flags;
	h->cache = HANDLE_DIRECT;
	return 0;
}

static const struct file_kind file_wait = {.open = wait_open};

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
	case ROW_SCRATCH:
		return &file_scratch_text;
	default:
		return &file_text;
	}
}

static const struct file_kind *writing_kind(const struct place *p)
{
	switch (p->row->kind) {
	case ROW_DOC:
		return &file_document;
	case ROW_CTL:
		return &file_verbs;
	case ROW_FLAGS:
		return &file_flags;
	case ROW_SCRATCH:
		return scratch_kind(p);
	default:
		return NULL;
	}
}

const struct file_kind *file_kind_of(const struct place *p, int flags, int *ret_error)
{
	const struct file_kind *kind =
		(flags & O_ACCMODE) == O_RDONLY ? reading_kind(p) : writing_kind(p);

	*ret_error = p->row->kind == ROW_DIR ? -EISDIR : kind ? 0 : -EACCES;
	return *ret_error ? NULL : kind;
}
