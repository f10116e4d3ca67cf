/* SPDX-License-Identifier: MIT */
/* Guild files, flags and commands. */
#include "support.h"

#include <errno.h>

#include "project/command.h"
#include "project/flag_import.h"
#include "project/batch_request.h"
#include "project/flags.h"
#include "project/project.h"
#include "yaml/yaml.h"

static struct guildfile *parse(const char *text)
{
	struct guildfile *file = NULL;
	struct err err = ERR_INIT;

	if (guildfile_parse("/p/guild.yml", text, strlen(text), &file, &err) < 0)
		fail_msg("%s", err_text(&err));
	return file;
}

#define SEED                                                                                       \
	"model: cifar10-cnn\n"                                                                     \
	"description: a model\n"                                                                   \
	"operations:\n"                                                                            \
	"  train:\n"                                                                               \
	"    description: Train\n"                                                                 \
	"    cmd: train_cnn\n"                                                                     \
	"    flags:\n"                                                                             \
	"      epochs: 10000\n"                                                                    \
	"      batch-size: 128\n"

static void check_argv(const struct operation *op, const struct value *user, const char *wanted)
{
	_cleanup_value_ struct value *attr = NULL, *flags = NULL;
	_cleanup_strv_ struct strv argv = STRV_INIT;
	_cleanup_buf_ struct buf line = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(flags_resolve(op, user, false, &flags, NULL, &err), 0);
	attr = command_attr(op, flags, &err);
	assert_int_equal(command_argv(attr, flags, "PY", &argv, &err), 0);
	for (size_t i = 0; i < argv.n; i++)
		buf_printf(&line, "%s[%s]", i ? " " : "", argv.v[i]);
	assert_string_equal(buf_str(&line), wanted);
}

static void three_forms(void **state)
{
	_cleanup_guildfile_ struct guildfile *seed = parse(SEED);
	_cleanup_guildfile_ struct guildfile *brief =
		parse("train: train --x 1\nsay:\n  exec: echo hi\n");
	_cleanup_guildfile_ struct guildfile *list = parse("- model: a\n  operations: {t: m}\n"
							   "- model: b\n  default: yes\n"
							   "- package: p\n");
	_cleanup_guildfile_ struct guildfile *empty = parse("");

	(void)state;
	assert_int_equal(seed->n_models, 1);
	assert_string_equal(seed->models[0].name, "cifar10-cnn");
	check_argv(&seed->models[0].operations[0], NULL,
		"[PY] [-um] [guild.op_main] [train_cnn] [--] [--batch-size] [128] [--epochs] "
		"[10000]");
	assert_string_equal(brief->models[0].name, "");
	assert_int_equal(brief->models[0].n_operations, 2);
	check_argv(model_operation(&brief->models[0], "train"), NULL,
		"[PY] [-um] [guild.op_main] [train] [--x] [1] [--]");
	check_argv(model_operation(&brief->models[0], "say"), NULL, "[echo] [hi]");
	assert_int_equal(list->n_models, 2);
	assert_true(list->models[1].is_default);
	assert_int_equal(empty->n_models, 0);
}

static void commands(void **state)
{
	_cleanup_guildfile_ struct guildfile *file =
		parse("my-op.py:\n"
		      "  flags: {a: yes, b: no, c: null, d: 0.001, e: 1.0e+20, f: a b, g: ''}\n"
		      "refs:\n"
		      "  exec: run ${x} '${y} z' ${project_dir}\n"
		      "  flags: {x: 1, y: '${x}!'}\n"
		      "args:\n"
		      "  exec: run ${flag_args} end\n"
		      "  flags:\n"
		      "    s: {default: yes, arg-switch: yes}\n"
		      "    t: {default: no, arg-switch: yes}\n"
		      "    n: {default: 1, arg-name: nn}\n"
		      "    k: {default: 1, arg-skip: yes}\n"
		      "glob: {main: m, flags-dest: globals, flags: {a: yes, b: '1', c: x y}}\n"
		      "bad: {exec: 'run ${nope}'}\n");
	const struct model *m = &file->models[0];
	_cleanup_value_ struct value *attr = command_attr(model_operation(m, "bad"), NULL, NULL);
	_cleanup_strv_ struct strv argv = STRV_INIT;
	struct err err = ERR_INIT;

	(void)state;
	check_argv(model_operation(m, "my-op.py"), NULL,
		"[PY] [-um] [guild.op_main] [my_op] [--] [--a] [1] [--b] [] [--d] [0.001] [--e] "
		"[1e+20] [--f] [a b] [--g] []");
	check_argv(model_operation(m, "refs"), NULL, "[run] [1] [1! z] [/p]");
	check_argv(model_operation(m, "args"), NULL, "[run] [--nn] [1] [--s] [end]");
	check_argv(model_operation(m, "glob"), NULL,
		"[PY] [-um] [guild.op_main] [m] [--] [--a] [true] [--b] ['1'] [--c] [x y]");
	assert_int_equal(command_argv(attr, NULL, "PY", &argv, &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "invalid reference 'nope'"));
}

