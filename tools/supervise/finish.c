/* SPDX-License-Identifier: MIT */
/* The end of a run: on disk before it shows. */
#include "supervise.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/file.h"
#include "run/attr.h"

/* As Guild AI has it: minus the signal that ended it. */
int exit_status_of(int wait_status)
{
	return WIFSIGNALED(wait_status) ? -WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

/* To the trash, as a user would: nothing is lost. A run outside of the home stays. */
static void throw_away(const struct supervisor *s)
{
	_cleanup_buf_ struct buf from = BUF_INIT, to = BUF_INIT;

	if (*s->id == '/')
		return;
	buf_printf(&from, "runs/%s", s->id);
	buf_printf(&to, "trash/runs/%s", s->id);
	if (file_mkdirs(s->home->fd, "trash/runs", 0777) == 0)
		renameat2(s->home->fd, buf_str(&from), s->home->fd, buf_str(&to), RENAME_NOREPLACE);
}

int finish_run(struct supervisor *s, int exit_status)
{
	int r = attr_write_int(s->run_fd, "stopped", clock_now(), FILE_NOSYNC);

	if (r == 0)
		r = attr_write_int(s->run_fd, "exit_status", exit_status, FILE_SYNC);
	unlinkat(s->run_fd, RUN_GUILD_DIR "/PENDING", 0);
	unlinkat(s->run_fd, RUN_GUILD_DIR "/LOCK", 0);
	if (r == 0 && exit_status == 0 && value_truthy(value_get(s->op, "delete-on-success")))
		throw_away(s);
	/* The lock goes first: whoever is told now must see a run that is over. */
	close(s->lock_fd);
	home_poke(s->home, s->id);
	return r;
}
