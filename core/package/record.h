/* SPDX-License-Identifier: MIT */
/*
 * RECORD of a distribution (PyPA's "Recording installed projects"): CSV lines of path, digest and
 * size.
 */
#ifndef PACKAGE_RECORD_H
#define PACKAGE_RECORD_H

#include "base/buf.h"

#define RECORD_MAX (16 * 1024 * 1024)

/* Calls visit with path and digest ("sha256=...", "" for none); nonzero ends it and is returned. */
int record_each(
	const char *text, int (*visit)(void *arg, const char *path, const char *digest), void *arg);

#endif
