/* SPDX-License-Identifier: MIT */
/*
 * The file `events`: what happens to runs while somebody reads it, one JSON object a line:
 *
 *	{"time": RFC 3339, "event": "started", "run": ID, "operation": "m:op", "status": "running"}
 *
 * event: created, started, changed (annotations and other attributes), finished, deleted, restored;
 * or lost, when a reader was so slow that what it has not read was thrown away. A read that finds
 * nothing blocks, and holds no thread. Each open has its own position, which begins at the open.
 * A run that the reader may not see does not occur. What is written of a run that was over when the
 * first reader came is `changed` even when it is about its end.
 *
 * Thread safe.
 */
#ifndef FS_EVENT_STREAM_H
#define FS_EVENT_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "node.h"

struct event_reader;
struct event_stream;
struct fuse_pollhandle;
struct fuse_req;

struct event_stream *event_stream_new(void); /* NULL: out of memory */
/* When all readers are closed. */
void event_stream_free(struct event_stream *stream);

/* NULL: out of memory. */
struct event_reader *event_stream_open(struct guildfs *fs, struct opener who);
/* A read of it that waits is answered with EINTR. */
void event_stream_close(struct guildfs *fs, struct event_reader *reader);
/* Takes the request over: answered with whole lines as far as they fit, now or later; -EAGAIN at
 * once when nothing is there and `wait` is false. */
void event_stream_read(struct guildfs *fs, struct event_reader *reader, struct fuse_req *req,
	size_t size, bool wait);
/* Whether a read would not block. If it would, `handle` (may be NULL) is told when that changes; it
 * is taken over in any case. */
bool event_stream_poll(
	struct guildfs *fs, struct event_reader *reader, struct fuse_pollhandle *handle);

bool event_stream_has_readers(struct event_stream *stream);

/* A run was born, changed, ended or went: looks what it was, and tells the readers. */
void event_stream_run(struct guildfs *fs, uint64_t serial, const char *id, bool gone);

#endif
