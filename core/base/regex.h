/* SPDX-License-Identifier: MIT */
/*
 * Regular expressions as Guild files have them: Python's, which PCRE2 reads nearly all of.
 * A compiled one may be used by several threads.
 */
#ifndef BASE_REGEX_H
#define BASE_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define REGEX_GROUPS 32

struct regex;

struct regex_match {
	size_t n; /* groups that there are; 0 is the whole */
	struct {
		const char *start; /* in the text; NULL: the group did not take part */
		size_t len;
	} group[REGEX_GROUPS];
};

/* -EINVAL with a sentence that says where the pattern is wrong. */
int regex_compile(const char *pattern, struct regex **ret, struct err *err);
void regex_free(struct regex *regex);

static inline void regex_freep(struct regex **regex)
{
	regex_free(*regex);
}
#define _cleanup_regex_ _cleanup_(regex_freep)

/* For a pattern that is used once: anywhere in the text. One that is wrong matches nothing. */
bool regex_matches(const char *pattern, const char *text);

/* Anywhere in the text; `match` may be NULL. */
bool regex_search(const struct regex *regex, const char *text, struct regex_match *match);
/*
 * Python's re.finditer: with match->n 0 the first match, else the next one behind it. The text
 * must be the same in every call.
 */
bool regex_next(const struct regex *regex, const char *text, struct regex_match *match);

/* Groups in the pattern, the whole not counted; and the name that one has, NULL: none. */
size_t regex_groups(const struct regex *regex);
const char *regex_group_name(const struct regex *regex, size_t group);

/* Python's re.sub with count=1: \1 and \g<1> in repl stand for groups. */
void regex_sub(const struct regex *regex, const char *text, const char *repl, struct buf *b);

#endif
