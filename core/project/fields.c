/* SPDX-License-Identifier: MIT */
/* Typed attributes of a mapping. */
#include "project/fields.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int field_string(
	const struct value *map, const char *key, const char *absent, char **ret, struct err *err)
{
	const struct value *v = value_get(map, key);
	const char *text;
	size_t len;

	if (value_is_null(v)) {
		*ret = absent ? strdup(absent) : NULL;
		return absent && !*ret ? -ENOMEM : 0;
	}
	text = v->source; /* `description: 2018` is text, too */
	if (!text)
		return fail(err, v, "'%s' is %s; a string is needed", key, value_type_name(v));
	text += strspn(text, " \t\r\n");
	len = strlen(text);
	while (len && strchr(" \t\r\n", text[len - 1]))
		len--;
	*ret = strndup(text, len);
	return *ret ? 0 : -ENOMEM;
}

int field_strings(const struct value *map, const char *key, struct strv *ret, struct err *err)
{
	const struct value *v = value_get(map, key);
	int r = 0;

	if (value_is_null(v))
		return 0;
	if (v->type != VALUE_LIST)
		return v->source
			       ? strv_add(ret, v->source)
			       : fail(err, v, "'%s' is %s; a string or a list of strings is needed",
					 key, value_type_name(v));
	for (size_t i = 0; r == 0 && i < v->list.n; i++) {
		const struct value *item = v->list.items[i];

		r = item->source ? strv_add(ret, item->source)
				 : fail(err, item, "an item of '%s' is %s; a string is needed", key,
					   value_type_name(item));
	}
	return r;
}

int field_map(const struct value *map, const char *key, struct value **ret, struct err *err)
{
	const struct value *v = value_get(map, key);

	*ret = NULL;
	if (value_is_null(v))
		return 0;
	if (v->type != VALUE_MAP)
		return fail(err, v, "'%s' is %s; a mapping is needed", key, value_type_name(v));
	*ret = value_copy(v);
	return *ret ? 0 : -ENOMEM;
}

