/* SPDX-License-Identifier: MIT */
/* Lines, steps, and the events that come of them. */
#include "metrics/capture.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "metrics/event_file.h"
#include "metrics/event_write.h"

enum { PIECE_MAX = 1 << 20, FIRST_KEPT = 9 /* tab */, IMPLIED_KEYS_MAX = 1000 };

#define STEP     "step"
#define STEP_END 0x1p63

/* A line that has begun. */
struct line {
	struct buf piece;
	struct value *scalars, *attrs; /* of the pieces before */
};

struct capture {
	struct capture_patterns scalars, attrs;
	struct strv flags;
	struct line lines[CAPTURE_STREAMS];
	struct event_file_writer scalar_file, attr_file;
	bool has_step;
	int64_t step, implied;
	struct strv implied_keys; /* of the current implied step */
};

int capture_new(const struct capture_config *config, struct strv *warnings, struct capture **ret)
{
	struct capture *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->scalar_file = EVENT_FILE_WRITER(config->guild_fd, "");
	c->attr_file = EVENT_FILE_WRITER(config->guild_fd, ".attrs");
	r = capture_patterns_init(&c->scalars, CAPTURE_SCALARS, config->scalars, warnings);
	if (r == 0)
		r = capture_patterns_init(&c->attrs, CAPTURE_ATTRS, config->attrs, warnings);
	if (r == 0 && config->flags)
		r = strv_copy(&c->flags, config->flags);
	for (int i = 0; i < CAPTURE_STREAMS; i++) {
		c->lines[i].scalars = value_map();
		c->lines[i].attrs = value_map();
		if (!c->lines[i].scalars || !c->lines[i].attrs)
			r = -ENOMEM;
	}
	if (r < 0) {
		capture_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

void capture_free(struct capture *c)
{
	if (!c)
		return;
	for (int i = 0; i < CAPTURE_STREAMS; i++) {
		buf_release(&c->lines[i].piece);
		value_free(c->lines[i].scalars);
		value_free(c->lines[i].attrs);
	}
	capture_patterns_release(&c->scalars);
	capture_patterns_release(&c->attrs);
	strv_release(&c->flags);
	strv_release(&c->implied_keys);
	event_file_release(&c->scalar_file);
	event_file_release(&c->attr_file);
	free(c);
}

/* --- what is captured ----------------------------------------------------------------------- */

/*
 * A line that repeats a key of the current implied step begins the next one. A program that never
 * repeats one, because it numbers its lines, gets a new step when the keys become too many to look
 * through at each line.
 */
static int imply_step(struct capture *c, const struct value *vals)
{
	bool repeats = false;
	int r = 0;

	for (size_t i = 0; i < vals->map.n; i++)
		repeats = repeats || strv_has(&c->implied_keys, vals->map.pairs[i].key);
	if (repeats || c->implied_keys.n > IMPLIED_KEYS_MAX) {
		c->implied++;
		strv_release(&c->implied_keys);
	}
	for (size_t i = 0; r == 0 && i < vals->map.n; i++)
		if (!strv_has(&c->implied_keys, vals->map.pairs[i].key))
			r = strv_add(&c->implied_keys, vals->map.pairs[i].key);
	return r;
}

static bool is_ignored(const struct capture *c, const struct capture_patterns *p, const char *key)
{
	return p->is_default && strv_has(&c->flags, key);
}

static double seconds(void)
{
	return (double)clock_now() / 1e6;
}

/* Takes the step out of the values. */
static bool take_step(struct capture *c, struct value *vals)
{
	const struct value *step = value_get(vals, STEP);

	if (!step)
		return false;
	if (fabs(step->number) < STEP_END) {
		c->step = (int64_t)step->number;
		c->has_step = true;
	}
	value_map_remove(vals, STEP);
	return true;
}

static int put_scalars(struct capture *c, struct value *vals)
{
	int r = c->has_step || !vals->map.n ? 0 : imply_step(c, vals);

	value_map_sort(vals);
	for (size_t i = 0; i < vals->map.n; i++) {
		_cleanup_buf_ struct buf event = BUF_INIT;
		const char *key = vals->map.pairs[i].key;

		if (is_ignored(c, &c->scalars, key))
			continue;
		event_put_scalar(&event, seconds(), c->has_step ? c->step : c->implied, key,
			(float)vals->map.pairs[i].value->number);
		event_file_add(&c->scalar_file, &event);
	}
	return r;
}

/* Attributes, without what is a scalar already. */
static void put_attrs(
	struct capture *c, struct value *vals, const struct value *scalars, bool has_scalars)
{
	value_map_sort(vals);
	for (size_t i = 0; i < vals->map.n; i++) {
		_cleanup_buf_ struct buf event = BUF_INIT;
		const char *key = vals->map.pairs[i].key;

		if (is_ignored(c, &c->attrs, key) || value_get(scalars, key) ||
			(has_scalars && strcmp(key, STEP) == 0))
			continue;
		event_put_text(&event, seconds(), key, value_str(vals->map.pairs[i].value));
		event_file_add(&c->attr_file, &event);
	}
}

static void clear(struct value *vals)
{
	while (vals->map.n)
		value_map_remove(vals, vals->map.pairs[vals->map.n - 1].key);
}

static int end_line(struct capture *c, struct line *line)
{
	bool has_scalars = take_step(c, line->scalars) || line->scalars->map.n;
	int r = put_scalars(c, line->scalars);

	put_attrs(c, line->attrs, line->scalars, has_scalars);
	clear(line->scalars);
	clear(line->attrs);
	return r;
}

/* --- lines ---------------------------------------------------------------------------------- */

/* What Python's rstrip() takes, of ASCII. */
static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
}

static void as_text(struct buf *text, const char *piece, size_t len)
{
	utf8_add_valid(text, piece, len);
	while (text->len && is_space(text->data[text->len - 1]))
		buf_resize(text, text->len - 1);
}

static int end_piece(struct capture *c, struct line *line)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = 0;

	if (line->piece.len && line->piece.len <= PIECE_MAX) {
		as_text(&text, line->piece.data, line->piece.len);
		r = buf_error(&text);
	}
	if (r == 0 && text.len)
		r = capture_match(&c->scalars, text.data, line->scalars);
	if (r == 0 && text.len)
		r = capture_match(&c->attrs, text.data, line->attrs);
	buf_clear(&line->piece);
	return r;
}

