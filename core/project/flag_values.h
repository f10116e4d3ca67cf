/* SPDX-License-Identifier: MIT */
/*
 * Single flag values: from the text of a command line or a flags file to a value, and from a value
 * to the text that people see (reference, section 2 and 1.10).
 *
 * Functions that return a value return NULL only when out of memory.
 */
#ifndef PROJECT_FLAG_VALUES_H
#define PROJECT_FLAG_VALUES_H

#include "base/strv.h"
#include "project/guildfile.h"
#include "yaml/value.h"

/*
 * NAME=TEXT: '' is an empty string; then what the type says; then int, float, flag functions and
 * sequences, [..]*N, YAML; else the text itself.
 */
struct value *flag_decode(enum flag_type type, const char *text);
/* The same for a plain scalar of a flags file, where quotes and brackets have been seen already. */
struct value *flag_decode_plain(enum flag_type type, const char *text);

/*
 * uniform[0:1] and the like, and [0:1], which is uniform, too: a value that is to be searched. Only
 * names that Guild AI knows count, so that img[1].png is a file.
 */
bool flag_is_function(const struct value *v);
/* Such a function in parts, as they are written. The caller releases what it gets. */
struct flag_function {
	char *name; /* NULL: none, which means uniform */
	struct strv args;
};
bool flag_parse_function(const struct value *v, struct flag_function *ret);
void flag_function_release(struct flag_function *f);
/* What is wrong with one such as range[1:5:0], which otherwise is the list that it means. NULL:
 * nothing, or it is a function of another kind. */
const char *flag_sequence_fault(const struct flag_function *f);

/* Parts of a value with arg-split: by a shell's rules, or what is between separators. -EINVAL,
 * -ENOMEM. */
int flag_split(const char *text, const struct value *arg_split, struct strv *ret_parts);
/* Puts decoded parts together again. */
void flag_join(struct buf *b, const struct value *list, const struct value *arg_split);

/* yes, no, null, [a, b], {k: v}, else YAML in flow form. */
void flag_encode(struct buf *b, const struct value *v);
/*
 * As labels and lists show it: floats cut behind the fifth digit (`cut`), existing paths shortened,
 * text with spaces quoted.
 */
void flag_format(struct buf *b, const struct value *v, bool cut);
/* A float of which at most so many digits of the fraction are kept: cut, not rounded. */
void flag_cut_float(struct buf *b, double d, size_t keep);

#endif
