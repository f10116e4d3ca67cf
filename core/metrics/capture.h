/* SPDX-License-Identifier: MIT */
/*
 * Capture of scalars and attributes from what an operation prints, as it prints it (reference,
 * 6.1). They go to event files in the run's .guild directory, which is where Guild AI puts them;
 * each file is made when there is something for it.
 *
 * What a line is: bytes up to a newline, of one stream. Bytes below 9 are dropped (progress bars
 * are drawn with backspaces) and so is what is not UTF-8. Carriage returns part a line into
 * pieces, and each piece is matched by itself with white space at its end cut off; so `^` and `$`
 * work in a progress bar. The pieces of one line still count as one: a key that several of them
 * have gets the last value, as the last piece is what stays on a terminal, and one sample. Guild
 * AI, which matches the whole line, finds the same where it finds something. A piece of more than
 * a MiB is passed over.
 *
 * What the step of a sample is: a captured key `step` holds for its line and all that follow, in
 * either stream. While there was none, steps are counted from 0, a new one begins with a line
 * that repeats a key.
 *
 * Not thread safe.
 */
#ifndef METRICS_CAPTURE_H
#define METRICS_CAPTURE_H

#include "base/strv.h"
#include "metrics/capture_pattern.h"
#include "yaml/value.h"

enum { CAPTURE_STREAMS = 2 }; /* stdout, stderr */

struct capture;

struct capture_config {
	const struct value *scalars; /* output-scalars and output-attrs; NULL: the defaults */
	const struct value *attrs;
	/* Names that the default patterns ignore: an operation that prints its flags makes none. */
	const struct strv *flags; /* may be NULL */
	int guild_fd; /* .guild of the run; stays the caller's, for the capture's life */
};

/* What of the patterns cannot be used is said in `warnings`. -ENOMEM. */
int capture_new(const struct capture_config *config, struct strv *warnings, struct capture **ret);
/* Drops what was not ended. NULL is fine. */
void capture_free(struct capture *c);

static inline void capture_freep(struct capture **c)
{
	capture_free(*c);
}
#define _cleanup_capture_ _cleanup_(capture_freep)

/*
 * Bytes of a stream, in pieces of any size. Events are in their files when it returns. -ENOMEM,
 * -ENOSPC and other errors of writing: the capture goes on, see event_file.h.
 */
int capture_feed(struct capture *c, int stream, const void *data, size_t len);
/*
 * Scalars from elsewhere (an Event of event_write.h), into the same file: TensorBoard follows one
 * file of a directory at a time, and leaves it for good when there is a later one.
 */
int capture_add_event(struct capture *c, const struct buf *event);
/* No more comes: last lines count without their newlines. */
int capture_end(struct capture *c);

/* How every line of a text fares with each pattern: --test-output-scalars. -ENOMEM. */
int capture_test(const struct capture_patterns *p, const void *text, size_t len,
	const struct capture_trace *trace);

#endif
