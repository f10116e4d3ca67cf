/* SPDX-License-Identifier: MIT */
/* The pager reads a file as its stdin, and asks the terminal for keys itself. */
#include "term/pager.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "term/child.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/shell.h"

static bool run(const char *command, int fd)
{
	_cleanup_strv_ struct strv argv = STRV_INIT;

	return shell_split(command, &argv, NULL) == 0 && argv.n &&
	       run_child_reading((const char *const *)argv.v, fd) >= 0;
}

bool pager_shows(int fd)
{
	const char *own = getenv("PAGER");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return false;
	if (own && *own)
		return run(own, fd);
	return run("less", fd) || run("more", fd);
}

bool pager_shows_text(const char *text)
{
	_cleanup_close_ int fd = memfd_create("text", MFD_CLOEXEC);

	return fd >= 0 && file_write_all(fd, text, strlen(text)) == 0 &&
	       lseek(fd, 0, SEEK_SET) == 0 && pager_shows(fd);
}
