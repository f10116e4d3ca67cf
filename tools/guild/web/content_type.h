/* SPDX-License-Identifier: MIT */
/* What a browser is told of a run's file, which may hold anything. */
#ifndef CONTENT_TYPE_H
#define CONTENT_TYPE_H

struct content_type {
	const char *type;
	/* Content-Security-Policy that it is shown under; NULL: nothing is allowed. A document runs
	 * no script: its address has the token that all runs can be read with. */
	const char *policy;
};

/* By the name, else by its first bytes: text, or what a browser only saves. */
struct content_type content_type(const char *name, int fd);

#endif
