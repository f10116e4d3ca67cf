/* SPDX-License-Identifier: MIT */
/* Text and numbers in turn. */
#include "base/natural.h"

#include <stdbool.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t text_len(const char *s)
{
	size_t len = 0;

	while (s[len] && !is_digit(s[len]))
		len++;
	return len;
}

static size_t digits_len(const char *s)
{
	size_t len = 0;

	while (is_digit(s[len]))
		len++;
	return len;
}

/* The digits at *s without leading zeros, which are as good as longer ones. */
static size_t take_digits(const char **s, const char **ret_digits)
{
	size_t len;

	while (**s == '0' && is_digit((*s)[1]))
		++*s;
	*ret_digits = *s;
	len = digits_len(*s);
	*s += len;
	return len;
}

int natural_compare(const char *a, const char *b)
{
	while (*a && *b) {
		size_t text_a = text_len(a), text_b = text_len(b);
		size_t both = text_a < text_b ? text_a : text_b, len_a, len_b;
		const char *digits_a, *digits_b;
		int r = memcmp(a, b, both);

		if (r || text_a != text_b)
			return r ? r : text_a < text_b ? -1 : 1;
		a += text_a;
		b += text_b;
		if (!*a || !*b)
			break;
		len_a = take_digits(&a, &digits_a);
		len_b = take_digits(&b, &digits_b);
		r = len_a == len_b ? memcmp(digits_a, digits_b, len_a) : len_a < len_b ? -1 : 1;
		if (r)
			return r;
	}
	return (*a != '\0') - (*b != '\0');
}
