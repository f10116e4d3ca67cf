/* SPDX-License-Identifier: MIT */
/* Order of versions; clauses between commas, all of which must hold. */
#include "base/version.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static const char *skip_blanks(const char *s)
{
	return s + strspn(s, " \t");
}

/* A number that is missing is 0. */
static int compare(const char *a, const char *b)
{
	while (*a || *b) {
		long x = *a ? strtol(a, (char **)&a, 10) : 0;
		long y = *b ? strtol(b, (char **)&b, 10) : 0;

		if (x != y)
			return x < y ? -1 : 1;
		a += *a == '.';
		b += *b == '.';
	}
	return 0;
}

static size_t count_numbers(const char *version)
{
	size_t n = 1;

	for (; *version; version++)
		n += *version == '.';
	return n;
}

/* The version's first numbers, as many as `of` has. */
static char *cut(const char *version, size_t numbers)
{
	const char *end = version;

	for (; *end; end++)
		if (*end == '.' && --numbers == 0)
			break;
	return strndup(version, (size_t)(end - version));
}

static bool has_prefix(const char *version, const char *prefix)
{
	char *beginning = cut(version, count_numbers(prefix));
	bool same = beginning && compare(beginning, prefix) == 0;

	free(beginning);
	return same;
}

/* ~=1.4.2 is >=1.4.2,==1.4.* */
static bool is_compatible(const char *version, const char *wanted)
{
	char *prefix = cut(wanted, count_numbers(wanted) - 1);
	bool fits = prefix && compare(version, wanted) >= 0 && has_prefix(version, prefix);

	free(prefix);
	return fits;
}

static bool holds(const char *version, const char *operator, const char * wanted, bool prefix)
{
	int order = compare(version, wanted);

	if (strcmp(operator, "==") == 0 || strcmp(operator, "===") == 0)
		return prefix ? has_prefix(version, wanted) : order == 0;
	if (strcmp(operator, "!=") == 0)
		return prefix ? !has_prefix(version, wanted) : order != 0;
	if (strcmp(operator, "~=") == 0)
		return is_compatible(version, wanted);
	if (strcmp(operator, ">=") == 0)
		return order >= 0;
	if (strcmp(operator, "<=") == 0)
		return order <= 0;
	return *operator== '>' ? order > 0 : order<0;
}

static bool is_operator(const char *text)
{
	static const char *const operators[] = {"==", "===", "!=", "~=", ">=", "<=", ">", "<"};

	for (size_t i = 0; i < sizeof(operators) / sizeof(*operators); i++)
		if (strcmp(operators[i], text) == 0)
			return true;
	return false;
}

static bool is_version(const char *text)
{
	bool digit = false;

	for (; *text; text++) {
		if (*text == '.' ? !digit : *text < '0' || *text > '9')
			return false;
		digit = *text != '.';
	}
	return digit;
}

