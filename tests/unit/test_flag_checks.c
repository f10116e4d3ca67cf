/* SPDX-License-Identifier: MIT */
/* Flag values of an operation: coerced to their types, checked, and what choices bring along. */
#include "support.h"

#include <errno.h>

#include "project/flags.h"
#include "yaml/yaml.h"

static struct guildfile *parse(const char *text)
{
	struct guildfile *file = NULL;
	struct err err = ERR_INIT;

	if (guildfile_parse("/p/guild.yml", text, strlen(text), &file, &err) < 0)
		fail_msg("%s: %s", text, err_text(&err));
	return file;
}

/* Resolves with words of a command line; `words` ends with NULL. */
static int resolve(const struct operation *op, const char *const *words, bool force,
	struct value **ret, struct flags_problem *problem, struct err *err)
{
	_cleanup_value_ struct value *user = value_map();
	int r = 0;

	for (; r == 0 && *words; words++)
		r = flags_assign_word(op, user, *words, err);
	return r < 0 ? r : flags_resolve(op, user, force, ret, problem, err);
}

/* One flag, f, with these attributes, and the text that is given for it. */
static void one_flag(void **state)
{
	static const struct {
		const char *attributes, *text, *repr, *reason;
	} table[] = {
		{"type: string", "1", "'1'", NULL},
		{"type: string", "yes", "'yes'", NULL},
		{"type: string", "1.0", "'1.0'", NULL},
		{"type: string", "~", "'~'", NULL},
		{"type: string", "{a: 1}", "\"{'a': 1}\"", NULL},
		{"type: string", "2020-01-01", "'2020-01-01'", NULL},
		{"type: int", "7", "7", NULL},
		{"type: int", "010", "10", NULL},
		{"type: int", "1.0", NULL, "invalid value 1.0 for f: invalid value for type 'int'"},
		{"type: int", "x", NULL, "invalid value x for f: invalid value for type 'int'"},
		{"type: int", "yes", "1", NULL},
		{"type: int", "1_000", "1000", NULL},
		{"type: int", "'7'", "7", NULL},
		{"type: int", "1:30", NULL,
			"invalid value 1:30 for f: invalid value for type 'int'"},
		{"type: int", "", NULL, "invalid value  for f: invalid value for type 'int'"},
		{"type: float", "1", "1.0", NULL},
		{"type: float", "1e3", "1000.0", NULL},
		{"type: float", "inf", "inf", NULL},
		{"type: float", "x", NULL, "invalid value x for f: invalid value for type 'float'"},
		{"type: float", "no", "0.0", NULL},
		{"type: float", "1_000.5", "1000.5", NULL},
		{"type: float", "99999999999999999999", "1e+20", NULL},
		{"type: number", "1", "1", NULL},
		{"type: number", "1.0", "1.0", NULL},
		{"type: number", "x", NULL,
			"invalid value x for f: invalid value for type 'number'"},
		{"type: number", "yes", "True", NULL},
		{"type: number", "1_0", "10", NULL},
		{"type: boolean", "yes", "True", NULL},
		{"type: boolean", "0", "False", NULL},
		{"type: boolean", "1.5", "True", NULL},
		{"type: boolean", "", "False", NULL},
		{"type: boolean", "1e3", "True", NULL},
		{"type: path", "a/b", "'/p/a/b'", NULL},
		{"type: path", "./a/../b", "'/p/b'", NULL},
		{"type: path", "/abs/../x", "'/abs/../x'", NULL},
		{"type: path", "", "''", NULL},
		{"type: existing-path", "/", "'/'", NULL},
		{"type: existing-path", "no/such", NULL,
			"invalid value no/such for f: /p/no/such does not exist"},
		{"type: existing-path", "", "''", NULL},
		{"type: auto", "1", "1", NULL},
		{"type: auto", "'1'", "'1'", NULL},
		{"choices: [a, 1, yes, 0.5]", "a", "'a'", NULL},
		{"choices: [a, 1, yes, 0.5]", "1", "1", NULL},
		{"choices: [a, 1, yes, 0.5]", "1.0", "1.0", NULL},
		{"choices: [a, 1, yes, 0.5]", "0.5", "0.5", NULL},
		{"choices: [a, 1, yes, 0.5]", "yes", "True", NULL},
		{"choices: [a, 1, yes, 0.5]", "b", NULL,
			"invalid value b for flag 'f'; the choices are: a, 1, true, 0.5"},
		{"choices: [a, 1, yes, 0.5]", "0", "0", NULL},
		{"choices: [a, 1, yes, 0.5]", "no", "False", NULL},
		{"choices: [a, 1, yes, 0.5]", "", "''", NULL},
		{"choices: [a, 1, yes, 0.5]", "'1'", NULL,
			"invalid value '1' for flag 'f'; the choices are: a, 1, true, 0.5"},
		{"choices: [a], allow-other: yes", "b", "'b'", NULL},
		{"choices: [a], allow-other: yes", "1", "1", NULL},
		{"type: string, choices: ['1', '2']", "1", "'1'", NULL},
		{"type: string, choices: ['1', '2']", "3", NULL,
			"invalid value '3' for flag 'f'; the choices are: '1', '2'"},
		{"type: int, choices: [1, 2]", "'1'", "1", NULL},
		{"type: int, choices: [1, 2]", "3", NULL,
			"invalid value 3 for flag 'f'; the choices are: 1, 2"},
		{"choices: [{value: a, alias: x}, b]", "x", "'a'", NULL},
		{"choices: [{value: a, alias: x}, b]", "a", "'a'", NULL},
		{"choices: [{value: a, alias: x}, b]", "b", "'b'", NULL},
		{"choices: [{value: a, alias: x}, b]", "y", NULL,
			"invalid value y for flag 'f'; the choices are: a, b"},
		{"min: 1", "1", "1", NULL},
		{"min: 1", "0.5", NULL, "invalid value 0.5 for f: out of range (less than min 1)"},
		{"min: 1", "no", NULL, "invalid value False for f: out of range (less than min 1)"},
		{"min: 1", "99999999999999999999", "99999999999999999999", NULL},
		{"min: 1", "-99999999999999999999", NULL,
			"invalid value -99999999999999999999 for f: out of range (less than min "
			"1)"},
		{"max: 3", "3", "3", NULL},
		{"max: 3", "3.5", NULL,
			"invalid value 3.5 for f: out of range (greater than max 3)"},
		{"max: 3", "yes", "True", NULL},
		{"max: 3", "99999999999999999999", NULL,
			"invalid value 99999999999999999999 for f: out of range (greater than max "
			"3)"},
		{"min: 0, max: 1, type: float", "0", "0.0", NULL},
		{"min: 0, max: 1, type: float", "1", "1.0", NULL},
		{"min: 0, max: 1, type: float", "1.01", NULL,
			"invalid value 1.01 for f: out of range (greater than max 1)"},
		{"min: 0, max: 1, type: float", "-0.01", NULL,
			"invalid value -0.01 for f: out of range (less than min 0)"},
		{"required: yes", "", NULL, "flag 'f' is required: give it a value"},
		{"required: yes", "~", NULL, "flag 'f' is required: give it a value"},
		{"required: yes", "0", "0", NULL},
		{"required: yes", "no", "False", NULL},
		{"required: yes", "a", "'a'", NULL},
		{"arg-split: yes, type: int", "1 2", "'1 2'", NULL},
		{"arg-split: yes, type: int", "1 a", NULL,
			"invalid value a for f: invalid value for type 'int'"},
		{"arg-split: yes, type: int", "1 2.5", NULL,
			"invalid value 2.5 for f: invalid value for type 'int'"},
		{"arg-split: yes, type: int", "", "''", NULL},
		{"arg-split: ',', type: float", "1,2", "'1.0,2.0'", NULL},
		{"arg-split: ',', type: float", "1,a", NULL,
			"invalid value a for f: invalid value for type 'float'"},
		{"arg-split: ',', type: float", "1,,2", "'1.0,2.0'", NULL},
		{"arg-split: yes, type: string", "a 'b c'", "\"a 'b c'\"", NULL},
		{"arg-split: yes, type: string", "1 yes", "'\"\\'1\\'\" \"\\'yes\\'\"'", NULL},
		{"arg-split: yes, type: string", "inf", "'inf'", NULL},
		{"arg-split: yes, choices: [a, b]", "a b", "'a b'", NULL},
		{"arg-split: yes, choices: [a, b]", "a c", NULL,
			"invalid value c for flag 'f'; the choices are: a, b"},
		{"arg-split: yes, choices: [a, b]", "a", "'a'", NULL},
		{"arg-split: ',', max: 3", "1,2", "'1,2'", NULL},
		{"arg-split: ',', max: 3", "1,4", NULL,
			"invalid value 4 for f: out of range (greater than max 3)"},
		{"arg-split: yes", "1", "1", NULL},
		{"arg-split: yes", "a b", "'a b'", NULL},
		{"arg-split: yes", "yes", "True", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_buf_ struct buf text = BUF_INIT, word = BUF_INIT, repr = BUF_INIT;
		_cleanup_guildfile_ struct guildfile *file = NULL;
		_cleanup_value_ struct value *flags = NULL;
		struct err err = ERR_INIT;
		int r;

		buf_printf(&text, "op: {exec: x, flags: {f: {%s}}}", table[i].attributes);
		buf_printf(&word, "f=%s", table[i].text);
		file = parse(buf_str(&text));
		r = resolve(&file->models[0].operations[0],
			(const char *const[]){buf_str(&word), NULL}, false, &flags, NULL, &err);
		if (table[i].reason) {
			if (r != -EINVAL || strcmp(err_text(&err), table[i].reason) != 0)
				fail_msg("%s, %s: %d %s", table[i].attributes, table[i].text, r,
					err_text(&err));
			continue;
		}
		if (r < 0)
			fail_msg("%s, %s: %s", table[i].attributes, table[i].text, err_text(&err));
		value_repr(&repr, value_get(flags, "f"));
		assert_string_equal(buf_str(&repr), table[i].repr);
	}
}

#define CHOICES                                                                                    \
	"op: {exec: x, flags: {a: 1, b: 2, n: null, k: {default: m, choices: ["                    \
	"{value: m, flags: {a: 10}}, {value: q, alias: Q, flags: {a: 20, b: 21}}, z]}}}"
#define ALIAS "op: {exec: x, flags: {name: {alias: n, default: 1}, z: 0}}"

/* More than one flag; a row without `repr` is refused. */
static void several_flags(void **state)
{
	static const struct {
		const char *file, *words[4];
		bool force;
		const char *repr;
	} table[] = {
		{CHOICES, {NULL}, false, "{'a': 10, 'b': 2, 'k': 'm', 'n': None}"},
		{CHOICES, {"k=z"}, false, "{'a': 1, 'b': 2, 'k': 'z', 'n': None}"},
		{CHOICES, {"k=Q"}, false, "{'a': 20, 'b': 21, 'k': 'q', 'n': None}"},
		/* A choice with an alias brings its flags only under the alias. */
		{CHOICES, {"k=q"}, false, "{'a': 1, 'b': 2, 'k': 'q', 'n': None}"},
		{CHOICES, {"k=Q", "a=5"}, false, "{'a': 5, 'b': 21, 'k': 'q', 'n': None}"},
		{CHOICES, {"k=Q", "b="}, false, "{'a': 20, 'b': '', 'k': 'q', 'n': None}"},
		{CHOICES, {"k=Q", "b=~"}, false, "{'a': 20, 'b': 21, 'k': 'q', 'n': None}"},
		{CHOICES, {"a=5"}, false, "{'a': 5, 'b': 2, 'k': 'm', 'n': None}"},
		{CHOICES, {"zz=1"}, false, NULL},
		{CHOICES, {"k=other"}, false, NULL},
		{CHOICES, {"k=other", "zz=1"}, true,
			"{'a': 1, 'b': 2, 'k': 'other', 'n': None, 'zz': 1}"},
		{ALIAS, {"n=2"}, false, "{'name': 2, 'z': 0}"},
		{ALIAS, {"name=2"}, false, "{'name': 2, 'z': 0}"},
		{ALIAS, {"n=2", "name=3"}, false, NULL},
		{ALIAS, {"n=2", "name=3"}, true, "{'n': 2, 'name': 3, 'z': 0}"},
		{ALIAS, {"n=2", "n=3"}, false, "{'name': 3, 'z': 0}"},
		{"op: {exec: x, flags: {b: 1, a: 2, C: 3, '10': 4, '9': 5}}", {NULL}, false,
			"{'10': 4, '9': 5, 'C': 3, 'a': 2, 'b': 1}"},
		/* Defaults are checked, too. */
		{"op: {exec: x, flags: {f: {default: '5', type: int}}}", {NULL}, false, "{'f': 5}"},
		{"op: {exec: x, flags: {f: {default: x, type: int}}}", {NULL}, false, NULL},
		{"op: {exec: x, flags: {f: {default: x, type: int}}}", {NULL}, true, "{'f': 'x'}"},
		{"op: {exec: x, flags: {f: {default: b, choices: [a]}}}", {NULL}, false, NULL},
		{"op: {exec: x, flags: {f: {default: 5, max: 3}}}", {NULL}, false, NULL},
		{"op: {exec: x, flags: {f: {required: yes}}}", {NULL}, false, NULL},
		{"op: {exec: x, flags: {f: {required: yes}}}", {NULL}, true, "{'f': None}"},
		{"op: {exec: x, flags: {f: 5}}", {"f=~"}, false, "{'f': None}"},
		{"op: {exec: x, flags: {f: 5}}", {"f=a=b"}, false, "{'f': 'a=b'}"},
		{"op: {exec: x, flags: {f: 5}}", {"f"}, false, NULL},
		{"op: {exec: x, flags: {k: {choices: [{value: 1, flags: {new: 3}}], default: 1}}}",
			{NULL}, false, "{'k': 1, 'new': 3}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_guildfile_ struct guildfile *file = parse(table[i].file);
		_cleanup_value_ struct value *flags = NULL;
		_cleanup_buf_ struct buf repr = BUF_INIT;
		struct err err = ERR_INIT;
		int r = resolve(&file->models[0].operations[0], table[i].words, table[i].force,
			&flags, NULL, &err);

		if (!table[i].repr) {
			assert_int_equal(r, -EINVAL);
			assert_true(strlen(err_text(&err)) > 10);
			continue;
		}
		if (r < 0)
			fail_msg("row %zu: %s", i, err_text(&err));
		value_repr(&repr, flags);
		assert_string_equal(buf_str(&repr), table[i].repr);
	}
}

/* The kinds that the command line words in Guild AI's way. */
static void problems(void **state)
{
	static const struct {
		const char *words[3];
		int kind;
		const char *name;
	} table[] = {
		{{"epocs=1"}, PROBLEM_UNKNOWN, "epocs"},
		{{"kind=x"}, PROBLEM_CHOICE, "kind"},
		{{"epochs=x"}, PROBLEM_VALUE, "epochs"},
		{{"epochs=0"}, PROBLEM_VALUE, "epochs"},
		{{"must="}, PROBLEM_REQUIRED, "must"},
		{{"e=1", "epochs=2"}, PROBLEM_ALIAS, "epochs"},
	};
	_cleanup_guildfile_ struct guildfile *file =
		parse("op: {exec: x, flags: {epochs: {type: int, min: 1, default: 3, alias: e}, "
		      "kind: {choices: [a]}, must: {required: yes, default: d}}}");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_value_ struct value *flags = NULL, *user = value_map();
		struct flags_problem problem = {0};
		const struct operation *op = &file->models[0].operations[0];
		struct err err = ERR_INIT;

		for (const char *const *word = table[i].words; *word; word++)
			assert_int_equal(flags_assign_word(op, user, *word, &err), 0);
		assert_int_equal(flags_resolve(op, user, false, &flags, &problem, &err), -EINVAL);
		assert_int_equal(problem.kind, table[i].kind);
		assert_string_equal(
			problem.flag ? problem.flag->name : problem.name, table[i].name);
		if (problem.kind == PROBLEM_UNKNOWN)
			assert_string_equal(problem.near, "epochs");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_flag),
		cmocka_unit_test(several_flags),
		cmocka_unit_test(problems),
	};

	return cmocka_run_group_tests_name("flag checks", tests, NULL, NULL);
}
