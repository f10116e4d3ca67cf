/* SPDX-License-Identifier: MIT */
/* A table of endings. */
#include "web/content_type.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/cleanup.h"

#define TEXT "text/plain; charset=utf-8"
#define DOCUMENT                                                                                   \
	"sandbox; default-src 'none'; img-src 'self' data:; media-src 'self' data:; "              \
	"font-src data:; style-src 'unsafe-inline'"
#define MEDIA "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'"

enum { LOOK_AT = 4096 };

static const struct {
	const char *ending;
	struct content_type type;
} known[] = {
	{".avif", {"image/avif", MEDIA}},
	{".bmp", {"image/bmp", MEDIA}},
	{".gif", {"image/gif", MEDIA}},
	{".htm", {"text/html; charset=utf-8", DOCUMENT}},
	{".html", {"text/html; charset=utf-8", DOCUMENT}},
	{".ico", {"image/vnd.microsoft.icon", MEDIA}},
	{".jpeg", {"image/jpeg", MEDIA}},
	{".jpg", {"image/jpeg", MEDIA}},
	{".mp3", {"audio/mpeg", MEDIA}},
	{".mp4", {"video/mp4", MEDIA}},
	{".ogg", {"audio/ogg", MEDIA}},
	{".png", {"image/png", MEDIA}},
	{".svg", {"image/svg+xml", DOCUMENT}},
	{".wav", {"audio/wav", MEDIA}},
	{".webm", {"video/webm", MEDIA}},
	{".webp", {"image/webp", MEDIA}},
};

static bool is_text(int fd)
{
	char bytes[LOOK_AT];
	ssize_t n = pread(fd, bytes, sizeof(bytes), 0);

	return n >= 0 && !memchr(bytes, '\0', (size_t)n);
}

struct content_type content_type(const char *name, int fd)
{
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < ARRAY_SIZE(known); i++)
		if (strcasecmp(dot, known[i].ending) == 0)
			return known[i].type;
	return (struct content_type){is_text(fd) ? TEXT : "application/octet-stream", NULL};
}
