/* SPDX-License-Identifier: MIT */
/* Headers of PNG, GIF and JPEG. */
#include "metrics/image.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

/* Bytes of a file; a read beyond the end gives zeros, which no valid header has there. */
struct bytes {
	const unsigned char *p;
	size_t len;
};

static uint32_t byte(const struct bytes *b, size_t at)
{
	return at < b->len ? b->p[at] : 0;
}

static uint32_t big16(const struct bytes *b, size_t at)
{
	return byte(b, at) << 8 | byte(b, at + 1);
}

static uint32_t big32(const struct bytes *b, size_t at)
{
	return big16(b, at) << 16 | big16(b, at + 2);
}

static bool begins(const struct bytes *b, const char *magic, size_t len)
{
	return b->len >= len && memcmp(b->p, magic, len) == 0;
}

bool image_name(const char *name)
{
	static const char *const endings[] = {".png", ".jpg", ".jpeg", ".gif"};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < ARRAY_SIZE(endings); i++)
		if (strcasecmp(dot, endings[i]) == 0)
			return true;
	return false;
}

/* The first chunk, IHDR: width, height, bits, kind of colours. */
static void measure_png(const struct bytes *b, struct image_size *ret)
{
	static const unsigned char channels[] = {1, 0, 3, 1, 2, 0, 4};
	uint32_t kind = byte(b, 25);

	ret->width = big32(b, 16);
	ret->height = big32(b, 20);
	ret->channels = kind < ARRAY_SIZE(channels) ? channels[kind] : 0;
}

static void measure_gif(const struct bytes *b, struct image_size *ret)
{
	ret->width = byte(b, 7) << 8 | byte(b, 6);
	ret->height = byte(b, 9) << 8 | byte(b, 8);
	ret->channels = 1;
}

/* A start of a frame, SOF0 to SOF15 without the three of that range that are something else. */
static bool is_frame(uint32_t marker)
{
	return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 &&
	       marker != 0xcc;
}

/* Segments up to the frame: 0xff, marker, length of what follows with these two bytes. */
static void measure_jpeg(const struct bytes *b, struct image_size *ret)
{
	size_t at = 2;

	while (at + 9 < b->len && byte(b, at) == 0xff) {
		uint32_t marker = byte(b, at + 1), len = big16(b, at + 2);

		if (marker == 0xff) { /* padding */
			at++;
			continue;
		}
		if (is_frame(marker)) {
			ret->height = big16(b, at + 5);
			ret->width = big16(b, at + 7);
			ret->channels = byte(b, at + 9);
			return;
		}
		if (len < 2)
			return;
		at += 2 + len;
	}
}

int image_measure(const void *data, size_t len, struct image_size *ret)
{
	const struct bytes b = {.p = data, .len = len};
	struct image_size size = {0};

	if (begins(&b, "\x89PNG\r\n\x1a\n", 8))
		measure_png(&b, &size);
	else if (begins(&b, "GIF8", 4))
		measure_gif(&b, &size);
	else if (begins(&b, "\xff\xd8\xff", 3))
		measure_jpeg(&b, &size);
	if (!size.width || !size.height || !size.channels)
		return -EBADMSG;
	*ret = size;
	return 0;
}
