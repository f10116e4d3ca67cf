/* SPDX-License-Identifier: MIT */
/* Renames between directories of runs. */
#include "run/trash.h"

#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "run/transfer.h"

#define RUNS  "runs"
#define TRASH "trash/runs"

/* Gives what is there another name. */
static int move_aside(int fd, const char *dir, const char *id, struct buf *ret_aside)
{
	int r = -EEXIST;

	for (unsigned n = 1; r == -EEXIST; n++) {
		_cleanup_buf_ struct buf aside = BUF_INIT;

		buf_printf(&aside, "%s_%u", id, n);
		r = partial_rename(fd, id, fd, buf_str(&aside));
		if (r == 0 && ret_aside)
			buf_printf(ret_aside, "%s/%s", dir, buf_str(&aside));
	}
	return r;
}

/* Between file systems. */
static int move_far(int from_fd, int to_fd, const char *id)
{
	struct transfer_place from = TRANSFER_PLACE_INIT, to = TRANSFER_PLACE_INIT;
	int r;

	from.fd = from_fd;
	to.fd = to_fd;
	r = transfer_run(&from, id, &to, &(struct transfer){.move = true}, NULL);
	transfer_end(&from);
	transfer_end(&to);
	return r;
}

static int rename_run(int from_fd, int to_fd, const char *to, const char *id, struct buf *ret_aside)
{
	int r;

	do {
		r = partial_rename(from_fd, id, to_fd, id);
		if (r != -EEXIST)
			break;
		r = move_aside(to_fd, to, id, ret_aside);
	} while (r == 0);
	return r;
}

/*
 * What has been started since somebody looked stays: its lock is ours for the time of the rename,
 * and so is Guild AI's, under which staged runs are started, where it is to be had.
 */
static int rename_quiet(const struct home *home, int from_fd, int to_fd, const char *to,
	const char *id, struct buf *ret_aside)
{
	_cleanup_close_ __attribute__((unused)) int staged = home_lock_run_status(home);
	_cleanup_close_ int lock = -1;
	int r = transfer_claim(from_fd, id, &lock, NULL);

	return r < 0 ? r : rename_run(from_fd, to_fd, to, id, ret_aside);
}

static int move_run(const struct home *home, int from_fd, const char *to, bool quiet,
	const char *id, struct buf *ret_aside)
{
	_cleanup_close_ int to_fd = openat(home->fd, to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = to_fd < 0 ? -errno : name_is_component(id) ? 0 : -ENOENT;

	if (r == 0)
		r = quiet ? rename_quiet(home, from_fd, to_fd, to, id, ret_aside)
			  : rename_run(from_fd, to_fd, to, id, ret_aside);
	if (r == -EXDEV)
		r = move_far(from_fd, to_fd, id);
	if (r == 0)
		home_poke(home, id);
	return r;
}

int trash_put(
	const struct home *home, const struct home *from, const char *id, struct buf *ret_aside)
{
	int r = file_mkdirs(home->fd, TRASH, 0755);

	return r < 0 ? r : move_run(home, from->runs_fd, TRASH, true, id, ret_aside);
}

int trash_restore(
	const struct home *home, const struct home *from, const char *id, struct buf *ret_aside)
{
	return move_run(home, from->runs_fd, RUNS, false, id, ret_aside);
}

int trash_remove(const struct home *home, const struct home *from, const char *id)
{
	struct transfer_place place = TRANSFER_PLACE_INIT;
	int r = name_is_component(id) ? 0 : -ENOENT;

	place.fd = from->runs_fd;
	if (r == 0)
		r = transfer_remove(&place, id, NULL);
	transfer_end(&place);
	if (r == 0)
		home_poke(home, id);
	return r;
}
