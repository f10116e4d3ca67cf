/* SPDX-License-Identifier: MIT */
/* Levenshtein distance over short names. */
#include "project/nearest.h"

#include <string.h>

enum { NAME_MAX_LEN = 64 };

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

static size_t distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_LEN + 1], n = strlen(b);

	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t above = row[j];

			row[j] = min3(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[n];
}

const char *nearest_name(const char *name, const char *const *names, size_t n)
{
	size_t allowed = strlen(name) / 4 + 1, best = allowed + 1;
	const char *nearest = NULL;

	for (size_t i = 0; i < n; i++) {
		size_t d;

		if (strlen(names[i]) > NAME_MAX_LEN)
			continue;
		d = distance(name, names[i]);
		if (d < best) {
			best = d;
			nearest = names[i];
		}
	}
	return best <= allowed ? nearest : NULL;
}
