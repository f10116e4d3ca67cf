/* SPDX-License-Identifier: MIT */
/* Readers with a queue of text each, and what is known of runs to tell what has happened. */
#include "event_stream.h"

#include <errno.h>
#include <fuse_lowlevel.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "guildfs.h"
#include "runs_of.h"
#include "show.h"
#include "base/array.h"
#include "base/beneath.h"
#include "base/clock.h"
#include "catalog/catalog.h"
#include "run/attr.h"
#include "yaml/json.h"

/* What a reader that does not read is kept of. */
enum { QUEUE_MAX = 256 * 1024, NOTES_MAX = 1 << 20 };

/* A read that waits. */
struct parked {
	struct parked *next;
	struct event_stream *stream;
	struct event_reader *reader;
	fuse_req_t req;
	size_t size;
};

struct event_reader {
	struct event_reader *next;
	struct opener who;
	struct buf queue;
	struct fuse_pollhandle *poll; /* NULL: nobody polls */
};

/* What a run was when it was last looked at. */
struct known {
	bool seen, live, running;
	bool unread;    /* notes were not read yet: nobody has asked before this run changed */
	uint64_t notes; /* hash of what people have added to it */
};

struct event_stream {
	pthread_mutex_t lock; /* of all that follows */
	struct event_reader *readers;
	struct parked *parked;
	struct known *runs; /* by serial */
	size_t n_runs;
};

struct event_stream *event_stream_new(void)
{
	struct event_stream *stream = calloc(1, sizeof(*stream));

	if (stream)
		pthread_mutex_init(&stream->lock, NULL);
	return stream;
}

static void free_reader(struct event_reader *reader)
{
	if (reader->poll)
		fuse_pollhandle_destroy(reader->poll);
	buf_release(&reader->queue);
	free(reader);
}

void event_stream_free(struct event_stream *stream)
{
	if (!stream)
		return;
	pthread_mutex_destroy(&stream->lock);
	free(stream->runs);
	free(stream);
}

/* --- what runs are ---------------------------------------------------------- */

/* With the lock held. NULL: out of memory. */
static struct known *known_of(struct event_stream *stream, uint64_t serial)
{
	int r = array_reach(&stream->runs, serial, &stream->n_runs, sizeof(*stream->runs));

	return r < 0 ? NULL : &stream->runs[serial];
}

/* Label, tags, comments and mark: all else that is written into a run belongs to its life. */
static uint64_t notes_of(const struct place *run)
{
	static const char *const names[] = {"label", "tags", "comments", "marked"};
	_cleanup_close_ int fd = place_open_run(run);
	uint64_t hash = 0;

	for (size_t i = 0; fd >= 0 && i < ARRAY_SIZE(names); i++) {
		_cleanup_buf_ struct buf path = BUF_INIT, text = BUF_INIT;

		buf_printf(&path, RUN_ATTRS_DIR "/%s", names[i]);
		beneath_read(fd, buf_str(&path), NOTES_MAX, &text);
		hash = XXH64(buf_str(&text), text.len, hash);
	}
	return hash;
}

struct look {
	struct guildfs *fs;
	struct event_stream *stream;
};

/* Before the first event: nothing has happened yet. */
static int look_at(void *arg, uint64_t serial)
{
	struct look *look = arg;
	struct known *k = known_of(look->stream, serial);
	struct catalog *catalog = look->fs->catalog;
	_cleanup_summary_ struct run_summary s = {0};
	struct place place;

	if (!k)
		return -ENOMEM;
	*k = (struct known){.seen = true, .unread = true};
	if (catalog_known_over(catalog, serial) || catalog_listed(catalog, serial, &s) < 0)
		return 0;
	place = place_of_run(look->fs, serial, false);
	k->live = run_status_live(s.status);
	k->running = s.status == RUN_RUNNING;
	k->unread = false;
	k->notes = notes_of(&place);
	return 0;
}

/* With the lock held: as of now, when nobody has read so far. */
static int look_at_all(struct guildfs *fs, struct event_stream *stream)
{
	struct look look = {fs, stream};
	struct catalog *trash = trash_catalog(fs);

	free(STEAL(stream->runs));
	stream->n_runs = 0;
	/* What comes back from there is restored. */
	if (trash)
		catalog_rescan(trash, NULL, NULL);
	return catalog_each(fs->catalog, look_at, &look);
}

/* --- readers ---------------------------------------------------------------- */

bool event_stream_has_readers(struct event_stream *stream)
{
	LOCK_SCOPE(&stream->lock);

	return stream->readers != NULL;
}

struct event_reader *event_stream_open(struct guildfs *fs, struct opener who)
{
	struct event_stream *stream = fs->events;
	struct event_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return NULL;
	reader->who = who;
	LOCK_SCOPE(&stream->lock);
	if (!stream->readers && look_at_all(fs, stream) < 0) {
		free(reader);
		return NULL;
	}
	reader->next = stream->readers;
	stream->readers = reader;
	return reader;
}