static void environment(void **state)
{
	_cleanup_guildfile_ struct guildfile *file = parse(
		"op:\n  exec: x\n  env: {GREETING: 'hello ${who}', ON: yes}\n"
		"  flags: {who: you, learn-rate: 0.5, off: no, named: {default: 1, env-name: "
		"OTHER},\n"
		"    level: {default: 2, arg-encoding: {1: low, 2: high}},\n"
		"    sign: {default: yes, arg-encoding: {yes: p}, env-encoding: {yes: P}}}\n");
	const struct operation *op = &file->models[0].operations[0];
	_cleanup_value_ struct value *flags = flags_defaults(op),
				     *attr = command_attr(op, flags, NULL);
	_cleanup_strv_ struct strv env = STRV_INIT;

	(void)state;
	assert_int_equal(command_env(attr, flags, &env, NULL), 0);
	assert_string_equal(strv_env_get(&env, "GREETING"), "hello you");
	assert_string_equal(strv_env_get(&env, "ON"), "1");
	assert_string_equal(strv_env_get(&env, "FLAG_LEARN_RATE"), "0.5");
	assert_string_equal(strv_env_get(&env, "FLAG_OFF"), "");
	assert_string_equal(strv_env_get(&env, "OTHER"), "1");
	assert_null(strv_env_get(&env, "FLAG_NAMED"));
	assert_string_equal(strv_env_get(&env, "FLAG_LEVEL"), "high");
	assert_string_equal(strv_env_get(&env, "FLAG_SIGN"), "P");
	assert_null(strv_env_get(&env, "FLAGS_DEST"));
}

