/* SPDX-License-Identifier: MIT */
/* What unit tests share: cmocka's includes in their order, and a private directory. */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static char support_dir[256];

/* A new directory for each group of tests, as *state. */
static inline int support_setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	char *made;

	snprintf(support_dir, sizeof(support_dir), "%s/guildfs-unit.XXXXXX", tmp ? tmp : "/tmp");
	made = mkdtemp(support_dir);
	*state = support_dir;
	return made ? 0 : -1;
}

static inline int support_teardown(void **state)
{
	(void)state;
	return file_remove_tree(AT_FDCWD, support_dir);
}

/* Another one in it, open. */
static inline int support_new_dir(void)
{
	static int n;
	char path[sizeof(support_dir) + 16];
	int fd;

	snprintf(path, sizeof(path), "%s/d%d", support_dir, n++);
	assert_int_equal(mkdir(path, 0755), 0);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static inline int support_count_name(void *arg, const char *name, int d_type)
{
	(void)name, (void)d_type;
	++*(int *)arg;
	return 0;
}

/* How many names there are in a directory. */
static inline int support_n_names(int dirfd, const char *path)
{
	int n = 0;

	assert_int_equal(file_each(dirfd, path, support_count_name, &n), 0);
	return n;
}

static inline void support_write(const char *path, const char *text)
{
	assert_int_equal(file_write(AT_FDCWD, path, text, strlen(text), 0644, FILE_NOSYNC), 0);
}

#endif
