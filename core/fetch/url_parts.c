/* SPDX-License-Identifier: MIT */
#include "fetch/url_parts.h"

#include <string.h>

#include "base/name.h"
#include "base/digest.h"
#include "fetch/url.h"

enum { SHOWN_URL = 300 };

void url_parts_release(struct url_parts *u)
{
	buf_release(&u->text);
}
bool url_slice_is(struct slice slice, const char *s)
{
	return slice.len == strlen(s) && memcmp(slice.s, s, slice.len) == 0;
}

static bool is_alpha(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Cuts a scheme off and makes it lower-case; returns what follows. */
static char *cut_scheme(char *s, struct slice *ret_scheme)
{
	size_t len = 0;

	while (is_alpha(s[len]) || (s[len] >= '0' && s[len] <= '9') ||
		(s[len] && strchr("+-.", s[len])))
		len++;
	*ret_scheme = (struct slice){s, 0};
	if (s[len] != ':' || !is_alpha(s[0]))
		return s;
	for (size_t i = 0; i < len; i++)
		if (s[i] >= 'A' && s[i] <= 'Z')
			s[i] = (char)(s[i] - 'A' + 'a');
	ret_scheme->len = len;
	return s + len + 1;
}

/* Cuts *rest at the first c; what follows c is returned, nothing when there is none. */
static struct slice cut_tail(struct slice *rest, char c)
{
	const char *at = rest->len ? memchr(rest->s, c, rest->len) : NULL;
	struct slice tail = {rest->s + rest->len, 0};

	if (at) {
		tail = (struct slice){at + 1, (size_t)(rest->s + rest->len - at) - 1};
		rest->len = (size_t)(at - rest->s);
	}
	return tail;
}

/* Where the last part of a path starts. */
static struct slice last_part(struct slice path)
{
	const char *slash = path.len ? memrchr(path.s, '/', path.len) : NULL;

	return slash ? (struct slice){slash + 1, (size_t)(path.s + path.len - slash) - 1} : path;
}

/* Python's table of schemes whose last part may have parameters. */
static bool has_params(struct slice scheme)
{
	static const char *const schemes[] = {"", "ftp", "hdl", "prospero", "http", "imap", "https",
		"shttp", "rtsp", "rtsps", "rtspu", "sip", "sips", "mms", "sftp", "tel"};

	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (url_slice_is(scheme, schemes[i]))
			return true;
	return false;
}

int url_split(const char *url, struct url_parts *ret)
{
	struct slice rest, last;
	char *s;

	*ret = (struct url_parts){.text = BUF_INIT};
	while (*url && (unsigned char)*url <= ' ')
		url++;
	for (; *url; url++)
		if (!strchr("\t\r\n", *url))
			buf_putc(&ret->text, *url);
	buf_puts(&ret->text, "");
	if (buf_error(&ret->text))
		return buf_error(&ret->text);
	s = cut_scheme(ret->text.data, &ret->scheme);
	ret->netloc = (struct slice){s, 0};
	if (strncmp(s, "//", 2) == 0) {
		ret->netloc = (struct slice){s + 2, strcspn(s + 2, "/?#")};
		s += 2 + ret->netloc.len;
	}
	rest = (struct slice){s, strlen(s)};
	ret->fragment = cut_tail(&rest, '#');
	ret->query = cut_tail(&rest, '?');
	last = last_part(rest);
	ret->params = (struct slice){rest.s + rest.len, 0};
	if (has_params(ret->scheme))
		ret->params = cut_tail(&last, ';');
	ret->path = (struct slice){rest.s, (size_t)(last.s + last.len - rest.s)};
	return 0;
}

void url_cache_key(const char *url, struct buf *ret_hex)
{
	_cleanup_url_ struct url_parts u;
	_cleanup_buf_ struct buf text = BUF_INIT;
	char hex[DIGEST_SHA224_LEN + 1];
	int r = url_split(url, &u);

	if (r == 0) {
		const struct slice fields[] = {
			u.scheme, u.netloc, u.path, u.params, u.query, u.fragment};

		for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
			if (i)
				buf_putc(&text, '\n');
			buf_add(&text, fields[i].s, fields[i].len);
		}
		r = buf_error(&text);
	}
	if (r == 0)
		r = digest_text(DIGEST_SHA224, buf_str(&text), text.len, hex);
	if (r == 0)
		buf_puts(ret_hex, hex);
	else
		buf_fail(ret_hex, r);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void url_percent_decode(struct buf *b, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		bool escape = text.s[i] == '%' && i + 2 < text.len;
		int high = escape ? hex_digit(text.s[i + 1]) : -1;
		int low = escape ? hex_digit(text.s[i + 2]) : -1;

		if (high < 0 || low < 0) {
			buf_putc(b, text.s[i]);
		} else {
			buf_putc(b, (char)(high << 4 | low));
			i += 2;
		}
	}
}

int url_file_name(const struct url_parts *u, struct buf *b)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	bool plain;

	url_percent_decode(&text, last_part(u->path));
	if (buf_error(&text))
		return buf_error(&text);
	plain = text.len == 0 || (name_is_component(buf_str(&text)) && !strchr(text.data, 0x7f) &&
					 strlen(text.data) == text.len);
	for (size_t i = 0; plain && i < text.len; i++)
		plain = (unsigned char)text.data[i] >= 0x20;
	if (text.len == 0)
		buf_puts(b, "index");
	else if (!plain)
		name_encode(b, text.data, text.len);
	else if (strncmp(text.data, URL_OWN_PREFIX, strlen(URL_OWN_PREFIX)) == 0)
		buf_puts(b, text.data + 1); /* never one of the files beside it */
	else
		buf_puts(b, text.data);
	return buf_error(b);
}

void url_parts_show(struct buf *b, const struct url_parts *u)
{
	const char *at = u->netloc.len ? memrchr(u->netloc.s, '@', u->netloc.len) : NULL;
	const char *rest = at ? at + 1 : u->netloc.s;

	buf_add(b, u->text.data, (size_t)(u->netloc.s - u->text.data));
	buf_printf(b, "%.*s", SHOWN_URL, rest);
	if (strlen(rest) > SHOWN_URL)
		buf_puts(b, "...");
}

void url_show(struct buf *b, const char *url)
{
	_cleanup_url_ struct url_parts u;

	if (url_split(url, &u) == 0)
		url_parts_show(b, &u);
}
