/* SPDX-License-Identifier: MIT */
/*
 * Work that takes long: how far it is, on a terminal, and Ctrl-C, which ends it at a point where
 * nothing is half done.
 *
 * progress_go_on() fits struct transfer. One at a time in a program.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	size_t total, done; /* runs; total 0: only bytes are known */
	uint64_t bytes;     /* 0: not spoken of */
	int64_t shown_ms;   /* when, by clock_monotonic_ms() */
	bool visible;
};

/* From here on SIGINT and SIGTERM are only noted. */
void progress_begin(struct progress *p, size_t total);
/* False: the user wants it to end. */
bool progress_go_on(void *progress, uint64_t bytes);
/* Takes the line away, before something else is printed on the terminal. */
void progress_clear(struct progress *p);
/* Lets the signal that came do what it does to others, if one came. */
void progress_end(struct progress *p);

#endif
