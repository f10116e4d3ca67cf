/* SPDX-License-Identifier: MIT */
/* Compares the index with the store, row by row, and makes it anew from what was read. */
#ifndef CATALOG_CHECK_H
#define CATALOG_CHECK_H

#include "run/home.h"

struct index_check {
	size_t runs;     /* in the store, over and not */
	size_t rows;     /* in the index, of runs that are there */
	size_t outdated; /* changed by somebody else, and no sweep came by since */
	size_t wrong;    /* no change explains what the index says; or it is damaged */
	void *arg;
	void (*say)(void *arg, const char *sentence); /* one for each that is wrong */
};

/* The caller fills in say and arg. Errors: the index or the store cannot be had, with a sentence.
 */
int index_check(const struct home *home, struct index_check *check, struct err *err);

#endif
