/* SPDX-License-Identifier: MIT */
/*
 * Event files for test scripts, which check them with TensorBoard's own code.
 *
 *	events read RUN		every sample of a run directory: key, step, value, time; then
 *				attributes (attr, name, text) and problems (problem, sentence)
 *	events write DIR	scalars, a text and an HParams session into new files in DIR
 *	events follow FILE END	reads FILE as TensorBoard does, opened once and in small pieces,
 *until there is a file END and no more to read; prints the number of whole records. Fails at the
 *first that is damaged
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "metrics/crc32c.h"
#include "metrics/event_file.h"
#include "metrics/event_write.h"
#include "metrics/scalars.h"
#include "yaml/yaml.h"

enum { TFRECORD_FRAME = 16 }; /* length, its checksum, and that of the data */

static void print_number(double d)
{
	if (isnan(d))
		printf("nan");
	else
		printf("%.17g", d);
}

static void print_text(const char *text)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	buf_add_tsv(&b, text);
	fputs(buf_str(&b), stdout);
}

static void print_samples(const struct scalar *scalar)
{
	for (size_t i = 0; i < scalar->series->n; i++) {
		const struct sample *s = &scalar->series->samples[i];

		print_text(scalar->key);
		printf("\t%" PRId64 "\t", s->step);
		print_number(s->value);
		putchar('\t');
		print_number(s->time);
		putchar('\n');
	}
}

static int read_run(const char *dir)
{
	_cleanup_close_ int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_scalars_ struct scalars *s = NULL;
	_cleanup_strv_ struct strv problems = STRV_INIT;
	const struct scalar *list;
	const struct value *attrs;
	size_t n;

	if (scalars_new(SCALARS_SAMPLES, &s) < 0 || scalars_refresh(s, fd, NULL) < 0)
		return 1;
	list = scalars_list(s, &n);
	for (size_t i = 0; i < n; i++)
		print_samples(&list[i]);
	attrs = scalars_attrs(s);
	for (size_t i = 0; i < attrs->map.n; i++) {
		printf("attr\t%s\t", attrs->map.pairs[i].key);
		print_text(value_str(attrs->map.pairs[i].value));
		putchar('\n');
	}
	if (scalars_problems(s, &problems) < 0)
		return 1;
	for (size_t i = 0; i < problems.n; i++)
		printf("problem\t%s\n", problems.v[i]);
	return 0;
}

static void add(struct event_file_writer *w, struct buf *event)
{
	event_file_add(w, event);
	buf_clear(event);
}

static int write_files(const char *dir)
{
	static const char flags_text[] =
		"{lr: 0.25, epochs: 3, name: a b, deep: yes, none: null, big: .inf, list: [1, x],"
		" day: 2024-01-02, huge: 123456789012345678901234567890}";
	_cleanup_close_ int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(event_file_release) struct event_file_writer numbers = EVENT_FILE_WRITER(fd, "");
	_cleanup_(event_file_release) struct event_file_writer texts =
		EVENT_FILE_WRITER(fd, ".attrs");
	_cleanup_(event_file_release) struct event_file_writer session =
		EVENT_FILE_WRITER(fd, ".hparams");
	_cleanup_value_ struct value *flags = NULL;
	_cleanup_buf_ struct buf e = BUF_INIT;

	if (yaml_parse(flags_text, strlen(flags_text), &flags, NULL) < 0)
		return 1;
	for (int step = 0; step < 5; step++) {
		event_put_scalar(&e, 1700000000.25 + step, step * 1000, "train/loss",
			1.0F / (float)(step + 1));
		add(&numbers, &e);
		event_put_scalar(&e, 1700000000.5 + step, step, "odd", step == 2 ? NAN : INFINITY);
		add(&numbers, &e);
		if (event_file_flush(&numbers) < 0)
			return 1;
	}
	event_put_text(&e, 1700000001, "note", "two\nlines \u20ac");
	add(&texts, &e);
	event_put_session_start(&e, 1700000002, flags, "group", 1700000000.5);
	add(&session, &e);
	event_put_session_end(&e, 1700000003, SESSION_SUCCESS, 1700000009.5);
	add(&session, &e);
	return event_file_flush(&texts) < 0 || event_file_flush(&session) < 0;
}

/* What the reader has of the next record; 1: it was whole and is taken away; 0: more is needed. */
static int take_record(struct buf *b)
{
	uint64_t len;
	uint32_t crc;

	if (b->len < TFRECORD_FRAME)
		return 0;
	memcpy(&len, b->data, sizeof(len));
	memcpy(&crc, b->data + sizeof(len), sizeof(crc));
	len = le64toh(len);
	if (le32toh(crc) != crc32c_mask(crc32c(b->data, sizeof(len))))
		return -EBADMSG;
	if (b->len < TFRECORD_FRAME + len)
		return 0;
	memcpy(&crc, b->data + 12 + len, sizeof(crc));
	if (le32toh(crc) != crc32c_mask(crc32c(b->data + 12, len)))
		return -EBADMSG;
	memmove(b->data, b->data + TFRECORD_FRAME + len, b->len - TFRECORD_FRAME - len);
	buf_resize(b, b->len - TFRECORD_FRAME - len);
	return 1;
}

static int follow(const char *path, const char *end)
{
	const struct timespec pause = {.tv_nsec = 1000 * 1000};
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_buf_ struct buf b = BUF_INIT;
	char piece[8192];
	long records = 0;
	bool last = false;

	for (;;) {
		ssize_t n = read(fd, piece, sizeof(piece));
		int r;

		if (n < 0) {
			perror(path);
			return 1;
		}
		buf_add(&b, piece, (size_t)n);
		while ((r = take_record(&b)) > 0)
			records++;
		if (r < 0) {
			fprintf(stderr, "%s: damaged behind record %ld\n", path, records);
			return 1;
		}
		if (n == 0 && last)
			break;
		/* What was written before the end is read after it. */
		last = access(end, F_OK) == 0;
		if (n == 0)
			nanosleep(&pause, NULL);
	}
	printf("%ld\n", records);
	return b.len ? 1 : 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "read") == 0)
		return read_run(argv[2]);
	if (argc == 3 && strcmp(argv[1], "write") == 0)
		return write_files(argv[2]);
	if (argc == 4 && strcmp(argv[1], "follow") == 0)
		return follow(argv[2], argv[3]);
	return 2;
}
