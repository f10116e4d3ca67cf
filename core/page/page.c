/* SPDX-License-Identifier: MIT */
/* The document: a text with gaps (@NAME@), and what comes into them. */
#include "page/page.h"

#include <string.h>

#include "base/digest.h"

extern const char page_asset_html[], page_asset_style[], page_asset_script[];

/* The digest by which a browser knows the text as ours. */
static void print_digest(struct buf *b, const char *text)
{
	char hex[DIGEST_SHA256_LEN + 1];
	int r = digest_text(DIGEST_SHA256, text, strlen(text), hex);

	if (r < 0) {
		buf_fail(b, r);
		return;
	}
	buf_puts(b, "'sha256-");
	digest_base64(b, hex, false);
	buf_putc(b, '\'');
}

void page_policy(struct buf *b)
{
	buf_puts(b, "default-src 'none'; script-src ");
	print_digest(b, page_asset_script);
	buf_puts(b, "; style-src ");
	print_digest(b, page_asset_style);
	buf_puts(b, "; img-src 'self' data:; connect-src 'self'; base-uri 'none'; "
		    "form-action 'none'");
}

/* In JSON a < can only be in a text, where it may as well be written otherwise: so that no text
 * ends the element that the JSON is in. */
static void print_json(struct buf *b, const struct buf *json)
{
	buf_replace(b, buf_str(json), "<", "\\u003c");
	if (buf_error(json))
		buf_fail(b, buf_error(json));
}

/* Up to the gap of that name, which `text` has; what follows it. */
static const char *print_until(struct buf *b, const char *text, const char *gap)
{
	const char *at = strstr(text, gap);

	buf_add(b, text, (size_t)(at - text));
	return at + strlen(gap);
}

void page_print(struct buf *b, void (*data)(void *arg, struct buf *json), void *arg)
{
	_cleanup_buf_ struct buf json = BUF_INIT;
	const char *rest = print_until(b, page_asset_html, "@POLICY@");

	page_policy(b);
	rest = print_until(b, rest, "@STYLE@");
	buf_puts(b, page_asset_style);
	rest = print_until(b, rest, "@DATA@");
	data(arg, &json);
	print_json(b, &json);
	rest = print_until(b, rest, "@SCRIPT@");
	buf_puts(b, page_asset_script);
	buf_puts(b, rest);
}
