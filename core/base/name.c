/* SPDX-License-Identifier: MIT */
/* Run ids and safe path components. */
#include "base/name.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <xxhash.h>

enum { NAME_LEN = 255, CUT_TAIL = 18 }; /* "%~" and 16 hex digits */

int name_new_run_id(char ret_id[RUN_ID_LEN + 1])
{
	unsigned char bytes[RUN_ID_LEN / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return -errno;
	bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40); /* UUID version 4 */
	bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(ret_id + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

static bool is_component(const char *name, size_t len)
{
	if (len == 0 || len > NAME_LEN || memchr(name, '/', len))
		return false;
	return !(len == 1 && name[0] == '.') && !(len == 2 && name[0] == '.' && name[1] == '.');
}

bool name_is_component(const char *name)
{
	return is_component(name, strlen(name));
}

bool name_is_safe_path(const char *path)
{
	for (;;) {
		size_t len = strcspn(path, "/");

		if (!is_component(path, len))
			return false;
		if (!path[len])
			return true;
		path += len + 1;
	}
}

static bool must_encode(const char *text, size_t len, size_t i)
{
	unsigned char c = (unsigned char)text[i];

	if (c == '%' || c == '/' || c < 0x20 || c == 0x7f)
		return true;
	return c == '.' && (len == 1 || (len == 2 && text[0] == '.' && text[1] == '.'));
}

bool name_ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), n = strlen(end);

	return len > n && memcmp(name + len - n, end, n) == 0;
}

bool name_has_extension(const char *name, const char *end)
{
	size_t len = strlen(name), n = strlen(end);

	return len > n && strcasecmp(name + len - n, end) == 0;
}

const char *name_of_path(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void name_encode(struct buf *b, const char *text, size_t len)
{
	size_t start = b->len, cut;

	if (!len) {
		buf_putc(b, '%');
		return;
	}
	for (size_t i = 0; i < len; i++) {
		if (must_encode(text, len, i))
			buf_printf(b, "%%%02X", (unsigned char)text[i]);
		else
			buf_putc(b, text[i]);
	}
	if (b->error || b->len - start <= NAME_LEN)
		return;
	/* Cut between characters: neither inside an escape nor inside a UTF-8 sequence. */
	cut = start + NAME_LEN - CUT_TAIL;
	while (((unsigned char)b->data[cut] & 0xc0) == 0x80)
		cut--;
	if (b->data[cut - 1] == '%')
		cut -= 1;
	else if (b->data[cut - 2] == '%')
		cut -= 2;
	buf_resize(b, cut);
	buf_printf(b, "%%~%016llx", (unsigned long long)XXH3_64bits(text, len));
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int name_decode(struct buf *b, const char *name)
{
	if (!*name)
		return -EINVAL;
	if (strcmp(name, "%") == 0)
		return buf_error(b);
	for (; *name; name++) {
		int high, low;

		if (*name != '%') {
			buf_putc(b, *name);
			continue;
		}
		high = hex_digit(name[1]);
		low = high < 0 ? -1 : hex_digit(name[2]);
		if (low < 0)
			return -EINVAL;
		buf_putc(b, (char)(high << 4 | low));
		name += 2;
	}
	return buf_error(b);
}

/* The end of a part of a path: a leading slash belongs to its first part. */
static const char *part_end(const char *part)
{
	const char *slash = strchr(part + (*part == '/'), '/');

	return slash ? slash : part + strlen(part);
}

static const char *last_part(const char *start, const char *end)
{
	const char *at = end;

	while (at > start && at[-1] != '/')
		at--;
	return at;
}

void name_normal_path(struct buf *b, const char *path)
{
	size_t start = b->len;

	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && strncmp(path, "..", 2) == 0) {
			while (b->len > start && b->data[--b->len] != '/')
				;
			buf_resize(b, b->len);
		} else if (n && !(n == 1 && *path == '.')) {
			buf_putc(b, '/');
			buf_add(b, path, n);
		}
		path += n + (path[n] == '/');
	}
	if (b->len == start)
		buf_putc(b, '/');
}

/*
 * The last part always stays, and the first one of a relative path; then parts are taken from the
 * left and from the right in turn, as long as there is room.
 */
void name_shorten_path(struct buf *b, const char *path, size_t max)
{
	static const char ellipsis[] = "\u2026";
	const char *end = path + strlen(path);
	const char *right = last_part(path, end);
	const char *left = path;
	bool from_right = *path != '/';

	if ((size_t)(end - path) <= max || right <= path + 1) {
		buf_puts(b, path);
		return;
	}
	if (from_right)
		left = part_end(path) + 1;
	while (left < right) {
		const char *next = from_right ? last_part(left, right - 1) : part_end(left) + 1;
		size_t part = from_right ? (size_t)(right - next) : (size_t)(next - left);

		if ((size_t)(left - path) + (size_t)(end - right) + part + 1 >= max)
			break;
		if (from_right)
			right = next;
		else
			left = next;
		from_right = !from_right;
	}
	if (left >= right || (size_t)(left - path) + strlen(ellipsis) + (size_t)(end - right) + 1 >=
				     (size_t)(end - path)) {
		buf_puts(b, path);
		return;
	}
	buf_printf(b, "%.*s%s%s/%s", (int)(left - path), path, left == path ? "/" : "", ellipsis,
		right);
}

void name_relative_path(struct buf *b, const char *from_dir, const char *to)
{
	size_t common = 0, i = 0;
	size_t start = b->len;

	/* Where both paths have ended a part. */
	for (;; i++) {
		bool from_ends = !from_dir[i] || from_dir[i] == '/';
		bool to_ends = !to[i] || to[i] == '/';

		if (from_ends && to_ends)
			common = i;
		if (!from_dir[i] || !to[i] || from_dir[i] != to[i])
			break;
	}
	for (const char *c = from_dir + common; *c; c++)
		if (*c == '/' && c[1])
			buf_puts(b, b->len > start ? "/.." : "..");
	if (to[common] && to[common + (to[common] == '/')])
		buf_printf(b, "%s%s", b->len > start ? "/" : "", to + common + (to[common] == '/'));
	if (b->len == start)
		buf_putc(b, '.');
}

void name_user_path(struct buf *b, const char *path)
{
	const char *home = getenv("HOME");
	size_t len = home ? strlen(home) : 0;

	if (len > 1 && strncmp(path, home, len) == 0 && (path[len] == '/' || !path[len]))
		buf_printf(b, "~%s", path + len);
	else
		buf_puts(b, path);
}
