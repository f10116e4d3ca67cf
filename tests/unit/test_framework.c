/* SPDX-License-Identifier: MIT */
/* Which programs use a framework whose output is known, and what is found in that. */
#include "support.h"

#include "base/regex.h"
#include "metrics/capture_pattern.h"
#include "project/command.h"
#include "project/framework.h"

static const struct operation *load(const char *operation, const char *program)
{
	static struct guildfile *file;
	_cleanup_buf_ struct buf path = BUF_INIT;
	const struct operation *op;

	if (file)
		guildfile_unref(file);
	buf_printf(&path, "%s/train.py", support_dir);
	support_write(buf_str(&path), program);
	buf_clear(&path);
	buf_printf(&path, "%s/guild.yml", support_dir);
	support_write(buf_str(&path), operation);
	assert_int_equal(guildfile_load(support_dir, &file, NULL), 0);
	assert_int_equal(guildfile_find_operation(file, "op", &op, NULL), 0);
	return op;
}

static bool is_known(const char *operation, const char *program)
{
	_cleanup_value_ struct value *list = framework_output_scalars(load(operation, program));

	return list != NULL;
}

static void programs(void **state)
{
	static const struct {
		const char *program;
		bool known;
	} table[] = {
		{"import tensorflow as tf\nmodel.fit(x)\n", true},
		{"from tensorflow.keras import layers\nif a:\n\tmodel.predict (x)\n", true},
		{"import os, numpy as np, keras\nh = m.fit(x)\n", true},
		{"def f():\n    from keras_core import x\n    fit(1)\n", true},
		{"import tensorflow\nmodel.evaluate(x)\n", false},
		{"import torch\nmodel.fit(x)\n", false},
		{"import mykeras\nmodel.fit(x)\n", false},
		{"# import keras\nmodel.fit(x)\n", false},
		{"import keras\n# model.fit(x)\n", false},
		{"import keras\ndef fit(x): pass\n", false},
		{"import keras\nbenefit(x)\n", false},
		{"", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (is_known("op: {main: train}\n", table[i].program) != table[i].known)
			fail_msg("%s", table[i].program);
}

static void operations(void **state)
{
	static const char keras[] = "import keras\nmodel.fit(1)\n";

	(void)state;
	assert_true(is_known("op: {main: train --fast}\n", keras));
	assert_false(is_known("op: {exec: python train.py}\n", keras));
	assert_false(is_known("op: {main: other}\n", keras));
	assert_false(is_known("op: {main: guild.pass}\n", keras));
}

/* Counts what the patterns find in a line. */
static size_t count(const struct capture_patterns *p, const char *line)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		for (struct regex_match m = {0}; regex_next(p->v[i].regex, line, &m);)
			n++;
	return n;
}

static void patterns(void **state)
{
	_cleanup_value_ struct value *list =
		framework_output_scalars(load("op: {main: train}\n", "import keras\nm.fit(1)\n"));
	_cleanup_strv_ struct strv warnings = STRV_INIT;
	struct capture_patterns p;

	(void)state;
	assert_int_equal(capture_patterns_init(&p, CAPTURE_SCALARS, list, &warnings), 0);
	assert_int_equal(warnings.n, 0);
	assert_int_equal(count(&p, "Epoch 3/10"), 1);
	assert_int_equal(count(&p, "313/313 [==] - 1s 2ms/step - loss: 0.5 - val_acc: 0.9"), 2);
	assert_int_equal(count(&p, "Test loss: 0.25"), 1);
	assert_int_equal(count(&p, "loss: 0.25"), 1);
	assert_int_equal(count(&p, "loss 0.25"), 0);
	capture_patterns_release(&p);
}

/* How many patterns an operation with these words in its Guild file has; -1: null. */
static int wished(const char *words)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_value_ struct value *list = NULL;

	buf_printf(&text, "op: {main: %s}\n", words);
	list = command_output_scalars(load(buf_str(&text), "import keras\nm.fit(1)\n"));
	assert_non_null(list);
	return list->type == VALUE_LIST ? (int)list->list.n : -1;
}

static void wishes(void **state)
{
	(void)state;
	assert_int_equal(wished("train"), 6);
	assert_int_equal(wished("train, output-scalars: null"), 6);
	assert_int_equal(wished("train, output-scalars: no"), 0);
	assert_int_equal(wished("train, output-scalars: 'x (\\value)'"), 1);
	assert_int_equal(wished("train, output-scalars: [a, b]"), 2);
	assert_int_equal(wished("other"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(programs, support_setup, support_teardown),
		cmocka_unit_test_setup_teardown(operations, support_setup, support_teardown),
		cmocka_unit_test_setup_teardown(patterns, support_setup, support_teardown),
		cmocka_unit_test_setup_teardown(wishes, support_setup, support_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
