/* SPDX-License-Identifier: MIT */
/* The rules of YAML 1.1 that test_yaml.c's tables leave out: words, tags, keys, quotes, limits. */
#include "support.h"

#include <errno.h>

#include "yaml/scalar.h"
#include "yaml/json.h"
#include "yaml/yaml.h"

static struct value *parse(const char *text)
{
	struct err err = ERR_INIT;
	struct value *v = NULL;

	if (yaml_parse(text, strlen(text), &v, &err) < 0)
		fail_msg("%s: %s", text, err_text(&err));
	return v;
}

/* Each word in every case that a resolver may or may not know, in a file and on a command line. */
static void words_by_case(void **state)
{
	static const struct {
		const char *text, *repr;
	} table[] = {
		{"Yes", "True"},
		{"YES", "True"},
		{"yEs", "'yEs'"},
		{"True", "True"},
		{"TRUE", "True"},
		{"tRue", "'tRue'"},
		{"On", "True"},
		{"oN", "'oN'"},
		{"False", "False"},
		{"FALSE", "False"},
		{"no", "False"},
		{"NO", "False"},
		{"nO", "'nO'"},
		{"Off", "False"},
		{"OFF", "False"},
		{"Y", "'Y'"},
		{"n", "'n'"},
		{"t", "'t'"},
		{"Null", "None"},
		{"NULL", "None"},
		{"nULL", "'nULL'"},
		{"None", "'None'"},
		{"nil", "'nil'"},
		{".Inf", "inf"},
		{"+.inf", "inf"},
		{".NaN", "nan"},
		{".NAN", "nan"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_value_ struct value *in_file = parse(table[i].text),
					     *word = scalar_decode(table[i].text);
		_cleanup_buf_ struct buf a = BUF_INIT, b = BUF_INIT;

		value_repr(&a, in_file);
		value_repr(&b, word);
		assert_string_equal(buf_str(&a), table[i].repr);
		assert_string_equal(buf_str(&b), table[i].repr);
	}
}

static void numbers_at_the_edges(void **state)
{
	static const struct {
		const char *text, *yaml, *command_line;
	} table[] = {
		{"0_1", "1", "'0_1'"},
		{"_1", "'_1'", "'_1'"},
		{"1_", "1", "'1_'"},
		{"0b2", "'0b2'", "'0b2'"},
		{"0xG", "'0xG'", "'0xG'"},
		{"0o7", "'0o7'", "'0o7'"},
		{"1:60", "'1:60'", "'1:60'"},
		{"1:05", "65", "'1:05'"},
		{"0:30", "'0:30'", "'0:30'"},
		{"1,000", "'1,000'", "'1,000'"},
		{"1E5", "100000.0", "100000.0"},
		{"1.e5", "100000.0", "100000.0"},
		{"+1e5", "100000.0", "100000.0"},
		{"e5", "'e5'", "'e5'"},
		{"1e5.5", "'1e5.5'", "'1e5.5'"},
		{"+.5", "'+.5'", "0.5"},
		{"1_0.5", "10.5", "'1_0.5'"},
		{".", "'.'", "'.'"},
		{"123abc", "'123abc'", "'123abc'"},
		{"+inf", "'+inf'", "inf"},
		{"iNF", "'iNF'", "inf"},
		{"2020-1-1", "'2020-1-1'", "'2020-1-1'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_value_ struct value *in_file = parse(table[i].text),
					     *word = scalar_decode(table[i].text);
		_cleanup_buf_ struct buf a = BUF_INIT, b = BUF_INIT;

		value_repr(&a, in_file);
		value_repr(&b, word);
		assert_string_equal(buf_str(&a), table[i].yaml);
		assert_string_equal(buf_str(&b), table[i].command_line);
	}
}

static void tags(void **state)
{
	static const struct {
		const char *text, *repr; /* NULL: refused */
	} table[] = {
		{"!!str 5", "'5'"},
		{"!!str yes", "'yes'"},
		{"!!int 5", "5"},
		{"!!int '5'", "5"},
		{"!!int 1_000", "1000"},
		{"!!float 5", "5.0"},
		{"!!float '1e3'", "1000.0"},
		{"!!bool 'yes'", "True"},
		{"!!null ''", "None"},
		{"!!seq [1]", "[1]"},
		{"!!map {a: 1}", "{'a': 1}"},
		{"!!set {1, b, '2'}", "{1, 'b', '2'}"},
		{"!!set {}", "set()"},
		{"!!set {a: 5}", "{'a'}"},
		{"? a\n? b\n", "{'a': None, 'b': None}"},
		{"{c: !!set {1, 2}}", "{'c': {1, 2}}"},
		{"!!set [1]", NULL},
		{"!!set a", NULL},
		{"! 5", "'5'"},
		{"!!int five", NULL},
		{"!!int 1.5", NULL},
		{"!!float x", NULL},
		{"!!bool maybe", NULL},
		{"!own 1", NULL},
		{"!!python/tuple [1, 2]", NULL},
		{"!!python/object/apply:os.system ['true']", NULL},
		{"!!python/name:os.system ''", NULL},
		{"!<tag:example.com,2000:x> 1", NULL},
		{"[1, !own {a: 1}]", NULL},
		{"{a: !own [1]}", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_value_ struct value *v = NULL;
		_cleanup_buf_ struct buf b = BUF_INIT;
		struct err err = ERR_INIT;
		int r;

		if (table[i].repr) {
			v = parse(table[i].text);
			value_repr(&b, v);
			assert_string_equal(buf_str(&b), table[i].repr);
			continue;
		}
		r = yaml_parse(table[i].text, strlen(table[i].text), &v, &err);
		if (r != -EINVAL || err.line != 1 || !strstr(err_text(&err), "tag"))
			fail_msg("%s: %d %s", table[i].text, r, err_text(&err));
	}
}

/* A key without quotes is what it reads as; Guild AI looks it up by that, so it must stay that. */
/* A set stays one however it is written, and is no mapping of nulls. */
static void sets(void **state)
{
	static const char text[] = "a: !!set\n  1: null\n  b: null\nc: !!set {}\n";
	_cleanup_value_ struct value *v = parse(text), *copy = value_copy(v), *map = NULL;
	_cleanup_buf_ struct buf block = BUF_INIT, flow = BUF_INIT, as_json = BUF_INIT;

	(void)state;
	yaml_emit(&block, copy);
	assert_string_equal(buf_str(&block), text);
	yaml_emit_flow(&flow, copy);
	assert_string_equal(buf_str(&flow), "{a: !!set {1: null, b: null}, c: !!set {}}");
	json_emit(&as_json, copy);
	assert_string_equal(buf_str(&as_json), "{\"a\": [1, \"b\"], \"c\": []}");
	map = parse("{a: {1: null, b: null}, c: !!set {}}");
	assert_true(value_equal(v, copy));
	assert_false(value_equal(v, map));
	assert_string_equal(value_type_name(value_get(v, "a")), "a set");
}

static void keys(void **state)
{
	static const struct {
		const char *in, *out, *repr;
	} table[] = {
		{"{yes: 1, no: 2}", "no: 2\nyes: 1\n", "{True: 1, False: 2}"},
		{"{'yes': 1}", "'yes': 1\n", "{'yes': 1}"},
		{"{1: a}", "1: a\n", "{1: 'a'}"},
		{"{'1': a}", "'1': a\n", "{'1': 'a'}"},
		{"{1.5: a}", "1.5: a\n", "{1.5: 'a'}"},
		{"{1e3: a, 0x10: b, 010: c}", "010: c\n0x10: b\n1e3: a\n",
			"{1000.0: 'a', 16: 'b', 8: 'c'}"},
		{"{~: a}", "~: a\n", "{None: 'a'}"},
		{"? \n: a", "null: a\n", "{None: 'a'}"},
		{"{'': a}", "'': a\n", "{'': 'a'}"},
		{"{y: 1, N: 2}", "'N': 2\n'y': 1\n", "{'y': 1, 'N': 2}"},
		{"1:30: a\n-.5: b", "-.5: b\n1:30: a\n", "{90: 'a', '-.5': 'b'}"},
		{"{2020-01-01: a}", "2020-01-01: a\n", "{datetime.date(2020, 1, 1): 'a'}"},
		{"{a b: 1, 'c: d': 2}", "a b: 1\n'c: d': 2\n", "{'a b': 1, 'c: d': 2}"},
		{"b: &b {1: x}\nc: {<<: *b}", "b:\n  1: x\nc:\n  1: x\n",
			"{'b': {1: 'x'}, 'c': {1: 'x'}}"},
		{"aa: 1\na-a: 2\na_a: 3\nA: 4", "A: 4\na-a: 2\na_a: 3\naa: 1\n",
			"{'aa': 1, 'a-a': 2, 'a_a': 3, 'A': 4}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_value_ struct value *v = parse(table[i].in), *copy = value_copy(v),
					     *back = NULL, *flow_back = NULL;
		_cleanup_buf_ struct buf out = BUF_INIT, repr = BUF_INIT, flow = BUF_INIT;

		yaml_emit(&out, copy);
		assert_string_equal(buf_str(&out), table[i].out);
		value_repr(&repr, copy);
		assert_string_equal(buf_str(&repr), table[i].repr);
		back = parse(buf_str(&out));
		assert_true(value_equal(v, back));
		yaml_emit_flow(&flow, v);
		flow_back = parse(buf_str(&flow));
		assert_true(value_equal(v, flow_back));
	}
}

/* Strings that need quotes, in the style that safe_dump() gives them. */
static void quotes(void **state)
{
	static const struct {
		const char *string, *out;
	} table[] = {
		{"", "''"},
		{"yes", "'yes'"},
		{"1", "'1'"},
		{"1e3", "'1e3'"},
		{"~", "'~'"},
		{"=", "'='"},
		{"<<", "'<<'"},
		{"1:30", "'1:30'"},
		{"2020-01-01", "'2020-01-01'"},
		{"2020-01-01T10:00:00Z", "'2020-01-01T10:00:00Z'"},
		{"y", "'y'"},
		{"Y", "'Y'"},
		{"n", "'n'"},
		{"N", "'N'"},
		{"-.5", "-.5"},
		{"09", "09"},
		{"inf", "inf"},
		{"é", "\"\\xE9\""},
		{"a…", "\"a\\u2026\""},
		{"\xf0\x9f\x98\x80", "\"\\U0001F600\""},
		{"a\tb", "\"a\\tb\""},
		{"a\rb", "\"a\\rb\""},
		{"\x01", "\"\\x01\""},
		{"\x7f", "\"\\x7F\""},
		{"l1\nl2", "'l1\n\n  l2'"},
		{"l1\n\nl2", "'l1\n\n\n  l2'"},
		{"l\n", "'l\n\n  '"},
		{"\n", "'\n\n  '"},
		{"a\n b", "\"a\\n b\""},
		{"it's", "it's"},
		{"it's: ", "'it''s: '"},
		{"'a", "'''a'"},
		{"\"a", "'\"a'"},
		{"a #b", "'a #b'"},
		{"a#b", "a#b"},
		{"a:b", "a:b"},
		{"a:", "'a:'"},
		{":a", ":a"},
		{"%a", "'%a'"},
		{"`a", "'`a'"},
		{"a,b", "a,b"},
		{"[a", "'[a'"},
		{"a]", "a]"},
		{"- a", "'- a'"},
		{"-a", "-a"},
		{"? a", "'? a'"},
		{"?a", "?a"},
		{"--- a", "'--- a'"},
		{"...", "'...'"},
		{"!a", "'!a'"},
		{"a\\b", "a\\b"},
		{" ", "' '"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_value_ struct value *v = value_string(table[i].string), *back = NULL;
		_cleanup_buf_ struct buf b = BUF_INIT, wanted = BUF_INIT;

		yaml_emit(&b, v);
		buf_printf(&wanted, "%s\n", table[i].out);
		assert_string_equal(buf_str(&b), buf_str(&wanted));
		back = parse(buf_str(&b));
		assert_true(value_equal(v, back));
	}
}

/* Long ones are folded, and read back with no space more or less. */
static void folding(void **state)
{
	static const char *const words[] = {
		"word ",
		"é ",
		"it's ",
		"a: b ",
		"x  y ",
		"l\nm ",
		" l",
		"\"q\" ",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbb",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		_cleanup_buf_ struct buf text = BUF_INIT, out = BUF_INIT;
		_cleanup_value_ struct value *map = value_map(), *back = NULL;

		for (int n = 0; n < 50; n++)
			buf_puts(&text, words[i]);
		assert_int_equal(value_map_set(map, "a", value_string(buf_str(&text))), 0);
		yaml_emit(&out, map);
		if (i < 8)
			assert_true(strcspn(buf_str(&out), "\n") < 100);
		back = parse(buf_str(&out));
		assert_true(value_equal(map, back));
	}
}

static void refusals(void **state)
{
	static const struct {
		const char *text;
		int line;
		const char *part;
	} table[] = {
		{"a: 1\n\tb: 2", 2, "tab character"},
		{"a:\n- 1\n\t- 2", 3, "tab character"},
		{"--- {a: 1}\n--- {b: 2}", 2, "second document"},
		{"a: 1\n...\nb: 2", 3, "not YAML"},
		{"a: 1\n---\n", 2, "second document"},
		{"{a: 1}}", 1, "not YAML"},
		{"a: 'x", 1, "not YAML"},
		{"a: 1\n b: 2", 2, "not YAML"},
		{"[1, 2", 1, "not YAML"},
		{"{[1]: 2}", 1, "a key must be"},
		{"{{a: 1}: 2}", 1, "a key must be"},
		{"a: &x 1\nb: *y", 2, "no anchor"},
		{"a: &a [*a]", 1, "no anchor"},
		{"{<<: 1}", 1, "<< needs a mapping"},
		{"{<<: [1]}", 1, "<< needs a mapping"},
		{"@a", 1, "not YAML"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct err err = ERR_INIT;
		struct value *v;
		int r = yaml_parse(table[i].text, strlen(table[i].text), &v, &err);

		if (r != -EINVAL || !strstr(err_text(&err), table[i].part) ||
			err.line < table[i].line)
			fail_msg("%s: %d, line %d: %s", table[i].text, r, err.line, err_text(&err));
	}
	{
		_cleanup_value_ struct value *v = parse("--- 1\n...\n");

		assert_int_equal(v->integer, 1);
	}
}

/* One open thing `n` times, then `inside`, then what closes it. */
static int parse_nested(int n, const char *open, const char *inside, const char *close)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	_cleanup_value_ struct value *v = NULL;
	struct err err = ERR_INIT;
	int r;

	for (int i = 0; i < n; i++)
		buf_puts(&b, open);
	buf_puts(&b, inside);
	for (int i = 0; i < n; i++)
		buf_puts(&b, close);
	r = yaml_parse(b.data, b.len, &v, &err);
	if (r < 0)
		assert_non_null(strstr(err_text(&err), "100 levels"));
	return r;
}

static void depth(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	_cleanup_value_ struct value *v = NULL;

	(void)state;
	assert_int_equal(parse_nested(99, "[", "1", "]"), 0);
	assert_int_equal(parse_nested(101, "[", "1", "]"), -EFBIG);
	assert_int_equal(parse_nested(99, "{a: ", "1", "}"), 0);
	assert_int_equal(parse_nested(101, "{a: ", "1", "}"), -EFBIG);
	assert_int_equal(parse_nested(101, "- ", "1", ""), -EFBIG);
	assert_int_equal(parse_nested(50000, "[", "", ""), -EFBIG);
	/* By aliases, where no single line is deep. */
	buf_puts(&b, "- &a0 1\n");
	for (int i = 1; i < 120; i++)
		buf_printf(&b, "- &a%d [*a%d]\n", i, i - 1);
	assert_int_equal(yaml_parse(b.data, b.len, &v, NULL), -EFBIG);
}

/* Billion laughs, by lists, mappings and merge keys. */
static void bombs(void **state)
{
	static const struct {
		const char *first, *line;
	} table[] = {
		{"a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n",
			"a%1$d: &a%1$d [*a%2$d, *a%2$d, *a%2$d, *a%2$d, *a%2$d, *a%2$d, *a%2$d]\n"},
		{"a0: &a0 {x: 1, y: 2}\n",
			"a%1$d: &a%1$d {a: *a%2$d, b: *a%2$d, c: *a%2$d, d: *a%2$d, e: *a%2$d}\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		struct err err = ERR_INIT;
		struct value *v;

		buf_puts(&b, table[i].first);
		for (int n = 1; n < 30; n++) {
			char line[256];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			snprintf(line, sizeof(line), table[i].line, n, n - 1);
#pragma GCC diagnostic pop
			buf_puts(&b, line);
		}
		assert_int_equal(yaml_parse(b.data, b.len, &v, &err), -EFBIG);
		assert_non_null(strstr(err_text(&err), "million values"));
	}
}

static void bytes(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} table[] = {
		{"a: \xff", 4},
		{"a: \xc3", 4},
		{"a: \xc3(", 5},
		{"a: \xe2\x80", 5},
		{"a: \xc0\xaf", 5},     /* a slash that is too long */
		{"a: \xed\xa0\x80", 6}, /* half of a surrogate pair */
		{"a: \xf4\x90\x80\x80", 7},
		{"a: \x80", 4},
		{"a: \0b", 5},
		{"a: \x01", 4},
		{"a: \x1b[31m", 8},
		{"a: \"\\x00\"", 9},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct err err = ERR_INIT;
		struct value *v;
		int r = yaml_parse(table[i].text, table[i].len, &v, &err);

		if (r != -EINVAL || strlen(err_text(&err)) < 10)
			fail_msg("row %zu: %d %s", i, r, err_text(&err));
	}
	{
		_cleanup_value_ struct value *v = parse("\xef\xbb\xbf"
							"a: é");

		assert_string_equal(value_str(value_get(v, "a")), "é");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_by_case),
		cmocka_unit_test(numbers_at_the_edges),
		cmocka_unit_test(tags),
		cmocka_unit_test(sets),
		cmocka_unit_test(keys),
		cmocka_unit_test(quotes),
		cmocka_unit_test(folding),
		cmocka_unit_test(refusals),
		cmocka_unit_test(depth),
		cmocka_unit_test(bombs),
		cmocka_unit_test(bytes),
	};

	return cmocka_run_group_tests_name("yaml rules", tests, NULL, NULL);
}