static bool is_kept(char c)
{
	return (unsigned char)c >= FIRST_KEPT && c != '\n' && c != '\r';
}

/* A row of bytes that belong to one piece. One that is too long only has to be known as such. */
static void add_to_piece(struct line *line, const char *data, size_t len)
{
	size_t room = line->piece.len <= PIECE_MAX ? PIECE_MAX + 1 - line->piece.len : 0;

	buf_add(&line->piece, data, len < room ? len : room);
}

static int keep_first(int r, int error)
{
	return r < 0 ? r : error;
}

static int flush(struct capture *c)
{
	int r = event_file_flush(&c->scalar_file);

	return keep_first(r, event_file_flush(&c->attr_file));
}

int capture_feed(struct capture *c, int stream, const void *data, size_t len)
{
	struct line *line = &c->lines[stream];
	const char *at = data, *end = at + len;
	int r = 0;

	while (at < end) {
		const char *stop = at;

		while (stop < end && is_kept(*stop))
			stop++;
		add_to_piece(line, at, (size_t)(stop - at));
		if (stop < end && (*stop == '\n' || *stop == '\r'))
			r = keep_first(r, end_piece(c, line));
		if (stop < end && *stop == '\n')
			r = keep_first(r, end_line(c, line));
		at = stop + (stop < end);
	}
	return keep_first(r, flush(c));
}

int capture_add_event(struct capture *c, const struct buf *event)
{
	event_file_add(&c->scalar_file, event);
	return event_file_flush(&c->scalar_file);
}

int capture_end(struct capture *c)
{
	int r = 0;

	for (int i = 0; i < CAPTURE_STREAMS; i++) {
		r = keep_first(r, end_piece(c, &c->lines[i]));
		r = keep_first(r, end_line(c, &c->lines[i]));
	}
	return keep_first(r, flush(c));
}

/* --- for people who write patterns ---------------------------------------------------------- */

static int test_piece(const struct capture_patterns *p, const char *piece, size_t len,
	const struct capture_trace *trace)
{
	_cleanup_buf_ struct buf kept = BUF_INIT, text = BUF_INIT;

	for (size_t i = 0; i < len; i++)
		if (is_kept(piece[i]))
			buf_putc(&kept, piece[i]);
	as_text(&text, buf_str(&kept), kept.len);
	if (buf_error(&kept) || buf_error(&text))
		return -ENOMEM;
	return capture_trace_line(p, buf_str(&text), trace);
}

/* What is empty between a carriage return and the newline is not shown as a line. */
int capture_test(const struct capture_patterns *p, const void *text, size_t len,
	const struct capture_trace *trace)
{
	const char *at = text, *end = at + len;
	bool in_line = false;
	int r = 0;

	while (r == 0 && at < end) {
		const char *stop = at;

		while (stop < end && *stop != '\n' && *stop != '\r')
			stop++;
		if (stop > at || (stop < end && *stop == '\n' && !in_line))
			r = test_piece(p, at, (size_t)(stop - at), trace);
		in_line = stop < end && *stop == '\r';
		at = stop + (stop < end);
	}
	return r;
}
