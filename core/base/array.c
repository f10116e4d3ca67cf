/* SPDX-License-Identifier: MIT */
/* Reallocated by factors. */
#include "base/array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST = 16 };

int array_grow(void *array, size_t n, size_t *cap, size_t size)
{
	size_t more = *cap ? *cap * 2 : FIRST;
	void *grown;

	if (n < *cap)
		return 0;
	grown = reallocarray(*(void **)array, more, size);
	if (!grown)
		return -ENOMEM;
	*(void **)array = grown;
	*cap = more;
	return 0;
}

int array_reach(void *array, size_t at, size_t *n, size_t size)
{
	size_t more = at + 1 + at / 2;
	char *grown;

	if (at < *n)
		return 0;
	grown = reallocarray(*(void **)array, more, size);
	if (!grown)
		return -ENOMEM;
	memset(grown + *n * size, 0, (more - *n) * size);
	*(void **)array = grown;
	*n = more;
	return 0;
}
