/* SPDX-License-Identifier: MIT */
/*
 * Flag values: from text to checked values and back.
 *
 * A set of flag values is a mapping value, name -> value, sorted by name. Values come from the
 * command line (NAME=TEXT), from a flags file, or from a run. All messages name the flag and what
 * would be accepted. Errors: -EINVAL (with a sentence), -ENOMEM.
 */
#ifndef PROJECT_FLAGS_H
#define PROJECT_FLAGS_H

#include "base/buf.h"
#include "base/err.h"
#include "project/guildfile.h"
#include "yaml/value.h"

/* Every flag of the operation with its default, null included. */
struct value *flags_defaults(const struct operation *op);

/* Decodes one NAME=TEXT of the command line into `flags` (an alias is replaced by its flag). */
int flags_assign(const struct operation *op, struct value *flags, const char *name,
	const char *text, struct err *err);
/* A word that must be NAME=TEXT. */
int flags_assign_word(
	const struct operation *op, struct value *flags, const char *word, struct err *err);

/* Defaults overlaid by user_flags, coerced to their types and checked: choices, required. */
int flags_resolve(const struct operation *op, const struct value *user_flags, struct value **ret,
	struct err *err);

/*
 * The text of a flags file: YAML or command-line assignments, see DESIGN: "Starting a run by
 * writing". FLAGS_WHOLE parses and checks all of it. FLAGS_PREFIX is for text that ends in a
 * newline and is still being written: it fails only for what nothing that follows could mend.
 * *ret_user_flags (may be NULL) holds what the text sets, decoded; the caller frees it.
 */
enum flags_extent { FLAGS_WHOLE, FLAGS_PREFIX };
int flags_parse(const struct operation *op, const char *text, size_t len, enum flags_extent extent,
	struct value **ret_user_flags, struct err *err);

/* The same format, written: reading it gives equal values. One flag a line, sorted. */
void flags_print(struct buf *b, const struct value *flags);
/* For people: name, type, default, choices, description of each flag. */
void flags_print_help(struct buf *b, const struct operation *op);

/* The default label: NAME=VALUE for flags that are not null, as Guild AI formats it. */
void flags_label(struct buf *b, const struct value *flags);
/* A label template: ${name}, ${default_label}. */
void flags_expand_label(struct buf *b, const char *template, const struct value *flags);

#endif
