/* SPDX-License-Identifier: MIT */
/* ${name}. */
#include "project/refs.h"

#include <errno.h>
#include <string.h>

#include "yaml/yaml.h"

enum { MAX_DEPTH = 100, MAX_REFERENCES = 10000, MAX_LEN = 1024 * 1024 };

void refs_arg_text(struct buf *b, const struct value *v)
{
	switch (v->type) {
	case VALUE_NULL:
		break;
	case VALUE_BOOL:
		buf_puts(b, v->boolean ? "1" : "");
		break;
	case VALUE_STRING:
		buf_puts(b, v->string);
		break;
	default:
		value_repr(b, v);
	}
}

struct resolver {
	const struct value *flags;
	void (*show)(struct buf *b, const struct value *v);
	struct buf *b;
	size_t start; /* of our text in b */
	int depth, references;
	struct err *err;
};

static int resolve(struct resolver *rs, const char *text);

/* References of references can stand for more text than memory holds. */
static int resolve_one(struct resolver *rs, const char *name)
{
	const struct value *v = value_get(rs->flags, name);
	int r;

	if (!v)
		return err_set(rs->err, -EINVAL, "undefined reference '%s'", name);
	if (rs->depth > MAX_DEPTH)
		return err_set(rs->err, -EINVAL, "the references of '%s' lead in a circle", name);
	if (++rs->references > MAX_REFERENCES || rs->b->len - rs->start > MAX_LEN)
		return err_set(rs->err, -EINVAL, "the references stand for too long a text");
	if (v->type != VALUE_STRING) {
		rs->show(rs->b, v);
		return buf_error(rs->b);
	}
	rs->depth++;
	r = resolve(rs, v->string);
	rs->depth--;
	return r;
}

static int resolve(struct resolver *rs, const char *text)
{
	int r = 0;

	while (r == 0 && *text) {
		const char *end = strncmp(text, "${", 2) == 0 ? strchr(text, '}') : NULL;
		_cleanup_free_ char *name = NULL;

		if (strncmp(text, "\\${", 3) == 0) {
			buf_puts(rs->b, "${");
			text += 3;
			continue;
		}
		if (!end) {
			buf_putc(rs->b, *text++);
			continue;
		}
		name = strndup(text + 2, (size_t)(end - text) - 2);
		r = name ? resolve_one(rs, name) : -ENOMEM;
		text = end + 1;
	}
	return r < 0 ? r : buf_error(rs->b);
}

int refs_resolve(const char *text, const struct value *flags, struct buf *b, struct err *err)
{
	struct resolver rs = {
		.flags = flags, .show = refs_arg_text, .b = b, .start = b->len, .err = err};

	return resolve(&rs, text);
}

int refs_resolve_yaml(const char *text, const struct value *flags, struct buf *b, struct err *err)
{
	struct resolver rs = {
		.flags = flags, .show = yaml_emit_flow, .b = b, .start = b->len, .err = err};

	return resolve(&rs, text);
}
