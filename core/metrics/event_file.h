/* SPDX-License-Identifier: MIT */
/*
 * Writing an event file as TensorFlow, TensorBoard and Guild AI do: it is named
 *
 *	events.out.tfevents.<10 digits of seconds>.<host>.<pid>.<n>[<suffix>]
 *
 * and is made when the first events are flushed, so that a run without any has none. Whole records
 * go out with one write(2). Where the disk takes only a part, the rest is kept and goes out first
 * the next time: readers see a torn tail meanwhile, and never a damaged record.
 *
 * Single-threaded. The directory's descriptor stays the caller's.
 */
#ifndef METRICS_EVENT_FILE_H
#define METRICS_EVENT_FILE_H

#include "base/buf.h"

struct event_file_writer {
	int dir_fd;
	const char *suffix; /* "", ".attrs" */
	int fd;             /* -1: no file yet */
	struct buf pending;
};

#define EVENT_FILE_WRITER(dir, end)                                                                \
	((struct event_file_writer){.dir_fd = (dir), .suffix = (end), .fd = -1})

/* Keeps an Event message (event_write.h) for the next flush. */
void event_file_add(struct event_file_writer *w, const struct buf *event);
/*
 * Writes what was added. -ENOSPC, -EIO and others: some of it is kept for the next time. When a
 * MiB has gathered so, what is added is dropped until there is room.
 */
int event_file_flush(struct event_file_writer *w);
/* Closes; what could not be written is lost. */
void event_file_release(struct event_file_writer *w);

#endif
