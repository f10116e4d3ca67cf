/* SPDX-License-Identifier: MIT */
/* When a run started, and its end: on disk before it shows. */
#include "supervise.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/partial.h"
#include "run/attr.h"
#include "run/status.h"

/* As Guild AI has it: minus the signal that ended it. */
int exit_status_of(int wait_status)
{
	return WIFSIGNALED(wait_status) ? -WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

/* To the trash, as a user would: nothing is lost. A run outside of the home stays. */
static void throw_away(const struct supervisor *s)
{
	_cleanup_buf_ struct buf to = BUF_INIT;

	if (*s->id == '/')
		return;
	buf_printf(&to, "trash/runs/%s", s->id);
	if (file_mkdirs(s->home->fd, "trash/runs", 0777) == 0)
		partial_rename(s->home->runs_fd, s->id, s->home->fd, buf_str(&to));
}

int mark_started(struct supervisor *s)
{
	s->started = clock_now();
	s->started_boot = clock_boottime();
	return attr_write_int(s->run_fd, "started", s->started, FILE_NOSYNC);
}

/* As long after its start as it took, whatever the clock was set to meanwhile. */
static int64_t stopped_at(const struct supervisor *s)
{
	return s->started ? s->started + clock_boottime() - s->started_boot : clock_now();
}

int finish_run(struct supervisor *s, int exit_status)
{
	int r = attr_write_int(s->run_fd, "stopped", stopped_at(s), FILE_NOSYNC);

	if (r == 0)
		r = attr_write_int(s->run_fd, "exit_status", exit_status, FILE_SYNC);
	unlinkat(s->run_fd, RUN_GUILD_DIR "/PENDING", 0);
	unlinkat(s->run_fd, RUN_GUILD_DIR "/LOCK", 0);
	if (r == 0 && exit_status == 0 && value_truthy(value_get(s->op, "delete-on-success")))
		throw_away(s);
	lease_end(s);
	/* The lock goes first: whoever is told now must see a run that is over. */
	run_lock_release(s->lock_fd);
	home_poke(s->home, s->id);
	return r;
}
