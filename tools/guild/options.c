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

static int set_value(const struct option_def *def, void *into, const char *value)
{
	void *member = (char *)into + def->offset;

	switch (def->kind) {
	case OPTION_FLAG:
		*(bool *)member = true;
		return 0;
	case OPTION_COUNT:
		++*(unsigned *)member;
		return 0;
	case OPTION_VALUE:
		*(const char **)member = value;
		return 0;
	case OPTION_LIST:
		return strv_add(member, value);
	}
	return 0;
}

static bool takes_value(const struct option_def *def)
{
	return def->kind == OPTION_VALUE || def->kind == OPTION_LIST;
}

/* -Set is -Se -Ss -St, as Guild AI has its statuses. */
static int set_statuses(
	const struct option_def *defs, void *into, const char *word, struct err *err)
{
	for (const char *c = word + 2; *c; c++) {
		char name[] = {'-', 'S', *c, '\0'};
		void *where;
		const struct option_def *def = find(defs, into, name, 3, &where);

		if (!def)
			return err_set(err, -EINVAL, "no such option: %s", name);
		set_value(def, where, NULL);
	}
	return 0;
}

int options_parse(const struct option_def *defs, void *into, char **argv, int argc, bool stop,
	struct strv *ret_args, int *ret_rest, bool *ret_help, struct err *err)
{
	bool options = true;
	int i, r = 0;

	*ret_help = false;
	for (i = 0; r == 0 && i < argc; i++) {
		const char *word = argv[i], *equals = NULL, *value;
		const struct option_def *def;
		size_t len = strlen(word);
		void *where;

		if (!options || word[0] != '-' || !word[1]) {
			if (stop)
				break;
			r = strv_add(ret_args, word);
			continue;
		}
		if (strcmp(word, "--") == 0) {
			options = false;
			continue;
		}
		if (strcmp(word, "--help") == 0) {
			*ret_help = true;
			return 0;
		}
		if (strncmp(word, "-S", 2) == 0 && len > 3) {
			r = set_statuses(defs, into, word, err);
			continue;
		}
		if (strncmp(word, "--", 2) == 0)
			equals = strchr(word, '=');
		def = find(defs, into, word, equals ? (size_t)(equals - word) : len, &where);
		if (!def)
			return err_set(err, -EINVAL, "no such option: %s", word);
		if (!takes_value(def)) {
			r = equals ? err_set(err, -EINVAL, "option %s takes no value", def->name)
				   : set_value(def, where, NULL);
			continue;
		}
		value = equals ? equals + 1 : i + 1 < argc ? argv[++i] : NULL;
		r = value ? set_value(def, where, value)
			  : err_set(err, -EINVAL, "option %s needs a value: %s", def->name,
				    def->value);
	}
	*ret_rest = i;
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
