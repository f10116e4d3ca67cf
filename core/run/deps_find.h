/* SPDX-License-Identifier: MIT */
/* The files that a source stands for. Part of core/run/deps.h. */
#ifndef RUN_DEPS_FIND_H
#define RUN_DEPS_FIND_H

#include "run/deps.h"

/* A source at work. */
struct deps_source {
	const struct deps_spec *spec;
	const struct resource *resource;
	const struct source *source;
	const struct value *config;  /* what a flag has in its place; NULL: nothing */
	const struct value *parents; /* list of more places for files; NULL: none */
};

struct deps_found {
	struct buf root;    /* absolute: the directory that paths are below */
	struct strv paths;  /* of files and directories */
	const char *origin; /* absolute, borrowed: the place whose files are called by their path */
	bool in_run;        /* they are in the run directory already */
};

#define DEPS_FOUND_INIT ((struct deps_found){.root = BUF_INIT})

void deps_found_release(struct deps_found *found);

/* -ENOENT, -EINVAL and others with a sentence. */
int deps_find(const struct deps_source *src, struct deps_found *ret, struct err *err);

/* A line for the user. */
void deps_say(const struct deps_spec *spec, enum deps_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
