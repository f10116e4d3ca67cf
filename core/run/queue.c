/* SPDX-License-Identifier: MIT */
/* What a queue is told, and what it tells. */
#include "run/queue.h"

#include <errno.h>
#include <string.h>

#include "base/beneath.h"
#include "run/status.h"
#include "yaml/yaml.h"

#define TOLD_FILE RUN_OWN_DIR "/told"

enum { WORD_MAX = 16 };

static const char *const words[] = {
	[QUEUE_GO_ON] = "", [QUEUE_PAUSE] = "pause\n", [QUEUE_DRAIN] = "drain\n"};

bool queue_is(const struct opref *ref)
{
	return strcmp(ref->pkg_type, "builtin") == 0 &&
	       ((!*ref->model && strcmp(ref->op, "queue") == 0) ||
		       (strcmp(ref->model, "dask") == 0 && strcmp(ref->op, "scheduler") == 0));
}

bool queue_is_run(int run_fd)
{
	_cleanup_(opref_release) struct opref ref = {0};

	return opref_read(run_fd, &ref, NULL) == 0 && queue_is(&ref);
}

int queue_tell(const struct home *home, const char *id, enum queue_told what, struct err *err)
{
	_cleanup_close_ int run_fd = home_open_run(home, id);
	int r;

	if (run_fd < 0)
		return err_set(err, run_fd, "there is no run %s", id);
	if (!queue_is_run(run_fd))
		return err_set(err, -EINVAL, "the run is no queue");
	if (run_status_get(run_fd) != RUN_RUNNING)
		return err_set(err, -ESRCH, "the queue is %s, not running",
			run_status_name(run_status_get(run_fd)));
	r = what == QUEUE_GO_ON ? queue_forget_told(run_fd)
				: beneath_write(run_fd, TOLD_FILE, words[what],
					  strlen(words[what]), 0644, FILE_NOSYNC);
	home_poke(home, id);
	return r < 0 ? err_set(err, r, "cannot tell the queue: %s", strerror(-r)) : 0;
}

enum queue_told queue_told(int run_fd)
{
	_cleanup_buf_ struct buf word = BUF_INIT;

	if (beneath_read(run_fd, TOLD_FILE, WORD_MAX, &word) < 0)
		return QUEUE_GO_ON;
	return strcmp(buf_str(&word), words[QUEUE_DRAIN]) == 0   ? QUEUE_DRAIN
	       : strcmp(buf_str(&word), words[QUEUE_PAUSE]) == 0 ? QUEUE_PAUSE
								 : QUEUE_GO_ON;
}

int queue_forget_told(int run_fd)
{
	int r = beneath_unlink(run_fd, TOLD_FILE);

	return r == -ENOENT ? 0 : r;
}

int queue_read_state(int run_fd, struct value **ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = beneath_read(run_fd, QUEUE_STATE_FILE, QUEUE_STATE_MAX, &text);

	return r < 0 ? r : yaml_parse(buf_str(&text), text.len, ret, NULL);
}

int queue_write_state(int run_fd, const struct value *state)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	yaml_emit(&text, state);
	return buf_error(&text) ? buf_error(&text)
				: beneath_write(run_fd, QUEUE_STATE_FILE, text.data, text.len, 0644,
					  FILE_NOSYNC);
}