/* With the lock held: as many whole lines as fit; at least something, where a line is longer. */
static size_t lines_within(const struct buf *queue, size_t size)
{
	size_t n = queue->len;

	if (n <= size)
		return n;
	for (n = size; n && queue->data[n - 1] != '\n'; n--)
		;
	return n ? n : size;
}

/* With the lock held: moves from the queue to an answer, which the caller frees. */
static char *take_lines(struct event_reader *reader, size_t size, size_t *ret_len)
{
	size_t n = lines_within(&reader->queue, size);
	char *text = malloc(n ? n : 1);

	if (!text)
		return NULL;
	memcpy(text, reader->queue.data, n);
	memmove(reader->queue.data, reader->queue.data + n, reader->queue.len - n);
	buf_resize(&reader->queue, reader->queue.len - n);
	*ret_len = n;
	return text;
}

/* Unlinks a read that waits. True when it was there, so that exactly one thread answers it. */
static bool take(struct event_stream *stream, const struct parked *which)
{
	LOCK_SCOPE(&stream->lock);

	for (struct parked **at = &stream->parked; *at; at = &(*at)->next) {
		if (*at == which) {
			*at = which->next;
			return true;
		}
	}
	return false;
}

/* libfuse calls this with the request locked; the read may be answered already. */
static void interrupted(fuse_req_t req, void *data)
{
	struct parked *parked = data;

	if (take(parked->stream, parked)) {
		fuse_reply_err(req, EINTR);
		free(parked);
	}
}

static struct parked *take_of(struct event_stream *stream, const struct event_reader *reader)
{
	LOCK_SCOPE(&stream->lock);

	for (struct parked **at = &stream->parked; *at; at = &(*at)->next) {
		struct parked *found = *at;

		if (found->reader != reader)
			continue;
		*at = found->next;
		return found;
	}
	return NULL;
}

/* The kernel closes what nobody reads; a mount that ends does not wait for that. */
void event_stream_close(struct guildfs *fs, struct event_reader *reader)
{
	struct event_stream *stream = fs->events;
	struct parked *parked;

	while ((parked = take_of(stream, reader))) {
		fuse_req_interrupt_func(parked->req, NULL, NULL);
		fuse_reply_err(parked->req, EINTR);
		free(parked);
	}
	LOCK_SCOPE(&stream->lock);
	for (struct event_reader **at = &stream->readers; *at; at = &(*at)->next) {
		if (*at != reader)
			continue;
		*at = reader->next;
		free_reader(reader);
		return;
	}
}

static void answer(fuse_req_t req, char *text, size_t len)
{
	if (text)
		fuse_reply_buf(req, text, len);
	else
		fuse_reply_err(req, ENOMEM);
	free(text);
}

/* 1: it waits; 0: something has come meanwhile; -EINTR: nobody waits any more. */
static int park(struct event_stream *stream, struct parked *parked)
{
	LOCK_SCOPE(&stream->lock);

	if (fuse_req_interrupted(parked->req))
		return -EINTR;
	if (parked->reader->queue.len)
		return 0;
	parked->next = stream->parked;
	stream->parked = parked;
	return 1;
}

static bool answer_now(
	struct event_stream *stream, struct event_reader *reader, fuse_req_t req, size_t size)
{
	size_t len = 0;
	char *text;

	{
		LOCK_SCOPE(&stream->lock);
		if (!reader->queue.len)
			return false;
		text = take_lines(reader, size, &len);
	}
	answer(req, text, len);
	return true;
}

void event_stream_read(
	struct guildfs *fs, struct event_reader *reader, fuse_req_t req, size_t size, bool wait)
{
	struct event_stream *stream = fs->events;
	struct parked *parked;
	int r;

	if (answer_now(stream, reader, req, size))
		return;
	parked = wait ? malloc(sizeof(*parked)) : NULL;
	if (!parked) {
		fuse_reply_err(req, wait ? ENOMEM : EAGAIN);
		return;
	}
	*parked = (struct parked){.stream = stream, .reader = reader, .req = req, .size = size};
	fuse_req_interrupt_func(req, interrupted, parked);
	r = park(stream, parked);
	if (r > 0)
		return;
	fuse_req_interrupt_func(req, NULL, NULL);
	free(parked);
	if (r < 0 || !answer_now(stream, reader, req, size))
		fuse_reply_err(req, EINTR);
}

bool event_stream_poll(
	struct guildfs *fs, struct event_reader *reader, struct fuse_pollhandle *handle)
{
	struct event_stream *stream = fs->events;
	struct fuse_pollhandle *old = handle;
	bool ready;

	{
		LOCK_SCOPE(&stream->lock);
		ready = reader->queue.len > 0;
		if (handle && !ready) {
			old = reader->poll;
			reader->poll = handle;
		}
	}
	if (old)
		fuse_pollhandle_destroy(old);
	return ready;
}

/* --- telling ------------------------------------------------------------------ */

