/* SPDX-License-Identifier: MIT */
/*
 * TFRecord, the framing of TensorFlow's event files (reference/filesystem-facts, section 5):
 *
 *	u64le length | u32le masked CRC-32C of these 8 bytes | data | u32le masked CRC-32C of data
 *
 * A reader takes up a file where it was left and gives the whole records that came since. It
 * holds one block of memory, which serves any number of files one after the other:
 *
 *	_cleanup_tfrecord_ struct tfrecord_reader reader = TFRECORD_READER_INIT;
 *	r = tfrecord_open(&reader, dirfd, name, &place);
 *	while (r == 0 && (r = tfrecord_next(&reader, &record)) > 0)
 *		...
 *	tfrecord_close(&reader, &place);
 *
 * Files are read with pread(2) and never mapped: one that shrinks while it is read ends early
 * instead of raising SIGBUS. Not thread safe; a reader each.
 */
#ifndef METRICS_TFRECORD_H
#define METRICS_TFRECORD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

/* Longer records hold images or graphs, which nobody here reads: they are passed over unread. */
#define TFRECORD_READ_MAX (64 << 20)

/* Where a file was left: which file it was, and where its next record begins. Zero: not read. */
struct tfrecord_place {
	dev_t dev;
	ino_t ino;
	off_t offset;
};

struct tfrecord {
	const void *data; /* valid until the next call */
	size_t len;
};

struct tfrecord_reader {
	int fd;       /* -1: none open */
	off_t offset; /* of the next record */
	off_t size;   /* of the file when it was opened; what comes later waits for the next time */
	dev_t dev;
	ino_t ino;
	unsigned char *block; /* block[at] is the byte at `offset` */
	size_t cap, at, end;
};

#define TFRECORD_READER_INIT ((struct tfrecord_reader){.fd = -1})

void tfrecord_release(struct tfrecord_reader *r);
#define _cleanup_tfrecord_ _cleanup_(tfrecord_release)

/*
 * -ESTALE: this is not the file that was read before, or it has become shorter; the place is of no
 * use any more. -EINVAL: not a regular file. Follows no symlink.
 */
int tfrecord_open(
	struct tfrecord_reader *r, int dirfd, const char *name, const struct tfrecord_place *place);

/*
 * 1: a record. 0: no whole record is left; a torn one at the end is not an error, since its writer
 * may be at it. -EBADMSG: the next record is damaged (a checksum, or a length that no event can
 * have); nothing behind it can be found. -ENOMEM, -EIO: may be different another time.
 */
int tfrecord_next(struct tfrecord_reader *r, struct tfrecord *ret);

/* Closes the file and says where it was left: behind the last whole record. */
void tfrecord_close(struct tfrecord_reader *r, struct tfrecord_place *ret_place);

/* Appends one record. */
void tfrecord_put(struct buf *b, const void *data, size_t len);

#endif
