/* SPDX-License-Identifier: MIT */
/* Records out of large blocks, checked; and the framing of one. */
#include "metrics/tfrecord.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "metrics/crc32c.h"

/* Half of a usual second-level cache: what pread() copies is still there when it is parsed. */
enum { BLOCK = 256 * 1024, HEAD = 12, TAIL = 4 };

void tfrecord_release(struct tfrecord_reader *r)
{
	if (r->fd >= 0)
		close(r->fd);
	free(r->block);
	*r = TFRECORD_READER_INIT;
}

int tfrecord_open(
	struct tfrecord_reader *r, int dirfd, const char *name, const struct tfrecord_place *place)
{
	/* O_NONBLOCK: not to wait at a fifo of that name. */
	_cleanup_close_ int fd =
		openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (place->offset &&
		(st.st_dev != place->dev || st.st_ino != place->ino || st.st_size < place->offset))
		return -ESTALE;
	r->dev = st.st_dev;
	r->ino = st.st_ino;
	r->size = st.st_size;
	r->offset = place->offset;
	r->at = r->end = 0;
	r->fd = STEAL_FD(fd);
	return 0;
}

void tfrecord_close(struct tfrecord_reader *r, struct tfrecord_place *ret_place)
{
	*ret_place = (struct tfrecord_place){.dev = r->dev, .ino = r->ino, .offset = r->offset};
	close(r->fd);
	r->fd = -1;
}

static int grow(struct tfrecord_reader *r, size_t need)
{
	unsigned char *grown;

	if (need <= r->cap)
		return 0;
	need = need > BLOCK ? need : BLOCK;
	grown = realloc(r->block, need);
	if (!grown)
		return -ENOMEM;
	r->block = grown;
	r->cap = need;
	return 0;
}

static int read_more(struct tfrecord_reader *r, size_t need)
{
	size_t have = r->end - r->at;
	int error = grow(r, need);

	if (error < 0)
		return error;
	memmove(r->block, r->block + r->at, have);
	r->at = 0;
	while (have < need) {
		ssize_t n = pread(r->fd, r->block + have, r->cap - have, r->offset + (off_t)have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			r->end = have;
			return n < 0 ? -errno : 0;
		}
		have += (size_t)n;
	}
	r->end = have;
	return 1;
}

/* At least `need` bytes at block[at]. 0: the file ends before; 1: they are there. */
static int fill(struct tfrecord_reader *r, size_t need)
{
	return r->end - r->at >= need ? 1 : read_more(r, need);
}

static uint32_t load32(const unsigned char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static uint64_t load64(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

/*
 * A head of zeros is the tail that a network file system has not delivered yet, or that a machine
 * lost as it went down.
 */
static bool is_blank(const unsigned char *head)
{
	static const unsigned char zeros[HEAD];

	return memcmp(head, zeros, HEAD) == 0;
}

static void advance(struct tfrecord_reader *r, size_t len)
{
	size_t buffered = r->end - r->at;

	r->offset += (off_t)len;
	r->at += len < buffered ? len : buffered;
}

int tfrecord_next(struct tfrecord_reader *r, struct tfrecord *ret)
{
	for (;;) {
		uint64_t left = (uint64_t)(r->size - r->offset), len;
		const unsigned char *head;
		int filled;

		if (left < HEAD + TAIL)
			return 0;
		filled = fill(r, HEAD);
		if (filled <= 0)
			return filled;
		head = r->block + r->at;
		len = load64(head);
		if (crc32c_mask(crc32c(head, sizeof(len))) != load32(head + sizeof(len)))
			return is_blank(head) ? 0 : -EBADMSG;
		/* Protocol buffers end at 2 GiB. */
		if (len > INT_MAX)
			return -EBADMSG;
		if (len > left - HEAD - TAIL)
			return 0;
		if (len <= TFRECORD_READ_MAX) {
			filled = fill(r, HEAD + len + TAIL);
			if (filled <= 0)
				return filled;
			ret->data = r->block + r->at + HEAD;
			ret->len = len;
			if (crc32c_mask(crc32c(ret->data, len)) !=
				load32(r->block + r->at + HEAD + len))
				return -EBADMSG;
			advance(r, HEAD + len + TAIL);
			return 1;
		}
		advance(r, HEAD + len + TAIL);
	}
}

void tfrecord_put(struct buf *b, const void *data, size_t len)
{
	uint64_t length = htole64(len);
	uint32_t crc = htole32(crc32c_mask(crc32c(&length, sizeof(length))));

	buf_add(b, &length, sizeof(length));
	buf_add(b, &crc, sizeof(crc));
	crc = htole32(crc32c_mask(crc32c(data, len)));
	buf_add(b, data, len);
	buf_add(b, &crc, sizeof(crc));
}
