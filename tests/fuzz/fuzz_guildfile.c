/* SPDX-License-Identifier: MIT */
/*
 * Guild files, and what is made of each of their operations. The `op` attribute must be one that
 * can be written and read again.
 */
#include <string.h>

#include "fuzz.h"
#include "project/command.h"
#include "project/flags.h"
#include "run/deps.h"
#include "yaml/yaml.h"

/* Nothing is run: packages would be looked for on Python's path. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	setenv("GUILD_PYTHON_EXE", "", 1);
	/* An empty PATH would be the current directory, none the system's own. */
	setenv("PATH", "/nonexistent", 1);
	setenv("HOME", "/nonexistent", 1);
	return 0;
}

static void check_attr(const struct value *attr)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_value_ struct value *again = NULL;

	yaml_emit(&text, attr);
	MUST(buf_error(&text) == 0);
	MUST(yaml_parse(buf_str(&text), text.len, &again, NULL) == 0);
	MUST(value_equal(attr, again));
}

static void check_command(const struct operation *op, const struct value *flags)
{
	struct err err = ERR_INIT;
	_cleanup_value_ struct value *attr = command_attr(op, flags, &err);
	_cleanup_strv_ struct strv argv = STRV_INIT, env = STRV_INIT;

	if (!attr)
		return;
	check_attr(attr);
	command_argv(attr, flags, "python", &argv, &err);
	command_env(attr, flags, &env, &err);
}

static void check_operation(const struct operation *op)
{
	_cleanup_value_ struct value *defaults = flags_defaults(op), *flags = NULL;
	_cleanup_buf_ struct buf shown = BUF_INIT;
	struct err err = ERR_INIT;

	MUST(defaults);
	if (flags_resolve(op, NULL, false, &flags, NULL, &err) < 0 &&
		flags_resolve(op, NULL, true, &flags, NULL, &err) < 0)
		return;
	check_command(op, flags);
	deps_print(&shown, op);
	flags_print(&shown, flags);
	flags_print_help(&shown, op);
	flags_expand_label(
		&shown, op->label_template ? op->label_template : "${default_label}", flags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_guildfile_ struct guildfile *file = NULL;
	const struct operation *op;
	struct err err = ERR_INIT;

	if (guildfile_parse("/nonexistent/guild.yml", (const char *)data, size, &file, &err) < 0) {
		MUST(*err_text(&err));
		return 0;
	}
	for (size_t i = 0; i < file->n_models; i++)
		for (size_t j = 0; j < file->models[i].n_operations; j++)
			check_operation(&file->models[i].operations[j]);
	guildfile_find_operation(file, "", &op, &err);
	return 0;
}
