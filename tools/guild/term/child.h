/* SPDX-License-Identifier: MIT */
/*
 * Other programs: those that take over the terminal for a while (editors, diff viewers, shells),
 * and those that work for us beside it.
 */
#ifndef CHILD_H
#define CHILD_H

#include <signal.h>
#include <sys/types.h>

struct child {
	const char *const *argv; /* the program by its path, or as PATH has it */
	char *const *env;        /* NULL: ours */
	const char *dir;         /* NULL: here */
	int stdin_fd, stdout_fd;
	sigset_t defaults; /* signals that we catch or ignore and it does not */
};

/* Returns when it has been started; the caller waits for it. 0, or a negative errno. */
int child_start(const struct child *child, pid_t *ret);

/*
 * Runs it in `dir` (NULL: here) and waits. Ctrl-C is for it alone meanwhile. Returns its exit
 * status, 128 and the number for a signal, or a negative errno when it cannot be started.
 */
int run_child(const char *const *argv, const char *dir);
/* The same, here, with an open file as its stdin. */
int run_child_reading(const char *const *argv, int stdin_fd);

#endif
