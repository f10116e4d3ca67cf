/* SPDX-License-Identifier: MIT */
/* What the two halves of flags share: values (flags.c) and flags files (flags_text.c). */
#ifndef PROJECT_FLAGS_INTERNAL_H
#define PROJECT_FLAGS_INTERNAL_H

#include "project/flags.h"

/* Names, types, choices and functions of what a user set; a sentence for the first fault. */
int flags_check(const struct operation *op, const struct value *user_flags,
	struct flags_problem *problem, struct err *err);
/* A parsed YAML value as the command line would have it. NULL: out of memory. */
struct value *flags_decode_plain(const struct flag *flag, const struct value *v);

#endif
