/* SPDX-License-Identifier: MIT */
/* YAML text to a value tree, event by event. */
#include "yaml/yaml.h"

#include <errno.h>
#include <string.h>
#include <yaml.h>

#include "base/file.h"
#include "base/utf8.h"
#include "yaml/scalar.h"

enum { FILE_MAX = 8 * 1024 * 1024, ANCHORS_MAX = 10000 };

struct anchor {
	char *name;
	struct value *value; /* a copy */
};

struct reader {
	yaml_parser_t parser;
	struct err *err;
	size_t nodes;
	int depth;
	bool incomplete; /* the text ended too early */
	struct anchor *anchors;
	size_t n_anchors;
};

static int fail_at(struct reader *rd, yaml_mark_t mark, int code, const char *sentence)
{
	return err_set_at(rd->err, code, (int)mark.line + 1, (int)mark.column + 1, "%s", sentence);
}

/* What libyaml found wrong, in one sentence. */
static int fail_parser(struct reader *rd)
{
	const yaml_parser_t *p = &rd->parser;
	yaml_mark_t mark = p->problem_mark;

	if (p->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (p->error == YAML_READER_ERROR)
		return err_set(rd->err, -EINVAL,
			"not UTF-8 text: %s at byte %zu; save the file as UTF-8", p->problem,
			p->problem_offset);
	/* At the very end of the text more text could still mend it. */
	rd->incomplete = p->eof && p->mark.index >= p->offset;
	if (strchr(p->problem, '\t') || strstr(p->problem, "cannot start any token"))
		return fail_at(rd, mark, -EINVAL,
			"not YAML: this character cannot start a value (tabs do not indent)");
	return err_set_at(rd->err, -EINVAL, (int)mark.line + 1, (int)mark.column + 1,
		"not YAML: %s%s%s", p->context ? p->context : "", p->context ? ", " : "",
		p->problem);
}

static int next_event(struct reader *rd, yaml_event_t *event)
{
	return yaml_parser_parse(&rd->parser, event) ? 0 : fail_parser(rd);
}

static int count_node(struct reader *rd, yaml_mark_t mark)
{
	if (++rd->nodes > YAML_MAX_NODES)
		return fail_at(rd, mark, -EFBIG, "more than a million values");
	return 0;
}

static void place_value(struct value *v, yaml_mark_t mark)
{
	v->line = (int)mark.line + 1;
	v->column = (int)mark.column + 1;
}

/* --- anchors -------------------------------------------------------------- */

static size_t count_values(const struct value *v)
{
	size_t n = 1;

	if (v->type == VALUE_LIST)
		for (size_t i = 0; i < v->list.n; i++)
			n += count_values(v->list.items[i]);
	if (v->type == VALUE_MAP)
		for (size_t i = 0; i < v->map.n; i++)
			n += count_values(v->map.pairs[i].value);
	return n;
}

/* Levels of lists and mappings. */
static int depth_of(const struct value *v)
{
	int deepest = 0;

	if (v->type == VALUE_LIST)
		for (size_t i = 0; i < v->list.n; i++) {
			int depth = depth_of(v->list.items[i]);

			deepest = depth > deepest ? depth : deepest;
		}
	if (v->type == VALUE_MAP)
		for (size_t i = 0; i < v->map.n; i++) {
			int depth = depth_of(v->map.pairs[i].value);

			deepest = depth > deepest ? depth : deepest;
		}
	return v->type == VALUE_LIST || v->type == VALUE_MAP ? deepest + 1 : 0;
}

static int remember_anchor(
	struct reader *rd, yaml_mark_t mark, const yaml_char_t *name, const struct value *v)
{
	struct anchor *grown;
	struct anchor a;

	if (!name)
		return 0;
	if (rd->n_anchors >= ANCHORS_MAX)
		return fail_at(rd, mark, -EFBIG, "more than 10000 anchors");
	rd->nodes += count_values(v);
	if (rd->nodes > YAML_MAX_NODES)
		return fail_at(rd, mark, -EFBIG, "anchors of more than a million values");
	grown = reallocarray(rd->anchors, rd->n_anchors + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	rd->anchors = grown;
	a = (struct anchor){.name = strdup((const char *)name), .value = value_copy(v)};
	rd->anchors[rd->n_anchors++] = a;
	return a.name && a.value ? 0 : -ENOMEM;
}

static int read_alias(struct reader *rd, const yaml_event_t *event, struct value **ret)
{
	const char *name = (const char *)event->data.alias.anchor;

	for (size_t i = rd->n_anchors; i-- > 0;) {
		if (strcmp(rd->anchors[i].name, name) != 0)
			continue;
		/* A few lines of aliases of aliases can stand for more than memory holds. */
		rd->nodes += count_values(rd->anchors[i].value);
		if (rd->nodes > YAML_MAX_NODES)
			return fail_at(rd, event->start_mark, -EFBIG,
				"aliases that expand to more than a million values");
		if (rd->depth + depth_of(rd->anchors[i].value) > YAML_MAX_DEPTH)
			return fail_at(rd, event->start_mark, -EFBIG,
				"aliases that nest more than 100 levels deep");
		*ret = value_copy(rd->anchors[i].value);
		if (!*ret)
			return -ENOMEM;
		place_value(*ret, event->start_mark);
		return 0;
	}
	return err_set_at(rd->err, -EINVAL, (int)event->start_mark.line + 1,
		(int)event->start_mark.column + 1, "alias *%s has no anchor &%s before it", name,
		name);
}

/* --- nodes ---------------------------------------------------------------- */

static int read_node(struct reader *rd, yaml_event_t *event, struct value **ret);

#define TAG_PREFIX "tag:yaml.org,2002:"

static bool tag_is(const yaml_char_t *tag, const char *name)
{
	return strncmp((const char *)tag, TAG_PREFIX, strlen(TAG_PREFIX)) == 0 &&
	       strcmp((const char *)tag + strlen(TAG_PREFIX), name) == 0;
}

static int unknown_tag(struct reader *rd, yaml_mark_t mark, const yaml_char_t *tag)
{
	return err_set_at(rd->err, -EINVAL, (int)mark.line + 1, (int)mark.column + 1,
		"tag %s is not supported; str, int, float, bool, null, seq, map and set are",
		(const char *)tag);
}

/* !!float 5 is 5.0; text that is not what its tag says is an error. */
static int read_tagged(struct reader *rd, const yaml_event_t *event, struct value **ret)
{
	static const struct {
		const char *name;
		enum value_type type;
	} tags[] = {
		{"str", VALUE_STRING},
		{"int", VALUE_INT},
		{"float", VALUE_FLOAT},
		{"bool", VALUE_BOOL},
		{"null", VALUE_NULL},
		{"timestamp", VALUE_DATE},
	};
	const char *text = (const char *)event->data.scalar.value;
	const yaml_char_t *tag = event->data.scalar.tag;
	size_t len = event->data.scalar.length, i = 0;
	_cleanup_value_ struct value *v = NULL;

	while (i < ARRAY_SIZE(tags) && !tag_is(tag, tags[i].name))
		i++;
	if (i == ARRAY_SIZE(tags))
		return unknown_tag(rd, event->start_mark, tag);
	v = tags[i].type == VALUE_STRING ? value_string_len(text, len) : scalar_resolve(text, len);
	if (v && tags[i].type == VALUE_FLOAT && v->type == VALUE_INT) {
		v->type = VALUE_FLOAT;
		v->number = (double)v->integer;
	}
	if (v && v->type != tags[i].type && !(tags[i].type == VALUE_INT && v->type == VALUE_BIGINT))
		return err_set_at(rd->err, -EINVAL, (int)event->start_mark.line + 1,
			(int)event->start_mark.column + 1, "'%s' is not what its tag !!%s says",
			text, tags[i].name);
	*ret = STEAL(v);
	return *ret ? 0 : -ENOMEM;
}

static int read_scalar(struct reader *rd, const yaml_event_t *event, struct value **ret)
{
	const char *text = (const char *)event->data.scalar.value;
	const yaml_char_t *tag = event->data.scalar.tag;
	size_t len = event->data.scalar.length;
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	struct value *v = NULL;

	if (memchr(text, '\0', len))
		return fail_at(rd, event->start_mark, -EINVAL, "a NUL character in a string");
	if (tag && strcmp((const char *)tag, "!") != 0) {
		int r = read_tagged(rd, event, &v);

		if (r < 0)
			return r;
	} else {
		v = plain && !tag ? scalar_resolve(text, len) : value_string_len(text, len);
	}
	if (!v)
		return -ENOMEM;
	place_value(v, event->start_mark);
	v->plain = plain && !tag;
	v->source = strndup(text, len);
	*ret = v;
	return v->source ? 0 : -ENOMEM;
}

static int read_list(struct reader *rd, const yaml_event_t *start, struct value **ret)
{
	struct value *list = *ret = value_list();
	int r = list ? 0 : -ENOMEM;

	if (list)
		place_value(list, start->start_mark);
	while (r == 0) {
		struct value *item = NULL;
		yaml_event_t event;

		r = next_event(rd, &event);
		if (r < 0)
			return r;
		if (event.type == YAML_SEQUENCE_END_EVENT) {
			yaml_event_delete(&event);
			return 0;
		}
		r = read_node(rd, &event, &item);
		yaml_event_delete(&event);
		if (r == 0)
			r = value_list_add(list, item);
		else
			value_free(item);
	}
	return r;
}

/* With what the key is, its place and its quotes, taken from `key`. */
static int add_pair(struct value *map, const struct value_pair *key, struct value *v)
{
	int r = value_map_add(map, key->key, v);

	if (r == 0) {
		struct value_pair *pair = &map->map.pairs[map->map.n - 1];

		pair->key_plain = key->key_plain;
		pair->key_line = key->key_line;
		pair->key_column = key->key_column;
	}
	return r;
}

/* << takes the pairs of other mappings; which of them count is decided at the end. */
static int merge(struct reader *rd, struct value *map, const struct value *from, yaml_mark_t mark)
{
	int r = 0;

	if (from->type == VALUE_LIST) {
		for (size_t i = 0; r == 0 && i < from->list.n; i++)
			r = merge(rd, map, from->list.items[i], mark);
		return r;
	}
	if (from->type != VALUE_MAP)
		return fail_at(rd, mark, -EINVAL, "<< needs a mapping or a list of mappings");
	for (size_t i = 0; r == 0 && i < from->map.n; i++)
		r = add_pair(map, &from->map.pairs[i], value_copy(from->map.pairs[i].value));
	return r;
}

/* Of two equal keys the last one counts; before << those that stand in the mapping itself. */
static int finish_map(
	struct reader *rd, struct value *map, const struct value *merged, yaml_mark_t mark)
{
	int r = value_map_unique(map, false);

	if (r < 0 || !merged->map.n)
		return r;
	r = merge(rd, map, merged, mark);
	return r < 0 ? r : value_map_unique(map, true);
}

/* One pair. `merged` collects what << brings, which the mapping's own pairs override. */
static int read_pair(
	struct reader *rd, yaml_event_t *key_event, struct value *map, struct value *merged)
{
	yaml_mark_t mark = key_event->start_mark;
	_cleanup_value_ struct value *key = NULL;
	struct value *v = NULL;
	yaml_event_t event;
	int r = read_node(rd, key_event, &key);

	if (r < 0)
		return r;
	if (!key->source)
		return fail_at(rd, mark, -EINVAL,
			"a key must be a single value, not a list or mapping (text that begins "
			"with [ or { is written in quotes)");
	r = next_event(rd, &event);
	if (r < 0)
		return r;
	r = read_node(rd, &event, &v);
	yaml_event_delete(&event);
	if (r == 0 && key->plain && strcmp(key->source, "<<") == 0) {
		r = merge(rd, merged, v, mark);
		value_free(v);
		return r;
	}
	if (r == 0)
		return add_pair(map,
			&(struct value_pair){
				/* Nothing at all is null, too. */
				.key = key->plain && !*key->source ? (char *)"null" : key->source,
				.key_plain = key->plain,
				.key_line = (int)mark.line + 1,
				.key_column = (int)mark.column + 1,
			},
			v);
	value_free(v);
	return r;
}

static int read_map(struct reader *rd, const yaml_event_t *start, struct value **ret)
{
	_cleanup_value_ struct value *merged = value_map();
	struct value *map = *ret = value_map();
	int r = map && merged ? 0 : -ENOMEM;

	if (map)
		place_value(map, start->start_mark);
	while (r == 0) {
		yaml_event_t event;

		r = next_event(rd, &event);
		if (r < 0)
			return r;
		if (event.type == YAML_MAPPING_END_EVENT) {
			yaml_event_delete(&event);
			return finish_map(rd, map, merged, start->start_mark);
		}
		r = read_pair(rd, &event, map, merged);
		yaml_event_delete(&event);
	}
	return r;
}

/* What stands behind its members means nothing. */
static int make_set(struct value *map)
{
	map->map.is_set = true;
	for (size_t i = 0; i < map->map.n; i++) {
		value_free(map->map.pairs[i].value);
		map->map.pairs[i].value = value_null();
		if (!map->map.pairs[i].value)
			return -ENOMEM;
	}
	return 0;
}

static int read_container(struct reader *rd, const yaml_event_t *event, struct value **ret)
{
	bool is_list = event->type == YAML_SEQUENCE_START_EVENT;
	const yaml_char_t *tag =
		is_list ? event->data.sequence_start.tag : event->data.mapping_start.tag;
	bool is_set = tag && !is_list && tag_is(tag, "set");
	int r;

	if (tag && !is_set && !tag_is(tag, is_list ? "seq" : "map"))
		return unknown_tag(rd, event->start_mark, tag);
	if (rd->depth >= YAML_MAX_DEPTH)
		return fail_at(rd, event->start_mark, -EFBIG, "nested more than 100 levels deep");
	rd->depth++;
	r = is_list ? read_list(rd, event, ret) : read_map(rd, event, ret);
	rd->depth--;
	return r == 0 && is_set ? make_set(*ret) : r;
}

/* *ret may be set also on failure: the caller frees it. */
static int read_node(struct reader *rd, yaml_event_t *event, struct value **ret)
{
	const yaml_char_t *anchor = NULL;
	int r = count_node(rd, event->start_mark);

	if (r < 0)
		return r;
	switch (event->type) {
	case YAML_ALIAS_EVENT:
		return read_alias(rd, event, ret);
	case YAML_SCALAR_EVENT:
		anchor = event->data.scalar.anchor;
		r = read_scalar(rd, event, ret);
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = event->data.sequence_start.anchor;
		r = read_container(rd, event, ret);
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = event->data.mapping_start.anchor;
		r = read_container(rd, event, ret);
		break;
	default:
		return fail_at(rd, event->start_mark, -EINVAL, "a value is missing");
	}
	return r < 0 ? r : remember_anchor(rd, event->start_mark, anchor, *ret);
}

/* --- documents ------------------------------------------------------------ */

static int expect_end(struct reader *rd)
{
	yaml_event_t event;
	int r = next_event(rd, &event); /* the document's end */

	if (r < 0)
		return r;
	yaml_event_delete(&event);
	r = next_event(rd, &event);
	if (r < 0)
		return r;
	if (event.type != YAML_STREAM_END_EVENT)
		r = fail_at(
			rd, event.start_mark, -EINVAL, "a second document (---); only one is read");
	yaml_event_delete(&event);
	return r;
}

static int read_document(struct reader *rd, struct value **ret)
{
	yaml_event_t event;
	int r = next_event(rd, &event); /* the stream's start */

	if (r < 0)
		return r;
	yaml_event_delete(&event);
	r = next_event(rd, &event);
	if (r < 0)
		return r;
	if (event.type == YAML_STREAM_END_EVENT) {
		yaml_event_delete(&event);
		*ret = value_null();
		return *ret ? 0 : -ENOMEM;
	}
	yaml_event_delete(&event);
	r = next_event(rd, &event);
	if (r < 0)
		return r;
	r = read_node(rd, &event, ret);
	yaml_event_delete(&event);
	return r < 0 ? r : expect_end(rd);
}

int yaml_parse_prefix(
	const char *text, size_t len, struct value **ret, bool *ret_incomplete, struct err *err)
{
	struct reader rd = {.err = err};
	struct value *v = NULL;
	int r;

	if (!yaml_parser_initialize(&rd.parser))
		return -ENOMEM;
	/* libyaml counts the mark as a column, which moves the first line to the right. */
	if (text) {
		size_t mark = utf8_mark(text, len);

		text += mark;
		len -= mark;
	}
	yaml_parser_set_encoding(&rd.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&rd.parser, (const unsigned char *)(text ? text : ""), len);
	r = read_document(&rd, &v);
	yaml_parser_delete(&rd.parser);
	for (size_t i = 0; i < rd.n_anchors; i++) {
		free(rd.anchors[i].name);
		value_free(rd.anchors[i].value);
	}
	free(rd.anchors);
	*ret_incomplete = rd.incomplete;
	if (r < 0)
		value_free(v);
	else
		*ret = v;
	return r;
}

int yaml_parse(const char *text, size_t len, struct value **ret, struct err *err)
{
	bool incomplete;

	return yaml_parse_prefix(text, len, ret, &incomplete, err);
}

int yaml_parse_file(int dirfd, const char *name, struct value **ret, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = file_read(dirfd, name, FILE_MAX, &text);

	if (r == -EFBIG)
		return err_set(err, r, "%s: longer than 8 MiB", name);
	if (r < 0)
		return err_set(err, r, "%s: %s", name, strerror(-r));
	r = yaml_parse(text.data, text.len, ret, err);
	return r < 0 ? err_prefix(err, r, "%s", name) : 0;
}
