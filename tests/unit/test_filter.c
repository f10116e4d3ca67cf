/* SPDX-License-Identifier: MIT */
/* Filter expressions. What each says of the run below, and how it is refused, is what Guild AI
 * 0.9.1 says of it. */
#include "support.h"

#include <errno.h>

#include "catalog/filter.h"
#include "yaml/yaml.h"

static struct value *attrs, *flags;

static const struct series_summary summaries[] = {{.last = {0, 1.3}, .count = 1},
	{.last = {0, 0.456}, .count = 1}, {.last = {0, 2}, .count = 1}};
static const struct compare_scalar scalars[] = {
	{"", "b", &summaries[0]}, {"", "x", &summaries[1]}, {"logs", "loss", &summaries[2]}};

static struct value *attr(void *arg, const char *name)
{
	const struct value *v = value_get(attrs, name);

	(void)arg;
	return v ? value_copy(v) : NULL;
}

static const struct filter_run run = {.attr = attr, .scalars = scalars, .n_scalars = 3};

static int setup(void **state)
{
	static const char attrs_text[] =
		"{id: abcd1234, label: Hello World, l: [one, TWO, 1, 2.5], n: null, num: 3,"
		" flagged: true, empty: '', d: '2020'}";
	static const char flags_text[] =
		"{a: 1, b: 1.2, c: red, id: 4321dcba, e: null, 'yes': true, text: '10',"
		" lst: [1, 2], big: 123456789012345678901234567890}";

	(void)state;
	return yaml_parse(attrs_text, strlen(attrs_text), &attrs, NULL) ||
	       yaml_parse(flags_text, strlen(flags_text), &flags, NULL);
}

static int teardown(void **state)
{
	(void)state;
	value_free(attrs);
	value_free(flags);
	return 0;
}

