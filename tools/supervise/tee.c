/* SPDX-License-Identifier: MIT */
/*
 * The operation's two streams, kept as they come in .guild/output, with a record for each line in
 * .guild/output.index: big-endian milliseconds since the epoch and the stream (reference, 3.7).
 */
#include "supervise.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "run/attr.h"

enum { BLOCK = 4096, STREAMS = 2, END_ROOM = 64 * 1024 };

struct stream {
	int fd;         /* -1: at its end */
	bool open_line; /* the last byte was not a newline */
};

struct tee {
	struct stream streams[STREAMS]; /* stdout, stderr */
	int output, index;
	int error; /* the first one of writing; the operation goes on without its output */
};

#define OUTPUT RUN_GUILD_DIR "/output"
#define INDEX  RUN_GUILD_DIR "/output.index"

/* The file itself, not a new one in its place: readers may follow it already. */
static int open_log(int run_fd, const char *path)
{
	int fd = openat(run_fd, path,
		O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);

	return fd < 0 ? -errno : fd;
}

static int open_pipe(struct stream *stream, int *ret_write_fd)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	/* Only our end: the operation's must block as pipes do. */
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	stream->fd = fds[0];
	*ret_write_fd = fds[1];
	return 0;
}

/* $NO_RUN_OUTPUT: the operation writes to where its starter does. */
static int tee_nothing(struct supervisor *s, int *ret_out_fd, int *ret_err_fd, struct err *err)
{
	unlinkat(s->run_fd, OUTPUT, 0);
	*ret_out_fd = fcntl(s->caller_out, F_DUPFD_CLOEXEC, 0);
	*ret_err_fd = fcntl(s->caller_err, F_DUPFD_CLOEXEC, 0);
	return *ret_out_fd < 0 || *ret_err_fd < 0
		       ? err_set(err, -errno, "there is nowhere to write to: %s", strerror(errno))
		       : 0;
}

int tee_open(struct supervisor *s, int *ret_out_fd, int *ret_err_fd, struct err *err)
{
	struct tee *tee = calloc(1, sizeof(*tee));
	int r;

	if (!tee)
		return -ENOMEM;
	*tee = (struct tee){.streams = {{.fd = -1}, {.fd = -1}}, .output = -1, .index = -1};
	s->tee = tee;
	if (env_is_on(s, "NO_RUN_OUTPUT"))
		return tee_nothing(s, ret_out_fd, ret_err_fd, err);
	tee->output = open_log(s->run_fd, OUTPUT);
	tee->index = open_log(s->run_fd, INDEX);
	r = tee->output < 0 ? tee->output : tee->index < 0 ? tee->index : 0;
	if (r < 0)
		return err_set(err, r, "cannot write the run's output: %s", strerror(-r));
	r = open_pipe(&tee->streams[0], ret_out_fd);
	if (r == 0 && env_is_on(s, "SYNC_RUN_OUTPUT")) {
		*ret_err_fd = fcntl(*ret_out_fd, F_DUPFD_CLOEXEC, 0);
		return *ret_err_fd < 0 ? -errno : 0;
	}
	if (r == 0)
		r = open_pipe(&tee->streams[1], ret_err_fd);
	return r < 0 ? err_set(err, r, "cannot make a pipe: %s", strerror(-r)) : 0;
}

void tee_fds(const struct tee *tee, int ret_fds[2])
{
	ret_fds[0] = tee->streams[0].fd;
	ret_fds[1] = tee->streams[1].fd;
}

/* On a disk that the output has filled, how the run ended must still find room. */
static void give_back(const struct tee *tee)
{
	struct stat st;

	if (fstat(tee->output, &st) == 0 && st.st_size > END_ROOM &&
		ftruncate(tee->output, st.st_size - END_ROOM) == 0)
		fdatasync(tee->output);
}

static void keep_error(struct tee *tee, int r)
{
	if (r >= 0 || tee->error)
		return;
	tee->error = r;
	if (r == -ENOSPC || r == -EDQUOT)
		give_back(tee);
}

static void put_record(struct buf *b, int stream)
{
	struct timespec now;
	uint64_t ms;
	unsigned char kind = (unsigned char)stream;

	clock_gettime(CLOCK_REALTIME, &now);
	ms = htobe64((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
	buf_add(b, &ms, sizeof(ms));
	buf_add(b, &kind, 1);
}

static void write_block(struct tee *tee, int stream, const char *data, size_t len)
{
	_cleanup_buf_ struct buf records = BUF_INIT;

	for (size_t i = 0; i < len; i++)
		if (data[i] == '\n')
			put_record(&records, stream);
	tee->streams[stream].open_line = data[len - 1] != '\n';
	if (!tee->error)
		keep_error(tee, file_write_all(tee->output, data, len));
	if (!tee->error && records.len)
		keep_error(tee, file_write_all(tee->index, records.data, records.len));
}

static void end_stream(struct tee *tee, int stream)
{
	_cleanup_buf_ struct buf record = BUF_INIT;
	struct stream *st = &tee->streams[stream];

	if (st->fd < 0)
		return;
	close(st->fd);
	st->fd = -1;
	if (!st->open_line)
		return;
	put_record(&record, stream);
	keep_error(tee, file_write_all(tee->index, record.data, record.len));
}

void tee_read(struct supervisor *s, int stream)
{
	struct tee *tee = s->tee;
	char block[BLOCK];

	while (tee->streams[stream].fd >= 0) {
		ssize_t n = read(tee->streams[stream].fd, block, sizeof(block));

		if (n > 0) {
			write_block(tee, stream, block, (size_t)n);
			numbers_feed(s, stream, block, (size_t)n);
		} else if (n < 0 && errno == EINTR) {
			continue;
		} else if (n < 0 && errno == EAGAIN) {
			return;
		} else {
			end_stream(tee, stream);
		}
	}
}

void tee_say(struct supervisor *s, const char *format, ...)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	va_list ap;
	int fd;

	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	if (buf_error(&text))
		return;
	if (s->tee && s->tee->output >= 0) {
		write_block(s->tee, 1, text.data, text.len);
		return;
	}
	fd = open_log(s->run_fd, OUTPUT);
	if (fd < 0)
		return;
	file_write_all(fd, text.data, text.len);
	close(fd);
}

void tee_close(struct supervisor *s)
{
	struct tee *tee = s->tee;

	for (int i = 0; i < STREAMS; i++) {
		tee_read(s, i);
		end_stream(tee, i);
	}
	numbers_close(s);
	if (tee->error && tee->output >= 0)
		dprintf(tee->output, "\nguild: output was lost here: %s\n", strerror(-tee->error));
	if (tee->output >= 0) {
		fdatasync(tee->output);
		close(tee->output);
	}
	if (tee->index >= 0)
		close(tee->index);
	free(tee);
}
