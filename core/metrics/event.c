/* SPDX-License-Identifier: MIT */
/* Event, Summary and SummaryMetadata, read. */
#include "metrics/event.h"

#include <stdbool.h>

#include "metrics/fields.h"
#include "metrics/tensor.h"

/*
 * Keys are told apart before what is behind them is read, here and in parse_value(): most of what
 * reading a scalar costs is which way to go next.
 */
int event_parse(const void *data, size_t len, struct event *ret)
{
	struct wire rest = wire_of(data, len);
	struct event event = {.fields = {.p = rest.end, .end = rest.end}};
	bool has_summary = false;
	uint64_t bits = 0;
	uint32_t key;
	int r;

	/* Time and step may come behind the summary, so that all is looked through first. */
	while ((r = wire_key(&rest, &key)) > 0) {
		switch (key) {
		case WIRE_KEY(EVENT_WALL_TIME, FIXED64):
			r = wire_fixed64(&rest, &bits);
			event.wall_time = wire_double(bits);
			break;
		case WIRE_KEY(EVENT_STEP, VARINT):
			r = wire_varint(&rest, &bits);
			event.step = (int64_t)bits;
			break;
		case WIRE_KEY(EVENT_FILE_VERSION, BYTES):
			r = wire_bytes(&rest, &event.file_version);
			break;
		case WIRE_KEY(EVENT_SUMMARY, BYTES):
			if (has_summary) {
				r = wire_skip(&rest, key);
				break;
			}
			r = wire_bytes(&rest, &event.summary);
			event.fields.p = rest.p;
			has_summary = true;
			break;
		default:
			r = wire_skip(&rest, key);
		}
		if (r < 0)
			return r;
	}
	*ret = event;
	return r;
}

static int parse_plugin(struct wire plugin, struct event_value *value)
{
	struct wire_field f;
	int r;

	while ((r = wire_next(&plugin, &f)) > 0) {
		if (f.key == WIRE_KEY(PLUGIN_NAME, BYTES))
			value->plugin_name = f.bytes;
		else if (f.key == WIRE_KEY(PLUGIN_CONTENT, BYTES))
			value->plugin_content = f.bytes;
	}
	return r;
}

static int parse_metadata(struct wire metadata, struct event_value *value)
{
	struct wire_field f;
	int r;

	while ((r = wire_next(&metadata, &f)) > 0) {
		if (f.key == WIRE_KEY(METADATA_PLUGIN, BYTES))
			r = parse_plugin(f.bytes, value);
		if (r < 0)
			return r;
	}
	return r;
}

static int parse_value(struct wire rest, struct event_value *value)
{
	struct wire bytes = {0};
	uint64_t bits = 0;
	uint32_t key;
	int r;

	*value = (struct event_value){.kind = EVENT_OTHER, .tag = {.p = rest.p, .end = rest.p}};
	while ((r = wire_key(&rest, &key)) > 0) {
		switch (key) {
		case WIRE_KEY(VALUE_TAG, BYTES):
			r = wire_bytes(&rest, &value->tag);
			break;
		case WIRE_KEY(VALUE_SIMPLE, FIXED32):
			r = wire_fixed32(&rest, &bits);
			value->kind = EVENT_SCALAR;
			value->scalar = (double)wire_float(bits);
			break;
		case WIRE_KEY(VALUE_TENSOR, BYTES):
			r = wire_bytes(&rest, &value->tensor);
			if (r == 0)
				r = tensor_classify(value->tensor, &value->kind, &value->scalar);
			break;
		case WIRE_KEY(VALUE_METADATA, BYTES):
			r = wire_bytes(&rest, &bytes);
			if (r == 0)
				r = parse_metadata(bytes, value);
			break;
		default:
			r = wire_skip(&rest, key);
		}
		if (r < 0)
			return r;
	}
	return r;
}

int event_next_value(struct event *event, struct event_value *ret)
{
	for (;;) {
		struct wire_field f;
		int r = wire_next(&event->summary, &f);

		if (r < 0)
			return r;
		if (r > 0) {
			if (f.key != WIRE_KEY(SUMMARY_VALUE, BYTES))
				continue;
			r = parse_value(f.bytes, ret);
			return r < 0 ? r : 1;
		}
		/* A message that is written twice counts as its halves in a row. */
		r = wire_next(&event->fields, &f);
		if (r <= 0)
			return r;
		if (f.key == WIRE_KEY(EVENT_SUMMARY, BYTES))
			event->summary = f.bytes;
	}
}
