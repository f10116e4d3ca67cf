/* SPDX-License-Identifier: MIT */
/*
 * A URL taken apart as Python's urlparse() does it, whose idea of a URL Guild AI's cache is built
 * on, and the names that follow from it. Text goes into buffers of the caller's; a lack of memory
 * sticks in them. Everything here is pure.
 */
#ifndef FETCH_URL_PARTS_H
#define FETCH_URL_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/cleanup.h"

/* What the files beside a download begin with; no downloaded file is called so. */
#define URL_OWN_PREFIX ".guild-cache-"

struct slice {
	const char *s;
	size_t len;
};

struct url_parts {
	struct buf text; /* owns what the slices point to; without the space around a URL */
	struct slice scheme, netloc, path, params, query, fragment; /* the scheme in lower case */
};

/* To be released, also after an error: -ENOMEM. */
int url_split(const char *url, struct url_parts *ret);
void url_parts_release(struct url_parts *u);
#define _cleanup_url_ _cleanup_(url_parts_release)

bool url_slice_is(struct slice slice, const char *s);

void url_percent_decode(struct buf *b, struct slice text);

/* The file's name: the last part of the path, as it is where that is safe. */
int url_file_name(const struct url_parts *u, struct buf *b);

/* As url_show(). */
void url_parts_show(struct buf *b, const struct url_parts *u);

#endif
