/* SPDX-License-Identifier: MIT */
/*
 * Guild files as people have written them: what tests/guildfiles/run.py found in public
 * repositories, each kind in a few lines of our own.
 */
#include "support.h"

#include <errno.h>

#include "project/guildfile.h"

static struct guildfile *parse(const char *text)
{
	struct guildfile *file = NULL;
	struct err err = ERR_INIT;

	if (guildfile_parse("/p/guild.yml", text, strlen(text), &file, &err) < 0)
		fail_msg("%s: %s", text, err_text(&err));
	return file;
}

static const struct operation *operation(const struct guildfile *file, const char *name)
{
	const struct operation *op = model_operation(&file->models[0], name);

	assert_non_null(op);
	return op;
}

/* Of two faults Guild AI names the one that it meets first. */
static void first_fault(void **state)
{
	static const char *const table[][2] = {
		{"- model: a\n  extends: nope\n- test: b\n", "undefined model or config 'nope'"},
		{"- test: b\n- model: a\n  extends: nope\n", "missing required type"},
		{"- model: a\n- model: a\n- test: b\n", "duplicate model 'a'"},
		{"- include: nope\n- model: a\n  operations: [1]\n",
			"invalid operations value [1]"},
		{"- model: 1\n- include: nope\n", "cannot find include 'nope'"},
		{"- package: p\n  operations: {t: m}\n", "multiple types (model, package)"},
		{"a: {{x}}\n", "written in quotes"},
		{"a: {exec: x, jobs: 0}\n", "invalid jobs of operation 'a': expected 1 to 256"},
		{"a: {exec: x, jobs: many}\n", "expected 1 to 256"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct guildfile *file = NULL;
		struct err err = ERR_INIT;

		assert_int_equal(guildfile_parse("/p/guild.yml", table[i][0], strlen(table[i][0]),
					 &file, &err),
			-EINVAL);
		if (!strstr(err_text(&err), table[i][1]))
			fail_msg("%s: %s", table[i][0], err_text(&err));
	}
}

static void write_file(const char *name, const char *text)
{
	_cleanup_buf_ struct buf path = BUF_INIT;

	buf_printf(&path, "%s/%s", support_dir, name);
	support_write(buf_str(&path), text);
}

static void includes(void **state)
{
	struct guildfile *file = NULL;
	struct err err = ERR_INIT;
	_cleanup_buf_ struct buf wanted = BUF_INIT, place = BUF_INIT;
	const char *dir = *state;

	/* The way round is shown, from the file that was asked for. */
	write_file("guild.yml", "- include: a.yml\n");
	write_file("a.yml", "- config: c\n- include: b.yml\n");
	write_file("b.yml", "- include: a.yml\n");
	assert_int_equal(guildfile_load(dir, &file, &err), -EINVAL);
	buf_printf(&wanted,
		"%s/b.yml:1:12: cycle in 'includes' (%s/guild.yml -> %s/a.yml -> %s/b.yml -> "
		"%s/a.yml)",
		dir, dir, dir, dir, dir);
	assert_string_equal(err_text(&err), buf_str(&wanted));

	/* What is included is whole before what includes it is looked at. */
	write_file("guild.yml", "- model: m\n  extends: nope\n- include: a.yml\n");
	write_file("a.yml", "- config: c\n- test: t\n");
	err = ERR_INIT;
	assert_int_equal(guildfile_load(dir, &file, &err), -EINVAL);
	buf_printf(&place, "%s/a.yml:2:3: missing required type", dir);
	assert_non_null(strstr(err_text(&err), buf_str(&place)));
}

/* One resource that is nowhere does not take the flags of the others away. */
static void source_flags(void **state)
{
	_cleanup_guildfile_ struct guildfile *file =
		parse("- model: m\n"
		      "  resources: {trained: [{operation: train}]}\n"
		      "  operations:\n"
		      "    evaluate:\n"
		      "      main: x\n"
		      "      flags: {in: {description: a file}, run: {type: number}}\n"
		      "      requires:\n"
		      "        - pkg/data\n"
		      "        - trained\n"
		      "        - ${which}-data\n"
		      "        - {file: in.txt, flag-name: in}\n"
		      "        - {operation: train, flag-name: run}\n");
	const struct operation *op = operation(file, "evaluate");
	const struct flag *flag = operation_flag(op, "operation:train");

	(void)state;
	assert_int_equal(op->n_flags, 3);
	assert_non_null(flag);
	assert_string_equal(flag->alias, "train");
	assert_true(operation_flag(op, "train") == flag);
	/* Its type is what the user makes of it, unless that does not fit. */
	assert_int_equal(operation_flag(op, "in")->type, FLAG_AUTO);
	assert_string_equal(value_str(operation_flag(op, "in")->default_value), "in.txt");
	assert_int_equal(operation_flag(op, "run")->type, FLAG_STRING);
	assert_int_equal(file->warnings.n, 2);
	assert_string_equal(
		file->warnings.v[0], "cannot find resource definition for dependency pkg/data");
	assert_non_null(strstr(file->warnings.v[1], "configured with type 'number'"));
}

static void notebooks(void **state)
{
	_cleanup_guildfile_ struct guildfile *file =
		parse("add: {notebook: 'add.ipynb --no-input'}\n"
		      "Look.ipynb: {description: by its name}\n"
		      "run.ipynb: {exec: jupyter}\n"
		      "my-op.PY: {}\n");

	(void)state;
	assert_string_equal(
		operation(file, "add")->main, "guild.plugins.nbexec add.ipynb --no-input");
	assert_string_equal(operation(file, "Look.ipynb")->main, "guild.plugins.nbexec Look.ipynb");
	assert_null(operation(file, "run.ipynb")->main);
	assert_string_equal(operation(file, "my-op.PY")->main, "my_op");
}

static const struct source *only_source(const struct operation *op)
{
	assert_int_equal(op->n_requires, 1);
	assert_int_equal(op->requires[0].resource->n_sources, 1);
	return &op->requires[0].resource->sources[0];
}

/* What only a run needs is no reason to refuse all the others of the file. */
static void for_the_run(void **state)
{
	_cleanup_guildfile_ struct guildfile *file =
		parse("- model: ''\n"
		      "  extra: {dvc-stages-import: all}\n"
		      "  operations:\n"
		      "    bad: {requires: {file: a, target-type: move}}\n"
		      "    empty: {requires: {file: a, target-type: ''}}\n"
		      "    dvcfile: {requires: {dvcfile: in.txt, always-pull: yes}}\n"
		      "    dvcstage: {requires: {dvcstage: train}}\n");
	const struct source *s = only_source(operation(file, "dvcfile"));

	(void)state;
	assert_int_equal(s->type, SOURCE_DVCFILE);
	assert_string_equal(s->uri, "dvcfile:in.txt");
	s = only_source(operation(file, "dvcstage"));
	assert_int_equal(s->type, SOURCE_DVCSTAGE);
	assert_string_equal(s->uri, "dvcstage:train");
	assert_int_equal(only_source(operation(file, "bad"))->target_type, TARGET_UNKNOWN);
	assert_int_equal(only_source(operation(file, "empty"))->target_type, TARGET_DEFAULT);
	assert_int_equal(file->warnings.n, 2);
	assert_non_null(strstr(file->warnings.v[0], "stages of dvc.yaml are not imported"));
	assert_non_null(strstr(file->warnings.v[1],
		"unsupported target-type 'move' in source file:a (expected 'link' or 'copy')"));
}

/* Passed over, as Guild AI does, but what looks misspelt is said. */
static void misspelt(void **state)
{
	static const char text[] = "- model: m\n"
				   "  operatons: {}\n"
				   "  note: x\n"
				   "  operations:\n"
				   "    t:\n"
				   "      exec: 'true'\n"
				   "      flag: {x: 1}\n"
				   "      remark: 1\n"
				   "      flags: {y: {defualt: 1, own: 2}, desc: 1}\n";
	static const char *const wanted[] = {
		"line 2: unknown attribute 'operatons' of model 'm' - did you mean 'operations'?",
		"line 7: unknown attribute 'flag' of operation 't' - did you mean 'flags'?",
		"line 9: unknown attribute 'defualt' of flag 'y' - did you mean 'default'?",
	};
	_cleanup_buf_ struct buf path = BUF_INIT;
	struct guildfile *file;

	(void)state;
	buf_printf(&path, "%s/guild.yml", support_dir);
	support_write(buf_str(&path), text);
	assert_int_equal(guildfile_load(support_dir, &file, NULL), 0);
	assert_int_equal(file->warnings.n, ARRAY_SIZE(wanted));
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		assert_string_equal(file->warnings.v[i], wanted[i]);
	guildfile_unref(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_fault),
		cmocka_unit_test(includes),
		cmocka_unit_test(source_flags),
		cmocka_unit_test(notebooks),
		cmocka_unit_test(for_the_run),
		cmocka_unit_test(misspelt),
	};

	return cmocka_run_group_tests_name("guildfile", tests, support_setup, support_teardown);
}
