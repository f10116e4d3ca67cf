/* SPDX-License-Identifier: MIT */
/* Text to tokens to a tree, by recursive descent with one token of look-ahead. */
#include "catalog/filter_parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "yaml/scalar.h"
#include "yaml/yaml.h"

enum { MAX_DEPTH = 500 };

enum token_type {
	T_END,
	T_NAME,  /* or a word */
	T_VALUE, /* a number or a text in quotes */
	T_AND,
	T_OR,
	T_NOT,
	T_IN,
	T_IS,
	T_CONTAINS,
	T_TRUE,
	T_FALSE,
	T_UNDEFINED,
	T_COMPARISON,
	T_OPEN,
	T_CLOSE,
	T_OPEN_LIST,
	T_CLOSE_LIST,
	T_COMMA,
};

struct token {
	enum token_type type;
	size_t at, len;        /* in the text */
	enum filter_kind kind; /* of a comparison */
	struct value *value;   /* of T_VALUE */
};

struct parser {
	const char *text;
	size_t next; /* where the next token is looked for */
	struct token token;
	int depth;
	struct err *err;
};

static int fail(struct parser *p, size_t at, const char *what, const char *token)
{
	int line = 1;

	for (size_t i = 0; i < at; i++)
		line += p->text[i] == '\n';
	if (line > 1)
		return err_set(p->err, -EINVAL,
			"syntax error in filter on line %d, position %zu: unexpected %s %s", line,
			at, what, token);
	return err_set(p->err, -EINVAL, "syntax error in filter at position %zu: unexpected %s %s",
		at, what, token);
}

/* --- tokens --------------------------------------------------------------- */

static const struct {
	const char *text;
	enum token_type type;
	enum filter_kind kind;
} symbols[] =
	{
		/* Longer ones first. */
		{"<>", T_COMPARISON, FILTER_UNEQUAL},
		{"!=", T_COMPARISON, FILTER_UNEQUAL},
		{"<=", T_COMPARISON, FILTER_LESS_EQUAL},
		{">=", T_COMPARISON, FILTER_GREATER_EQUAL},
		{"=", T_COMPARISON, FILTER_EQUAL},
		{"<", T_COMPARISON, FILTER_LESS},
		{">", T_COMPARISON, FILTER_GREATER},
		{"(", T_OPEN, 0},
		{")", T_CLOSE, 0},
		{"[", T_OPEN_LIST, 0},
		{"]", T_CLOSE_LIST, 0},
		{",", T_COMMA, 0},
},
  words[] = {
	  {"and", T_AND, 0},
	  {"or", T_OR, 0},
	  {"not", T_NOT, 0},
	  {"in", T_IN, 0},
	  {"is", T_IS, 0},
	  {"contains", T_CONTAINS, 0},
	  {"true", T_TRUE, 0},
	  {"false", T_FALSE, 0},
	  {"undefined", T_UNDEFINED, 0},
};

static bool read_symbol(struct parser *p)
{
	const char *at = p->text + p->next;

	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++) {
		size_t len = strlen(symbols[i].text);

		if (strncmp(at, symbols[i].text, len) != 0)
			continue;
		p->token = (struct token){.type = symbols[i].type,
			.at = p->next,
			.len = len,
			.kind = symbols[i].kind};
		return true;
	}
	return false;
}

static bool read_word(struct parser *p)
{
	const char *at = p->text + p->next;

	if (!isalpha((unsigned char)*at))
		return false;
	p->token =
		(struct token){.type = T_NAME, .at = p->next, .len = strcspn(at, " ,<>!=\n()[]")};
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strlen(words[i].text) == p->token.len &&
			strncasecmp(at, words[i].text, p->token.len) == 0)
			p->token.type = words[i].type;
	return true;
}

static size_t digits(const char *s)
{
	return strspn(s, "0123456789");
}

/* -? .? digits, a fraction, an exponent; 0: none. */
static size_t number_len(const char *s)
{
	size_t n = *s == '-', more;

	n += s[n] == '.';
	more = digits(s + n);
	if (!more)
		return 0;
	n += more;
	if (s[n] == '.' && digits(s + n + 1))
		n += 1 + digits(s + n + 1);
	if (s[n] == 'e') {
		size_t sign = s[n + 1] == '+' || s[n + 1] == '-';

		more = digits(s + n + 1 + sign);
		n += more ? 1 + sign + more : 0;
	}
	return n;
}

