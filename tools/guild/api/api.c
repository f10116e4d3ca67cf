/* SPDX-License-Identifier: MIT */
/* Answers. */
#include "api/api.h"

#include <stdio.h>

#include "yaml/json.h"

int api_print(bool format, struct value *answer)
{
	_cleanup_value_ struct value *v = answer;
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (v)
		(format ? json_emit_indented : json_emit)(&text, v);
	if (!v || buf_error(&text))
		return complain("out of memory");
	puts(buf_str(&text));
	return EXIT_OK;
}

struct value *api_text(const char *text)
{
	return text ? value_string(text) : value_null();
}

struct value *api_opref(const struct opref *ref)
{
	const char *const fields[][2] = {{"pkgType", ref->pkg_type}, {"pkgName", ref->pkg_name},
		{"pkgVersion", ref->pkg_version}, {"modelName", ref->model}, {"opName", ref->op}};
	struct value *map = value_map();
	int r = map ? 0 : -1;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(fields); i++)
		r = value_map_set(map, fields[i][0], api_text(fields[i][1]));
	if (r == 0)
		return map;
	value_free(map);
	return NULL;
}
