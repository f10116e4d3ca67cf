/* SPDX-License-Identifier: MIT */
/*
 * Scalars that are looked for in what an operation prints when it does not say which (reference,
 * 6.1 and 11): Guild AI's defaults, and what goes before them for programs of a framework that
 * prints its progress in a way of its own.
 */
#ifndef PROJECT_FRAMEWORK_H
#define PROJECT_FRAMEWORK_H

#include "project/guildfile.h"

/* Ends with NULL. */
extern const char *const default_output_scalars[];

/*
 * A list of patterns, the defaults included; NULL: the operation's program uses no framework that
 * is known, or there is no memory. Reads the program, but does not run it.
 */
struct value *framework_output_scalars(const struct operation *op);

#endif