/* With its quotes; 0: it has no end on its line. */
static size_t quoted_len(const char *s)
{
	for (size_t n = 1; s[n] && s[n] != '\n'; n++) {
		if (s[n] == *s)
			return n + 1;
		if (s[n] == '\\' && s[n + 1] && s[n + 1] != '\n')
			n++;
		else if (s[n] == '\\')
			break;
	}
	return 0;
}

/* 1: read; 0: it is none. */
static int read_value(struct parser *p)
{
	const char *at = p->text + p->next;
	bool quoted = *at == '\'' || *at == '"';
	size_t len = quoted ? quoted_len(at) : number_len(at);
	_cleanup_free_ char *text = NULL;
	struct value *v = NULL;
	struct err err = ERR_INIT;
	int r = 0;

	if (!len)
		return 0;
	text = strndup(at, len);
	if (!text)
		return -ENOMEM;
	if (quoted)
		r = yaml_parse(text, len, &v, &err);
	else
		v = scalar_resolve(text, len);
	if (r == 0 && !v)
		return -ENOMEM;
	if (r < 0)
		return err_set(p->err, r, "invalid filter expression: %s", err_text(&err));
	p->token = (struct token){.type = T_VALUE, .at = p->next, .len = len, .value = v};
	return 1;
}

static int advance(struct parser *p)
{
	char shown[16];
	int r;

	value_free(p->token.value);
	p->token = (struct token){0};
	p->next += strspn(p->text + p->next, " \t\n");
	p->token.at = p->next;
	if (!p->text[p->next])
		return 0;
	r = read_symbol(p) || read_word(p) ? 1 : read_value(p);
	if (r < 0)
		return r;
	if (r == 0) {
		const char *at = p->text + p->next;
		uint32_t code;

		snprintf(shown, sizeof(shown), "'%.*s'", abs(utf8_char(at, strlen(at), &code)), at);
		return fail(p, p->next, "character", shown);
	}
	p->next += p->token.len;
	return 0;
}

/* The token is none that could stand here. */
static int unexpected(struct parser *p)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;
	_cleanup_value_ struct value *text = NULL;

	if (p->token.type == T_END)
		return err_set(
			p->err, -EINVAL, "syntax error in filter - unexpected end of expresion");
	text = p->token.value ? value_copy(p->token.value)
			      : value_string_len(p->text + p->token.at, p->token.len);
	if (!text)
		return -ENOMEM;
	value_repr(&shown, text);
	return fail(p, p->token.at, "token", buf_str(&shown));
}

/* --- the tree ------------------------------------------------------------- */

void filter_free(struct filter *f)
{
	if (!f)
		return;
	filter_free(f->left);
	filter_free(f->right);
	free(f->name);
	value_free(f->term);
	free(f);
}

