/* SPDX-License-Identifier: MIT */
/*
 * Event files, for measuring how fast scalars are read.
 *
 *	scalars make DIR N	an event file of N scalars of four tags in DIR
 *	scalars plain FILE	seconds of processor time that reading it takes
 *	scalars parse DIR	the same for all scalars of DIR, every sample kept
 *	scalars summary DIR	the same without samples
 */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "metrics/event_write.h"
#include "metrics/scalars.h"
#include "metrics/tfrecord.h"

enum { BLOCK = 1 << 20, TAGS = 4 };

/* What this process has used: a machine that does other work too makes no difference. */
static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int make(const char *dir, long n)
{
	static const char *const tags[TAGS] = {
		"train/loss", "train/accuracy", "val/loss", "learning_rate"};
	_cleanup_close_ int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int fd = openat(dir_fd, "events.out.tfevents.1700000000.host.1.0",
		O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	_cleanup_buf_ struct buf block = BUF_INIT, event = BUF_INIT;

	event_put_version(&event);
	tfrecord_put(&block, buf_str(&event), event.len);
	for (long i = 0; i < n; i++) {
		buf_clear(&event);
		event_put_scalar(&event, 1.7e9 + (double)i * 0.25, i / TAGS, tags[i % TAGS],
			(float)exp(-(double)i / (double)n));
		tfrecord_put(&block, buf_str(&event), event.len);
		if (block.len > BLOCK || i == n - 1) {
			if (fd < 0 || file_write_all(fd, buf_str(&block), block.len) < 0)
				return 1;
			buf_clear(&block);
		}
	}
	return 0;
}

static int plain(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *block = malloc(BLOCK);
	double start = now();
	ssize_t n;

	while ((n = read(fd, block, BLOCK)) > 0)
		;
	printf("%.6f\n", now() - start);
	return n < 0;
}

static int parse(const char *dir, enum scalars_mode mode)
{
	_cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_scalars_ struct scalars *s = NULL;
	double start = now();
	int r = scalars_new(mode, &s);

	if (r == 0)
		r = scalars_refresh(s, fd, NULL);
	printf("%.6f\n", now() - start);
	return r < 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "make") == 0)
		return make(argv[2], strtol(argv[3], NULL, 10));
	if (argc == 3 && strcmp(argv[1], "plain") == 0)
		return plain(argv[2]);
	if (argc == 3 && strcmp(argv[1], "parse") == 0)
		return parse(argv[2], SCALARS_SAMPLES);
	if (argc == 3 && strcmp(argv[1], "summary") == 0)
		return parse(argv[2], SCALARS_SUMMARIES);
	return 2;
}
