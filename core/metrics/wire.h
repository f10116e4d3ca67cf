/* SPDX-License-Identifier: MIT */
/*
 * The wire format of protocol buffers: as much as event files need. A message is a row of fields;
 * each has a number and one of four forms (the two of "groups" have been gone since proto2, and
 * are refused). Fields may come in any order, be repeated, or be unknown.
 *
 * Reading is inline, since it is what reading scalars consists of. It never looks beyond `end`.
 */
#ifndef METRICS_WIRE_H
#define METRICS_WIRE_H

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"

enum wire_type {
	WIRE_VARINT = 0,
	WIRE_FIXED64 = 1,
	WIRE_BYTES = 2, /* text, a message inside, or a packed row of numbers */
	WIRE_FIXED32 = 5,
};

/* Bytes somewhere in a message, not NUL-terminated; or what is left of one. */
struct wire {
	const unsigned char *p, *end;
};

/* A field of another form than it should have is like an unknown one. */
#define WIRE_KEY(number, type) ((uint32_t)(number) << 3 | WIRE_##type)
#define WIRE_NUMBER(key)       ((key) >> 3)

#define WIRE_INLINE static inline __attribute__((always_inline))

struct wire_field {
	uint32_t key;      /* WIRE_KEY of its number and form */
	uint64_t value;    /* of the three forms of numbers: as it is on the wire */
	struct wire bytes; /* of WIRE_BYTES */
};

static inline struct wire wire_of(const void *data, size_t len)
{
	return (struct wire){.p = data, .end = (const unsigned char *)data + len};
}

static inline size_t wire_len(struct wire w)
{
	return (size_t)(w.end - w.p);
}

/* A number of more than 7 bits: where it ends, NULL as wire_varint() fails. */
const unsigned char *wire_long_varint(
	const unsigned char *p, const unsigned char *end, uint64_t *ret);

/* 0, or -EBADMSG: the bytes end within it, or it has more than ten. */
WIRE_INLINE int wire_varint(struct wire *w, uint64_t *ret)
{
	const unsigned char *p = w->p;
	uint64_t value;

	if (p < w->end && *p < 0x80) {
		value = *p++;
	} else {
		p = wire_long_varint(p, w->end, &value);
		if (!p)
			return -EBADMSG;
	}
	w->p = p;
	*ret = value;
	return 0;
}

WIRE_INLINE int wire_fixed32(struct wire *w, uint64_t *ret)
{
	uint32_t v;

	if (wire_len(*w) < sizeof(v))
		return -EBADMSG;
	memcpy(&v, w->p, sizeof(v));
	w->p += sizeof(v);
	*ret = le32toh(v);
	return 0;
}

WIRE_INLINE int wire_fixed64(struct wire *w, uint64_t *ret)
{
	uint64_t v;

	if (wire_len(*w) < sizeof(v))
		return -EBADMSG;
	memcpy(&v, w->p, sizeof(v));
	w->p += sizeof(v);
	*ret = le64toh(v);
	return 0;
}

WIRE_INLINE int wire_bytes(struct wire *w, struct wire *ret)
{
	uint64_t len;

	if (wire_varint(w, &len) < 0 || len > wire_len(*w))
		return -EBADMSG;
	*ret = (struct wire){.p = w->p, .end = w->p + len};
	w->p += len;
	return 0;
}

/* What of a field is behind its key. 0 or -EBADMSG. */
WIRE_INLINE int wire_rest(struct wire *w, uint32_t key, uint64_t *ret_value, struct wire *ret_bytes)
{
	switch (key & 7) {
	case WIRE_VARINT:
		return wire_varint(w, ret_value);
	case WIRE_FIXED64:
		return wire_fixed64(w, ret_value);
	case WIRE_BYTES:
		return wire_bytes(w, ret_bytes);
	case WIRE_FIXED32:
		return wire_fixed32(w, ret_value);
	default:
		return -EBADMSG;
	}
}

/* The key of the next field: 1, 0 at the end, or -EBADMSG. What is behind it is to be read next. */
WIRE_INLINE int wire_key(struct wire *w, uint32_t *ret)
{
	uint64_t key;

	if (w->p == w->end)
		return 0;
	if (wire_varint(w, &key) < 0 || key >> 3 == 0 || key > UINT32_MAX)
		return -EBADMSG;
	*ret = (uint32_t)key;
	return 1;
}

/* Passes over a field whose key has been read. 0 or -EBADMSG. */
int wire_skip(struct wire *w, uint32_t key);

/* The next field. 1, 0 at the end, or -EBADMSG. */
WIRE_INLINE int wire_next(struct wire *w, struct wire_field *ret)
{
	uint32_t key;
	int r = wire_key(w, &key);

	if (r <= 0)
		return r;
	*ret = (struct wire_field){.key = key};
	r = wire_rest(w, key, &ret->value, &ret->bytes);
	return r < 0 ? r : 1;
}

static inline float wire_float(uint64_t value)
{
	uint32_t bits = (uint32_t)value;
	float f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

static inline double wire_double(uint64_t value)
{
	double d;

	memcpy(&d, &value, sizeof(d));
	return d;
}

/* --- writing: a field appended to a message ------------------------------------------------- */

void wire_put_varint(struct buf *b, uint32_t number, uint64_t value);
void wire_put_float(struct buf *b, uint32_t number, float value);
void wire_put_double(struct buf *b, uint32_t number, double value);
void wire_put_bytes(struct buf *b, uint32_t number, const void *data, size_t len);
void wire_put_text(struct buf *b, uint32_t number, const char *text);
/* A message inside; its own failure becomes b's. */
void wire_put_message(struct buf *b, uint32_t number, const struct buf *message);

#endif
