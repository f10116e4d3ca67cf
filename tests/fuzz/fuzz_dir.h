/* SPDX-License-Identifier: MIT */
/* For targets whose code reads files: a directory of their own, removed at the end. */
#ifndef FUZZ_DIR_H
#define FUZZ_DIR_H

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "fuzz.h"

static char dir[256];
static int dir_fd = -1;

static inline void remove_dir(void)
{
	file_remove_tree(AT_FDCWD, dir);
}

/* In memory where that is possible. */
static inline void make_dir(void)
{
	const char *tmp = getenv("TMPDIR");

	if (access("/dev/shm", W_OK) == 0)
		tmp = "/dev/shm";
	snprintf(dir, sizeof(dir), "%s/guildfs-fuzz.XXXXXX", tmp ? tmp : "/tmp");
	MUST(mkdtemp(dir));
	atexit(remove_dir);
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(dir_fd >= 0);
}

#endif
