/* SPDX-License-Identifier: MIT */
/*
 * Events as TensorBoard and Guild AI read them. Each function appends one bare Event message to a
 * buffer, for tfrecord_put() or event_file.h to frame. Times are seconds since the epoch; a step
 * of 0 is left out, as protocol buffers have it.
 */
#ifndef METRICS_EVENT_WRITE_H
#define METRICS_EVENT_WRITE_H

#include <stdint.h>

#include "base/buf.h"
#include "metrics/image.h"
#include "yaml/value.h"

/* What every event file begins with. */
void event_put_version(struct buf *b);
void event_put_scalar(struct buf *b, double wall_time, int64_t step, const char *tag, float value);
/* Several of one time and step: a map of floats. */
void event_put_scalars(struct buf *b, double wall_time, int64_t step, const struct value *scalars);
void event_put_text(struct buf *b, double wall_time, const char *tag, const char *text);
/* `data` is the image's file (image.h). */
void event_put_image(struct buf *b, double wall_time, int64_t step, const char *tag,
	const struct image_size *size, const struct buf *data);

/*
 * HParams: what TensorBoard's table of hyperparameters shows. No experiment is written: without
 * one the table's columns are those of all sessions, also of those that come later.
 *
 * `hparams` is a map of flags. Numbers, texts and booleans stay what they are; a flag of null is
 * left out, which the table shows as an empty cell; NaN and infinities become text, because the
 * JSON that TensorBoard makes of a session has no numbers for them; lists and other values are
 * texts as the command line has them. `group` may be NULL: sessions of one group are one row.
 */
void event_put_session_start(struct buf *b, double wall_time, const struct value *hparams,
	const char *group, double start_time);

enum event_session_status {
	SESSION_UNKNOWN = 0,
	SESSION_SUCCESS = 1,
	SESSION_FAILURE = 2,
	SESSION_RUNNING = 3,
};

void event_put_session_end(
	struct buf *b, double wall_time, enum event_session_status status, double end_time);

#endif