static int make(struct filter **ret, enum filter_kind kind)
{
	*ret = calloc(1, sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	(*ret)->kind = kind;
	return 0;
}

static int parse_term(struct parser *p, struct value **ret);

/* Behind its bracket, which is the token. */
static int parse_list(struct parser *p, struct value **ret)
{
	struct value *list = *ret = value_list();
	int r = list ? 0 : -ENOMEM;

	do {
		struct value *item = NULL;

		if (r == 0)
			r = advance(p);
		if (r == 0)
			r = parse_term(p, &item);
		if (r == 0)
			r = value_list_add(list, item);
		else
			value_free(item);
	} while (r == 0 && p->token.type == T_COMMA);
	if (r == 0 && p->token.type != T_CLOSE_LIST)
		r = unexpected(p);
	return r < 0 ? r : advance(p);
}

static int parse_term(struct parser *p, struct value **ret)
{
	int r = 0;

	switch (p->token.type) {
	case T_NAME:
		*ret = value_string_len(p->text + p->token.at, p->token.len);
		break;
	case T_VALUE:
		*ret = STEAL(p->token.value);
		break;
	case T_TRUE:
	case T_FALSE:
		*ret = value_bool(p->token.type == T_TRUE);
		break;
	case T_UNDEFINED:
		*ret = value_null();
		break;
	case T_OPEN_LIST:
		if (++p->depth > MAX_DEPTH)
			return err_set(p->err, -EINVAL, "the filter is nested too deeply");
		r = parse_list(p, ret);
		p->depth--;
		return r;
	default:
		return unexpected(p);
	}
	return *ret ? advance(p) : -ENOMEM;
}

/* Which test follows a name: its kind, and the token is the first of its term. 0: none does. */
static int parse_test_kind(struct parser *p, enum filter_kind *ret)
{
	bool negated = p->token.type == T_NOT;
	int r = negated ? advance(p) : 0;

	if (r < 0)
		return r;
	switch (p->token.type) {
	case T_IN:
		*ret = negated ? FILTER_NOT_IN : FILTER_IN;
		break;
	case T_CONTAINS:
		*ret = negated ? FILTER_NOT_CONTAINS : FILTER_CONTAINS;
		break;
	case T_COMPARISON:
		if (negated)
			return unexpected(p);
		*ret = p->token.kind;
		break;
	case T_IS:
		if (negated)
			return unexpected(p);
		*ret = FILTER_EQUAL;
		r = advance(p);
		if (r < 0 || p->token.type != T_NOT)
			return r < 0 ? r : 1;
		*ret = FILTER_UNEQUAL;
		break;
	default:
		return negated ? unexpected(p) : 0;
	}
	r = advance(p);
	return r < 0 ? r : 1;
}

/* A word by itself, or the name of a test. */
static int parse_name(struct parser *p, struct filter **ret)
{
	_cleanup_filter_ struct filter *f = NULL;
	int r = make(&f, FILTER_TERM);

	if (r < 0)
		return r;
	f->name = strndup(p->text + p->token.at, p->token.len);
	r = f->name ? advance(p) : -ENOMEM;
	if (r == 0)
		r = parse_test_kind(p, &f->kind);
	if (r == 0) {
		f->term = value_string(f->name);
		r = f->term ? 0 : -ENOMEM;
	} else if (r > 0) {
		bool list = f->kind == FILTER_IN || f->kind == FILTER_NOT_IN;

		r = list && p->token.type != T_OPEN_LIST ? unexpected(p) : parse_term(p, &f->term);
	}
	if (r == 0)
		*ret = STEAL(f);
	return r;
}

static int parse_expression(struct parser *p, struct filter **ret);

static int parse_group(struct parser *p, struct filter **ret)
{
	int r = advance(p);

	if (r == 0)
		r = parse_expression(p, ret);
	if (r == 0 && p->token.type != T_CLOSE)
		r = unexpected(p);
	return r < 0 ? r : advance(p);
}

static int parse_operand(struct parser *p, struct filter **ret)
{
	int r;

	if (++p->depth > MAX_DEPTH)
		return err_set(p->err, -EINVAL, "the filter is nested too deeply");
	switch (p->token.type) {
	case T_OPEN:
		r = parse_group(p, ret);
		break;
	case T_NAME:
		r = parse_name(p, ret);
		break;
	case T_NOT:
		r = make(ret, FILTER_NOT);
		if (r == 0)
			r = advance(p);
		if (r == 0)
			r = parse_operand(p, &(*ret)->left);
		break;
	default:
		r = make(ret, FILTER_TERM);
		if (r == 0)
			r = parse_term(p, &(*ret)->term);
		break;
	}
	p->depth--;
	return r;
}

static int parse_expression(struct parser *p, struct filter **ret)
{
	struct filter *left = NULL;
	int r = parse_operand(p, &left);

	if (r == 0 && (p->token.type == T_AND || p->token.type == T_OR)) {
		r = make(ret, p->token.type == T_AND ? FILTER_AND : FILTER_OR);
		if (r == 0) {
			(*ret)->left = STEAL(left);
			r = ++p->depth > MAX_DEPTH
				    ? err_set(p->err, -EINVAL, "the filter is nested too deeply")
				    : advance(p);
		}
		if (r == 0)
			r = parse_expression(p, &(*ret)->right);
		p->depth--;
		filter_free(left);
		return r;
	}
	*ret = left;
	return r;
}

int filter_parse(const char *text, struct filter **ret, struct err *err)
{
	_cleanup_filter_ struct filter *f = NULL;
	struct parser p = {.text = text, .err = err};
	int r = advance(&p);

	if (r == 0)
		r = parse_expression(&p, &f);
	if (r == 0 && p.token.type != T_END)
		r = unexpected(&p);
	value_free(p.token.value);
	if (r == 0)
		*ret = STEAL(f);
	return r == -ENOMEM ? err_set(err, r, "out of memory") : r;
}
