/* SPDX-License-Identifier: MIT */
/*
 * Running a helper program for what it prints: found on PATH, without a shell, stdin from
 * /dev/null, stderr dropped unless asked for. Works in threaded programs (posix_spawn).
 */
#ifndef BASE_OUTPUT_OF_H
#define BASE_OUTPUT_OF_H

#include "base/buf.h"

/*
 * Appends what the program writes to stdout, at most 64 MiB. `dir` is where it runs (NULL: here).
 * -ENOENT when it cannot be started or its exit status is not 0.
 */
int output_of(const char *const *argv, const char *dir, struct buf *b);

enum output_stderr {
	STDERR_DROPPED,
	STDERR_READ, /* among the output */
	STDERR_KEPT, /* ours */
};

/*
 * The same with an environment of its own. Returns the exit status (128 and the number for a
 * signal), or -ENOENT when the program cannot be started.
 */
int output_of_env(const char *const *argv, const char *dir, char *const *env,
	enum output_stderr on_stderr, struct buf *b);

#endif
