/* SPDX-License-Identifier: MIT */
/* Parsing by table. */
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The option of this name, and the structure that its member is in. */
static const struct option_def *find(
	const struct option_def *defs, void *into, const char *name, size_t len, void **ret_into)
{
	for (; defs->name || defs->more; defs++) {
		if (defs->more) {
			const struct option_def *found = find(
				defs->more, (char *)into + defs->more_offset, name, len, ret_into);

			if (found)
				return found;
			continue;
		}
		if ((strlen(defs->name) == len && memcmp(defs->name, name, len) == 0) ||
			(defs->short_name && strlen(defs->short_name) == len &&
				memcmp(defs->short_name, name, len) == 0)) {
			*ret_into = into;
			return defs;
		}
	}
	return NULL;
}

static bool takes_value(const struct option_def *def)
{
	return def->kind == OPTION_VALUE || def->kind == OPTION_LIST || def->kind == OPTION_LETTERS;
}

struct parser {
	const struct option_def *defs;
	void *into;
	char **argv;
	int argc, at;
	struct err *err;
};

static int no_such_option(struct parser *p, const char *name)
{
	return err_set(p->err, -EINVAL, "no such option: %s", name);
}

static void set_flag(const struct option_def *def, void *into)
{
	*(bool *)((char *)into + def->offset) = true;
	if (def->clears)
		*(bool *)((char *)into + def->clears - 1) = false;
}

static int set_letters(struct parser *p, const char *prefix, const char *letters)
{
	for (; *letters; letters++) {
		char name[] = {prefix[0], prefix[1], *letters, '\0'};
		void *into;
		const struct option_def *def = find(p->defs, p->into, name, 3, &into);

		if (!def || def->kind != OPTION_FLAG)
			return err_set(p->err, -EDOM,
				"unrecognized status char '%c' in option '%s'", *letters, prefix);
		set_flag(def, into);
	}
	return 0;
}

static int set_value(struct parser *p, const struct option_def *def, void *into, const char *value)
{
	void *member = (char *)into + def->offset;

	switch (def->kind) {
	case OPTION_FLAG:
		set_flag(def, into);
		return 0;
	case OPTION_COUNT:
		++*(unsigned *)member;
		return 0;
	case OPTION_VALUE:
		*(const char **)member = value;
		return 0;
	case OPTION_LIST:
		return strv_add(member, value);
	case OPTION_LETTERS:
		return set_letters(p, def->name, value);
	}
	return 0;
}

/* `value` is what stood in the option's own word, else NULL: then it is the next word. */
static int apply(struct parser *p, const struct option_def *def, void *into, const char *value)
{
	if (!takes_value(def))
		return value ? err_set(p->err, -EINVAL, "option %s takes no value", def->name)
			     : set_value(p, def, into, NULL);
	if (!value && p->at + 1 < p->argc)
		value = p->argv[++p->at];
	return value ? set_value(p, def, into, value)
		     : err_set(p->err, -EINVAL, "option %s needs a value: %s", def->name,
			       def->value);
}

/* -nsp PATH: letters as far as one takes a value. */
static int parse_letters(struct parser *p, const char *word)
{
	int r = 0;

	for (const char *c = word + 1; r == 0 && *c; c++) {
		char name[] = {'-', *c, '\0'};
		void *into;
		const struct option_def *def = find(p->defs, p->into, name, 2, &into);

		if (!def)
			return no_such_option(p, name);
		if (takes_value(def))
			return apply(p, def, into, c[1] ? c + 1 : NULL);
		r = apply(p, def, into, NULL);
	}
	return r;
}

static int parse_option(struct parser *p, const char *word)
{
	const char *equals = strchr(word, '=');
	size_t len = equals ? (size_t)(equals - word) : strlen(word);
	void *into;
	const struct option_def *def = find(p->defs, p->into, word, len, &into);

	if (def && (!equals || len > 2))
		return apply(p, def, into, equals ? equals + 1 : NULL);
	return word[1] == '-' ? no_such_option(p, word) : parse_letters(p, word);
}

int options_parse(const struct option_def *defs, void *into, char **argv, int argc, bool stop,
	struct strv *ret_args, int *ret_rest, bool *ret_help, struct err *err)
{
	struct parser p = {.defs = defs, .into = into, .argv = argv, .argc = argc, .err = err};
	bool options = true;
	int r = 0;

	*ret_help = false;
	for (; r == 0 && p.at < argc; p.at++) {
		const char *word = argv[p.at];

		if (!options || word[0] != '-' || !word[1]) {
			if (stop)
				break;
			r = strv_add(ret_args, word);
		} else if (strcmp(word, "--") == 0) {
			options = false;
		} else if (strcmp(word, "--help") == 0) {
			*ret_help = true;
			return 0;
		} else {
			r = parse_option(&p, word);
		}
	}
	*ret_rest = p.at;
	return r;
}

void options_print(const struct option_def *defs)
{
	for (; defs->name || defs->more; defs++) {
		char text[64];

		if (defs->more) {
			options_print(defs->more);
			continue;
		}
		snprintf(text, sizeof(text), "%s%s%s%s%s", defs->short_name ? defs->short_name : "",
			defs->short_name ? ", " : "", defs->name, defs->value ? " " : "",
			defs->value ? defs->value : "");
		printf("  %-26s %s\n", text, defs->help);
	}
}
