/* SPDX-License-Identifier: MIT */
/* A filter's inside: filter_parse.c makes trees of these, filter.c asks them. */
#ifndef CATALOG_FILTER_PARSE_H
#define CATALOG_FILTER_PARSE_H

#include "catalog/filter.h"

enum filter_kind {
	FILTER_TERM,
	FILTER_NOT, /* of `left` */
	FILTER_AND,
	FILTER_OR,
	/* Tests: `name` and `term`. */
	FILTER_EQUAL,
	FILTER_UNEQUAL,
	FILTER_LESS,
	FILTER_LESS_EQUAL,
	FILTER_GREATER,
	FILTER_GREATER_EQUAL,
	FILTER_IN,
	FILTER_NOT_IN,
	FILTER_CONTAINS,
	FILTER_NOT_CONTAINS,
};

struct filter {
	enum filter_kind kind;
	struct filter *left, *right;
	char *name;
	struct value *term;
};

#endif
