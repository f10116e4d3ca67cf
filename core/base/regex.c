/* SPDX-License-Identifier: MIT */
/* PCRE2, 8 bits, UTF-8 where the text is. */
#include "base/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <errno.h>
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

/* A pattern of a Guild file must not hold up a run for good. */
enum { MATCH_LIMIT = 1000000 };

struct regex {
	pcre2_code *code;
};

int regex_compile(const char *pattern, struct regex **ret, struct err *err)
{
	struct regex *regex = malloc(sizeof(*regex));
	PCRE2_SIZE offset;
	int code;

	if (!regex)
		return -ENOMEM;
	regex->code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
		PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_DOLLAR_ENDONLY, &code, &offset, NULL);
	if (!regex->code) {
		PCRE2_UCHAR text[128];

		pcre2_get_error_message(code, text, sizeof(text));
		free(regex);
		return err_set(err, -EINVAL, "'%s' is not a regular expression: %s at offset %zu",
			pattern, (const char *)text, (size_t)offset);
	}
	*ret = regex;
	return 0;
}

void regex_free(struct regex *regex)
{
	if (!regex)
		return;
	pcre2_code_free(regex->code);
	free(regex);
}

static bool search(const struct regex *regex, const char *text, size_t from, uint32_t options,
	struct regex_match *match)
{
	pcre2_match_data *data = pcre2_match_data_create_from_pattern(regex->code, NULL);
	pcre2_match_context *context = pcre2_match_context_create(NULL);
	int n = PCRE2_ERROR_NOMEMORY;

	if (data && context) {
		pcre2_set_match_limit(context, MATCH_LIMIT);
		n = pcre2_match(
			regex->code, (PCRE2_SPTR)text, strlen(text), from, options, data, context);
	}
	if (n > 0 && match) {
		const PCRE2_SIZE *at = pcre2_get_ovector_pointer(data);

		*match = (struct regex_match){.n = n < REGEX_GROUPS ? (size_t)n : REGEX_GROUPS};
		for (size_t i = 0; i < match->n; i++) {
			if (at[2 * i] == PCRE2_UNSET)
				continue;
			match->group[i].start = text + at[2 * i];
			match->group[i].len = at[2 * i + 1] - at[2 * i];
		}
	}
	pcre2_match_data_free(data);
	pcre2_match_context_free(context);
	return n > 0;
}

bool regex_search(const struct regex *regex, const char *text, struct regex_match *match)
{
	return search(regex, text, 0, 0, match);
}

bool regex_matches(const char *pattern, const char *text)
{
	_cleanup_regex_ struct regex *regex = NULL;

	return regex_compile(pattern, &regex, NULL) == 0 && regex_search(regex, text, NULL);
}

bool regex_next(const struct regex *regex, const char *text, struct regex_match *match)
{
	const char *end;

	if (!match->n)
		return search(regex, text, 0, 0, match);
	end = match->group[0].start + match->group[0].len;
	/* Behind an empty match the same one would be found for ever. */
	return search(regex, text, (size_t)(end - text),
		match->group[0].len ? 0 : PCRE2_NOTEMPTY_ATSTART, match);
}

size_t regex_groups(const struct regex *regex)
{
	uint32_t n = 0;

	pcre2_pattern_info(regex->code, PCRE2_INFO_CAPTURECOUNT, &n);
	return n;
}

const char *regex_group_name(const struct regex *regex, size_t group)
{
	PCRE2_SPTR entry = NULL;
	uint32_t n = 0, size = 0;

	pcre2_pattern_info(regex->code, PCRE2_INFO_NAMECOUNT, &n);
	pcre2_pattern_info(regex->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
	pcre2_pattern_info(regex->code, PCRE2_INFO_NAMETABLE, &entry);
	/* Each entry is a number of two bytes and a text. */
	for (; n; n--, entry += size)
		if ((size_t)(entry[0] << 8 | entry[1]) == group)
			return (const char *)entry + 2;
	return NULL;
}

/* The group that repl names here, and behind what of it; -1: none. */
static int group_at(const char **repl)
{
	const char *r = *repl;

	if (r[0] == '\\' && r[1] >= '0' && r[1] <= '9') {
		*repl = r + 2;
		return r[1] - '0';
	}
	if (strncmp(r, "\\g<", 3) == 0 && r[3] >= '0' && r[3] <= '9' && r[4] == '>') {
		*repl = r + 5;
		return r[3] - '0';
	}
	return -1;
}

void regex_sub(const struct regex *regex, const char *text, const char *repl, struct buf *b)
{
	struct regex_match m;

	if (!regex_search(regex, text, &m)) {
		buf_puts(b, text);
		return;
	}
	buf_add(b, text, (size_t)(m.group[0].start - text));
	while (*repl) {
		int group = group_at(&repl);

		if (group < 0)
			buf_putc(b, *repl++);
		else if ((size_t)group < m.n && m.group[group].start)
			buf_add(b, m.group[group].start, m.group[group].len);
	}
	buf_puts(b, m.group[0].start + m.group[0].len);
}
