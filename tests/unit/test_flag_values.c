/* SPDX-License-Identifier: MIT */
/* Single flag values: what a text of the command line is, and how a value is shown. */
#include "support.h"

#include <errno.h>

#include "project/flag_values.h"
#include "yaml/yaml.h"

static struct value *parse(const char *text)
{
	struct value *v = NULL;

	assert_int_equal(yaml_parse(text, strlen(text), &v, NULL), 0);
	return v;
}

static void check_decoded(enum flag_type type, const char *text, const char *repr)
{
	_cleanup_value_ struct value *v = flag_decode(type, text);
	_cleanup_buf_ struct buf b = BUF_INIT;

	value_repr(&b, v);
	if (strcmp(buf_str(&b), repr) != 0)
		fail_msg("%s: %s, not %s", text, buf_str(&b), repr);
}

static void without_type(void **state)
{
	static const struct {
		const char *text, *repr;
	} table[] = {
		{"5", "5"},
		{" 5", "5"},
		{"-.5", "-0.5"},
		{"010", "10"},
		{"09", "9"},
		{"1_000", "'1_000'"},
		{"1:30", "'1:30'"},
		{"1e3", "1000.0"},
		{"0x1F", "31"},
		{"yes", "True"},
		{"~", "None"},
		{"inf", "inf"},
		{"2020-01-01", "datetime.date(2020, 1, 1)"},
		{"hello", "'hello'"},
		{"a b", "'a b'"},
		{"a #b", "'a'"},
		{"# c", "None"},
		{"'1'", "'1'"},
		{"\"1\"", "'1'"},
		{"''", "''"},
		{"'it''s'", "\"it's\""},
		{"[1,2]", "[1, 2]"},
		{"[1, a, yes]", "[1, 'a', True]"},
		{"[]", "[]"},
		{"{a: 1}", "{'a': 1}"},
		{"{}", "{}"},
		{"a: 1", "{'a': 1}"},
		{"a: 1\nb: 2", "{'a': 1, 'b': 2}"},
		{"a:", "{'a': None}"},
		{"- a", "['a']"},
		{"- 1\n- 2", "[1, 2]"},
		{"-", "[None]"},
		{"[1", "'[1'"},
		{"{a", "'{a'"},
		{"'a", "\"'a\""},
		{"*a", "'*a'"},
		{"&a 1", "1"},
		{"!!int 5", "5"},
		{"!!int 1_000", "1000"},
		{"!!str 5", "'5'"},
		{"!own 1", "'!own 1'"},
		{"--- 1", "1"},
		{"1:30 # c", "'1:30 # c'"},
		{"010 # c", "8"},
		{"1_0 # c", "'1_0 # c'"},
		{"a\nb", "'a b'"},
		{"[1_0]", "[10]"},
		{"[1:30, 2]", "[90, 2]"},
		{"[a: 1]", "[{'a': 1}]"},
		{"[1,2]*2", "[1, 2, 1, 2]"},
		{"[1,2] * 2", "[1, 2, 1, 2]"},
		{"[a]*3", "['a', 'a', 'a']"},
		{"[1,2]*0", "[]"},
		{"[1,2]*x", "'[1,2]*x'"},
		{"[1,2]*-1", "'[1,2]*-1'"},
		{"[1:2]*2", "'[1:2]*2'"},
		{"[[1]*2]*2", "'[[1]*2]*2'"},
		{"range[1:5]", "[1, 2, 3, 4, 5]"},
		{"range[1:5:2]", "[1, 3, 5]"},
		{"range[3]", "[0, 1, 2]"},
		{"range[5:1:-1]", "[5, 4, 3, 2, 1]"},
		{"range[5:1:-2]", "[5, 3, 1]"},
		{"range[5:1]", "[]"},
		{"range[0:1:0.25]", "[0.0, 0.25, 0.5, 0.75, 1.0]"},
		{"range[0:0.3:0.1]", "[0.0, 0.1, 0.2, 0.3]"},
		{"range[0:1:0.3]", "[0.0, 0.3, 0.6, 0.9, 1.2]"},
		{"range[0.5:3]", "[0.5, 1.5, 2.5, 3.5]"},
		{"range[1:1]", "[1]"},
		{"range[-1:1]", "[-1, 0, 1]"},
		{"range[ 1 : 3 ]", "[1, 2, 3]"},
		{"range[010:012]", "[10, 11, 12]"},
		{"range[1:2:0]", "'range[1:2:0]'"},
		{"range[a:b]", "'range[a:b]'"},
		{"range[]", "'range[]'"},
		{"range[1:3]x", "[1, 2, 3]"},
		{"range[1:2:3:4]", "[1]"},
		{"linspace[0:1]", "[0.0, 0.25, 0.5, 0.75, 1.0]"},
		{"linspace[0:1:3]", "[0.0, 0.5, 1.0]"},
		{"linspace[0:1:4]", "[0.0, 0.33333333, 0.66666667, 1.0]"},
		{"linspace[1:0:3]", "[1.0, 0.5, 0.0]"},
		{"linspace[1:5:1]", "[1.0]"},
		{"linspace[0:1:0]", "[]"},
		{"linspace[0:1:2.0]", "'linspace[0:1:2.0]'"},
		{"linspace[0:1:-1]", "'linspace[0:1:-1]'"},
		{"linspace[0]", "'linspace[0]'"},
		{"logspace[0:2]", "[1.0, 3.16227766, 10.0, 31.6227766, 100.0]"},
		{"logspace[0:2:3]", "[1.0, 10.0, 100.0]"},
		{"logspace[0:3:4:2]", "[1.0, 2.0, 4.0, 8.0]"},
		{"logspace[-4:-1:4]", "[0.0001, 0.001, 0.01, 0.1]"},
		{"logspace[300:302:3]", "[1e+300, 1e+301, 1e+302]"},
		{"geomspace[1:10]", "'geomspace[1:10]'"},
		{"uniform[1:5]", "'uniform[1:5]'"},
		{"uniform[1:5:2]", "'uniform[1:5:2]'"},
		{"loguniform[1e-5:1]", "'loguniform[1e-5:1]'"},
		{"[1:5]", "'[1:5]'"},
		{"[1:5:2]", "'[1:5:2]'"},
		{"[a:b]", "'[a:b]'"},
		{"[1.5:2]", "'[1.5:2]'"},
		{"img[1].png", "'img[1].png'"},
		{"a.b-c[x]", "'a.b-c[x]'"},
		{"Range[1:3]", "'Range[1:3]'"},
		{"[1:2]x", "'[1:2]x'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		check_decoded(FLAG_AUTO, table[i].text, table[i].repr);
}

static void by_type(void **state)
{
	static const struct {
		enum flag_type type;
		const char *text, *repr;
	} table[] = {
		{FLAG_STRING, "1", "'1'"},
		{FLAG_STRING, "yes", "'yes'"},
		{FLAG_STRING, "a b", "'a b'"},
		{FLAG_STRING, "range[1:2]", "'range[1:2]'"},
		{FLAG_STRING, "'1'", "'1'"},
		{FLAG_STRING, "\"a\"", "'a'"},
		{FLAG_STRING, "[1, a]", "[1, 'a']"},
		{FLAG_STRING, "{a: 1}", "{'a': 1}"},
		{FLAG_STRING, "[1", "'[1'"},
		{FLAG_STRING, "~", "'~'"},
		{FLAG_STRING, "", "''"},
		{FLAG_STRING, " 1 ", "' 1 '"},
		{FLAG_INT, "1", "1"},
		{FLAG_INT, "010", "10"},
		{FLAG_INT, "1.5", "1.5"},
		{FLAG_INT, "x", "'x'"},
		{FLAG_INT, "yes", "True"},
		{FLAG_INT, "1_000", "'1_000'"},
		{FLAG_INT, "[1,2]", "[1, 2]"},
		{FLAG_FLOAT, "1", "1.0"},
		{FLAG_FLOAT, "010", "10.0"},
		{FLAG_FLOAT, "1.5", "1.5"},
		{FLAG_FLOAT, "1e3", "1000.0"},
		{FLAG_FLOAT, "inf", "inf"},
		{FLAG_FLOAT, "x", "'x'"},
		{FLAG_FLOAT, "-9223372036854775808", "-9.223372036854776e+18"},
		{FLAG_NUMBER, "1", "1"},
		{FLAG_NUMBER, "1.5", "1.5"},
		{FLAG_NUMBER, "x", "'x'"},
		{FLAG_NUMBER, "yes", "True"},
		{FLAG_BOOLEAN, "1", "True"},
		{FLAG_BOOLEAN, "0", "False"},
		{FLAG_BOOLEAN, "0.0", "False"},
		{FLAG_BOOLEAN, "1e3", "True"},
		{FLAG_BOOLEAN, "010", "True"},
		{FLAG_BOOLEAN, "yes", "True"},
		{FLAG_BOOLEAN, "no", "False"},
		{FLAG_BOOLEAN, "maybe", "'maybe'"},
		{FLAG_BOOLEAN, "-.5", "'-.5'"},
		{FLAG_BOOLEAN, "inf", "'inf'"},
		{FLAG_BOOLEAN, "1:30", "'1:30'"},
		{FLAG_BOOLEAN, "1_0", "'1_0'"},
		{FLAG_BOOLEAN, "[1, 0]", "[1, 0]"},
		{FLAG_BOOLEAN, "", "''"},
		{FLAG_BOOLEAN, "~", "None"},
		{FLAG_BOOLEAN, "range[1:2]", "'range[1:2]'"},
		{FLAG_PATH, "a/b", "'a/b'"},
		{FLAG_PATH, "1", "'1'"},
		{FLAG_PATH, "[a]", "['a']"},
		{FLAG_PATH, "~/x", "'~/x'"},
		{FLAG_EXISTING_PATH, "a", "'a'"},
		{FLAG_EXISTING_PATH, "'a'", "'a'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		check_decoded(table[i].type, table[i].text, table[i].repr);
}

/* Texts that stand for a search. A file name with brackets is none, whatever Guild AI thinks. */
static void functions(void **state)
{
	static const struct {
		const char *text;
		bool is_function;
	} table[] = {
		{"uniform[1:5]", true},
		{"uniform[1:5:2]", true},
		{"loguniform[1e-5:1]", true},
		{"[1:5]", true},
		{"[a:b]", true},
		{"geomspace[1:10]", true},
		{"img[1].png", false},
		{"uniformly", false},
		{"uniform(1:5)", false},
		{"[1, 2]", false},
		{"[1:2, 3]", false},
		{"[a: 1]", false},
		{"[1:2]x", false},
		{"x[1", false},
		{"", false},
	};
	_cleanup_value_ struct value *number = value_int(1);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_value_ struct value *v = value_string(table[i].text);

		if (flag_is_function(v) != table[i].is_function)
			fail_msg("%s", table[i].text);
	}
	assert_false(flag_is_function(number));
}

/* Nothing that is typed may take more memory than it is long, by more than a constant. */
static void sequences_are_bounded(void **state)
{
	static const char *const texts[] = {"range[0:1000000000]", "range[0:1:1e-300]",
		"range[-1e308:1e308]", "linspace[0:1:1000000000]", "logspace[0:1:99999999]",
		"[1,2,3]*99999999999999999999", "[1,2,3]*1000000", "range[nan:1]", "range[0:inf]"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_value_ struct value *v = flag_decode(FLAG_AUTO, texts[i]);

		assert_string_equal(value_str(v), texts[i]);
	}
}

static void parts(void **state)
{
	static const struct {
		const char *split, *text, *parts;
	} table[] = {
		{"yes", "", ""},
		{"yes", "a", "[a]"},
		{"yes", " a  b ", "[a][b]"},
		{"yes", "'a b' c", "[a b][c]"},
		{"yes", "a\\ b", "[a b]"},
		{"shlex", "a \"b c\"", "[a][b c]"},
		{"','", "", ""},
		{"','", "a", "[a]"},
		{"','", "a,b", "[a][b]"},
		{"','", "a,,b,", "[a][b]"},
		{"','", ",", ""},
		{"','", "a, b", "[a][ b]"},
		{"','", "'a,b'", "['a][b']"},
		{"'::'", "a::b:c", "[a][b:c]"},
		{"' '", "a  b", "[a][b]"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_value_ struct value *split = parse(table[i].split);
		_cleanup_strv_ struct strv words = STRV_INIT;
		_cleanup_buf_ struct buf b = BUF_INIT;

		assert_int_equal(flag_split(table[i].text, split, &words), 0);
		for (size_t w = 0; w < words.n; w++)
			buf_printf(&b, "[%s]", words.v[w]);
		assert_string_equal(buf_str(&b), table[i].parts);
	}
	{
		_cleanup_value_ struct value *yes = value_bool(true);
		_cleanup_strv_ struct strv words = STRV_INIT;

		assert_int_equal(flag_split("'a", yes, &words), -EINVAL);
	}
}

static void joined(void **state)
{
	static const struct {
		const char *split, *list, *text;
	} table[] = {
		{"yes", "[1, a, yes, null]", "1 a yes null"},
		{"yes", "[a b, '1', inf]", "'a b' \"'1'\" inf"},
		{"yes", "[]", ""},
		{"','", "[1, a b, 0.5]", "1,a b,0.5"},
		{"','", "['-.5']", "-.5"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_value_ struct value *split = parse(table[i].split),
					     *list = parse(table[i].list);
		_cleanup_buf_ struct buf b = BUF_INIT;

		flag_join(&b, list, split);
		assert_string_equal(buf_str(&b), table[i].text);
	}
}

static void encoded(void **state)
{
	static const struct {
		const char *yaml, *text;
	} table[] = {
		{"null", "null"},
		{"yes", "yes"},
		{"no", "no"},
		{"1", "1"},
		{"0.001", "0.001"},
		{"1e-05", "1.0e-05"},
		{"1e20", "1.0e+20"},
		{"''", "''"},
		{"a", "a"},
		{"a b", "a b"},
		{"'1'", "'1'"},
		{"'yes'", "'yes'"},
		{"2020-01-01", "2020-01-01"},
		{"[]", "[]"},
		{"{}", "{}"},
		{"[1, a, yes, null]", "[1, a, yes, null]"},
		{"[\"a, b\", c]", "['a, b', c]"},
		{"[a b]", "[a b]"},
		{"[[1], {a: 1}]", "[[1], {a: 1}]"},
		{"{b: 1, a: x}", "{a: x, b: 1}"},
		{"{a: {b: [1, 2]}}", "{a: {b: [1, 2]}}"},
		{"{1: a, 2: b}", "{1: a, 2: b}"},
		{"{'1': a}", "{'1': a}"},
		{"\"it's\"", "it's"},
		{"'a: b'", "'a: b'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_value_ struct value *v = parse(table[i].yaml);
		_cleanup_buf_ struct buf b = BUF_INIT;

		flag_encode(&b, v);
		assert_string_equal(buf_str(&b), table[i].text);
	}
}

/* In labels floats are cut, which is not rounding, and paths that exist are shortened. */
static void shown(void **state)
{
	static const struct {
		const char *yaml, *in_label, *in_list;
	} table[] = {
		{"0.3", "0.3", "0.3"},
		{"0.123456789", "0.12345", "0.123456789"},
		{"1.23456789", "1.23456", "1.23456789"},
		{"0.999999", "0.99999", "0.999999"},
		{"-1.9999999", "-1.99999", "-1.9999999"},
		{"123456.7890123", "123456.78901", "123456.7890123"},
		{"1e-05", "1.0e-05", "1.0e-05"},
		{"1.123456e-07", "1.12345e-07", "1.123456e-07"},
		{"1.23456789e+20", "1.23456e+20", "1.23456789e+20"},
		{"100000.0", "100000.0", "100000.0"},
		{"3", "3", "3"},
		{"'1'", "'1'", "'1'"},
		{"hello", "hello", "hello"},
		{"hello world", "'hello world'", "'hello world'"},
		{"\"1 2 'a b'\"", "\"1 2 'a b'\"", "\"1 2 'a b'\""},
		{"\"it's a b\"", "\"it's a b\"", "\"it's a b\""},
		{"\"'q' w\"", "'''q'' w'", "'''q'' w'"},
		{"'\"q\" w'", "'\"q\" w'", "'\"q\" w'"},
		{"[a b, c]", "[a b, c]", "[a b, c]"},
		{"{a: b c}", "{a: b c}", "{a: b c}"},
		{"'a: b'", "'a: b'", "'a: b'"},
		{"[0.123456789]", "[0.123456789]", "[0.123456789]"},
		{"{a: 0.123456789}", "{a: 0.123456789}", "{a: 0.123456789}"},
		{"yes", "yes", "yes"},
		{"null", "null", "null"},
		{"''", "''", "''"},
		{"-.inf", "-.inf", "-.inf"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_value_ struct value *v = parse(table[i].yaml);
		_cleanup_buf_ struct buf label = BUF_INIT, list = BUF_INIT;

		flag_format(&label, v, true);
		assert_string_equal(buf_str(&label), table[i].in_label);
		flag_format(&list, v, false);
		assert_string_equal(buf_str(&list), table[i].in_list);
	}
}

static void paths_are_shortened(void **state)
{
	_cleanup_buf_ struct buf path = BUF_INIT, label = BUF_INIT, absent = BUF_INIT;
	_cleanup_value_ struct value *v = NULL,
				     *nowhere = value_string("no/such/file/anywhere/here");

	buf_printf(&path, "%s/a directory/of some depth/file.txt", (char *)*state);
	*strrchr(path.data, '/') = '\0';
	assert_int_equal(file_mkdirs(AT_FDCWD, path.data, 0755), 0);
	path.data[strlen(path.data)] = '/';
	support_write(buf_str(&path), "");
	v = value_string(buf_str(&path));
	flag_format(&label, v, true);
	assert_non_null(strstr(buf_str(&label), "\u2026"));
	assert_true(label.len < 40);
	flag_format(&absent, nowhere, true);
	assert_string_equal(buf_str(&absent), "no/such/file/anywhere/here");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_type),
		cmocka_unit_test(by_type),
		cmocka_unit_test(functions),
		cmocka_unit_test(sequences_are_bounded),
		cmocka_unit_test(parts),
		cmocka_unit_test(joined),
		cmocka_unit_test(encoded),
		cmocka_unit_test(shown),
		cmocka_unit_test(paths_are_shortened),
	};

	return cmocka_run_group_tests_name("flag values", tests, support_setup, support_teardown);
}
