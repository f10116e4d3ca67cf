/* SPDX-License-Identifier: MIT */
/* Messages from the inside out: each is put together in a buffer of its own. */
#include "metrics/event_write.h"

#include <math.h>

#include "metrics/fields.h"
#include "metrics/wire.h"
#include "yaml/yaml.h"

void event_put_version(struct buf *b)
{
	wire_put_text(b, EVENT_FILE_VERSION, "brain.Event:2");
}

static void put_summary(struct buf *b, double wall_time, int64_t step, const struct buf *summary)
{
	wire_put_double(b, EVENT_WALL_TIME, wall_time);
	if (step)
		wire_put_varint(b, EVENT_STEP, (uint64_t)step);
	wire_put_message(b, EVENT_SUMMARY, summary);
}

/* An event with one summary of one value. */
static void put_event(struct buf *b, double wall_time, int64_t step, const struct buf *value)
{
	_cleanup_buf_ struct buf summary = BUF_INIT;

	wire_put_message(&summary, SUMMARY_VALUE, value);
	put_summary(b, wall_time, step, &summary);
}

static void put_value(struct buf *summary, const char *tag, float value)
{
	_cleanup_buf_ struct buf v = BUF_INIT;

	wire_put_text(&v, VALUE_TAG, tag);
	wire_put_float(&v, VALUE_SIMPLE, value);
	wire_put_message(summary, SUMMARY_VALUE, &v);
}

void event_put_scalar(struct buf *b, double wall_time, int64_t step, const char *tag, float value)
{
	_cleanup_buf_ struct buf summary = BUF_INIT;

	put_value(&summary, tag, value);
	put_summary(b, wall_time, step, &summary);
}

void event_put_scalars(struct buf *b, double wall_time, int64_t step, const struct value *scalars)
{
	_cleanup_buf_ struct buf summary = BUF_INIT;

	for (size_t i = 0; i < scalars->map.n; i++)
		put_value(&summary, scalars->map.pairs[i].key,
			(float)scalars->map.pairs[i].value->number);
	put_summary(b, wall_time, step, &summary);
}

void event_put_image(struct buf *b, double wall_time, int64_t step, const char *tag,
	const struct image_size *size, const struct buf *data)
{
	_cleanup_buf_ struct buf v = BUF_INIT, image = BUF_INIT;

	wire_put_varint(&image, IMAGE_HEIGHT, size->height);
	wire_put_varint(&image, IMAGE_WIDTH, size->width);
	wire_put_varint(&image, IMAGE_COLORSPACE, size->channels);
	wire_put_message(&image, IMAGE_ENCODED, data);
	wire_put_text(&v, VALUE_TAG, tag);
	wire_put_message(&v, VALUE_IMAGE, &image);
	put_event(b, wall_time, step, &v);
}

/* Field `metadata` of a value: the plugin that it is for, and what it keeps there. */
static void put_plugin(struct buf *value, const char *name, const struct buf *content)
{
	_cleanup_buf_ struct buf plugin = BUF_INIT, metadata = BUF_INIT;

	wire_put_text(&plugin, PLUGIN_NAME, name);
	if (content)
		wire_put_message(&plugin, PLUGIN_CONTENT, content);
	wire_put_message(&metadata, METADATA_PLUGIN, &plugin);
	wire_put_message(value, VALUE_METADATA, &metadata);
}

void event_put_text(struct buf *b, double wall_time, const char *tag, const char *text)
{
	_cleanup_buf_ struct buf v = BUF_INIT, tensor = BUF_INIT;

	wire_put_varint(&tensor, TENSOR_DTYPE, DT_STRING);
	wire_put_bytes(&tensor, TENSOR_SHAPE, "", 0); /* no dimensions: one string */
	wire_put_text(&tensor, TENSOR_STRING_VAL, text);
	wire_put_text(&v, VALUE_TAG, tag);
	wire_put_message(&v, VALUE_TENSOR, &tensor);
	put_plugin(&v, "text", NULL);
	put_event(b, wall_time, 0, &v);
}

/* An event whose value is nothing (a tensor without elements) but for the plugin's data. */
static void put_hparams(
	struct buf *b, double wall_time, const char *tag, uint32_t which, const struct buf *session)
{
	_cleanup_buf_ struct buf v = BUF_INIT, content = BUF_INIT;
	_cleanup_buf_ struct buf tensor = BUF_INIT, shape = BUF_INIT;

	wire_put_bytes(&shape, SHAPE_DIM, "", 0); /* a dimension of size 0 */
	wire_put_varint(&tensor, TENSOR_DTYPE, DT_FLOAT);
	wire_put_message(&tensor, TENSOR_SHAPE, &shape);
	wire_put_message(&content, which, session);
	wire_put_text(&v, VALUE_TAG, tag);
	wire_put_message(&v, VALUE_TENSOR, &tensor);
	put_plugin(&v, "hparams", &content);
	put_event(b, wall_time, 0, &v);
}

/* Of an integer with more digits than 64 bits hold too. */
static void put_number(struct buf *any, double d)
{
	if (isfinite(d))
		wire_put_double(any, ANY_NUMBER, d);
	else
		wire_put_text(any, ANY_STRING, isnan(d) ? "nan" : d > 0 ? "inf" : "-inf");
}

static void put_any(struct buf *any, const struct value *v)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	switch (v->type) {
	case VALUE_BOOL:
		wire_put_varint(any, ANY_BOOL, v->boolean);
		break;
	case VALUE_INT:
		put_number(any, (double)v->integer);
		break;
	case VALUE_BIGINT:
		put_number(any, strtod(v->string, NULL));
		break;
	case VALUE_FLOAT:
		put_number(any, v->number);
		break;
	case VALUE_STRING:
	case VALUE_DATE:
		wire_put_text(any, ANY_STRING, v->string);
		break;
	default:
		yaml_emit_flow(&text, v);
		wire_put_message(any, ANY_STRING, &text);
	}
}

void event_put_session_start(struct buf *b, double wall_time, const struct value *hparams,
	const char *group, double start_time)
{
	_cleanup_buf_ struct buf start = BUF_INIT;

	for (size_t i = 0; i < hparams->map.n; i++) {
		const struct value_pair *pair = &hparams->map.pairs[i];
		_cleanup_buf_ struct buf entry = BUF_INIT, any = BUF_INIT;

		if (value_is_null(pair->value))
			continue;
		put_any(&any, pair->value);
		wire_put_text(&entry, ENTRY_KEY, pair->key);
		wire_put_message(&entry, ENTRY_VALUE, &any);
		wire_put_message(&start, START_HPARAMS, &entry);
	}
	if (group)
		wire_put_text(&start, START_GROUP_NAME, group);
	wire_put_double(&start, START_TIME_SECS, start_time);
	put_hparams(b, wall_time, "_hparams_/session_start_info", HPARAMS_SESSION_START, &start);
}

void event_put_session_end(
	struct buf *b, double wall_time, enum event_session_status status, double end_time)
{
	_cleanup_buf_ struct buf end = BUF_INIT;

	wire_put_varint(&end, END_STATUS, status);
	wire_put_double(&end, END_TIME_SECS, end_time);
	put_hparams(b, wall_time, "_hparams_/session_end_info", HPARAMS_SESSION_END, &end);
}
