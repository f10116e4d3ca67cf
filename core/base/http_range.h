/* SPDX-License-Identifier: MIT */
/* The Range of a request for a file (RFC 9110, section 14): one part of it, or all. */
#ifndef BASE_HTTP_RANGE_H
#define BASE_HTTP_RANGE_H

#include <stddef.h>
#include <stdint.h>

enum http_range_kind {
	HTTP_RANGE_ALL,  /* nothing was asked for, or what we do not give: then all is right, too */
	HTTP_RANGE_PART, /* 206 */
	HTTP_RANGE_NONE, /* 416: it begins behind the end */
};

struct http_range {
	enum http_range_kind kind;
	uint64_t from, len; /* of what to send */
};

/* header NULL: there is none. */
void http_range_parse(const char *header, uint64_t size, struct http_range *ret);

enum { HTTP_RANGE_MAX = 80 };
/* The value of Content-Range, "" where all is sent. */
void http_range_format(const struct http_range *range, uint64_t size, char *ret, size_t ret_size);

#endif
