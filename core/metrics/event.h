/* SPDX-License-Identifier: MIT */
/*
 * What stands in one record of an event file: TensorFlow's Event message, with the summaries that
 * make a run's scalars and texts. Numbers of fields are those of TensorFlow's event.proto,
 * summary.proto and tensor.proto (reference/filesystem-facts, section 5).
 *
 * Reading copies nothing: tags and texts are bytes in the record, which must outlive them. Input
 * may be hostile; what is not a message gives -EBADMSG. Values that are neither numbers nor texts
 * (images, audio, histograms, tensors of more than one element) are passed over undecoded.
 *
 *	r = event_parse(record.data, record.len, &event);
 *	while (r == 0 && (r = event_next_value(&event, &value)) > 0)
 *		...
 */
#ifndef METRICS_EVENT_H
#define METRICS_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "metrics/wire.h"

struct event {
	double wall_time; /* seconds since the epoch; 0: none was written */
	int64_t step;
	struct wire file_version; /* of a file's first event: "brain.Event:2" */
	struct wire fields;       /* what event_next_value() has not read yet */
	struct wire summary;
};

enum event_kind {
	EVENT_OTHER,
	EVENT_SCALAR, /* simple_value, or a tensor of numbers with one element */
	EVENT_TEXT,   /* a tensor of strings */
};

struct event_value {
	struct wire tag;
	enum event_kind kind;
	double scalar;      /* EVENT_SCALAR; a float is widened */
	struct wire tensor; /* EVENT_TEXT: for event_text() */
	struct wire plugin_name;
	struct wire plugin_content; /* of plugins that keep their data here, as hparams does */
};

int event_parse(const void *data, size_t len, struct event *ret);
/* 1: the next value of any kind; 0: no more; -EBADMSG. */
int event_next_value(struct event *event, struct event_value *ret);
/* Appends the strings of an EVENT_TEXT, one behind the other as Guild AI reads them. */
void event_text(const struct event_value *value, struct buf *b);

#endif
