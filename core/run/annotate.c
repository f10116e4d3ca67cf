/* SPDX-License-Identifier: MIT */
/* Labels, tags and marks. Comments have a file of their own (comments.c). */
#include "run/annotate.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "base/beneath.h"
#include "base/utf8.h"
#include "run/attr.h"

/* Long enough for many who wait for a slow disk, one after the other. */
enum { LOCK_TRIES = 1500, LOCK_PAUSE_NS = 10 * 1000 * 1000 };

int annotate_lock(int run_fd, struct err *err)
{
	const struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};
	int fd = beneath_open(run_fd, RUN_ATTRS_DIR, O_RDONLY | O_DIRECTORY, 0);

	for (int i = 0; fd >= 0 && i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
			return fd;
		nanosleep(&pause, NULL);
	}
	if (fd < 0)
		return err_set(err, fd, "the run's attributes cannot be opened: %s", strerror(-fd));
	close(fd);
	return err_set(err, -EBUSY,
		"somebody else is changing the run's label, tags or comments; try again");
}

/* --- label ---------------------------------------------------------------- */

void annotate_show_label(int run_fd, struct buf *b)
{
	if (attr_read_text(run_fd, "label", b) == 0 && b->len)
		buf_putc(b, '\n');
}

int annotate_set_label(int run_fd, const char *label)
{
	_cleanup_value_ struct value *v = label && *label ? value_string(label) : NULL;

	if (label && *label && !v)
		return -ENOMEM;
	return attr_write(run_fd, "label", v, FILE_SYNC);
}

/* Without the newline at the end and blanks around it. */
static const char *line_of(const char *text, size_t *len)
{
	while (*len && isspace((unsigned char)text[*len - 1]))
		--*len;
	while (*len && isspace((unsigned char)*text))
		text++, --*len;
	return text;
}

int annotate_store_label(int run_fd, const char *text, size_t len, struct err *err)
{
	_cleanup_buf_ struct buf label = BUF_INIT;

	text = line_of(text, &len);
	if (memchr(text, '\n', len) || memchr(text, '\0', len))
		return err_set(err, -EINVAL, "a label is one line of text; this is more");
	if (!utf8_is_valid(text, len))
		return err_set(err, -EINVAL, "a label is UTF-8 text; this is not");
	buf_add(&label, text, len);
	return buf_error(&label) ? buf_error(&label) : annotate_set_label(run_fd, buf_str(&label));
}

/* --- tags ----------------------------------------------------------------- */

int annotate_get_tags(int run_fd, struct strv *ret)
{
	_cleanup_value_ struct value *v = NULL;
	int r = attr_read(run_fd, "tags", &v, NULL);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (size_t i = 0; r == 0 && v->type == VALUE_LIST && i < v->list.n; i++) {
		const struct value *tag = v->list.items[i];

		r = tag->source ? strv_add(ret, tag->source) : 0;
	}
	return r;
}

int annotate_set_tags(int run_fd, struct strv *tags)
{
	_cleanup_value_ struct value *v = NULL;

	strv_sort(tags);
	strv_unique(tags);
	if (tags->n) {
		v = value_from_strv(tags);
		if (!v)
			return -ENOMEM;
	}
	return attr_write(run_fd, "tags", v, FILE_SYNC);
}

void annotate_show_tags(int run_fd, struct buf *b)
{
	_cleanup_strv_ struct strv tags = STRV_INIT;
	int r = annotate_get_tags(run_fd, &tags);

	if (r < 0)
		buf_fail(b, r);
	for (size_t i = 0; i < tags.n; i++)
		buf_printf(b, "%s\n", tags.v[i]);
}

int annotate_store_tags(int run_fd, const char *text, size_t len, struct err *err)
{
	_cleanup_strv_ struct strv tags = STRV_INIT;
	int r = 0;

	if (memchr(text, '\0', len))
		return err_set(err, -EINVAL, "tags are lines of text; there is a NUL byte in them");
	if (!utf8_is_valid(text, len))
		return err_set(err, -EINVAL, "tags are lines of UTF-8 text; these are not");
	for (const char *at = text, *end = text + len; r == 0 && at < end;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((newline ? newline : end) - at);
		const char *tag = line_of(at, &n);

		if (n)
			r = strv_add_len(&tags, tag, n);
		at = newline ? newline + 1 : end;
	}
	return r < 0 ? r : annotate_set_tags(run_fd, &tags);
}

/* --- marks ---------------------------------------------------------------- */

void annotate_show_marked(int run_fd, struct buf *b)
{
	buf_puts(b, attr_exists(run_fd, "marked") ? "yes\n" : "no\n");
}

int annotate_set_marked(int run_fd, bool marked)
{
	_cleanup_value_ struct value *v = marked ? value_bool(true) : NULL;

	if (marked && !v)
		return -ENOMEM;
	return attr_write(run_fd, "marked", v, FILE_SYNC);
}

int annotate_store_marked(int run_fd, const char *text, size_t len, struct err *err)
{
	static const char *const yes[] = {"yes", "true", "on", "1"};
	static const char *const no[] = {"no", "false", "off", "0"};
	size_t n = len;
	const char *word = line_of(text, &n);

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (strlen(yes[i]) == n && strncasecmp(yes[i], word, n) == 0)
			return annotate_set_marked(run_fd, true);
		if (strlen(no[i]) == n && strncasecmp(no[i], word, n) == 0)
			return annotate_set_marked(run_fd, false);
	}
	return err_set(err, -EINVAL, "'%.*s' is neither yes nor no", (int)(n > 64 ? 64 : n), word);
}
