/* SPDX-License-Identifier: MIT */
/*
 * Single flag values. The first line says how a value is split, the second is a label template, the
 * rest is the value's text.
 */
#include <string.h>

#include "fuzz.h"
#include "project/flag_values.h"
#include "project/flags.h"
#include "yaml/scalar.h"
#include "yaml/yaml.h"

/* What is kept in an attribute of a run must be what it was. */
static void check_round(const struct value *v)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_value_ struct value *again = NULL;

	yaml_emit(&text, v);
	if (buf_error(&text)) /* not UTF-8 */
		return;
	MUST(yaml_parse(buf_str(&text), text.len, &again, NULL) == 0);
	MUST(value_equal(v, again));
}

static void check_split(const char *text, const struct value *arg_split)
{
	_cleanup_strv_ struct strv parts = STRV_INIT;
	_cleanup_buf_ struct buf joined = BUF_INIT;
	_cleanup_value_ struct value *list = value_list();

	if (flag_split(text, arg_split, &parts) < 0)
		return;
	for (size_t i = 0; i < parts.n; i++)
		MUST(value_list_add(list, flag_decode(FLAG_AUTO, parts.v[i])) == 0);
	flag_join(&joined, list, arg_split);
}

/* Of a long list one item is as good as another, and all of them take their time. */
static bool is_long(const struct value *v)
{
	return v->type == VALUE_LIST && v->list.n > 1000;
}

static void check_value(enum flag_type type, const char *text, const char *template)
{
	_cleanup_value_ struct value *v = flag_decode(type, text), *flags = value_map();
	_cleanup_value_ struct value *plain = flag_decode_plain(type, text);
	_cleanup_buf_ struct buf shown = BUF_INIT;

	MUST(v && plain && flags);
	if (is_long(v))
		return;
	flag_is_function(v);
	flag_encode(&shown, v);
	flag_format(&shown, v, true);
	flag_format(&shown, v, false);
	check_round(v);
	check_round(plain);
	MUST(value_map_set(flags, "x", STEAL(v)) == 0);
	MUST(value_map_set(flags, "other", STEAL(plain)) == 0);
	flags_label(&shown, flags);
	flags_expand_label(&shown, template, flags);
}

/* The next line of text, which ends there. */
static char *take_line(char **text)
{
	char *line = *text, *end = strchr(line, '\n');

	if (!end)
		return NULL;
	*end = '\0';
	*text = end + 1;
	return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *copy = strndup((const char *)data, size);
	char *text = copy, *split = copy ? take_line(&text) : NULL;
	char *template = split ? take_line(&text) : NULL;
	_cleanup_value_ struct value *arg_split = NULL;

	if (!template)
		return 0;
	arg_split = scalar_resolve(split, strlen(split));
	check_split(text, arg_split);
	for (enum flag_type type = FLAG_AUTO; type <= FLAG_EXISTING_PATH; type++)
		check_value(type, text, template);
	return 0;
}
