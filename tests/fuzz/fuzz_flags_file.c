/* SPDX-License-Identifier: MIT */
/*
 * Flags files of an operation that has flags of every type. What flags_print() writes of the flags
 * that were read is read as equal flags again.
 */
#include <string.h>

#include "fuzz.h"
#include "project/flags.h"

static const char guild_yml[] =
	"train:\n"
	"  main: train\n"
	"  flags:\n"
	"    auto: 1\n"
	"    string: {type: string, default: a b, alias: s}\n"
	"    int: {type: int, min: -5, max: 100}\n"
	"    float: {type: float, default: 0.1}\n"
	"    number: {type: number}\n"
	"    boolean: {type: boolean, default: yes, arg-switch: yes}\n"
	"    path: {type: path}\n"
	"    existing: {type: existing-path, default: /}\n"
	"    choice: {choices: [a, 1, {value: 0.5, alias: half, flags: {int: 3}}]}\n"
	"    open: {choices: [a, b], allow-other: yes}\n"
	"    split: {arg-split: yes, type: number}\n"
	"    comma: {arg-split: ','}\n"
	"    a=b: 1\n"
	"    '1': one\n"
	"    'yes': {null-label: nothing}\n"
	"    'odd: name #': {required: yes, default: x}\n";

static struct guildfile *file;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	setenv("HOME", "/nonexistent", 1);
	MUST(guildfile_parse("/nonexistent/guild.yml", guild_yml, strlen(guild_yml), &file, NULL) ==
		0);
	return 0;
}

static void check_round(const struct operation *op, const struct value *flags)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_value_ struct value *again = NULL;

	flags_print(&text, flags);
	if (buf_error(&text)) /* not UTF-8 */
		return;
	MUST(flags_parse(op, buf_str(&text), text.len, FLAGS_WHOLE, &again, NULL) == 0);
	MUST(value_equal(flags, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct operation *op = &file->models[0].operations[0];
	/* The driver's text ends in a NUL that does not count. */
	_cleanup_free_ char *text = malloc(size + 1);
	_cleanup_value_ struct value *flags = NULL, *prefix = NULL, *resolved = NULL;
	_cleanup_batch_options_ struct batch_options options = {0}, early = {0};
	_cleanup_buf_ struct buf shown = BUF_INIT;
	struct err err = ERR_INIT;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (flags_parse_batch(op, text, size, FLAGS_WHOLE, NULL, &options, &err) == 0)
		MUST(flags_parse_batch(op, text, size, FLAGS_PREFIX, NULL, &early, &err) == 0);
	flags_parse(op, text, size, FLAGS_PREFIX, &prefix, &err);
	if (flags_parse(op, text, size, FLAGS_WHOLE, &flags, &err) < 0)
		return 0;
	MUST(prefix);
	check_round(op, flags);
	if (flags_resolve(op, flags, false, &resolved, NULL, &err) == 0)
		flags_label(&shown, resolved);
	return 0;
}
