/* SPDX-License-Identifier: MIT */
/* The sweep after a command: in the background, at the lowest priority, without a tie to it. */
#include "sweeper.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/proc.h"

enum { NICEST = 19, IOPRIO_IDLE = 3 << 13, IOPRIO_THIS_PROCESS = 1 };

static void close_between(int low, int high)
{
	if (low <= high)
		close_range((unsigned)low, (unsigned)high, 0);
}

/* Neither the terminal nor a pipe of the command's must wait for this process. */
static void let_go(const struct home *home)
{
	int low = home->fd < home->runs_fd ? home->fd : home->runs_fd;
	int high = home->fd < home->runs_fd ? home->runs_fd : home->fd;
	int null;

	close_between(0, low - 1);
	close_between(low + 1, high - 1);
	close_between(high + 1, INT_MAX);
	do
		null = open("/dev/null", O_RDWR);
	while (null >= 0 && null <= STDERR_FILENO);
	if (null > STDERR_FILENO)
		close(null);
	setpriority(PRIO_PROCESS, 0, NICEST);
	syscall(SYS_ioprio_set, IOPRIO_THIS_PROCESS, 0, IOPRIO_IDLE);
}

/* Whoever started us must have no child of ours to wait for. */
static void start_sweep(struct guild *g)
{
	if (!proc_split_off())
		return;
	let_go(g->home);
	if (chdir("/") == 0)
		catalog_sweep(g->catalog, &(struct catalog_sweep){0});
	_exit(0);
}

void sweeper_finish(struct guild *g)
{
	if (!g->catalog)
		return;
	catalog_save(g->catalog);
	if (catalog_has_index(g->catalog) && catalog_sweep_wait(g->catalog) == 0)
		start_sweep(g);
}
