/* SPDX-License-Identifier: MIT */
/*
 * The links of an HTML document, by libxml2's parser, which makes something of whatever it is
 * given. The library is loaded when it is first needed (base/lazy_lib.h).
 */
#ifndef FETCH_ANCHORS_H
#define FETCH_ANCHORS_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* An element <a>; what it points to lives as long as the call. */
struct anchor {
	const char *text;         /* what is between the tags, without white space around it */
	const char *const *attrs; /* name, value, name, value ..., NULL */
};

/* Of an attribute, character references resolved; "" when it has none, NULL: it is not there. */
const char *anchor_attr(const struct anchor *anchor, const char *name);

/*
 * In their order; a negative result of visit ends it and is returned. *ret_base is what <base> says
 * references are relative to, or is left alone. -ELIBACC without the library.
 */
int anchors_each(const char *html, size_t len, int (*visit)(void *arg, const struct anchor *anchor),
	void *arg, struct buf *ret_base, struct err *err);

#endif
