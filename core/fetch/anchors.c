/* SPDX-License-Identifier: MIT */
/* Events of libxml2's HTML parser. */
#include "fetch/anchors.h"

#include <errno.h>
#include <libxml/HTMLparser.h>
#include <limits.h>
#include <string.h>

#include "base/lazy_lib.h"
#include "base/strv.h"

static struct {
	__typeof__(htmlCreatePushParserCtxt) *create;
	__typeof__(htmlParseChunk) *parse;
	__typeof__(htmlFreeParserCtxt) *release;
} xml;

static const char *const names[] = {
	"htmlCreatePushParserCtxt", "htmlParseChunk", "htmlFreeParserCtxt"};

static struct lazy_lib library = {
	.file = "libxml2.so.2", .names = names, .n = ARRAY_SIZE(names), .functions = &xml};

struct parsing {
	int (*visit)(void *arg, const struct anchor *anchor);
	void *arg;
	struct buf *base;
	bool open; /* between <a> and </a> */
	struct strv attrs;
	struct buf text;
	int r;
};

const char *anchor_attr(const struct anchor *anchor, const char *name)
{
	for (const char *const *a = anchor->attrs; a && *a; a += 2)
		if (strcasecmp(a[0], name) == 0)
			return a[1];
	return NULL;
}

/* The parser has its own type for text. */
static const char *of(const xmlChar *text)
{
	return text ? (const char *)text : "";
}

static void begin_anchor(struct parsing *p, const xmlChar **attrs)
{
	p->open = true;
	buf_clear(&p->text);
	strv_release(&p->attrs);
	p->attrs = STRV_INIT;
	for (; p->r == 0 && attrs && *attrs; attrs += 2) {
		p->r = strv_add(&p->attrs, of(attrs[0]));
		if (p->r == 0)
			p->r = strv_add(&p->attrs, of(attrs[1]));
	}
}

static void end_anchor(struct parsing *p)
{
	const char *text = buf_str(&p->text);
	size_t blank = strspn(text, " \t\r\n"), len = p->text.len;

	if (!p->open || p->r < 0)
		return;
	p->open = false;
	while (len > blank && strchr(" \t\r\n", text[len - 1]))
		len--;
	buf_resize(&p->text, len);
	p->r = buf_error(&p->text);
	if (p->r == 0)
		p->r = p->visit(p->arg, &(struct anchor){buf_str(&p->text) + (len ? blank : 0),
						(const char *const *)p->attrs.v});
}

static void on_start(void *arg, const xmlChar *name, const xmlChar **attrs)
{
	struct parsing *p = arg;

	if (strcmp(of(name), "a") == 0) {
		end_anchor(p);
		begin_anchor(p, attrs);
	} else if (strcmp(of(name), "base") == 0 && !p->base->len) {
		for (; attrs && *attrs; attrs += 2)
			if (strcmp(of(attrs[0]), "href") == 0)
				buf_puts(p->base, of(attrs[1]));
	}
}

static void on_end(void *arg, const xmlChar *name)
{
	if (strcmp(of(name), "a") == 0)
		end_anchor(arg);
}

static void on_text(void *arg, const xmlChar *text, int len)
{
	struct parsing *p = arg;

	if (p->open)
		buf_add(&p->text, text, (size_t)len);
}

int anchors_each(const char *html, size_t len, int (*visit)(void *arg, const struct anchor *anchor),
	void *arg, struct buf *ret_base, struct err *err)
{
	htmlSAXHandler events = {
		.startElement = on_start, .endElement = on_end, .characters = on_text};
	struct parsing p = {.visit = visit, .arg = arg, .base = ret_base};
	htmlParserCtxtPtr context;
	int r = lazy_lib_load(&library, err);

	if (r < 0)
		return r;
	if (len > INT_MAX)
		return -EFBIG;
	context = xml.create(&events, &p, NULL, 0, NULL, XML_CHAR_ENCODING_UTF8);
	if (!context)
		return -ENOMEM;
	xml.parse(context, html, (int)len, 1);
	xml.release(context);
	end_anchor(&p);
	strv_release(&p.attrs);
	buf_release(&p.text);
	return p.r;
}
