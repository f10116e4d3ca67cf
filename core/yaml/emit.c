/* SPDX-License-Identifier: MIT */
/* Value trees to YAML text by libyaml's emitter, set up as PyYAML's safe_dump is. */
#include "yaml/yaml.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/utf8.h"
#include "yaml/scalar.h"

struct style {
	bool flow;
	bool sorted;
	bool utf8;
	bool strict; /* y and n are quoted: some YAML readers take them for booleans */
};

struct writer {
	yaml_emitter_t emitter;
	struct style style;
	bool one_line; /* strings stay on one line, in double quotes where they must */
	int depth;     /* of lists and mappings around */
};

static int take_output(void *data, unsigned char *text, size_t len)
{
	buf_add(data, text, len);
	return 1;
}

static bool emit_event(struct writer *w, yaml_event_t *event)
{
	return yaml_emitter_emit(&w->emitter, event);
}

static bool emit_text(struct writer *w, const char *text, bool plain)
{
	yaml_event_t event;

	if (!yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text,
		    (int)strlen(text), plain, 1,
		    plain ? YAML_PLAIN_SCALAR_STYLE : YAML_ANY_SCALAR_STYLE))
		return false;
	return emit_event(w, &event);
}

/* To YAML 1.1 these are booleans, to PyYAML they are not. */
static bool is_yes_or_no(const char *text)
{
	return strlen(text) == 1 && strchr("yYnN", *text);
}

/* What a command line would take for a number must be quoted for a flags file as well. */
static bool needs_quotes_in_flow(const char *text)
{
	struct value *v = scalar_decode(text);
	bool is_string = v && v->type == VALUE_STRING;

	value_free(v);
	return !is_string;
}

/* CR, LF and what else YAML 1.1 breaks lines at: U+0085, U+2028, U+2029. */
static bool has_line_break(const char *text)
{
	return strpbrk(text, "\r\n") || strstr(text, "\xc2\x85") || strstr(text, "\xe2\x80\xa8") ||
	       strstr(text, "\xe2\x80\xa9");
}

static yaml_scalar_style_t string_style(const struct writer *w, const char *text)
{
	/* Only double quotes keep a line break on one line. */
	if ((w->style.flow || w->one_line) && has_line_break(text))
		return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
	if (!scalar_is_string(text) || (w->style.strict && is_yes_or_no(text)) ||
		(w->style.flow && needs_quotes_in_flow(text)))
		return YAML_SINGLE_QUOTED_SCALAR_STYLE;
	return YAML_ANY_SCALAR_STYLE;
}

static bool emit_string(struct writer *w, const char *text)
{
	yaml_scalar_style_t style = string_style(w, text);
	yaml_event_t event;

	/* libyaml writes characters beyond U+10FFFF, which nobody can read. */
	if (!utf8_is_valid(text, strlen(text)) ||
		!yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text,
			(int)strlen(text), style == YAML_ANY_SCALAR_STYLE, 1, style))
		return false;
	return emit_event(w, &event);
}

/* Inside brackets a time would need quotes for its colons, which make a string of it. */
static bool emit_date(struct writer *w, const char *text)
{
	yaml_event_t event;

	if (!w->style.flow || !w->depth || !strchr(text, ':'))
		return emit_text(w, text, true);
	return yaml_scalar_event_initialize(&event, NULL,
		       (const yaml_char_t *)"tag:yaml.org,2002:timestamp",
		       (const yaml_char_t *)text, (int)strlen(text), 0, 0,
		       YAML_SINGLE_QUOTED_SCALAR_STYLE) &&
	       emit_event(w, &event);
}

static bool emit_value(struct writer *w, const struct value *v);

static bool emit_list(struct writer *w, const struct value *v)
{
	yaml_event_t event;
	bool flow = w->style.flow || !v->list.n;

	if (!yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
		    flow ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE) ||
		!emit_event(w, &event))
		return false;
	w->depth++;
	for (size_t i = 0; i < v->list.n; i++)
		if (!emit_value(w, v->list.items[i]))
			return false;
	w->depth--;
	return yaml_sequence_end_event_initialize(&event) && emit_event(w, &event);
}

static int compare_pairs(const void *a, const void *b)
{
	const struct value_pair *const *x = a, *const *y = b;

	return strcmp((*x)->key, (*y)->key);
}

/* As it was written, so that two keys of one meaning stay two; where that needs no quotes. */
static bool emit_key(struct writer *w, const struct value_pair *pair)
{
	_cleanup_value_ struct value *key = value_of_key(pair);

	if (!key)
		return false;
	if (key->type == VALUE_STRING)
		return emit_string(w, pair->key);
	if (w->style.flow && strchr(pair->key, ':'))
		return emit_value(w, key);
	return emit_text(w, pair->key, true);
}

