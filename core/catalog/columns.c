/* SPDX-License-Identifier: MIT */
/* A scanner over words, and a parser of one column after the other. */
#include "catalog/columns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "yaml/yaml.h"

/* --- words ---------------------------------------------------------------- */

enum token {
	TOKEN_END,
	TOKEN_COMMA,
	TOKEN_DOT,
	TOKEN_EQUALS,
	TOKEN_PREFIX,
	TOKEN_WORD,
	TOKEN_QUOTED
};

struct scanner {
	const char *text, *at; /* `at` is behind the token */
	struct err *err;
	enum token token;
	const char *start; /* of the token */
	size_t len;
};

static const char *const prefixes[] = {
	[COLUMN_SCALAR] = "scalar:", [COLUMN_FLAG] = "flag:", [COLUMN_ATTR] = "attr:"};

static const char *const qualifiers[] = {
	[QUALIFIER_LAST] = "last",
	[QUALIFIER_FIRST] = "first",
	[QUALIFIER_MIN] = "min",
	[QUALIFIER_MAX] = "max",
	[QUALIFIER_AVG] = "avg",
	[QUALIFIER_TOTAL] = "total",
	[QUALIFIER_COUNT] = "count",
};

/* The length of a quoted text with its quotes; 0: the closing one is missing. */
static size_t quoted_len(const char *s)
{
	for (size_t i = 1; s[i]; i++) {
		if (s[i] == '\\' && s[i + 1])
			i++;
		else if (s[i] == s[0])
			return i + 1;
	}
	return 0;
}

static size_t prefix_len(const char *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (strncmp(s, prefixes[i], strlen(prefixes[i])) == 0)
			return strlen(prefixes[i]);
	return 0;
}

static void next(struct scanner *s)
{
	s->at += strspn(s->at, " \t\n");
	s->start = s->at;
	s->len = 1;
	switch (*s->at) {
	case '\0':
		s->token = TOKEN_END;
		s->len = 0;
		break;
	case ',':
		s->token = TOKEN_COMMA;
		break;
	case '.':
		s->token = TOKEN_DOT;
		break;
	case '=':
		s->token = TOKEN_EQUALS;
		break;
	case '\'':
	case '"':
		s->token = TOKEN_QUOTED;
		s->len = quoted_len(s->at);
		break;
	default:
		s->len = prefix_len(s->at);
		s->token = s->len ? TOKEN_PREFIX : TOKEN_WORD;
		if (!s->len)
			s->len = strcspn(s->at, " \t\n,");
	}
	s->at += s->len;
}

static bool is_word(const struct scanner *s, const char *word)
{
	return s->token == TOKEN_WORD && strlen(word) == s->len &&
	       strncmp(s->start, word, s->len) == 0;
}

static int unexpected(const struct scanner *s, const char *wanted)
{
	if (s->token == TOKEN_QUOTED && !s->len)
		return err_set(s->err, -EILSEQ,
			"column '%s': the quote at position %zu is not closed", s->text,
			(size_t)(s->start - s->text) + 1);
	if (s->token == TOKEN_END)
		return err_set(s->err, -EINVAL, "column '%s' stops too early: %s is missing",
			s->text, wanted);
	return err_set(s->err, -EINVAL,
		"column '%s': unexpected '%.*s' at position %zu, where %s is needed", s->text,
		(int)s->len, s->start, (size_t)(s->start - s->text) + 1, wanted);
}

/* --- columns -------------------------------------------------------------- */

static int find_qualifier(const struct scanner *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(qualifiers); i++)
		if (is_word(s, qualifiers[i]))
			return (int)i;
	return -1;
}

static bool is_reserved(const struct scanner *s)
{
	return find_qualifier(s) >= 0 || is_word(s, "step") || is_word(s, "as") ||
	       is_word(s, "select");
}

static char *unquoted(const struct scanner *s)
{
	_cleanup_value_ struct value *v = NULL;

	if (yaml_parse(s->start, s->len, &v, NULL) < 0 || !value_str(v))
		return strndup(s->start + 1, s->len - 2);
	return strdup(v->string);
}

/* A word or a quoted text, which becomes *ret. Reserved words need quotes, except as names. */
static int take_text(struct scanner *s, bool is_name, const char *what, char **ret)
{
	bool fits = (s->token == TOKEN_WORD && (is_name || !is_reserved(s))) ||
		    (s->token == TOKEN_QUOTED && s->len);

	if (!fits)
		return unexpected(s, what);
	*ret = s->token == TOKEN_QUOTED ? unquoted(s) : strndup(s->start, s->len);
	if (!*ret)
		return -ENOMEM;
	next(s);
	return 0;
}

static int take_scalar(struct scanner *s, bool may_be_qualified, struct column *c)
{
	int qualifier = may_be_qualified ? find_qualifier(s) : -1, r;

	if (qualifier >= 0) {
		c->qualifier = (enum column_qualifier)qualifier;
		next(s);
	}
	r = take_text(s, false, "the name of a scalar", &c->key);
	if (r == 0 && is_word(s, "step")) {
		c->step = true;
		next(s);
	}
	return r;
}