/* What Guild AI needs to start the run again, since it adds nothing itself. */
static void op_attribute(void **state)
{
	_cleanup_guildfile_ struct guildfile *file =
		parse("glob: {main: m, flags-dest: globals}\n"
		      "main: {main: m, flags-import: no}\n"
		      "exec: {exec: 'python x.py ${flag_args}'}\n"
		      "python: {exec: '${python_exe} x.py'}\n");
	const struct {
		const char *name, *dest, *env;
		bool is_python;
	} table[] = {
		{"glob", "globals", "globals", true},
		{"main", "args", NULL, true},
		{"exec", "args", NULL, false},
		{"python", "args", NULL, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const struct operation *op = model_operation(&file->models[0], table[i].name);
		_cleanup_value_ struct value *attr = command_attr(op, NULL, NULL);
		const struct value *cmd = value_get(attr, "op-cmd");
		const char *env = value_str(value_get(value_get(cmd, "cmd-env"), "FLAGS_DEST"));

		assert_string_equal(value_str(value_get(cmd, "flags-dest")), table[i].dest);
		assert_int_equal(!env, !table[i].env);
		assert_true(!env || strcmp(env, table[i].env) == 0);
		assert_int_equal(command_is_python(attr), table[i].is_python);
	}
}

static void file_errors(void **state)
{
	static const struct {
		const char *text;
		int line, column;
		const char *part;
	} table[] = {
		{"hello", 1, 1, "invalid guildfile data 'hello': expected a mapping"},
		{"- 1", 1, 3, "invalid item 1: expected a mapping"},
		{"- foo: 1", 1, 3,
			"missing required type (one of: config, include, model, package) in "
			"{'foo': 1}"},
		{"- model: a\n  package: b", 1, 3, "multiple types (model, package) in"},
		{"- model: 1", 1, 10, "invalid model name $1: expected a string"},
		{"- model: a\n- model: a", 2, 3, "duplicate model 'a'"},
		{"- model: a\n  operations: [1]", 2, 15,
			"invalid operations value [1]: expected a mapping"},
		{"train: [1]", 1, 8,
			"invalid value for operation '[1]' 'train': expected a string or a "
			"mapping"},
		{"train: {flags: 1}", 1, 16, "invalid flags value 1: expected a mapping"},
		{"train: {main: 'a \"b'}", 1, 15, "is not closed"},
		{"train: {flags: {x: {type: foo}}}", 1, 27, "the types are"},
		{"train: {flags: {x: {choices: 1}}}", 1, 30, "expected a list of values"},
		{"train: {flags-import: 3}", 1, 23, "expected yes/all, no, or a list"},
		{"train:\n  steps: a", 2, 10, "invalid steps data 'a': expected a list"},
		{"- model: a\n  extends: b", 2, 12, "undefined model or config 'b'"},
		{"- model: a\n  extends: b\n- config: b\n  extends: a", 2, 12,
			"cycle in 'extends' (b -> a -> b)"},
		{"- include: b", 1, 12, "cannot find include 'b'"},
		{"- model: m\n  operations: {t: {flags: {$include: x}}}", 2, 38,
			"invalid include reference 'x': cannot find target"},
		{"train: {requires: {file: a, url: b}}", 1, 19,
			"conflicting attributes (file, url)"},
		{"train: {requires: {a: 1}}", 1, 19, "missing required attribute (one of"},
		{"train: {requires: {file: x, rename: a b c}}", 1, 37, "invalid rename spec"},
		{"- model: m\n  resources: {r: 1}", 2, 18, "invalid resource value 1"},
		{"train: {optimizer: a, optimizers: [b]}", 1, 35, "conflicting optimizer"},
		{"a: [1", 2, 1, "not YAML"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct guildfile *file = NULL;
		struct err err = ERR_INIT;
		char place[64];

		assert_int_equal(guildfile_parse("/p/guild.yml", table[i].text,
					 strlen(table[i].text), &file, &err),
			-EINVAL);
		snprintf(place, sizeof(place), "/p/guild.yml:%d:%d: ", table[i].line,
			table[i].column);
		if (strncmp(err_text(&err), place, strlen(place)) != 0 ||
			!strstr(err_text(&err), table[i].part))
			fail_msg("%s: %s", table[i].text, err_text(&err));
	}
}

static void finding(void **state)
{
	_cleanup_guildfile_ struct guildfile *file =
		parse("- model: cnn-big\n  operations: {train: a, test: {main: b, default: yes}}\n"
		      "- model: cnn\n  operations: {train: c, only-here: d}\n"
		      "- model: rnn\n  default: yes\n  operations: {train: e}\n");
	static const char *const table[][2] = {
		{"", "rnn:train"},
		{"train", "rnn:train"},
		{"cnn:train", "cnn:train"},
		{"big:train", "cnn-big:train"},
		{"big:", "cnn-big:test"},
		{":train", "rnn:train"},
		{"only-here", "cnn:only-here"},
		{"cn:train", NULL},
		{"nope:train", NULL},
		{"trian", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const struct operation *op;
		struct err err = ERR_INIT;
		_cleanup_buf_ struct buf spec = BUF_INIT;
		int r = guildfile_find_operation(file, table[i][0], &op, &err);

		if (!table[i][1]) {
			assert_int_equal(r, -ENOENT);
			assert_true(strlen(err_text(&err)) > 10);
			continue;
		}
		assert_int_equal(r, 0);
		operation_spec(&spec, op);
		assert_string_equal(buf_str(&spec), table[i][1]);
	}
}

#define FLAGS_FILE                                                                                 \
	"op:\n  exec: x\n  flags:\n"                                                               \
	"    epochs: 10\n"                                                                         \
	"    rate: {type: float, default: 0.1}\n"                                                  \
	"    count: {type: int}\n"                                                                 \
	"    name: {type: string, alias: n}\n"                                                     \
	"    on: {type: boolean}\n"                                                                \
	"    kind: {choices: [a, 1, 0.5]}\n"                                                       \
	"    any: null\n"                                                                          \
	"    must: {required: yes, default: m}\n"

static void flags_files(void **state)
{
	_cleanup_guildfile_ struct guildfile *file = parse(FLAGS_FILE);
	const struct operation *op = &file->models[0].operations[0];
	static const struct {
		const char *text, *flag,
			*shown; /* shown NULL: refused, and flag is part of the reason */
	} table[] = {
		{"epochs: 5", "epochs", "5"},
		{"epochs=5", "epochs", "5"},
		{"# only a comment\n", "epochs", "10"},
		{"\n", "epochs", "10"},
		{"{}", "epochs", "10"},
		{"any: 010", "any", "10"},
		{"any: '010'", "any", "'010'"},
		{"any: 1_000", "any", "'1_000'"},
		{"any: \"a\\nb\"", "any", "\"a\\nb\""},
		{"any: |\n  text\n", "any", "\"text\\n\""},
		{"any=\"a b\"", "any", "a b"},
		{"any='{a: 1}'", "any", "{a: 1}"},
		{"any:", "any", "null"},
		{"count:", "line 1: no value for flag 'count'", NULL},
		{"epochs: 1\nrate:\nany: 2", "line 2: no value for flag 'rate'", NULL},
		{"count: null", "count", "null"},
		{"count=", "invalid value for type 'int'", NULL},
		{"count=null", "count", "null"},
		{"epochs: 1\nany: 2\nepochs: 1",
			"line 3: flag 'epochs' is given twice, first in line 1", NULL},
		{"any: 2\nname: a\nn: b", "line 3: flag 'n' is given twice, first in line 2", NULL},
		{"x: 2\nx: a", "line 2: flag 'x' is given twice, first in line 1", NULL},
		{"any='1\n2' epochs=1\nname=a epochs=2",
			"line 3: flag 'epochs' is given twice, first in line 2", NULL},
		{"rate: 1", "rate", "1.0"},
		{"rate: x", "invalid value for type 'float'", NULL},
		{"count: 1.5", "invalid value for type 'int'", NULL},
		{"count: '7'", "count", "7"},
		{"name: 1", "name", "'1'"},
		{"n: x", "name", "x"},
		{"on: yes", "on", "true"},
		{"on: maybe", "invalid value for type 'boolean'", NULL},
		{"kind: a", "kind", "a"},
		{"kind: 1", "kind", "1"},
		{"kind: 1.0", "kind", "1.0"},
		{"kind: b", "the choices are: a, 1, 0.5", NULL},
		{"epocs: 1", "did you mean 'epochs'", NULL},
		{"x=1 epochs=2", "unknown flag 'x'", NULL},
		{"epochs", "not a flags file", NULL},
		{"[1, 2]", "not a flags file", NULL},
		{"must: ''", "is required", NULL},
		{"any: img[1].png", "any", "img[1].png"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_value_ struct value *user = NULL, *flags = NULL;
		_cleanup_buf_ struct buf shown = BUF_INIT;
		struct err err = ERR_INIT;
		int r = flags_parse(
			op, table[i].text, strlen(table[i].text), FLAGS_WHOLE, &user, &err);

		if (r == 0)
			r = flags_resolve(op, user, false, &flags, NULL, &err);
		if (!table[i].shown) {
			_cleanup_buf_ struct buf said = BUF_INIT;

			buf_printf(&said, "line %d: %s", err.line, err_text(&err));
			if (r != -EINVAL || !strstr(buf_str(&said), table[i].flag))
				fail_msg("%s: %d %s", table[i].text, r, buf_str(&said));
			continue;
		}
		if (r < 0)
			fail_msg("%s: %s", table[i].text, err_text(&err));
		yaml_emit_flow(&shown, value_get(flags, table[i].flag));
		assert_string_equal(buf_str(&shown), table[i].shown);
	}
}

/* What is printed can be written back, whatever the values are. */
static void flags_round_trip(void **state)
{
	_cleanup_guildfile_ struct guildfile *file =
		parse("op: {exec: x, flags: {a: 1, 'b c': 2, 'y': 3, '1': 4}}\n");
	const struct operation *op = &file->models[0].operations[0];
	static const char *const words[] = {"1", "'1'", "1e-3", "010", "yes", "'yes'", "x y", "",
		"~", "-.5", "1:30", "1_000", "{a: 1}", "2020-01-01", "nan", "-inf", "#", "a=b",
		"'a\"b'", "é", "123456789012345678901234567890", "0.1", "-0.0", "1e400"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		_cleanup_value_ struct value *flags = flags_defaults(op), *back = NULL;
		_cleanup_buf_ struct buf text = BUF_INIT, again = BUF_INIT;

		assert_int_equal(flags_assign(op, flags, "b c", words[i], NULL), 0);
		flags_print(&text, flags);
		assert_int_equal(
			flags_parse(op, buf_str(&text), text.len, FLAGS_WHOLE, &back, NULL), 0);
		if (!value_equal(flags, back))
			fail_msg("%s: %s", words[i], buf_str(&text));
		flags_print(&again, back);
		assert_string_equal(buf_str(&text), buf_str(&again));
	}
}

/* While it is written only what nothing can mend is refused. */
static void flags_prefixes(void **state)
{
	_cleanup_guildfile_ struct guildfile *file = parse(FLAGS_FILE);
	const struct operation *op = &file->models[0].operations[0];
	static const struct {
		const char *text;
		bool refused;
	} table[] = {
		{"epochs: 1\n", false},
		{"{epochs: 1,\n", false},
		{"any: \"open\n", false},
		{"any='open\n", false},
		{"any: |\n", false},
		{"epochs:\n", false},
		{"count:\n", false},
		{"count:\nany: 1\n", true},
		{"epochs: 1\nepochs: 1\n", true},
		{"epochs=1\nepochs=1\n", true},
		{"# c\n", false},
		{"x: 1\n", true},
		{"epochs: 1\nx: 1\n", true},
		{"- 1\n", true},
		{"hello\n", true},
		{"kind: b\n", true},
		{"a: b: c\n", true},
		{"x=1\n", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		int r = flags_parse(
			op, table[i].text, strlen(table[i].text), FLAGS_PREFIX, NULL, NULL);

		if (r != (table[i].refused ? -EINVAL : 0))
			fail_msg("%s: %d", table[i].text, r);
	}
}

/* What a text makes of an operation, in a line: its kind, and options that were given. */
static int request(const struct operation *op, const char *text, enum flags_extent extent,
	struct buf *shown, struct err *err)
{
	_cleanup_batch_request_ struct batch_request q = {.op = op};
	int r = flags_parse_batch(op, text, strlen(text), extent, &q.user_flags, &q.options, err);

	if (extent == FLAGS_PREFIX)
		return r < 0 ? r : batch_request_find_optimizer(&q, err);
	if (r == 0)
		r = flags_resolve(op, q.user_flags, false, &q.flags, NULL, err);
	if (r == 0)
		r = batch_request_resolve(&q, err);
	if (r < 0)
		return r;
	buf_printf(shown, "%s %lld %s", q.batch_op ? q.batch_op->name : "-",
		(long long)q.max_trials, q.options.objective ? q.options.objective : "-");
	if (value_get(q.opt_flags, "kappa")) {
		buf_putc(shown, ' ');
		yaml_emit_flow(shown, value_get(q.opt_flags, "kappa"));
	}
	return 0;
}

static void batch_requests(void **state)
{
	_cleanup_guildfile_ struct guildfile *file =
		parse("op:\n  exec: x\n  flags: {a: 1, b: {default: 2, min: 1, max: 9}}\n"
		      "  optimizers: {mine: {algorithm: gp, kappa: 3}, asha: {default: yes}}\n"
		      "own: {exec: y}\n"
		      "bare: {exec: x, flags: {a: 1}}\n");
	static const struct {
		const char *op, *text;
		const char *shown; /* NULL: refused, with this in the sentence: */
		const char *sentence;
		bool early; /* before the text is whole, too */
	} table[] = {
		{"op", "a: 2", "- 0 -", NULL, false},
		{"op", "a: [1, 2]", "+ 0 -", NULL, false},
		{"op", "a: [1, 2]\n$max-trials: 1\n$minimize: x", "+ 1 x", NULL, false},
		{"op", "a=uniform[1:2]", "random 20 -", NULL, false},
		{"op", "$optimizer: yes", "asha 20 -", NULL, false},
		{"op", "$optimizer: no", NULL, "$optimizer is for a batch", false},
		{"op", "$optimizer: mine", "gp 20 - 3.0", NULL, false},
		{"op", "$optimizer=mine '$opt-flags={kappa: 4}' $maximize=acc", "gp 20 -acc 4.0",
			NULL, false},
		{"op", "$optimizer: own\n$max-trials: 7", "own 7 -", NULL, false},
		{"op", "$optimizer: gq", NULL, "there is no optimizer 'gq'", true},
		{"op", "$optimizer: queue", NULL, "'queue' is no optimizer", true},
		{"op", "$optimizer: ''", NULL, "the name of an optimizer, or yes, is needed", true},
		{"op", "a: 1\n$optimiser: gp", NULL,
			"line 2: unknown option '$optimiser' - did you mean '$optimizer'?", true},
		{"op", "a: 1\n$jobs: 0", NULL, "line 2: invalid value 0 for $jobs: an integer",
			true},
		{"op", "a: 1\n$jobs: 257", NULL, "at most 256", true},
		{"op", "$random-seed: x", NULL, "an integer is needed", true},
		{"op", "$opt-flags: 1\n$optimizer: gp", NULL, "a mapping", true},
		{"op", "$optimizer: gp\n$opt-flags: {kapa: 1}", NULL, "did you mean 'kappa'",
			false},
		{"op", "$opt-flags: {kappa: 1}\na: [1, 2]", NULL, "there is none", false},
		{"op", "$minimize: a\n$maximize: a", NULL, "cannot both be used", true},
		{"op", "$optimizer: gp\n$optimizer: gp", NULL,
			"line 2: option '$optimizer' is given twice, first in line 1", true},
		{"op", "$jobs: 2", NULL, "$jobs is for a batch", false},
		{"op", "$optimizer: gp\n$stage-trials: yes", NULL, "cannot be staged", false},
		{"op", "a: [1, 2]\n$stage-trials: maybe", NULL, "yes or no is needed", true},
		{"bare", "$optimizer: gp", NULL, "flags for batch", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const struct operation *op = model_operation(&file->models[0], table[i].op);
		_cleanup_buf_ struct buf shown = BUF_INIT, said = BUF_INIT, early = BUF_INIT;
		struct err err = ERR_INIT, early_err = ERR_INIT;
		int r = request(op, table[i].text, FLAGS_WHOLE, &shown, &err);

		buf_printf(&said, "line %d: %s", err.line, err_text(&err));
		if (table[i].shown ? r < 0 || strcmp(buf_str(&shown), table[i].shown) != 0
				   : r != -EINVAL || !strstr(buf_str(&said), table[i].sentence))
			fail_msg("%s: %d %s %s", table[i].text, r, buf_str(&shown), buf_str(&said));
		buf_printf(&early, "%s\n", table[i].text);
		r = request(op, buf_str(&early), FLAGS_PREFIX, NULL, &early_err);
		if (r != (table[i].early ? -EINVAL : 0))
			fail_msg(
				"%s, not yet whole: %d %s", table[i].text, r, err_text(&early_err));
	}
}

static void labels(void **state)
{
	_cleanup_guildfile_ struct guildfile *file =
		parse("op: {exec: x, flags: {a: 0.123456789, b: yes, c: null, d: hello world, e: "
		      "'1', f: 3}}\n");
	_cleanup_value_ struct value *flags = flags_defaults(&file->models[0].operations[0]);
	_cleanup_buf_ struct buf label = BUF_INIT;

	(void)state;
	flags_label(&label, flags);
	assert_string_equal(buf_str(&label), "a=0.12345 b=yes d='hello world' e='1' f=3");
	buf_clear(&label);
	flags_expand_label(&label, "f is ${f}, ${nope}. ${default_label", flags);
	assert_string_equal(buf_str(&label), "f is 3, . ${default_label");
}

static void reloading(void **state)
{
	_cleanup_buf_ struct buf path = BUF_INIT, error = BUF_INIT;
	struct project *p;
	struct guildfile *file;

	buf_printf(&path, "%s/guild.yml", (char *)*state);
	assert_int_equal(project_new(*state, &p, NULL), 0);
	assert_null(project_guildfile(p));
	support_write(buf_str(&path), "a: b\n");
	assert_true(project_refresh(p));
	assert_false(project_refresh(p));
	file = project_guildfile(p);
	assert_int_equal(file->models[0].n_operations, 1);
	support_write(buf_str(&path), "a: [\n");
	assert_true(project_refresh(p));
	project_error(p, &error);
	assert_non_null(strstr(buf_str(&error), "guild.yml:"));
	guildfile_unref(file);
	file = project_guildfile(p);
	assert_non_null(file);
	guildfile_unref(file);
	project_free(p);
	assert_int_equal(project_new("/nonexistent", &p, NULL), -ENOENT);
}

/* The default of op's flag x, as the project has it now. */
static int64_t default_of_x(struct project *p)
{
	_cleanup_guildfile_ struct guildfile *file = project_guildfile(p);
	const struct operation *op = model_operation(&file->models[0], "op");

	operation_import_flags(op);
	return operation_flag(op, "x")->default_value->integer;
}

/* A Guild file is made of more than guild.yml. */
static void reloading_what_belongs_to_it(void **state)
{
	_cleanup_buf_ struct buf guild = BUF_INIT, more = BUF_INIT, config = BUF_INIT;
	struct project *p;

	buf_printf(&guild, "%s/guild.yml", (char *)*state);
	buf_printf(&more, "%s/more.yml", (char *)*state);
	buf_printf(&config, "%s/c.json", (char *)*state);
	support_write(buf_str(&guild), "- include: more.yml\n");
	assert_int_equal(project_new(*state, &p, NULL), 0);
	assert_null(project_guildfile(p));
	support_write(buf_str(&more), "op: {main: m, flags-import: no, flags: {x: 1}}\n");
	assert_true(project_refresh(p));
	assert_int_equal(default_of_x(p), 1);
	support_write(buf_str(&more), "op: {main: m, flags-import: no, flags: {x: 234}}\n");
	assert_true(project_refresh(p));
	assert_int_equal(default_of_x(p), 234);

	support_write(buf_str(&config), "{\"x\": 5}\n");
	support_write(
		buf_str(&more), "op: {exec: e, flags-dest: 'config:c.json', flags-import: all}\n");
	assert_true(project_refresh(p));
	assert_int_equal(default_of_x(p), 5);
	assert_false(project_refresh(p));
	support_write(buf_str(&config), "{\"x\": 678}\n");
	assert_true(project_refresh(p));
	assert_int_equal(default_of_x(p), 678);

	/* What is broken is said once, whatever becomes of the rest meanwhile. */
	support_write(buf_str(&guild), "- include: [\n");
	assert_true(project_refresh(p));
	support_write(buf_str(&config), "{\"x\": 9}\n");
	assert_false(project_refresh(p));
	project_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_forms),
		cmocka_unit_test(commands),
		cmocka_unit_test(environment),
		cmocka_unit_test(op_attribute),
		cmocka_unit_test(file_errors),
		cmocka_unit_test(finding),
		cmocka_unit_test(flags_files),
		cmocka_unit_test(flags_round_trip),
		cmocka_unit_test(flags_prefixes),
		cmocka_unit_test(batch_requests),
		cmocka_unit_test(labels),
		cmocka_unit_test(reloading),
		cmocka_unit_test(reloading_what_belongs_to_it),
	};

	return cmocka_run_group_tests_name("project", tests, support_setup, support_teardown);
}
