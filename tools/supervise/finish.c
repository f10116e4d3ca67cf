/* SPDX-License-Identifier: MIT */
/* The end of a run: on disk before it shows. */
#include "supervise.h"

#include <errno.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "run/attr.h"

/* As Guild AI has it: minus the signal that ended it. */
int exit_status_of(int wait_status)
{
	return WIFSIGNALED(wait_status) ? -WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

int finish_run(struct supervisor *s, int exit_status)
{
	int64_t started;
	int r = 0;

	/* One that could not be started began and ended now. */
	if (attr_read_int(s->run_fd, "started", &started) < 0)
		r = attr_write_int(s->run_fd, "started", clock_now(), FILE_NOSYNC);
	if (r == 0)
		r = attr_write_int(s->run_fd, "stopped", clock_now(), FILE_NOSYNC);
	if (r == 0)
		r = attr_write_int(s->run_fd, "exit_status", exit_status, FILE_SYNC);
	unlinkat(s->run_fd, RUN_GUILD_DIR "/PENDING", 0);
	unlinkat(s->run_fd, RUN_GUILD_DIR "/LOCK", 0);
	/* The lock goes first: whoever is told now must see a run that is over. */
	close(s->lock_fd);
	home_poke(s->home, s->id);
	return r;
}
