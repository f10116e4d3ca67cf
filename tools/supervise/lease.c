/* SPDX-License-Identifier: MIT */
/*
 * The lease of a run (run/status.h): a file that is touched as long as this process lives, whatever
 * it waits for. A signal does it, since a download or a dependency may take minutes.
 */
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>

#include "base/beneath.h"
#include "base/file.h"
#include "base/shared_fs.h"
#include "run/status.h"

enum { TOUCHES = 4 };

static int lease_fd = -1;

static void touch(int signal)
{
	int saved = errno;

	(void)signal;
	futimens(lease_fd, NULL);
	errno = saved;
}

void lease_begin(const struct supervisor *s)
{
	const struct sigaction action = {.sa_handler = touch, .sa_flags = SA_RESTART};
	const struct itimerval often = {.it_interval.tv_sec = RUN_LEASE_S / TOUCHES,
		.it_value.tv_sec = RUN_LEASE_S / TOUCHES};

	if (!shared_fs(s->run_fd))
		return;
	lease_fd = beneath_open(s->run_fd, RUN_LEASE_FILE, O_WRONLY | O_CREAT | O_NONBLOCK, 0644);
	if (lease_fd < 0)
		return;
	touch(SIGALRM);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

void lease_end(const struct supervisor *s)
{
	const struct itimerval never = {0};

	if (lease_fd < 0)
		return;
	setitimer(ITIMER_REAL, &never, NULL);
	beneath_unlink(s->run_fd, RUN_LEASE_FILE);
	close(lease_fd);
	lease_fd = -1;
}
