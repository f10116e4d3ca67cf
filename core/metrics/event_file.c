/* SPDX-License-Identifier: MIT */
/* A new event file, and records at its end. */
#include "metrics/event_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "metrics/event_write.h"
#include "metrics/tfrecord.h"

enum { PENDING_MAX = 1 << 20, NAMES_MAX = 1000, USEC = 1000000 };

void event_file_add(struct event_file_writer *w, const struct buf *event)
{
	_cleanup_buf_ struct buf version = BUF_INIT;

	if (w->pending.len > PENDING_MAX)
		return;
	if (w->fd < 0 && !w->pending.len) {
		event_put_version(&version);
		tfrecord_put(&w->pending, buf_str(&version), version.len);
	}
	if (buf_error(event))
		buf_fail(&w->pending, buf_error(event));
	else
		tfrecord_put(&w->pending, buf_str(event), event->len);
}

/* A name that nobody has: the number counts what this process has made in the same second. */
static int create(const struct event_file_writer *w)
{
	char host[HOST_NAME_MAX + 1] = "";
	int64_t secs = clock_now() / USEC;

	gethostname(host, sizeof(host) - 1);
	for (int n = 0; n < NAMES_MAX; n++) {
		_cleanup_buf_ struct buf name = BUF_INIT;
		int fd;

		buf_printf(&name, "events.out.tfevents.%010" PRId64 ".%s.%d.%d%s", secs, host,
			(int)getpid(), n, w->suffix);
		if (buf_error(&name))
			return buf_error(&name);
		fd = openat(w->dir_fd, buf_str(&name),
			O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
		if (fd >= 0 || errno != EEXIST)
			return fd < 0 ? -errno : fd;
	}
	return -EEXIST;
}

int event_file_flush(struct event_file_writer *w)
{
	struct buf *b = &w->pending;

	if (buf_error(b) || !b->len)
		return buf_error(b);
	if (w->fd < 0) {
		int fd = create(w);

		if (fd < 0)
			return fd;
		w->fd = fd;
	}
	while (b->len) {
		ssize_t n = write(w->fd, b->data, b->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		memmove(b->data, b->data + n, b->len - (size_t)n);
		buf_resize(b, b->len - (size_t)n);
	}
	return 0;
}

void event_file_release(struct event_file_writer *w)
{
	if (w->fd >= 0)
		close(w->fd);
	buf_release(&w->pending);
	*w = EVENT_FILE_WRITER(-1, "");
}
