/* SPDX-License-Identifier: MIT */
/* Finding one's run, and not outliving its supervisor. */
#include "process/own_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "runs/follow.h"
#include "base/file.h"
#include "base/proc.h"
#include "run/status.h"

/*
 * Without its supervisor nobody could stop it, and a restart would be a second one beside it: it
 * goes, too. The runs that it has started have supervisors of their own.
 */
static bool die_with_supervisor(int run_fd)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	struct proc_ref supervisor;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return file_read(run_fd, RUN_SUPERVISOR, 256, &line) < 0 ||
	       proc_ref_parse(buf_str(&line), &supervisor) < 0 || getppid() == supervisor.pid;
}

int own_process_open(struct guild *g, const char *command, struct own_process *ret)
{
	const char *cmd_dir = getenv("CMD_DIR");

	*ret = (struct own_process){.dir = getenv("RUN_DIR"),
		.id = getenv("RUN_ID"),
		.cmd_dir = cmd_dir && *cmd_dir ? cmd_dir : "/",
		.run_fd = -1};
	if (!ret->dir || !ret->id)
		return complain("%s is started by a run, not by hand", command);
	follow_catch_signals();
	/* Who reads what is said may be gone before the run is over. */
	signal(SIGPIPE, SIG_IGN);
	if (guild_open_home(g) != EXIT_OK)
		return EXIT_ERROR;
	ret->run_fd = open(ret->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (ret->run_fd < 0)
		return complain("cannot read run %s: %s", ret->dir, strerror(errno));
	if (!die_with_supervisor(ret->run_fd))
		return complain("the supervisor of run %s is gone", ret->id);
	return EXIT_OK;
}

void own_process_close(struct own_process *p)
{
	if (p->run_fd >= 0)
		close(p->run_fd);
	p->run_fd = -1;
}