static void as_guild_ai(void **state)
{
	static const struct {
		const char *text;
		bool matches;
		const char *error; /* NULL: it is an expression */
	} table[] = {
		{"1", true, NULL},
		{"0", false, NULL},
		{"1.2", true, NULL},
		{"a", true, NULL},
		{"'a'", true, NULL},
		{"''", false, NULL},
		{"true", true, NULL},
		{"falSE", false, NULL},
		{"undefined", false, NULL},
		{"[1]", true, NULL},
		{"[red, blue, 1,1.23]", true, NULL},
		{"a = 1", true, NULL},
		{"a = 1.0", true, NULL},
		{"a = true", true, NULL},
		{"a = 2", false, NULL},
		{"a < 1", false, NULL},
		{"a <= 1", true, NULL},
		{"a > 0.5", true, NULL},
		{"a >= 1", true, NULL},
		{"a != 1", false, NULL},
		{"a <> 2", true, NULL},
		{"a < red", false, NULL},
		{"a > undefined", false, NULL},
		{"b < 1.21", true, NULL},
		{"b = 1.2", true, NULL},
		{"scalar:b = 1.3", true, NULL},
		{"x < 0.5", true, NULL},
		{"loss = 2", true, NULL},
		{"scalar:logs#loss = 2", true, NULL},
		{"scalar:other#loss = 2", false, NULL},
		{"a is undefined", false, NULL},
		{"a is not undefined", true, NULL},
		{"not a is undefined", true, NULL},
		{"e = 1", false, NULL},
		{"e is undefined", true, NULL},
		{"e is not undefined", false, NULL},
		{"nosuch = 1", false, NULL},
		{"nosuch != 1", true, NULL},
		{"nosuch is undefined", true, NULL},
		{"c in ['red',green,blue]", true, NULL},
		{"c in [green,blue]", false, NULL},
		{"c not in [red, green]", false, NULL},
		{"c not in [green, blue]", true, NULL},
		{"c contains 'ed'", true, NULL},
		{"c contains ED", true, NULL},
		{"c not contains ed", false, NULL},
		{"c not contains fred", true, NULL},
		{"label contains 'hello world'", true, NULL},
		{"label = 'Hello World'", true, NULL},
		{"label = Hello", false, NULL},
		{"nosuch contains abc", false, NULL},
		{"nosuch not contains abc", true, NULL},
		{"empty contains ''", false, NULL},
		{"empty = ''", true, NULL},
		{"l contains two", false, NULL},
		{"l contains TWO", true, NULL},
		{"l contains 1", true, NULL},
		{"l contains 1.0", true, NULL},
		{"l contains 2.5", true, NULL},
		{"l contains [one, TWO]", true, NULL},
		{"l contains [one, two]", false, NULL},
		{"num contains 3", true, NULL},
		{"num contains 4", false, NULL},
		{"b contains .2", false, NULL},
		{"yes = true", true, NULL},
		{"yes = 1", true, NULL},
		{"yes contains tr", true, NULL},
		{"text = 10", false, NULL},
		{"text = '10'", true, NULL},
		{"text < '9'", true, NULL},
		{"lst = [1,2]", true, NULL},
		{"lst = [1, 2.0]", true, NULL},
		{"lst < [1, 3]", true, NULL},
		{"lst contains [2]", true, NULL},
		{"a = 1 and b = 1.2", true, NULL},
		{"a = 1 and b = 1.3", false, NULL},
		{"true or false and true", true, NULL},
		{"true or false and false", true, NULL},
		{"(true or false) and false", false, NULL},
		{"false and false or true", false, NULL},
		{"true and false or true", true, NULL},
		{"not true or true", true, NULL},
		{"not (true or true)", false, NULL},
		{"not not 1", true, NULL},
		{"not a = 1", false, NULL},
		{"a = 1 or a = 2 and c in [blue,green]", true, NULL},
		{"(a = 1 or a = 2) and c in [blue,green]", false, NULL},
		{"not ((a = 1 or a = 2) and c in [blue,green])", true, NULL},
		{"id = abcd1234", true, NULL},
		{"flag:id = '4321dcba'", true, NULL},
		{"attr:id = abcd1234", true, NULL},
		{"flag:id = abcd1234", false, NULL},
		{"attr:a = 1", false, NULL},
		{"a=1", true, NULL},
		{"a =-1", false, NULL},
		{"a > -1.5e1", true, NULL},
		{"a > .5", true, NULL},
		{"AND", false, "syntax error in filter at position 0: unexpected token 'AND'"},
		{"a ==1", false, "syntax error in filter at position 3: unexpected token '='"},
		{"'a' = 123", false, "syntax error in filter at position 4: unexpected token '='"},
		{"foo = (", false, "syntax error in filter at position 6: unexpected token '('"},
		{"(", false, "syntax error in filter - unexpected end of expresion"},
		{"(a = 1", false, "syntax error in filter - unexpected end of expresion"},
		{"a = 1)", false, "syntax error in filter at position 5: unexpected token ')'"},
		{"and id = foo", false,
			"syntax error in filter at position 0: unexpected token 'and'"},
		{"a in red", false, "syntax error in filter at position 5: unexpected token 'red'"},
		{"a not 1", false, "syntax error in filter at position 6: unexpected token 1"},
		{"a is", false, "syntax error in filter - unexpected end of expresion"},
		{"a [1]", false, "syntax error in filter at position 2: unexpected token '['"},
		{"[1,]", false, "syntax error in filter at position 3: unexpected token ']'"},
		{"[]", false, "syntax error in filter at position 1: unexpected token ']'"},
		{"'", false, "syntax error in filter at position 0: unexpected character '''"},
		{"\"x", false, "syntax error in filter at position 0: unexpected character '\"'"},
		{"a = $", false, "syntax error in filter at position 4: unexpected character '$'"},
		{"a.b-c/d:e = 1", false, NULL},
		{"\"it's\" ", true, NULL},
		{"a = 1 b", false, "syntax error in filter at position 6: unexpected token 'b'"},
		{"a = 1 or b(", false,
			"syntax error in filter at position 10: unexpected token '('"},
		{"1e5", true, NULL},
		{"1e5 = 2", false, "syntax error in filter at position 4: unexpected token '='"},
		{"a = 1e0", true, NULL},
		{"a < 99999999999999999999", true, NULL},
		{"a > -99999999999999999999", true, NULL},
		{"99999999999999999999 = 1", false,
			"syntax error in filter at position 21: unexpected token '='"},
		{"big = 123456789012345678901234567890", true, NULL},
		{"big > 123456789012345678901234567889", true, NULL},
		{"big > 99999999999999999999", true, NULL},
		{"big < 1e30", true, NULL},
		{"big < 5", false, NULL},
		{"a = \xc3\xa9", false,
			"syntax error in filter at position 4: unexpected character '\xc3\xa9'"},
		{"!", false, "syntax error in filter at position 0: unexpected character '!'"},
		{"a contains", false, "syntax error in filter - unexpected end of expresion"},
		{"in", false, "syntax error in filter at position 0: unexpected token 'in'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_filter_ struct filter *f = NULL;
		struct filter_run asked = run;
		struct err err = ERR_INIT;
		int r = filter_parse(table[i].text, &f, &err);

		asked.flags = flags;
		if (table[i].error) {
			assert_int_equal(r, -EINVAL);
			assert_string_equal(err_text(&err), table[i].error);
			continue;
		}
		if (r < 0)
			fail_msg("%s: %s", table[i].text, err_text(&err));
		if (filter_matches(f, &asked) != table[i].matches)
			fail_msg("%s", table[i].text);
	}
}

static void lines(void **state)
{
	struct filter *f = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(filter_parse("a = 1 or \nb(", &f, &err), -EINVAL);
	assert_string_equal(err_text(&err),
		"syntax error in filter on line 2, position 11: unexpected token '('");
	err = ERR_INIT;
	assert_int_equal(filter_parse("", &f, &err), -EINVAL);
	assert_string_equal(err_text(&err), "syntax error in filter - unexpected end of expresion");
}

static void tests(void **state)
{
	static const struct {
		const char *text;
		bool asks;
	} table[] = {{"cat", false}, {"1 or 2", false}, {"not [a, b]", false}, {"a = 1", true},
		{"true or not (x is undefined)", true}, {"l contains x", true}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_filter_ struct filter *f = NULL;

		assert_int_equal(filter_parse(table[i].text, &f, NULL), 0);
		assert_int_equal(filter_has_test(f), table[i].asks);
	}
}

/* However deep, it is refused or parsed, and no stack is used up. */
static void deep(void **state)
{
	static const char *const parts[] = {"(", "not ", "[", "a or "};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;
		struct filter *f = NULL;
		struct err err = ERR_INIT;

		for (int n = 0; n < 100000; n++)
			buf_puts(&text, parts[i]);
		assert_int_equal(filter_parse(buf_str(&text), &f, &err), -EINVAL);
		assert_string_equal(err_text(&err), "the filter is nested too deeply");
	}
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(as_guild_ai),
		cmocka_unit_test(lines),
		cmocka_unit_test(tests),
		cmocka_unit_test(deep),
	};

	return cmocka_run_group_tests(all, setup, teardown);
}
