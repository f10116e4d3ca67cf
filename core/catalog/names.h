/* SPDX-License-Identifier: MIT */
/*
 * The names in runs/, sorted. That a directory is a run, and whole, shows when it is read. The
 * texts are in few large blocks, since there are many of them.
 */
#ifndef CATALOG_NAMES_H
#define CATALOG_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct name {
	uint64_t key; /* its first bytes: most comparisons need no more */
	char *text;
};

struct names {
	struct name *v;
	size_t n, cap;
	struct names_block *blocks; /* that the texts are in */
};

/* May be a run's: not hidden, a path component. */
bool names_may_be_run(const char *name);
/* Fills an empty list. What is there is released by names_release(), also after an error. */
int names_read(struct names *names, int runs_fd);
bool names_have(const struct names *names, const char *text);
/* A copy of a text that lives as long as the list; it is not added. NULL: out of memory. */
char *names_copy(struct names *names, const char *text);
/* Lets the list go; the texts stay where they are. */
void names_drop_list(struct names *names);
void names_release(struct names *names);
#define _cleanup_names_ _cleanup_(names_release)

#endif
