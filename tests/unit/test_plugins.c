/* SPDX-License-Identifier: MIT */
/* `plugins` of operations and models: what a run samples. */
#include "support.h"

#include "project/plugins.h"

#define MODEL(plugins, op) "- model: m\n" plugins "  operations: {o: {exec: x" op "}}\n"

static void selected(void **state)
{
	static const struct {
		const char *text, *names, *warning;
	} table[] = {
		{MODEL("", ""), "cpu disk gpu memory", NULL},
		{MODEL("", ", plugins: yes"), "cpu disk gpu memory", NULL},
		{MODEL("", ", plugins: null"), "cpu disk gpu memory", NULL},
		{MODEL("", ", plugins: no"), "", NULL},
		{MODEL("", ", plugins: []"), "", NULL},
		{MODEL("", ", plugins: memory"), "memory", NULL},
		{MODEL("", ", plugins: [python_script, cpu, cpu]"), "cpu python_script", NULL},
		{MODEL("", ", plugins: all"), "cpu disk gpu memory perf", NULL},
		{MODEL("", ", plugins: [summary, skopt]"), "cpu disk gpu memory perf skopt", NULL},
		{MODEL("", ", plugins: [memry, gpu]"), "gpu",
			"unknown plugin 'memry' for operation m:o - ignoring; what samples the "
			"system is called cpu, disk, gpu, memory, all, summary"},
		{MODEL("  plugins: no\n", ""), "", NULL},
		{MODEL("  plugins: no\n", ", plugins: yes"), "", NULL},
		{MODEL("  plugins: no\n", ", plugins: [cpu]"), "cpu", NULL},
		{MODEL("  plugins: [gpu]\n", ""), "gpu", NULL},
		{"o: {steps: [p]}\np: {exec: x}\n", "", NULL},
		{"o: {steps: [p], plugins: cpu}\np: {exec: x}\n", "cpu", NULL},
		/* Not inherited, in Guild AI neither. */
		{"- config: c\n  plugins: disk\n  operations: {o: {exec: x}}\n"
		 "- model: m\n  extends: c\n",
			"cpu disk gpu memory", NULL},
		{"- model: m\n  operation-defaults: {plugins: cpu}\n"
		 "  operations: {o: {exec: x}}\n",
			"cpu", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_guildfile_ struct guildfile *file = NULL;
		_cleanup_strv_ struct strv names = STRV_INIT, warnings = STRV_INIT;
		_cleanup_buf_ struct buf all = BUF_INIT;
		struct err err = ERR_INIT;

		if (guildfile_parse(
			    "/p/guild.yml", table[i].text, strlen(table[i].text), &file, &err) < 0)
			fail_msg("%s: %s", table[i].text, err_text(&err));
		assert_int_equal(
			plugins_of(model_operation(&file->models[0], "o"), &names, &warnings), 0);
		for (size_t j = 0; j < names.n; j++)
			buf_printf(&all, "%s%s", j ? " " : "", names.v[j]);
		if (strcmp(buf_str(&all), table[i].names) != 0)
			fail_msg("%s: %s", table[i].text, buf_str(&all));
		assert_int_equal(warnings.n, table[i].warning ? 1 : 0);
		if (table[i].warning)
			assert_string_equal(warnings.v[0], table[i].warning);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(selected),
	};

	return cmocka_run_group_tests_name("plugins", tests, NULL, NULL);
}
