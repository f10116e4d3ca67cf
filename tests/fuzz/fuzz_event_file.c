/* SPDX-License-Identifier: MIT */
/*
 * Event files. The input is a file, and it is the events of another, each with a byte of its length
 * before it, which get good checksums here. A file gives the same in one piece and as it grows.
 */
#include <math.h>
#include <string.h>

#include "fuzz_dir.h"
#include "metrics/plot.h"
#include "metrics/scalars.h"
#include "metrics/tfrecord.h"

/* A run directory of our own, in memory where that is possible. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	make_dir();
	return 0;
}

static void append(const char *name, const void *data, size_t len)
{
	_cleanup_close_ int fd =
		openat(dir_fd, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	MUST(fd >= 0 && file_write_all(fd, data, len) == 0);
}

static struct scalars *open_scalars(void)
{
	struct scalars *s;

	MUST(scalars_new(SCALARS_SAMPLES, &s) == 0);
	return s;
}

static bool same_number(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

static void must_be_same(const struct scalars *a, const struct scalars *b)
{
	size_t n, m;
	const struct scalar *x = scalars_list(a, &n), *y = scalars_list(b, &m);

	MUST(n == m);
	for (size_t i = 0; i < n; i++) {
		MUST(strcmp(x[i].key, y[i].key) == 0);
		MUST(x[i].series->n == y[i].series->n);
		MUST(x[i].series->n == x[i].series->summary.count);
		for (size_t j = 0; j < x[i].series->n; j++)
			MUST(same_number(x[i].series->samples[j].value,
				     y[i].series->samples[j].value) &&
				x[i].series->samples[j].step == y[i].series->samples[j].step);
	}
	MUST(value_equal(scalars_attrs(a), scalars_attrs(b)));
}

/* A file in one piece, and half of it first. */
static void read_file(const char *name, const void *data, size_t size)
{
	_cleanup_scalars_ struct scalars *whole = open_scalars(), *halves = open_scalars();
	_cleanup_buf_ struct buf svg = BUF_INIT;
	const struct scalar *list;
	size_t n;

	append(name, data, size / 2);
	MUST(scalars_refresh(halves, dir_fd, NULL) == 0);
	append(name, (const char *)data + size / 2, size - size / 2);
	MUST(scalars_refresh(halves, dir_fd, NULL) == 0);
	MUST(scalars_refresh(whole, dir_fd, NULL) == 0);
	must_be_same(whole, halves);
	list = scalars_list(whole, &n);
	if (n)
		plot_svg(&svg, list[0].key, list[0].series);
	MUST(buf_error(&svg) == 0);
	MUST(unlinkat(dir_fd, name, 0) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_buf_ struct buf framed = BUF_INIT;

	for (size_t at = 0; at < size;) {
		size_t len = data[at++];

		if (len > size - at)
			len = size - at;
		tfrecord_put(&framed, data + at, len);
		at += len;
	}
	MUST(buf_error(&framed) == 0);
	read_file("a.tfevents.1", buf_str(&framed), framed.len);
	read_file("a.tfevents.1.attrs", buf_str(&framed), framed.len);
	read_file("a.tfevents.1", data, size);
	return 0;
}
