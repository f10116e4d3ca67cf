/* SPDX-License-Identifier: MIT */
/* From an operation and its flags to words and variables: what Guild AI 0.9.1 makes of the same. */
#include "support.h"

#include <errno.h>

#include "project/command.h"
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

/* The first operation's words in brackets, with its flags' defaults. */
static int argv_of(const char *text, struct buf *line, struct err *err)
{
	_cleanup_guildfile_ struct guildfile *file = parse(text);
	const struct operation *op = &file->models[0].operations[0];
	_cleanup_value_ struct value *flags = flags_defaults(op),
				     *attr = command_attr(op, flags, err), *read = NULL;
	_cleanup_strv_ struct strv argv = STRV_INIT;
	_cleanup_buf_ struct buf stored = BUF_INIT;
	int r;

	/* The attribute is written to a file and read again before it is used. */
	assert_non_null(attr);
	yaml_emit(&stored, attr);
	assert_int_equal(yaml_parse(buf_str(&stored), stored.len, &read, NULL), 0);
	r = command_argv(read, flags, "PY", &argv, err);
	for (size_t i = 0; r == 0 && i < argv.n; i++)
		buf_printf(line, "%s[%s]", i ? " " : "", argv.v[i]);
	return r;
}

static void check_argv(const char *text, const char *wanted)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	struct err err = ERR_INIT;

	if (argv_of(text, &line, &err) < 0)
		fail_msg("%s: %s", text, err_text(&err));
	if (strcmp(buf_str(&line), wanted) != 0)
		fail_msg("%s: %s, not %s", text, buf_str(&line), wanted);
}

/* One flag f, as words of a command and for globals, where each is a word of YAML. */
static void one_flag(void **state)
{
	static const struct {
		const char *flag, *args, *globals;
	} table[] = {
		{"null", "", ""},
		{"yes", "[--f] [1]", "[--f] [true]"},
		{"no", "[--f] []", "[--f] [false]"},
		{"1", "[--f] [1]", "[--f] [1]"},
		{"0.001", "[--f] [0.001]", "[--f] [0.001]"},
		{"1e-05", "[--f] [1e-05]", "[--f] [1.0e-05]"},
		{"1e+20", "[--f] [1e+20]", "[--f] [1.0e+20]"},
		{"''", "[--f] []", "[--f] ['']"},
		{"a", "[--f] [a]", "[--f] [a]"},
		{"a b", "[--f] [a b]", "[--f] [a b]"},
		{"'1'", "[--f] [1]", "[--f] ['1']"},
		{"'yes'", "[--f] [yes]", "[--f] ['yes']"},
		{"it's", "[--f] [it's]", "[--f] [it's]"},
		{"-1", "[--f] [-1]", "[--f] [-1]"},
		{"{default: {a: 1}}", "[--f] [{'a': 1}]", "[--f] [{a: 1}]"},
		{"{default: {b: [1, x]}}", "[--f] [{'b': [1, 'x']}]", "[--f] [{b: [1, x]}]"},
		{"'[1, 2]'", "[--f] [[1, 2]]", "[--f] ['[1, 2]']"},
		{"{default: 1, arg-skip: yes}", "", ""},
		{"{default: 1, arg-skip: no}", "[--f] [1]", "[--f] [1]"},
		{"{default: yes, arg-switch: yes}", "[--f]", "[--f]"},
		{"{default: no, arg-switch: yes}", "", ""},
		{"{default: no, arg-switch: no}", "[--f]", "[--f]"},
		{"{default: yes, arg-switch: no}", "", ""},
		{"{default: a, arg-switch: a}", "[--f]", "[--f]"},
		{"{default: b, arg-switch: a}", "", ""},
		{"{default: a b, arg-split: yes}", "[--f] [a] [b]", "[--f] [[a, b]]"},
		{"{default: \"a 'b c' 1\", arg-split: yes}", "[--f] [a] [b c] [1]",
			"[--f] [[a, b c, 1]]"},
		{"{default: 'a,b', arg-split: ','}", "[--f] [a] [b]", "[--f] [[a, b]]"},
		{"{default: '', arg-split: yes}", "", "[--f] [[]]"},
		{"{default: '1 2 a true', arg-split: yes}", "[--f] [1] [2] [a] [true]",
			"[--f] [[1, 2, a, true]]"},
		{"{default: 1, arg-name: x-y.z}", "[--x-y.z] [1]", "[--x-y.z] [1]"},
		{"{default: yes, arg-encoding: {yes: 'on', no: 'off'}}", "[--f] [on]",
			"[--f] [true]"},
		{"{default: no, arg-encoding: {yes: 'on', no: 'off'}}", "[--f] [off]",
			"[--f] [false]"},
		{"{default: 1, arg-encoding: {yes: 'on'}}", "[--f] [on]", "[--f] [1]"},
		{"{default: '1', arg-encoding: {1: one}}", "[--f] [1]", "[--f] ['1']"},
		{"{default: '1', arg-encoding: {'1': one}}", "[--f] [one]", "[--f] ['1']"},
		{"{default: 1.0, arg-encoding: {1: one}}", "[--f] [one]", "[--f] [1.0]"},
		{"{default: a, arg-encoding: {a: ''}}", "[--f] []", "[--f] [a]"},
		{"{default: a, arg-encoding: {b: c}}", "[--f] [a]", "[--f] [a]"},
	};
	static const char *const like_globals[] = {"globals", "global:p", "dict:p", "namespace:p"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_buf_ struct buf text = BUF_INIT, args = BUF_INIT, globals = BUF_INIT;

		buf_printf(&text, "op: {exec: 'e ${flag_args}', flags-dest: args, flags: {f: %s}}",
			table[i].flag);
		buf_printf(&args, "[e]%s%s", *table[i].args ? " " : "", table[i].args);
		check_argv(buf_str(&text), buf_str(&args));
		buf_printf(&globals, "[e]%s%s", *table[i].globals ? " " : "", table[i].globals);
		for (size_t d = 0; d < ARRAY_SIZE(like_globals); d++) {
			buf_clear(&text);
			buf_printf(&text,
				"op: {exec: 'e ${flag_args}', flags-dest: '%s', flags: {f: %s}}",
				like_globals[d], table[i].flag);
			check_argv(buf_str(&text), buf_str(&globals));
		}
	}
}

