/* SPDX-License-Identifier: MIT */
/* The `$include` key of operations, flags and resources (reference, 1.4). */
#include "project/raw.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "project/fields.h"

#define REF_FORM "CONFIG[#ATTRS] or MODEL:OPERATION[#ATTRS]"

/* CONFIG[#ATTRS] or MODEL:OPERATION[#ATTRS]. */
struct ref {
	char *model;
	char *operation; /* NULL: of the item itself */
	char *attrs;     /* NULL: all */
};

static void ref_release(struct ref *ref)
{
	free(ref->model);
	free(ref->operation);
	free(ref->attrs);
}

static int ref_parse(const char *text, const struct value *at, struct ref *ret, struct err *err)
{
	const char *hash = strchr(text, '#');
	size_t len = hash ? (size_t)(hash - text) : strlen(text);
	const char *colon = memchr(text, ':', len);

	if (!len || (hash && !hash[1]) || (colon && colon + 1 == text + len))
		return fail(err, at,
			"invalid include reference '%s': operation references must be specified "
			"as " REF_FORM,
			text);
	ret->model = strndup(text, colon ? (size_t)(colon - text) : len);
	if (colon)
		ret->operation = strndup(colon + 1, len - (size_t)(colon + 1 - text));
	if (hash)
		ret->attrs = strdup(hash + 1);
	return ret->model && (!colon || ret->operation) && (!hash || ret->attrs) ? 0 : -ENOMEM;
}

/* The section of what a reference names, as it was written there. */
static const struct value *find_section(
	const struct ref *ref, const char *section, const struct raw_path *path, bool *ret_found)
{
	*ret_found = false;
	for (size_t i = 0; i < path->n; i++) {
		const struct raw_item *item = raw_find(path->files[i], ref->model);
		const struct value *holder = item ? item->data : NULL;

		if (holder && ref->operation)
			holder = value_get(value_get(holder, "operations"), ref->operation);
		if (!holder)
			continue;
		*ret_found = true;
		return value_get(holder, section);
	}
	return NULL;
}

struct section {
	const char *name;
	const struct raw_path *path;
	struct strv seen;
	struct value *resolved;
};

static int add_section(
	struct section *s, const struct value *data, const char *attrs, struct err *err);

static int add_reference(
	struct section *s, const char *text, const struct value *at, struct err *err)
{
	_cleanup_(ref_release) struct ref ref = {0};
	const struct value *data;
	bool found;
	int r = ref_parse(text, at, &ref, err);

	if (r < 0)
		return r;
	data = find_section(&ref, s->name, s->path, &found);
	if (!found)
		return fail(err, at, "invalid include reference '%s': cannot find target", text);
	return data && data->type == VALUE_MAP ? add_section(s, data, ref.attrs, err) : 0;
}

/* A reference that was followed already ends the list, as in Guild AI. */
static int add_references(struct section *s, const struct value *v, struct err *err)
{
	_cleanup_strv_ struct strv refs = STRV_INIT;
	int r = raw_strings(v, "$include", &refs, err);

	for (size_t i = 0; r == 0 && i < refs.n && !strv_has(&s->seen, refs.v[i]); i++) {
		r = strv_add(&s->seen, refs.v[i]);
		if (r == 0)
			r = add_reference(s, refs.v[i], v, err);
	}
	return r;
}

/* What comes later beats what was included, attribute by attribute. */
static int add_entry(struct section *s, const struct value_pair *pair)
{
	struct value *now = value_get(s->resolved, pair->key);
	int r = 0;

	if (!now || now->type != VALUE_MAP || pair->value->type != VALUE_MAP) {
		r = value_map_set(s->resolved, pair->key, value_copy(pair->value));
		for (size_t i = 0; r == 0 && i < s->resolved->map.n; i++)
			if (strcmp(s->resolved->map.pairs[i].key, pair->key) == 0)
				s->resolved->map.pairs[i].key_line = pair->key_line;
		return r;
	}
	for (size_t i = 0; r == 0 && i < pair->value->map.n; i++)
		r = value_map_set(now, pair->value->map.pairs[i].key,
			value_copy(pair->value->map.pairs[i].value));
	return r;
}

static int add_section(
	struct section *s, const struct value *data, const char *attrs, struct err *err)
{
	const struct value *includes = value_get(data, "$include");
	/* Guild AI looks for the name anywhere in the text of the attributes. */
	bool wanted = !attrs || strstr(attrs, "$include");
	int r = includes && wanted ? add_references(s, includes, err) : 0;

	for (size_t i = 0; r == 0 && i < data->map.n; i++) {
		const struct value_pair *pair = &data->map.pairs[i];

		if (strcmp(pair->key, "$include") != 0 && (!attrs || strstr(attrs, pair->key)))
			r = add_entry(s, pair);
	}
	return r;
}

int raw_include_section(
	struct value *map, const char *name, const struct raw_path *path, struct err *err)
{
	struct value *data = value_get(map, name);
	struct section s = {.name = name, .path = path};
	int r;

	if (!data || data->type != VALUE_MAP)
		return 0;
	s.resolved = value_map();
	if (!s.resolved)
		return -ENOMEM;
	s.resolved->line = data->line;
	s.resolved->column = data->column;
	s.resolved->file = data->file;
	r = add_section(&s, data, NULL, err);
	strv_release(&s.seen);
	if (r == 0)
		return value_map_set(map, name, s.resolved);
	value_free(s.resolved);
	return r;
}
