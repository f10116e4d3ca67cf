/* SPDX-License-Identifier: MIT */
/* YAML as PyYAML with Guild AI's patch reads and writes it; the tables are what those gave. */
#include "support.h"

#include <errno.h>

#include "yaml/scalar.h"
#include "yaml/json.h"
#include "yaml/yaml.h"

/* The value as Python's repr(), which shows its type. */
static void check_repr(struct value *v, const char *repr)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	assert_non_null(v);
	value_repr(&b, v);
	assert_string_equal(buf_str(&b), repr);
	value_free(v);
}

static void scalars(void **state)
{
	static const struct {
		const char *text, *yaml, *command_line;
	} table[] = {
		{"1e5", "100000.0", "100000.0"},
		{"1e-3", "0.001", "0.001"},
		{"1.5e3", "1500.0", "1500.0"},
		{"1.", "1.0", "1.0"},
		{".5", "0.5", "0.5"},
		{"-.5", "'-.5'", "-0.5"},
		{"010", "8", "10"},
		{"09", "'09'", "9"},
		{"0o17", "'0o17'", "'0o17'"},
		{"1e", "'1e'", "'1e'"},
		{"0x1F", "31", "31"},
		{"0b11", "3", "3"},
		{"1_000", "1000", "'1_000'"},
		{"1:30", "90", "'1:30'"},
		{"12:30:45", "45045", "'12:30:45'"},
		{"yes", "True", "True"},
		{"No", "False", "False"},
		{"ON", "True", "True"},
		{"off", "False", "False"},
		{"true", "True", "True"},
		{"y", "'y'", "'y'"},
		{"N", "'N'", "'N'"},
		{"~", "None", "None"},
		{"null", "None", "None"},
		{"", "None", "''"},
		{"2020-01-01", "datetime.date(2020, 1, 1)", "datetime.date(2020, 1, 1)"},
		{"inf", "'inf'", "inf"},
		{"nan", "'nan'", "nan"},
		{".inf", "inf", "inf"},
		{"-.INF", "-inf", "-inf"},
		{".nan", "nan", "nan"},
		{"+1", "1", "1"},
		{"-7", "-7", "-7"},
		{"123456789012345678901234567890", "123456789012345678901234567890",
			"123456789012345678901234567890"},
		{"0xdeadbeefdeadbeefdeadbeef", "68915718021581205938132336367",
			"68915718021581205938132336367"},
		{"-0b1111111111111111111111111111111111111111111111111111111111111111111111",
			"-1180591620717411303423", "-1180591620717411303423"},
		{"0777777777777777777777777777777", "1237940039285380274899124223",
			"777777777777777777777777777777"},
		{"000123456789012345678901234567890", "'000123456789012345678901234567890'",
			"123456789012345678901234567890"},
		{"1:00:00:00:00:00:00:00:00:00:00:00:00:00", "130606940160000000000000",
			"'1:00:00:00:00:00:00:00:00:00:00:00:00:00'"},
		{"-9223372036854775808", "-9223372036854775808", "-9223372036854775808"},
		{"-1:30", "-90", "'-1:30'"},
		{"1:30.5", "90.5", "'1:30.5'"},
		{"190:20:30", "685230", "'190:20:30'"},
		{"-0x1F", "-31", "-31"},
		{"00", "0", "0"},
		{"-0", "0", "0"},
		{"._5", "0.5", "'._5'"},
		{"._", "'._'", "'._'"},
		{"0x_", "'0x_'", "'0x_'"},
		{".5e3", "'.5e3'", "500.0"},
		{".5e+3", "500.0", "500.0"},
		{"1e5_0", "'1e5_0'", "'1e5_0'"},
		{"Infinity", "'Infinity'", "inf"},
		{"hello", "'hello'", "'hello'"},
		{"0.1", "0.1", "0.1"},
		{"1e400", "inf", "inf"},
		{"0x", "'0x'", "'0x'"},
		{"1.2.3", "'1.2.3'", "'1.2.3'"},
		{"--1", "'--1'", "'--1'"},
		{"=", "'='", "'='"},
	};
	static const char *const spaced[][2] = {
		{" 5", "5"},
		{"5 ", "5"},
		{" yes ", "True"},
		{" a b ", "'a b'"},
		{" ", "None"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		check_repr(scalar_resolve(table[i].text, strlen(table[i].text)), table[i].yaml);
		check_repr(scalar_decode(table[i].text), table[i].command_line);
	}
	for (size_t i = 0; i < ARRAY_SIZE(spaced); i++)
		check_repr(scalar_decode(spaced[i][0]), spaced[i][1]);
}

static void floats(void **state)
{
	static const struct {
		double d;
		const char *python, *yaml;
	} table[] = {
		{0.1, "0.1", "0.1"},
		{1e-5, "1e-05", "1.0e-05"},
		{1e20, "1e+20", "1.0e+20"},
		{1e16, "1e+16", "1.0e+16"},
		{1e15, "1000000000000000.0", "1000000000000000.0"},
		{1.0, "1.0", "1.0"},
		{-0.0, "-0.0", "-0.0"},
		{1.0 / 3, "0.3333333333333333", "0.3333333333333333"},
		{123456.789, "123456.789", "123456.789"},
		{1.5e-7, "1.5e-07", "1.5e-07"},
		{0.0001, "0.0001", "0.0001"},
		{0.1F, "0.10000000149011612", "0.10000000149011612"},
		{5e-324, "5e-324", "5.0e-324"},
		{2.2250738585072014e-308, "2.2250738585072014e-308", "2.2250738585072014e-308"},
		/* Powers of two, below which numbers are closer together than above. */
		{0x1p-97, "6.310887241768095e-30", "6.310887241768095e-30"},
		{0x1p+122, "5.316911983139664e+36", "5.316911983139664e+36"},
		{0x1p-1074, "5e-324", "5.0e-324"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_buf_ struct buf a = BUF_INIT, b = BUF_INIT;

		scalar_format_float(&a, table[i].d);
		scalar_format_float_yaml(&b, table[i].d);
		assert_string_equal(buf_str(&a), table[i].python);
		assert_string_equal(buf_str(&b), table[i].yaml);
		assert_true(strtod(buf_str(&a), NULL) == table[i].d);
	}
}

/* Text in, safe_dump's text out; then once more, which must change nothing. */
static void documents(void **state)
{
	static const struct {
		const char *in, *out;
	} table[] = {
		{"", "null\n"},
		{"a: 1", "a: 1\n"},
		/* Keys that are one to Python. */
		{"{1:0: a, 60: b}", "1:0: b\n"},
		{"{yes: a, 1: b, 1.0: c, '1': d}", "'1': d\nyes: c\n"},
		{"{null: a, ~: b, &x : c}", "null: c\n"},
		{"{b: [1, '2'], a: {c: yes}}", "a:\n  c: true\nb:\n- 1\n- '2'\n"},
		{"[[1, 2], [], {}]", "- - 1\n  - 2\n- []\n- {}\n"},
		{"a: ''\nb: 'yes'\nc: '1e3'\nd: '1:30'\ne: '2020-01-01'\nf: '~'",
			"a: ''\nb: 'yes'\nc: '1e3'\nd: '1:30'\ne: '2020-01-01'\nf: '~'\n"},
		{"a: 1\nb: 2\na: 3\nc: 4\nb: 5\na: 6", "a: 6\nb: 5\nc: 4\n"},
		{"x: &x {p: 1, q: 1}\nxx: &y {p: 2, r: 2}\nz: {<<: [*x, *y], q: 5}",
			"x:\n  p: 1\n  q: 1\nxx:\n  p: 2\n  r: 2\nz:\n  p: 1\n  q: 5\n  r: 2\n"},
		{"- \"._\"\n- '0x_'\n- '='\n- '<<'\n- ._5\n- ._a",
			"- '._'\n- '0x_'\n- '='\n- '<<'\n- 0.5\n- ._a\n"},
		{"a: the words of a long text go to a second line once the first has its eighty "
		 "columns, which a third line follows where the text has not come to its end yet",
			"a: the words of a long text go to a second line once the first has its "
			"eighty columns,\n"
			"  which a third line follows where the text has not come to its end "
			"yet\n"},
		{"[null, .inf, -.INF, 1e20, 1e-5, 1e15, 1e16, 0.1, -0.0, 9223372036854775808]",
			"- null\n- .inf\n- -.inf\n- 1.0e+20\n- 1.0e-05\n- 1000000000000000.0\n"
			"- 1.0e+16\n- 0.1\n- -0.0\n- 9223372036854775808\n"},
		{"['- a', 'a: b', 'a #b', ' a', 'a ', '#', '-', '?', '', '---', '@a', 'n', 'No']",
			"- '- a'\n- 'a: b'\n- 'a #b'\n- ' a'\n- 'a '\n- '#'\n- '-'\n- '?'\n- ''\n"
			"- '---'\n- '@a'\n- 'n'\n- 'No'\n"},
		{"x: &x {p: 1}\nz: {<<: *x, q: 2}", "x:\n  p: 1\nz:\n  p: 1\n  q: 2\n"},
		{"a: 1\na: 2", "a: 2\n"},
		{"a: \"\\u00e9\\t\"", "a: \"\\xE9\\t\"\n"},
		{"a: \"l1\\nl2\"", "a: 'l1\n\n  l2'\n"},
		{"y: 1", "'y': 1\n"},
		{"!!str 5", "'5'\n"},
		/* A byte order mark moves nothing to the right. */
		{"\xef\xbb\xbf"
		 "a: 1\nb: 2",
			"a: 1\nb: 2\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_buf_ struct buf once = BUF_INIT, twice = BUF_INIT;
		struct value *v, *again;

		assert_int_equal(yaml_parse(table[i].in, strlen(table[i].in), &v, NULL), 0);
		yaml_emit(&once, v);
		assert_string_equal(buf_str(&once), table[i].out);
		assert_int_equal(yaml_parse(buf_str(&once), once.len, &again, NULL), 0);
		assert_true(value_equal(v, again));
		yaml_emit(&twice, again);
		assert_string_equal(buf_str(&once), buf_str(&twice));
		value_free(v);
		value_free(again);
	}
}

static void flow_is_one_line(void **state)
{
	static const char *const strings[] = {"a b", "1", "yes", "", "-.5", "a: b", "#", "[",
		"l1\nl2", "l1\xe2\x80\xa8l2", "l1\xc2\x85l2", "é", "1_000", "nan", "null", "it's",
		"\t", "'", "\"", "- a", "@x", "%", "10", "010", "inf"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		_cleanup_value_ struct value *v = value_string(strings[i]), *back = NULL;

		yaml_emit_flow(&b, v);
		assert_null(strchr(buf_str(&b), '\n'));
		assert_int_equal(yaml_parse(buf_str(&b), b.len, &back, NULL), 0);
		assert_true(value_equal(v, back));
		/* Without quotes it must be a string for the command line, too. */
		if (back->plain) {
			_cleanup_value_ struct value *word = scalar_decode(back->source);

			assert_true(value_equal(v, word));
		}
	}
}

static void refusals(void **state)
{
	static const struct {
		const char *text;
		int line, column;
		const char *part;
		bool incomplete;
	} table[] = {
		{"a: [1", 2, 1, "not YAML", true},
		{"a: \"x", 1, 6, "not YAML", true},
		{"a:\n\tb: 1", 2, 1, "tabs do not indent", false},
		{"a: b: c", 1, 5, "not YAML", false},
		{"--- 1\n--- 2", 2, 1, "second document", false},
		{"b: 1\na: *x", 2, 4, "no anchor", false},
		{"!!python/object:os.system 1", 1, 1, "not supported", false},
		{"? [a]\n: 1", 1, 3, "a key must be", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct err err = ERR_INIT;
		struct value *v;
		bool incomplete;

		assert_int_equal(yaml_parse_prefix(table[i].text, strlen(table[i].text), &v,
					 &incomplete, &err),
			-EINVAL);
		assert_non_null(strstr(err_text(&err), table[i].part));
		assert_int_equal(err.line, table[i].line);
		if (!table[i].incomplete)
			assert_int_equal(err.column, table[i].column);
		assert_int_equal(incomplete, table[i].incomplete);
	}
}

static void bounds(void **state)
{
	_cleanup_buf_ struct buf deep = BUF_INIT, bomb = BUF_INIT;
	struct err err = ERR_INIT;
	struct value *v;

	(void)state;
	for (int i = 0; i < 200; i++)
		buf_putc(&deep, '[');
	assert_int_equal(yaml_parse(deep.data, deep.len, &v, &err), -EFBIG);
	assert_non_null(strstr(err_text(&err), "100 levels"));
	buf_puts(&bomb, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 10; i++)
		buf_printf(&bomb,
			"a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n",
			i, i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	err = ERR_INIT;
	assert_int_equal(yaml_parse(bomb.data, bomb.len, &v, &err), -EFBIG);
	assert_non_null(strstr(err_text(&err), "aliases"));
	buf_clear(&bomb);
	for (int i = 0; i < 20000; i++)
		buf_printf(&bomb, "- &a%d 1\n", i);
	err = ERR_INIT;
	assert_int_equal(yaml_parse(bomb.data, bomb.len, &v, &err), -EFBIG);
	assert_non_null(strstr(err_text(&err), "10000 anchors"));
	assert_int_equal(err.line, 10001);
	err = ERR_INIT;
	assert_int_equal(yaml_parse("a: \xff\xfe", 5, &v, &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "UTF-8"));
	assert_int_equal(yaml_parse("a: \"\\0\"", 7, &v, NULL), -EINVAL);
}

static void places(void **state)
{
	_cleanup_value_ struct value *v = NULL;
	const char *text = "a: 1\nb:\n  c: 'x'\n";

	(void)state;
	assert_int_equal(yaml_parse(text, strlen(text), &v, NULL), 0);
	assert_int_equal(v->map.pairs[1].key_line, 2);
	assert_int_equal(value_get(value_get(v, "b"), "c")->line, 3);
	assert_int_equal(value_get(value_get(v, "b"), "c")->column, 6);
	assert_false(value_get(value_get(v, "b"), "c")->plain);
	assert_true(value_get(v, "a")->plain);
	assert_string_equal(value_get(v, "a")->source, "1");
}

/* Bytes that a YAML writer would take for a character beyond the last one. */
static void beyond_unicode(void **state)
{
	_cleanup_value_ struct value *v = value_string("a\xf5\x93\x90\x98");
	_cleanup_buf_ struct buf b = BUF_INIT;

	(void)state;
	yaml_emit(&b, v);
	assert_int_not_equal(buf_error(&b), 0);
}

static void for_people(void **state)
{
	_cleanup_value_ struct value *v = value_map();
	_cleanup_buf_ struct buf b = BUF_INIT, ascii = BUF_INIT;

	(void)state;
	assert_int_equal(value_map_set(v, "z", value_string("\xc3\xa9")), 0);
	assert_int_equal(value_map_set(v, "y", value_string("1:00:12")), 0);
	yaml_emit_utf8(&b, v);
	assert_string_equal(buf_str(&b), "z: \xc3\xa9\n'y': '1:00:12'\n");
	yaml_emit(&ascii, v);
	assert_string_equal(buf_str(&ascii), "'y': '1:00:12'\nz: \"\\xE9\"\n");
}

static void json(void **state)
{
	static const char text[] = "{b: [1, {c: null}, []], a: \"x\\ny\", d: {}, e: 1.5, f: true}";
	_cleanup_value_ struct value *v = NULL;
	_cleanup_buf_ struct buf line = BUF_INIT, lines = BUF_INIT;

	(void)state;
	assert_int_equal(yaml_parse(text, strlen(text), &v, NULL), 0);
	json_emit(&line, v);
	assert_string_equal(buf_str(&line),
		"{\"a\": \"x\\ny\", \"b\": [1, {\"c\": null}, []], \"d\": {}, \"e\": 1.5, \"f\": "
		"true}");
	/* Python's indent=2. */
	json_emit_indented(&lines, v);
	assert_string_equal(buf_str(&lines), "{\n"
					     "  \"a\": \"x\\ny\",\n"
					     "  \"b\": [\n"
					     "    1,\n"
					     "    {\n"
					     "      \"c\": null\n"
					     "    },\n"
					     "    []\n"
					     "  ],\n"
					     "  \"d\": {},\n"
					     "  \"e\": 1.5,\n"
					     "  \"f\": true\n"
					     "}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(beyond_unicode),
		cmocka_unit_test(scalars),
		cmocka_unit_test(floats),
		cmocka_unit_test(documents),
		cmocka_unit_test(flow_is_one_line),
		cmocka_unit_test(refusals),
		cmocka_unit_test(bounds),
		cmocka_unit_test(places),
		cmocka_unit_test(for_people),
		cmocka_unit_test(json),
	};

	return cmocka_run_group_tests_name("yaml", tests, NULL, NULL);
}