static bool emit_pairs(struct writer *w, const struct value *v)
{
	_cleanup_free_ const struct value_pair **pairs = calloc(v->map.n + 1, sizeof(*pairs));

	if (!pairs)
		return false;
	for (size_t i = 0; i < v->map.n; i++)
		pairs[i] = &v->map.pairs[i];
	if (w->style.sorted)
		qsort(pairs, v->map.n, sizeof(*pairs), compare_pairs);
	w->style.sorted = true; /* only the outermost map may keep its own order */
	for (size_t i = 0; i < v->map.n; i++)
		if (!emit_key(w, pairs[i]) || !emit_value(w, pairs[i]->value))
			return false;
	return true;
}

static bool emit_map(struct writer *w, const struct value *v)
{
	yaml_event_t event;
	bool flow = w->style.flow || !v->map.n;
	yaml_char_t *tag = v->map.is_set ? (yaml_char_t *)"tag:yaml.org,2002:set" : NULL;

	if (!yaml_mapping_start_event_initialize(&event, NULL, tag, !tag,
		    flow ? YAML_FLOW_MAPPING_STYLE : YAML_BLOCK_MAPPING_STYLE) ||
		!emit_event(w, &event))
		return false;
	w->depth++;
	if (!emit_pairs(w, v))
		return false;
	w->depth--;
	return yaml_mapping_end_event_initialize(&event) && emit_event(w, &event);
}

static bool emit_number(struct writer *w, const struct value *v)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	if (v->type == VALUE_INT)
		buf_printf(&b, "%" PRId64, v->integer);
	else
		scalar_format_float_yaml(&b, v->number);
	return !buf_error(&b) && emit_text(w, buf_str(&b), true);
}

static bool emit_value(struct writer *w, const struct value *v)
{
	switch (v->type) {
	case VALUE_NULL:
		return emit_text(w, "null", true);
	case VALUE_BOOL:
		return emit_text(w, v->boolean ? "true" : "false", true);
	case VALUE_INT:
	case VALUE_FLOAT:
		return emit_number(w, v);
	case VALUE_BIGINT:
		return emit_text(w, v->string, true);
	case VALUE_DATE:
		return emit_date(w, v->string);
	case VALUE_STRING:
		return emit_string(w, v->string);
	case VALUE_LIST:
		return emit_list(w, v);
	case VALUE_MAP:
		return emit_map(w, v);
	}
	return false;
}

static bool emit_document(struct writer *w, const struct value *v)
{
	yaml_event_t event;

	return yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING) &&
	       emit_event(w, &event) &&
	       yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1) &&
	       emit_event(w, &event) && emit_value(w, v) &&
	       yaml_document_end_event_initialize(&event, 1) && emit_event(w, &event) &&
	       yaml_stream_end_event_initialize(&event) && emit_event(w, &event) &&
	       yaml_emitter_flush(&w->emitter);
}

/* A lone scalar ends in "...", which says nothing here; one newline ends every text. */
static void trim_end(struct buf *b, size_t start)
{
	size_t len = b->len;

	while (len > start && b->data[len - 1] == '\n')
		len--;
	if (len >= start + 4 && memcmp(b->data + len - 4, "\n...", 4) == 0)
		len -= 4;
	buf_resize(b, len);
}

/*
 * Without a list or mapping around it a string begins its lines at the left edge, where these words
 * would end the document.
 */
static bool has_marker(const struct value *v)
{
	const char *text = value_str(v);

	return text && (strstr(text, "---") || strstr(text, "..."));
}

static void emit(struct buf *b, const struct value *v, struct style style)
{
	struct writer w = {.style = style, .one_line = has_marker(v)};
	size_t start = b->len;

	if (buf_error(b))
		return;
	if (!yaml_emitter_initialize(&w.emitter)) {
		buf_fail(b, -ENOMEM);
		return;
	}
	yaml_emitter_set_output(&w.emitter, take_output, b);
	yaml_emitter_set_width(&w.emitter, style.flow || w.one_line ? -1 : 80);
	yaml_emitter_set_unicode(&w.emitter, style.flow || style.utf8);
	yaml_emitter_set_indent(&w.emitter, 2);
	if (!emit_document(&w, v))
		buf_fail(b, w.emitter.error == YAML_MEMORY_ERROR ? -ENOMEM : -EINVAL);
	yaml_emitter_delete(&w.emitter);
	if (!buf_error(b))
		trim_end(b, start);
}

void yaml_emit(struct buf *b, const struct value *v)
{
	emit(b, v, (struct style){.sorted = true, .strict = true});
	buf_putc(b, '\n');
}

void yaml_emit_plain(struct buf *b, const struct value *v)
{
	emit(b, v, (struct style){.sorted = true});
	buf_putc(b, '\n');
}

void yaml_emit_ordered(struct buf *b, const struct value *v)
{
	emit(b, v, (struct style){.strict = true});
	buf_putc(b, '\n');
}

void yaml_emit_utf8(struct buf *b, const struct value *v)
{
	emit(b, v, (struct style){.strict = true, .utf8 = true});
	buf_putc(b, '\n');
}

void yaml_emit_flow(struct buf *b, const struct value *v)
{
	emit(b, v, (struct style){.flow = true, .sorted = true});
}
