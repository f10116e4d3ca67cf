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
#include "project/batch_options.h"
#include "project/guildfile.h"
#include "yaml/value.h"

/* Every flag of the operation with its default, null included. */
struct value *flags_defaults(const struct operation *op);

/* Decodes one NAME=TEXT of the command line into `flags`, under the name that was typed. */
int flags_assign(const struct operation *op, struct value *flags, const char *name,
	const char *text, struct err *err);
/* A word that must be NAME=TEXT. */
int flags_assign_word(
	const struct operation *op, struct value *flags, const char *word, struct err *err);

/* What is wrong with flags, for callers that word it in their own way. */
struct flags_problem {
	enum {
		PROBLEM_OTHER,
		PROBLEM_UNKNOWN,  /* `name` is no flag of the operation */
		PROBLEM_CHOICE,   /* the value is none of `flag`'s choices */
		PROBLEM_VALUE,    /* wrong type or range: err has the sentence */
		PROBLEM_REQUIRED, /* `flag` and perhaps others have no value */
		PROBLEM_ALIAS,    /* `flag` is set by its name and by its alias */
	} kind;
	const struct flag *flag;
	const char *name; /* borrowed from the user's flags */
	const char *near; /* of an unknown one: what may have been meant; NULL: nothing is near */
};

/*
 * Defaults overlaid by user_flags (NULL: none), aliases and choices replaced by what they stand
 * for, coerced to their types and checked; with `force` nothing is checked and unknown flags are
 * kept. `problem` may be NULL.
 */
int flags_resolve(const struct operation *op, const struct value *user_flags, bool force,
	struct value **ret, struct flags_problem *problem, struct err *err);
/* user_flags under the flags' own names; aliases are replaced. */
struct value *flags_by_name(const struct operation *op, const struct value *user_flags);

/*
 * The text of a flags file: YAML or command-line assignments, see DESIGN: "Starting a run by
 * writing". FLAGS_WHOLE parses and checks all of it. FLAGS_PREFIX is for text that ends in a
 * newline and is still being written: it fails only for what nothing that follows could mend.
 * *ret_user_flags (may be NULL) holds what the text sets, decoded; the caller frees it.
 */
enum flags_extent { FLAGS_WHOLE, FLAGS_PREFIX };
int flags_parse(const struct operation *op, const char *text, size_t len, enum flags_extent extent,
	struct value **ret_user_flags, struct err *err);
/* The same where the text may also say of what kind a batch is; the caller releases *ret_options.
 */
int flags_parse_batch(const struct operation *op, const char *text, size_t len,
	enum flags_extent extent, struct value **ret_user_flags, struct batch_options *ret_options,
	struct err *err);

/* The same format, written: reading it gives equal values. One flag a line, sorted. */
void flags_print(struct buf *b, const struct value *flags);
/* For people: name, type, default, choices, description of each flag. */
void flags_print_help(struct buf *b, const struct operation *op);

/* NAME=VALUE for flags that are not null, as Guild AI formats it: the default label. */
void flags_label(struct buf *b, const struct value *flags);
/*
 * A label template: ${name}, ${name|function:arg|...}, ${default_label}. The functions are %FORMAT,
 * default, basename and unquote; an unknown one shows as #error#.
 */
void flags_expand_label(struct buf *b, const char *template, const struct value *flags);

#endif
