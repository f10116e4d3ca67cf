/* SPDX-License-Identifier: MIT */
/* Options as tables: what they are called, what they take, and which member they fill in. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strv.h"

enum option_kind {
	OPTION_FLAG,  /* bool */
	OPTION_VALUE, /* const char *, the last one counts */
	OPTION_LIST,  /* struct strv */
	OPTION_COUNT, /* unsigned */
	/* One letter each: "-S" with "et" sets the flags "-Se" and "-St". Has no member. */
	OPTION_LETTERS,
};

struct option_def {
	const char *name;       /* "--label"; NULL ends a table, or joins another one (`more`) */
	const char *short_name; /* "-l", "-Fo"; NULL: none */
	const char *value;      /* what it takes, for --help */
	const char *help;
	enum option_kind kind;
	size_t offset;                 /* of the member */
	size_t clears;                 /* offset of a flag that this one takes back, + 1; 0: none */
	const struct option_def *more; /* a table that is part of this one */
	size_t more_offset;            /* where its structure is in this one's */
};

/*
 * Sorts argv into options and arguments. One-letter options may be written as one word, the last of
 * which may take a value: -ns, -n3. Options may stand anywhere before `--`; with `stop` they
 * end at the first argument (a command's own options begin there). *ret_rest is the index where
 * parsing stopped. *ret_help is set by --help. -EINVAL, or -EDOM for a value that an option does
 * not know, with a sentence.
 */
int options_parse(const struct option_def *defs, void *into, char **argv, int argc, bool stop,
	struct strv *ret_args, int *ret_rest, bool *ret_help, struct err *err);
void options_print(const struct option_def *defs);

#endif
