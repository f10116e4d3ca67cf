/* SPDX-License-Identifier: MIT */
/*
 * Libraries that are loaded when they are first needed, because most commands and most starts of
 * runs never need them and would have to wait for all that comes with them. A library's header has
 * a list of its functions, a structure of pointers to them, and macros that give these the
 * functions' names: base/archive_lib.h.
 *
 * Thread safe. What was loaded is never let go: what it has registered may be called at exit.
 */
#ifndef BASE_LAZY_LIB_H
#define BASE_LAZY_LIB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct lazy_lib {
	const char *file;         /* libx.so.1 */
	const char *const *names; /* of the functions */
	size_t n;
	void *functions; /* a structure of as many pointers, in that order */
	bool loaded;     /* private */
};

/* 0, or -ELIBACC with a sentence: it is not there, or lacks something. */
int lazy_lib_load(struct lazy_lib *lib, struct err *err);

#endif