/* With the lock held. A queue that is full begins anew, with a word about it. */
static void add_line(struct event_reader *reader, const struct buf *line)
{
	if (reader->queue.len + line->len > QUEUE_MAX) {
		buf_clear(&reader->queue);
		buf_puts(&reader->queue, "{\"time\": \"");
		clock_format_utc(&reader->queue, clock_now());
		buf_puts(&reader->queue, "\", \"event\": \"lost\"}\n");
	}
	buf_add(&reader->queue, line->data, line->len);
	/* Without memory there is a gap, too; the next line will find some, or say so. */
	if (buf_error(&reader->queue))
		buf_clear(&reader->queue);
}

static struct parked *take_answerable(struct event_stream *stream)
{
	for (struct parked **at = &stream->parked; *at; at = &(*at)->next) {
		struct parked *found = *at;

		if (!found->reader->queue.len)
			continue;
		*at = found->next;
		return found;
	}
	return NULL;
}

/* Reads that wait, one by one, and then those who poll; neither with the lock held. */
static void wake(struct event_stream *stream)
{
	for (;;) {
		struct parked *parked;
		size_t len = 0;
		char *text = NULL;

		{
			LOCK_SCOPE(&stream->lock);
			parked = take_answerable(stream);
			if (parked)
				text = take_lines(parked->reader, parked->size, &len);
		}
		if (!parked)
			break;
		fuse_req_interrupt_func(parked->req, NULL, NULL);
		answer(parked->req, text, len);
		free(parked);
	}
	for (;;) {
		struct fuse_pollhandle *handle = NULL;

		{
			LOCK_SCOPE(&stream->lock);
			for (struct event_reader *r = stream->readers; r && !handle; r = r->next)
				if (r->poll && r->queue.len)
					handle = STEAL(r->poll);
		}
		if (!handle)
			return;
		fuse_lowlevel_notify_poll(handle);
		fuse_pollhandle_destroy(handle);
	}
}

static void print_event(
	struct buf *b, const char *event, const char *id, const struct run_summary *s)
{
	_cleanup_buf_ struct buf operation = BUF_INIT;

	run_summary_operation(s, &operation);
	buf_puts(b, "{\"time\": \"");
	clock_format_utc(b, clock_now());
	buf_printf(b, "\", \"event\": \"%s\", \"run\": ", event);
	json_emit_string(b, id);
	buf_puts(b, ", \"operation\": ");
	json_emit_string(b, buf_str(&operation));
	buf_printf(b, ", \"status\": \"%s\"}\n", run_status_name(s->status));
}

/* What is new in a run that is there; what was known is brought up to date. */
static void print_news(struct buf *b, struct known *k, bool was_deleted, uint64_t notes,
	const char *id, const struct run_summary *s)
{
	const struct known was = *k;
	bool live = run_status_live(s->status), running = s->status == RUN_RUNNING;

	*k = (struct known){.seen = true, .live = live, .running = running, .notes = notes};
	if (!was.seen)
		print_event(b, was_deleted ? "restored" : "created", id, s);
	if (was_deleted && !live)
		return;
	if (running && !was.running)
		print_event(b, "started", id, s);
	else if (!live && (was.live || !was.seen))
		print_event(b, "finished", id, s);
	else if (was.seen && (was.unread || was.notes != notes))
		print_event(b, "changed", id, s);
}

/* Of a deleted run the trash has what is left. */
static int look_up(struct guildfs *fs, uint64_t serial, const char *id, bool gone,
	struct place *ret_place, struct run_summary *ret)
{
	struct catalog *trash = gone ? trash_catalog(fs) : NULL;

	if (gone)
		serial = trash ? catalog_update(trash, id) : 0;
	if (!serial)
		return -ENOENT;
	*ret_place = place_of_run(fs, serial, gone);
	return catalog_summary(place_catalog(ret_place), serial, ret);
}

void event_stream_run(struct guildfs *fs, uint64_t serial, const char *id, bool gone)
{
	struct event_stream *stream = fs->events;
	static char none[] = "";
	const struct run_summary unknown = {
		.opref = {none, none, none, none, none}, .status = RUN_ERROR, .label = none};
	_cleanup_summary_ struct run_summary s = {0};
	_cleanup_buf_ struct buf news = BUF_INIT;
	struct place place = {.fs = fs};
	struct catalog *trash;
	struct known *k;
	bool was_deleted, found;

	if (!event_stream_has_readers(stream))
		return;
	trash = trash_catalog(fs);
	was_deleted = !gone && trash && catalog_find(trash, id);
	found = look_up(fs, serial, id, gone, &place, &s) == 0;
	if (!gone && trash)
		catalog_update(trash, id);
	{
		LOCK_SCOPE(&stream->lock);
		k = known_of(stream, serial);
		if (!k || (gone && !k->seen))
			return;
		if (gone) {
			*k = (struct known){0};
			/* Purged at once: nothing tells any more what it was. */
			print_event(&news, "deleted", id, found ? &s : &unknown);
		} else if (found) {
			print_news(&news, k, was_deleted, notes_of(&place), id, &s);
		}
		if (!news.len || buf_error(&news))
			return;
		for (struct event_reader *r = stream->readers; r; r = r->next)
			if (found ? run_may_be_seen(fs, r->who, &place)
				  : !fs->shared || r->who.uid == 0)
				add_line(r, &news);
	}
	wake(stream);
}