/* One clause, cut out. */
static int check_clause(const char *version, char *clause, bool *ret)
{
	const char *start = skip_blanks(clause);
	size_t len = strspn(start, "=!~<>");
	char operator[4] = "";
	char *wanted = (char *)skip_blanks(start + len), *end = wanted + strlen(wanted);
	bool prefix;

	if (len >= sizeof(operator))
		return -EINVAL;
	memcpy(operator, start, len);
	while (end > wanted && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	prefix = end - wanted > 2 && strcmp(end - 2, ".*") == 0;
	if (prefix)
		end[-2] = '\0';
	if (!is_operator(operator) || !is_version(wanted) ||
		(prefix && operator[0] != '=' && operator[0] != '!') ||
		(operator[0] == '~' && count_numbers(wanted) < 2))
		return -EINVAL;
	*ret = *ret && holds(version, operator, wanted, prefix);
	return 0;
}

int version_matches(const char *version, const char *requirement, bool *ret, struct err *err)
{
	const char *at = requirement;
	int r = 0;

	*ret = true;
	do {
		size_t len = strcspn(at, ",");
		char *clause = strndup(at, len);

		r = clause ? check_clause(version, clause, ret) : -ENOMEM;
		free(clause);
		at += len + (at[len] == ',');
	} while (r == 0 && *at);
	return r < 0 ? err_set(err, r,
			       "invalid requirement spec '%s': expected something like '>=0.7.0'",
			       requirement)
		     : 0;
}

/* --- order ------------------------------------------------------------------------ */

/* A part that is not there comes before all others, or after them. */
#define BEFORE (-1L)
#define AFTER  LONG_MAX

struct parts {
	long epoch;
	char *release; /* numbers with dots between; NULL: this is no version */
	long pre[2];   /* a, b or rc, and which one */
	long post, dev;
	const char *local; /* NULL: none */
};

/* Words that stand before a number, and for what. */
static const struct word {
	const char *word;
	enum { PRE, POST, DEV } part;
	long kind;
} words[] = {
	{"a", PRE, 0},
	{"alpha", PRE, 0},
	{"b", PRE, 1},
	{"beta", PRE, 1},
	{"c", PRE, 2},
	{"rc", PRE, 2},
	{"pre", PRE, 2},
	{"preview", PRE, 2},
	{"post", POST, 0},
	{"rev", POST, 0},
	{"r", POST, 0},
	{"dev", DEV, 0},
};

static const char *take_number(const char *s, long *ret)
{
	char *end = (char *)s;

	*ret = isdigit((unsigned char)*s) ? strtol(s, &end, 10) : 0;
	return end;
}

static const char *skip_separator(const char *s)
{
	return s + (*s && strchr("-_.", *s));
}

/* One suffix, "rc1" or ".post2"; NULL for what is none. */
static const char *take_suffix(const char *s, struct parts *p)
{
	static const struct word bare = {"", POST, 0}; /* 1.0-1 */
	const char *start = skip_separator(s);
	size_t len = strspn(start, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
	const struct word *word = !len && *s == '-' ? &bare : NULL;
	long number;

	for (size_t i = 0; len && i < ARRAY_SIZE(words); i++)
		if (strlen(words[i].word) == len && strncasecmp(words[i].word, start, len) == 0)
			word = &words[i];
	s = start + len;
	if (word && len && isdigit((unsigned char)*skip_separator(s)))
		s = skip_separator(s);
	if (!word || (!len && !isdigit((unsigned char)*s)))
		return NULL;
	s = take_number(s, &number);
	if (word->part == PRE) {
		p->pre[0] = word->kind;
		p->pre[1] = number;
	} else {
		*(word->part == POST ? &p->post : &p->dev) = number;
	}
	return s;
}

static struct parts take_apart(const char *s)
{
	struct parts p = {.pre = {AFTER, 0}, .post = BEFORE, .dev = AFTER};
	const char *end;

	s = skip_blanks(s);
	s += *s == 'v' || *s == 'V';
	end = take_number(s, &p.epoch);
	if (*end == '!')
		s = end + 1;
	else
		p.epoch = 0;
	for (end = s;
		isdigit((unsigned char)*end) || (*end == '.' && isdigit((unsigned char)end[1]));)
		end++;
	if (end == s || *s == '.')
		return p;
	p.release = strndup(s, (size_t)(end - s));
	for (s = end; s && *s && *s != '+' && !isspace((unsigned char)*s);)
		s = take_suffix(s, &p);
	if (!s) {
		free(STEAL(p.release));
		return p;
	}
	p.local = *s == '+' ? s + 1 : NULL;
	/* 1.0.dev1 is before 1.0a1. */
	if (p.pre[0] == AFTER && p.post == BEFORE && p.dev != AFTER)
		p.pre[0] = BEFORE;
	return p;
}

static int compare_parts(const struct parts *a, const struct parts *b)
{
	const long in_order[][2] = {
		{a->release != NULL, b->release != NULL},
		{a->epoch, b->epoch},
		{a->release && b->release ? compare(a->release, b->release) : 0, 0},
		{a->pre[0], b->pre[0]},
		{a->pre[1], b->pre[1]},
		{a->post, b->post},
		{a->dev, b->dev},
		{a->local != NULL, b->local != NULL},
		{a->local && b->local ? strverscmp(a->local, b->local) : 0, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(in_order); i++)
		if (in_order[i][0] != in_order[i][1])
			return in_order[i][0] < in_order[i][1] ? -1 : 1;
	return 0;
}

int version_compare(const char *a, const char *b)
{
	struct parts x = take_apart(a), y = take_apart(b);
	int order = compare_parts(&x, &y);

	free(x.release);
	free(y.release);
	return order;
}

bool version_is_final(const char *version)
{
	struct parts p = take_apart(version);
	bool final = p.release && (p.pre[0] == AFTER) && p.dev == AFTER;

	free(p.release);
	return final;
}
