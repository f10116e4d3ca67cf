/* SPDX-License-Identifier: MIT */
/* Fields of protocol buffers, written; and what of reading them is rare. */
#include "metrics/wire.h"

const unsigned char *wire_long_varint(
	const unsigned char *p, const unsigned char *end, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64 && p < end; shift += 7) {
		unsigned char byte = *p++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*ret = value;
			return p;
		}
	}
	return NULL;
}

int wire_skip(struct wire *w, uint32_t key)
{
	struct wire bytes;
	uint64_t value;

	return wire_rest(w, key, &value, &bytes);
}

static void put_varint(struct buf *b, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		buf_putc(b, (char)(value | 0x80));
	buf_putc(b, (char)value);
}

static void put_key(struct buf *b, uint32_t number, enum wire_type type)
{
	put_varint(b, (uint64_t)number << 3 | type);
}

void wire_put_varint(struct buf *b, uint32_t number, uint64_t value)
{
	put_key(b, number, WIRE_VARINT);
	put_varint(b, value);
}

void wire_put_float(struct buf *b, uint32_t number, float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	bits = htole32(bits);
	put_key(b, number, WIRE_FIXED32);
	buf_add(b, &bits, sizeof(bits));
}

void wire_put_double(struct buf *b, uint32_t number, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	bits = htole64(bits);
	put_key(b, number, WIRE_FIXED64);
	buf_add(b, &bits, sizeof(bits));
}

void wire_put_bytes(struct buf *b, uint32_t number, const void *data, size_t len)
{
	put_key(b, number, WIRE_BYTES);
	put_varint(b, len);
	buf_add(b, data, len);
}

void wire_put_text(struct buf *b, uint32_t number, const char *text)
{
	wire_put_bytes(b, number, text, strlen(text));
}

void wire_put_message(struct buf *b, uint32_t number, const struct buf *message)
{
	if (buf_error(message))
		buf_fail(b, buf_error(message));
	else
		wire_put_bytes(b, number, buf_str(message), message->len);
}
