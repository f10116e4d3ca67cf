/* SPDX-License-Identifier: MIT */
/* bytes=A-B, bytes=A- and bytes=-N. */
#include "base/http_range.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNIT "bytes="

/* Digits only: strtoull() would take a sign. */
static bool parse_number(const char **text, uint64_t *ret)
{
	char *end;

	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	*ret = strtoull(*text, &end, 10);
	*text = end;
	return errno == 0;
}

/* The last so many bytes, or all that there are. */
static void take_end(uint64_t n, uint64_t size, struct http_range *ret)
{
	ret->len = n < size ? n : size;
	ret->from = ret->len ? size - ret->len : 0;
	ret->kind = ret->len ? HTTP_RANGE_PART : HTTP_RANGE_NONE;
}

static void take_from(uint64_t from, uint64_t to, uint64_t size, struct http_range *ret)
{
	bool none = from >= size;

	ret->kind = none ? HTTP_RANGE_NONE : HTTP_RANGE_PART;
	ret->from = none ? 0 : from;
	ret->len = none ? 0 : (to < size ? to + 1 : size) - from;
}

void http_range_parse(const char *header, uint64_t size, struct http_range *ret)
{
	uint64_t from, to = UINT64_MAX;
	const char *at = header;

	*ret = (struct http_range){.kind = HTTP_RANGE_ALL, .len = size};
	if (!header || strncmp(header, UNIT, strlen(UNIT)) != 0)
		return;
	at += strlen(UNIT);
	if (*at == '-') {
		at++;
		if (parse_number(&at, &to) && !*at)
			take_end(to, size, ret);
		return;
	}
	if (!parse_number(&at, &from) || *at++ != '-' || (*at && !parse_number(&at, &to)))
		return;
	if (!*at && from <= to)
		take_from(from, to, size, ret);
}

void http_range_format(const struct http_range *range, uint64_t size, char *ret, size_t ret_size)
{
	*ret = '\0';
	if (range->kind == HTTP_RANGE_NONE)
		snprintf(ret, ret_size, "bytes */%" PRIu64, size);
	else if (range->kind == HTTP_RANGE_PART)
		snprintf(ret, ret_size, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, range->from,
			range->from + range->len - 1, size);
}
