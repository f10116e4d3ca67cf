/* SPDX-License-Identifier: MIT */
/* /proc/self/mountinfo. */
#include "base/mounts.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

/* As the kernel writes paths: a blank, tab, newline or backslash is \ooo. */
static void unescape(char *path)
{
	char *to = path;

	for (const char *p = path; *p; to++) {
		bool escaped = p[0] == '\\' && strspn(p + 1, "01234567") >= 3;

		*to = escaped ? (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0')) : *p;
		p += escaped ? 4 : 1;
	}
	*to = '\0';
}

/* "36 35 98:0 /root /mount/point options ... - type source options" */
static bool is_it(const char *line, const char *path, const char *type, unsigned *ret_number)
{
	const char *dash = strstr(line, " - ");
	char at[4 * PATH_MAX];

	if (!dash || sscanf(line, "%*s %*s %*u:%u %*s %16383s", ret_number, at) != 2)
		return false;
	unescape(at);
	dash += strlen(" - ");
	return strcmp(at, path) == 0 && strncmp(dash, type, strlen(type)) == 0 &&
	       dash[strlen(type)] == ' ';
}

int mounts_find(const char *path, const char *type, unsigned *ret_number)
{
	_cleanup_free_ char *line = NULL;
	FILE *f = fopen("/proc/self/mountinfo", "re");
	size_t cap = 0;
	unsigned number;
	int r = -ENOENT;

	if (!f)
		return -errno;
	while (getline(&line, &cap, f) >= 0)
		if (is_it(line, path, type, &number)) {
			*ret_number = number;
			r = 0;
		}
	fclose(f);
	return r;
}
