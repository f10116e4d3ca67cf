/* SPDX-License-Identifier: MIT */
/* Splitting and quoting words as Python's shlex does (POSIX mode, no comments). */
#include "base/shell.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define SPACES " \t\r\n"
/* What shlex.quote leaves alone, beside letters and digits. */
#define SAFE "@%+=:,./-_"

/* Reads one word from *at; *at ends behind it. */
static int read_word(const char **at, struct buf *word, struct err *err)
{
	const char *s = *at;
	char quote = 0;

	for (; *s; s++) {
		if (quote == '\'') {
			if (*s == '\'')
				quote = 0;
			else
				buf_putc(word, *s);
		} else if (*s == '\\') {
			if (!s[1])
				return err_set(err, -EINVAL, "nothing follows the last backslash");
			/* Inside double quotes a backslash escapes only itself and the quote. */
			if (quote && s[1] != '"' && s[1] != '\\')
				buf_putc(word, *s);
			buf_putc(word, *++s);
		} else if (*s == quote) {
			quote = 0;
		} else if (!quote && (*s == '\'' || *s == '"')) {
			quote = *s;
		} else if (!quote && strchr(SPACES, *s)) {
			break;
		} else {
			buf_putc(word, *s);
		}
	}
	*at = s;
	return quote ? err_set(err, -EINVAL, "a quote (%c) is not closed", quote) : buf_error(word);
}

int shell_next_word(const char **at, struct buf *word, struct err *err)
{
	int r;

	*at += strspn(*at, SPACES);
	if (!**at)
		return 0;
	r = read_word(at, word, err);
	return r < 0 ? r : 1;
}

int shell_split(const char *text, struct strv *ret_words, struct err *err)
{
	int r;

	do {
		_cleanup_buf_ struct buf word = BUF_INIT;

		r = shell_next_word(&text, &word, err);
		if (r > 0 && strv_add(ret_words, buf_str(&word)) < 0)
			r = -ENOMEM;
	} while (r > 0);
	return r;
}

static bool is_safe(const char *word)
{
	for (; *word; word++) {
		bool alnum = (*word >= '0' && *word <= '9') || (*word >= 'a' && *word <= 'z') ||
			     (*word >= 'A' && *word <= 'Z');

		if (!alnum && !strchr(SAFE, *word))
			return false;
	}
	return true;
}

/* A word in single quotes is easier to read within double ones, where nothing in it is special. */
static bool reads_better_doubled(const char *word)
{
	size_t len = strlen(word);

	return len >= 2 && word[0] == '\'' && word[len - 1] == '\'' && !strpbrk(word, "\"$`\\!");
}

void shell_quote(struct buf *b, const char *word)
{
	if (*word && is_safe(word)) {
		buf_puts(b, word);
		return;
	}
	if (reads_better_doubled(word)) {
		buf_printf(b, "\"%s\"", word);
		return;
	}
	buf_putc(b, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			buf_puts(b, "'\"'\"'");
		else
			buf_putc(b, *word);
	}
	buf_putc(b, '\'');
}

void shell_join(struct buf *b, char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_putc(b, ' ');
		shell_quote(b, words[i]);
	}
}
