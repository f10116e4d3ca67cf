/* SPDX-License-Identifier: MIT */
/* Runs with all that there can be in one, and ways to end what works on them. */
#ifndef TRANSFER_RUNS_H
#define TRANSFER_RUNS_H

#include "support.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/file_walk.h"
#include "base/strv.h"
#include "run/transfer.h"

static inline int open_dir(const char *name)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", support_dir, name);
	assert_int_equal(file_mkdirs(AT_FDCWD, path, 0755), 0);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static inline void put(int fd, const char *path, const char *text)
{
	assert_int_equal(file_write(fd, path, text, strlen(text), 0644, FILE_NOSYNC), 0);
}

/* A run with all that there can be in one. */
static inline void make_run(int runs_fd, const char *id)
{
	int fd;

	assert_int_equal(mkdirat(runs_fd, id, 0755), 0);
	fd = openat(runs_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(file_mkdirs(fd, ".guild/attrs", 0755), 0);
	assert_int_equal(file_mkdirs(fd, "sub/d\xc3\xa9p", 0755), 0);
	put(fd, ".guild/opref", "guildfile:/p/guild.yml 1 '' train");
	put(fd, ".guild/attrs/exit_status", "0\n");
	put(fd, "sub/d\xc3\xa9p/file", id);
	put(fd, "script", "#!/bin/sh\n");
	assert_int_equal(fchmodat(fd, "script", 0750, 0), 0);
	assert_int_equal(fchmodat(fd, "sub", 0700, 0), 0);
	assert_int_equal(symlinkat("sub/d\xc3\xa9p/file", fd, "to-file"), 0);
	assert_int_equal(symlinkat("sub", fd, "to-dir"), 0);
	assert_int_equal(symlinkat("nowhere", fd, "to-nothing"), 0);
	assert_int_equal(mkfifoat(fd, "fifo", 0644), 0);
	const struct timespec times[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
	assert_int_equal(utimensat(fd, "script", times, 0), 0);
	assert_int_equal(utimensat(fd, "sub", times, 0), 0);
	close(fd);
}

static inline int print_entry(void *arg, const struct walk_entry *e)
{
	const char *kind = e->is_link               ? "@"
			   : S_ISDIR(e->st.st_mode) ? "/"
			   : S_ISREG(e->st.st_mode) ? ""
						    : "?";

	buf_printf(arg, "%s%s ", e->path, kind);
	return 0;
}

static inline void check_tree(int fd, const char *wanted)
{
	_cleanup_buf_ struct buf tree = BUF_INIT;

	assert_int_equal(file_walk(fd, false, print_entry, &tree), 0);
	assert_string_equal(buf_str(&tree), wanted);
}

#define RECORDS   ".guild/ .guild/attrs/ .guild/attrs/exit_status .guild/opref "
#define SUB(name) name "/ " name "/d\xc3\xa9p/ " name "/d\xc3\xa9p/file "
#define AS_IT_IS  RECORDS "script " SUB("sub") "to-dir@ to-file@ to-nothing@ "
#define FOLLOWED  RECORDS "script " SUB("sub") SUB("to-dir") "to-file to-nothing@ "
#define IN_ZIP    RECORDS "script " SUB("sub") "to-dir/ to-file "
#define RUN(n)    "0000000" n "000000000000000000000000"

static inline void check_run(int runs_fd, const char *id, const char *wanted)
{
	_cleanup_close_ int fd = openat(runs_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct stat st;

	assert_true(fd >= 0);
	check_tree(fd, wanted);
	assert_int_equal(file_read(fd, "sub/d\xc3\xa9p/file", 100, &text), 0);
	assert_string_equal(buf_str(&text), id);
	assert_int_equal(fstatat(fd, "script", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0750);
	assert_int_equal(st.st_mtime, 1000000000);
	assert_int_equal(fstatat(fd, "sub", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(st.st_mtime, 1000000000);
}

/* --- ends at any moment --------------------------------------------------- */

struct countdown {
	int left;
	bool kill;
};

static inline bool count_down(void *arg, uint64_t bytes)
{
	struct countdown *c = arg;

	(void)bytes;
	if (c->left-- > 0)
		return true;
	if (c->kill)
		raise(SIGKILL);
	return false;
}

/* True: it was killed before it was done. */
static inline bool killed_at(int n, void (*work)(struct transfer *how))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct countdown c = {.left = n, .kill = true};

		work(&(struct transfer){.go_on = count_down, .arg = &c});
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status);
}

#endif
