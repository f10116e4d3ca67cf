/* SPDX-License-Identifier: MIT */
/* Comments: a list of {body, host, time, user} in the store, headings and bodies as text. */
#include "run/annotate.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "run/attr.h"

static const char *text_of(const struct value *comment, const char *key)
{
	const struct value *v = value_get(comment, key);

	return v && v->source ? v->source : value_str(v) ? value_str(v) : "";
}

/* Lines that would read as a heading, or as one that was written so, get a backslash. */
static void show_body(struct buf *b, const char *body)
{
	while (*body) {
		size_t len = strcspn(body, "\n");

		if (*body == '#' || *body == '\\')
			buf_putc(b, '\\');
		buf_add(b, body, len);
		buf_putc(b, '\n');
		body += len + (body[len] == '\n');
	}
}

void annotate_show_comments(int run_fd, struct buf *b)
{
	_cleanup_value_ struct value *comments = NULL;
	int r = attr_read(run_fd, "comments", &comments, NULL);

	if (r < 0 && r != -ENOENT)
		buf_fail(b, r);
	if (r < 0 || comments->type != VALUE_LIST)
		return;
	for (size_t i = 0; i < comments->list.n; i++) {
		const struct value *c = comments->list.items[i];
		int64_t time = 0;

		value_as_int(value_get(c, "time"), &time);
		buf_puts(b, "# ");
		clock_format_utc(b, time);
		buf_printf(b, " %s@%s\n", text_of(c, "user"), text_of(c, "host"));
		show_body(b, text_of(c, "body"));
	}
}

/* --- reading text back ---------------------------------------------------- */

static int add_comment(struct value *list, const struct buf *body, int64_t time, const char *user,
	const char *host)
{
	struct value *c;
	size_t len = body->len;
	int r;

	while (len && isspace((unsigned char)body->data[len - 1]))
		len--;
	if (!len)
		return 0;
	c = value_map();
	if (!c)
		return -ENOMEM;
	r = value_map_set(c, "body", value_string_len(body->data, len));
	if (r == 0)
		r = value_map_set(c, "host", value_string(host));
	if (r == 0)
		r = value_map_set(c, "time", value_int(time));
	if (r == 0)
		r = value_map_set(c, "user", value_string(user));
	if (r < 0) {
		value_free(c);
		return r;
	}
	return value_list_add(list, c);
}

/* "# 2026-11-23T21:05:07.000123Z USER@HOST" */
static bool parse_heading(const char *line, size_t len, int64_t *ret_time, char **user, char **host)
{
	struct tm tm = {0};
	int usec = 0, end = 0;
	const char *at;
	_cleanup_free_ char *copy = strndup(line, len);

	if (!copy ||
		sscanf(copy, "# %4d-%2d-%2dT%2d:%2d:%2d.%6dZ %n", &tm.tm_year, &tm.tm_mon,
			&tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &usec, &end) != 7 ||
		!end)
		return false;
	at = strrchr(copy + end, '@');
	if (!at)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*ret_time = (int64_t)timegm(&tm) * 1000000 + usec;
	free(*user);
	free(*host);
	*user = strndup(copy + end, (size_t)(at - copy) - (size_t)end);
	*host = strdup(at + 1);
	return *user && *host;
}

struct comment_reader {
	struct value *list;
	struct buf body;
	int64_t time;
	char *user, *host;
};

static int read_line(struct comment_reader *rd, const char *line, size_t len)
{
	int64_t time;
	char *user = NULL, *host = NULL;
	int r;

	if (!parse_heading(line, len, &time, &user, &host)) {
		free(user);
		free(host);
		if (len && *line == '\\')
			line++, len--;
		buf_add(&rd->body, line, len);
		buf_putc(&rd->body, '\n');
		return buf_error(&rd->body);
	}
	r = add_comment(rd->list, &rd->body, rd->time, rd->user, rd->host);
	buf_clear(&rd->body);
	free(rd->user);
	free(rd->host);
	rd->time = time;
	rd->user = user;
	rd->host = host;
	return r;
}

static int read_comments(struct comment_reader *rd, const char *text, size_t len)
{
	int r = 0;

	for (const char *at = text, *end = text + len; r == 0 && at < end;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((newline ? newline : end) - at);

		r = read_line(rd, at, n);
		at = newline ? newline + 1 : end;
	}
	return r < 0 ? r : add_comment(rd->list, &rd->body, rd->time, rd->user, rd->host);
}

int annotate_store_comments(
	int run_fd, const char *text, size_t len, bool append, const char *user, struct err *err)
{
	_cleanup_value_ struct value *list = NULL;
	char host[HOST_NAME_MAX + 1] = "";
	struct comment_reader rd = {.time = clock_now()};
	int r = 0;

	if (memchr(text, '\0', len))
		return err_set(err, -EINVAL, "comments are text; there is a NUL byte in this");
	if (!utf8_is_valid(text, len))
		return err_set(err, -EINVAL, "comments are UTF-8 text; this is not");
	gethostname(host, sizeof(host) - 1);
	if (append)
		r = attr_read(run_fd, "comments", &list, err);
	if (r < 0 && r != -ENOENT)
		return r;
	if (!list || list->type != VALUE_LIST) {
		value_free(list);
		list = value_list();
	}
	rd.list = list;
	rd.user = strdup(user);
	rd.host = strdup(host);
	r = !list || !rd.user || !rd.host ? -ENOMEM : read_comments(&rd, text, len);
	free(rd.user);
	free(rd.host);
	buf_release(&rd.body);
	if (r < 0)
		return r;
	return attr_write(run_fd, "comments", list->list.n ? list : NULL, FILE_SYNC);
}