static int take_key(struct scanner *s, struct column *c)
{
	c->kind = COLUMN_SCALAR;
	if (s->token == TOKEN_DOT) {
		c->kind = COLUMN_ATTR;
	} else if (s->token == TOKEN_EQUALS) {
		c->kind = COLUMN_FLAG;
	} else if (s->token == TOKEN_PREFIX) {
		c->kind = *s->start == 's'   ? COLUMN_SCALAR
			  : *s->start == 'f' ? COLUMN_FLAG
					     : COLUMN_ATTR;
	} else {
		return take_scalar(s, true, c);
	}
	next(s);
	if (c->kind == COLUMN_SCALAR)
		return take_scalar(s, false, c);
	return take_text(s, true,
		c->kind == COLUMN_FLAG ? "the name of a flag" : "the name of an attribute",
		&c->key);
}

/* "train#loss step" is headed "train loss step". */
static char *default_heading(const struct column *c)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	const char *key = c->key;

	if (c->kind != COLUMN_SCALAR)
		return strdup(key);
	key += strspn(key, "# ");
	for (; *key; key++)
		buf_putc(&b, *key == '#' ? ' ' : *key);
	buf_puts(&b, c->step ? " step" : "");
	return buf_error(&b) ? NULL : strdup(buf_str(&b));
}

/* Long enough to tell it from any other column. */
static char *whole_heading(const struct column *c)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	if (c->kind != COLUMN_SCALAR)
		buf_putc(&b, c->kind == COLUMN_FLAG ? '=' : '.');
	if (c->qualifier != QUALIFIER_LAST)
		buf_printf(&b, "%s ", qualifiers[c->qualifier]);
	buf_printf(&b, "%s%s", c->key, c->step ? " step" : "");
	return buf_error(&b) ? NULL : strdup(buf_str(&b));
}

static void column_release(struct column *c)
{
	free(c->key);
	free(c->heading);
}

static int take_column(struct scanner *s, struct column *c)
{
	int r = take_key(s, c);

	if (r == 0 && is_word(s, "as")) {
		next(s);
		c->named = true;
		r = take_text(s, true, "a name", &c->heading);
	} else if (r == 0) {
		c->heading = default_heading(c);
		r = c->heading ? 0 : -ENOMEM;
	}
	if (r == 0 && s->token != TOKEN_COMMA && s->token != TOKEN_END)
		r = unexpected(s, "a comma");
	return r;
}

static int append(struct columns *to, struct column *c)
{
	struct column *grown = reallocarray(to->v, to->n + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	to->v = grown;
	to->v[to->n++] = *c;
	return 0;
}

bool column_same(const struct column *a, const struct column *b)
{
	return a->kind == b->kind && a->qualifier == b->qualifier && a->step == b->step &&
	       strcmp(a->key, b->key) == 0;
}

/* Of columns with one heading only the first would be seen. */
static int tell_apart(struct column *c, const struct columns *others)
{
	_cleanup_free_ char *brief = default_heading(c);
	bool clashes = false;

	for (size_t i = 0; brief && !c->named && !clashes && i < others->n; i++) {
		const struct column *other = &others->v[i];
		_cleanup_free_ char *theirs = other->named ? NULL : default_heading(other);

		clashes = theirs && strcmp(theirs, brief) == 0 && !column_same(c, other);
	}
	if (!brief)
		return -ENOMEM;
	if (!clashes)
		return 0;
	free(c->heading);
	c->heading = whole_heading(c);
	return c->heading ? 0 : -ENOMEM;
}

int columns_parse(const char *spec, struct columns *to, struct err *err)
{
	struct scanner s = {.text = spec, .at = spec, .err = err};
	size_t before = to->n;
	int r = 0;

	do {
		struct column c = {0};

		next(&s);
		r = take_column(&s, &c);
		if (r == 0)
			r = append(to, &c);
		if (r < 0)
			column_release(&c);
	} while (r == 0 && s.token == TOKEN_COMMA);
	for (size_t i = 0; r == 0 && i < to->n; i++)
		r = tell_apart(&to->v[i], to);
	while (r < 0 && to->n > before)
		column_release(&to->v[--to->n]);
	return r;
}

int columns_add(
	struct columns *to, enum column_kind kind, const char *key, bool step, const char *heading)
{
	struct column c = {.kind = kind, .step = step, .key = strdup(key)};
	int r = c.key ? 0 : -ENOMEM;

	if (r == 0) {
		c.heading = heading ? strdup(heading) : default_heading(&c);
		r = c.heading ? append(to, &c) : -ENOMEM;
	}
	if (r < 0)
		column_release(&c);
	return r;
}

void columns_release(struct columns *columns)
{
	for (size_t i = 0; i < columns->n; i++)
		column_release(&columns->v[i]);
	free(columns->v);
	*columns = (struct columns){0};
}
