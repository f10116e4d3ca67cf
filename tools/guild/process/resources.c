/* SPDX-License-Identifier: MIT */
/* Maps of numbers. */
#include "process/resources.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/shell.h"
#include "project/flag_values.h"
#include "yaml/scalar.h"

static double number_of(const struct value *v)
{
	return !v                       ? 0
	       : v->type == VALUE_INT   ? (double)v->integer
	       : v->type == VALUE_FLOAT ? v->number
					: 0;
}

static int add_word(struct value *map, const char *word)
{
	const char *equals = strchr(word, '=');
	_cleanup_free_ char *name = NULL;
	_cleanup_value_ struct value *v = NULL;

	if (!equals || equals == word)
		return -EINVAL;
	name = strndup(word, (size_t)(equals - word));
	v = scalar_decode(equals + 1);
	if (!name || !v)
		return -ENOMEM;
	if (v->type != VALUE_INT && v->type != VALUE_FLOAT)
		return -EINVAL;
	return value_map_set(map, name, STEAL(v));
}

int resources_add(struct value *map, const char *text)
{
	_cleanup_strv_ struct strv words = STRV_INIT;
	int r = shell_split(text, &words, NULL), bad = 0;

	for (size_t i = 0; (r == 0 || r == -EINVAL) && i < words.n; i++) {
		r = add_word(map, words.v[i]);
		bad |= r == -EINVAL;
	}
	return r == -ENOMEM ? r : bad ? -EINVAL : r;
}

int resources_missing(const struct value *there, const struct value *need, struct strv *ret)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < need->map.n; i++)
		if (!value_get(there, need->map.pairs[i].key))
			r = strv_add(ret, need->map.pairs[i].key);
	strv_sort(ret);
	return r;
}

bool resources_fit(const struct value *there, struct value *const *taken, size_t n,
	const struct value *need)
{
	for (size_t i = 0; i < need->map.n; i++) {
		const char *name = need->map.pairs[i].key;
		double left = number_of(value_get(there, name));

		for (size_t j = 0; j < n; j++)
			if (taken[j])
				left -= number_of(value_get(taken[j], name));
		if (number_of(need->map.pairs[i].value) > left)
			return false;
	}
	return true;
}

void resources_print(const struct value *map, struct buf *b)
{
	_cleanup_value_ struct value *sorted = value_copy(map);

	if (!sorted) {
		buf_fail(b, -ENOMEM);
		return;
	}
	value_map_sort(sorted);
	for (size_t i = 0; i < sorted->map.n; i++) {
		buf_printf(b, "%s%s=", i ? " " : "", sorted->map.pairs[i].key);
		flag_encode(b, sorted->map.pairs[i].value);
	}
}
