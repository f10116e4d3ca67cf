/* SPDX-License-Identifier: MIT */
/*
 * Patterns that find scalars and attributes in what an operation prints (reference, 6.1): the
 * values of `output-scalars` and `output-attrs`, in all of their forms, and the defaults.
 *
 *	null                  the defaults
 *	no, []                nothing is captured
 *	PATTERN, {KEY: PATTERN, ...}, or a list of both
 *
 * In patterns \key, \value and (of scalars) \step stand for usual expressions. Named groups are
 * keys, but for the pair _key and _val; else one group is the value of KEY, two are key and value.
 */
#ifndef METRICS_CAPTURE_PATTERN_H
#define METRICS_CAPTURE_PATTERN_H

#include <stdbool.h>

#include "base/strv.h"
#include "yaml/value.h"

enum capture_kind {
	CAPTURE_SCALARS, /* values are numbers as Python's float() takes them; others do not count
			  */
	CAPTURE_ATTRS,   /* values are texts */
};

struct capture_pattern {
	char *key;  /* NULL: none */
	char *text; /* aliases replaced */
	struct regex *regex;
};

struct capture_patterns {
	enum capture_kind kind;
	bool is_default;
	struct capture_pattern *v;
	size_t n;
};

/*
 * config may be NULL. What cannot be used is left out, with a sentence in `warnings`. -ENOMEM.
 */
int capture_patterns_init(struct capture_patterns *p, enum capture_kind kind,
	const struct value *config, struct strv *warnings);
void capture_patterns_release(struct capture_patterns *p);

/*
 * Adds what all patterns find in a line to `vals`, a map of numbers or strings; what is found
 * later replaces what was there. The line is UTF-8 without white space at its end. -ENOMEM.
 */
int capture_match(const struct capture_patterns *p, const char *line, struct value *vals);

/* How a line fares with each pattern, for people who write patterns. */
struct capture_trace {
	void (*line)(void *arg, const char *line);
	/*
	 * `groups` is NULL where nothing matches, else what each match captured as Python prints a
	 * list of tuples; `assigned` is "key=value, ...".
	 */
	void (*pattern)(void *arg, const char *pattern, const char *groups, const char *assigned);
	void *arg;
};

int capture_trace_line(
	const struct capture_patterns *p, const char *line, const struct capture_trace *trace);

#endif