/* References, quotes, and what is no reference. */
static void words(void **state)
{
	static const struct {
		const char *exec, *argv, *reason;
	} table[] = {
		{"e ${f}", "[e] [1]", NULL},
		{"e '${f} x'", "[e] [1 x]", NULL},
		{"e \"${f}\"", "[e] [1]", NULL},
		{"e \\${f}", "[e] [1]", NULL},
		{"e '\\${f}'", "[e] [${f}]", NULL},
		{"e \"\\${f}\"", "[e] [${f}]", NULL},
		{"e ${f}${g}", "[e] [11-x]", NULL},
		{"e ${h}", "[e] [1-x]", NULL},
		{"e x${n}y", "[e] [xy]", NULL},
		{"e ${n}", "[e] []", NULL},
		{"e ${t} ${o}", "[e] [1] []", NULL},
		{"e ${d} ${e}", "[e] [0.001] []", NULL},
		{"e ${f.g} ${a-b}", "[e] [2] [3]", NULL},
		{"e $f $$ ${", "[e] [$f] [$$] [${]", NULL},
		{"e ${ f }", "[e] [${] [f] [}]", NULL},
		{"e ${python_exe} -m x", "[e] [PY] [-m] [x]", NULL},
		{"e ${project_dir}/x ${project_dir}", "[e] [/p/x] [/p]", NULL},
		{"e '${project_dir} y'", "[e] [/p y]", NULL},
		{"e a\\ b 'c d' \"e f\" ''", "[e] [a b] [c d] [e f] []", NULL},
		{"e a'b'\"c\"", "[e] [abc]", NULL},
		{"'e f' x", "[e f] [x]", NULL},
		{"e # c", "[e] [#] [c]", NULL},
		{"e ${nope}", NULL,
			"invalid setting for operation: command contains invalid reference 'nope'"},
		{"e ${c}", NULL,
			"invalid setting for operation: the references of 'c2' lead in a circle"},
		{"e ${u}", NULL,
			"invalid setting for operation: command contains invalid reference 'nope'"},
		{"e ${}", NULL,
			"invalid setting for operation: command contains invalid reference ''"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_buf_ struct buf text = BUF_INIT, line = BUF_INIT;
		_cleanup_value_ struct value *exec = value_string(table[i].exec);
		struct err err = ERR_INIT;

		buf_puts(&text, "op:\n  exec: ");
		yaml_emit_flow(&text, exec);
		buf_puts(&text,
			"\n  flags: {f: 1, g: '${f}-x', h: '${g}', n: null, t: yes, o: no, "
			"d: 0.001, e: '', f.g: 2, a-b: 3, c: '${c2}', c2: '${c}', u: '${nope}'}");
		if (!table[i].reason) {
			check_argv(buf_str(&text), table[i].argv);
			continue;
		}
		assert_int_equal(argv_of(buf_str(&text), &line, &err), -EINVAL);
		assert_string_equal(err_text(&err), table[i].reason);
	}
}

/* Where flags go, in which order, and which the command has said before. */
static void flag_args(void **state)
{
	static const struct {
		const char *exec, *flags, *argv;
	} table[] = {
		{"e ${flag_args}", "{b: 1, a: 2}", "[e] [--a] [2] [--b] [1]"},
		{"e ${flag_args} end", "{b: 1}", "[e] [--b] [1] [end]"},
		{"e --b 3 ${flag_args}", "{a: 1, b: 1}", "[e] [--b] [3] [--a] [1]"},
		{"e --b=3 ${flag_args}", "{a: 1, b: 1}", "[e] [--b=3] [--a] [1] [--b] [1]"},
		{"e ${flag_args} --b", "{a: 1, b: 1}", "[e] [--a] [1] [--b] [1] [--b]"},
		{"e --b ${flag_args}",
			"{a: {default: 1, arg-name: b}, b: {default: 2, arg-name: c}}",
			"[e] [--b] [--c] [2]"},
		{"e ${flag_args}", "{a: --b, b: 1}", "[e] [--a] [--b] [--b] [1]"},
		{"e ${flag_args}", "{a: {default: 1, arg-name: x}, b: {default: 2, arg-name: x}}",
			"[e] [--x] [1] [--x] [2]"},
		{"e --s ${flag_args}", "{s: {default: yes, arg-switch: yes}}", "[e] [--s]"},
		{"e", "{a: 1}", "[e]"},
		{"e '${flag_args}'", "{a: 1}", "[e] [--a] [1]"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;

		buf_printf(
			&text, "op:\n  exec: \"%s\"\n  flags: %s", table[i].exec, table[i].flags);
		check_argv(buf_str(&text), table[i].argv);
	}
}

static void templates(void **state)
{
	static const char *const table[][2] = {
		{"{main: m}", "[PY] [-um] [guild.op_main] [m] [--]"},
		{"{main: m, flags: {f: 1}}", "[PY] [-um] [guild.op_main] [m] [--] [--f] [1]"},
		{"{main: pkg.m}", "[PY] [-um] [guild.op_main] [pkg.m] [--]"},
		{"{main: dir/m}", "[PY] [-um] [guild.op_main] [dir/m] [--]"},
		{"{main: m sub --x 1, flags: {f: 2}}",
			"[PY] [-um] [guild.op_main] [m] [sub] [--x] [1] [--] [--f] [2]"},
		{"{main: 'm \"${f} x\"', flags: {f: 2}}",
			"[PY] [-um] [guild.op_main] [m] [2 x] [--] [--f] [2]"},
		{"{main: m --f 3, flags: {f: 1, g: a b}}",
			"[PY] [-um] [guild.op_main] [m] [--f] [3] [--] [--g] [a b]"},
		{"{main: m a\\ b}", "[PY] [-um] [guild.op_main] [m] [a b] [--]"},
		{"m a 'b c'", "[PY] [-um] [guild.op_main] [m] [a] [b c] [--]"},
		{"{}", "[PY] [-um] [guild.op_main] [op] [--]"},
		{"{cmd: train_it}", "[PY] [-um] [guild.op_main] [train_it] [--]"},
		{"{exec: a, main: b, steps: [c]}", "[a]"},
		{"{main: b, steps: [c]}", "[PY] [-um] [guild.op_main] [b] [--]"},
		{"{steps: [c]}", "[PY] [-um] [guild.steps_main]"},
		{"{notebook: n.ipynb}",
			"[PY] [-um] [guild.op_main] [guild.plugins.nbexec] [n.ipynb] [--]"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;

		buf_printf(&text, "op: %s\n", table[i][0]);
		check_argv(buf_str(&text), table[i][1]);
	}
}

static void main_from_the_name(void **state)
{
	static const char *const table[][2] = {
		{"train", "[PY] [-um] [guild.op_main] [train] [--]"},
		{"train.py", "[PY] [-um] [guild.op_main] [train] [--]"},
		{"my-long-op", "[PY] [-um] [guild.op_main] [my_long_op] [--]"},
		{"sub/op", "[PY] [-um] [guild.op_main] [sub/op] [--]"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;

		buf_printf(&text, "'%s': {}\n", table[i][0]);
		check_argv(buf_str(&text), table[i][1]);
	}
}

/* A variable that must have a value, or none when the value is NULL. */
static void variables(void **state)
{
	static const struct {
		const char *op, *name, *value;
	} table[] = {
		{"{exec: e, flags: {f: yes}}", "FLAG_F", "1"},
		{"{exec: e, flags: {f: no}}", "FLAG_F", ""},
		{"{exec: e, flags: {f: null}}", "FLAG_F", ""},
		{"{exec: e, flags: {f: 1e-05}}", "FLAG_F", "1e-05"},
		{"{exec: e, flags: {f: a b}}", "FLAG_F", "a b"},
		{"{exec: e, flags: {f: '1'}}", "FLAG_F", "1"},
		{"{exec: e, flags: {f: {default: 1, arg-skip: yes}}}", "FLAG_F", "1"},
		{"{exec: e, flags: {f: {default: a 'b c', arg-split: yes}}}", "FLAG_F", "a 'b c'"},
		{"{exec: e, flags: {f: {default: no, arg-switch: yes}}}", "FLAG_F", ""},
		{"{exec: e, flags: {a-b.c d: 1}}", "FLAG_A_B_C_D", "1"},
		{"{exec: e, flags: {é: 1}}", "FLAG__", "1"},
		{"{exec: e, flags: {f: {default: 1, env-name: X}}}", "X", "1"},
		{"{exec: e, flags: {f: {default: 1, env-name: X}}}", "FLAG_F", NULL},
		{"{exec: e, flags: {f: {default: yes, env-encoding: {yes: E}}}}", "FLAG_F", "E"},
		{"{exec: e, flags: {f: {default: yes, arg-encoding: {yes: A}}}}", "FLAG_F", "A"},
		{"{exec: e, flags: {f: {default: yes, arg-encoding: {yes: A}, env-encoding: {yes: "
		 "E}}}}",
			"FLAG_F", "E"},
		{"{exec: e, flags: {f: {default: no, arg-encoding: {no: A}, env-encoding: {yes: "
		 "E}}}}",
			"FLAG_F", "A"},
		{"{exec: e, flags-dest: globals, flags: {f: yes}}", "FLAG_F", "1"},
		{"{exec: e, flags-dest: globals}", "FLAGS_DEST", "globals"},
		{"{exec: e, flags-dest: 'dict:a.b'}", "FLAGS_DEST", "dict:a.b"},
		{"{exec: e, env: {A: yes}}", "A", "1"},
		{"{exec: e, env: {A: no}}", "A", ""},
		{"{exec: e, env: {A: null}}", "A", ""},
		{"{exec: e, env: {A: 1.5}}", "A", "1.5"},
		{"{exec: e, env: {A: 'x${f}'}, flags: {f: 1}}", "A", "x1"},
		{"{exec: e, env: {A: '${f}'}, flags: {f: 1}}", "A", "1"},
		{"{exec: e, env: {A: '${f} ${g} ${n}'}, flags: {f: yes, g: 1, n: null}}", "A",
			"true 1 null"},
		{"{exec: e, env: {A: '${g}'}, flags: {f: a, g: '${f}s'}}", "A", "as"},
		{"{exec: e, env: {FLAG_F: 1}, flags: {f: 2}}", "FLAG_F", "2"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;
		_cleanup_guildfile_ struct guildfile *file = NULL;
		_cleanup_value_ struct value *flags = NULL, *attr = NULL;
		_cleanup_strv_ struct strv env = STRV_INIT;
		const char *value;

		buf_printf(&text, "op: %s\n", table[i].op);
		file = parse(buf_str(&text));
		flags = flags_defaults(&file->models[0].operations[0]);
		attr = command_attr(&file->models[0].operations[0], flags, NULL);
		assert_int_equal(command_env(attr, flags, &env, NULL), 0);
		value = strv_env_get(&env, table[i].name);
		if (!value || !table[i].value ? value != table[i].value
					      : strcmp(value, table[i].value) != 0)
			fail_msg("%s: %s=%s", table[i].op, table[i].name, value ? value : "(none)");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_flag),
		cmocka_unit_test(words),
		cmocka_unit_test(flag_args),
		cmocka_unit_test(templates),
		cmocka_unit_test(main_from_the_name),
		cmocka_unit_test(variables),
	};

	return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
