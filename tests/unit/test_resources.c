/* SPDX-License-Identifier: MIT */
/*
 * Definitions of what operations require: sources, their names and attributes, the flags that they
 * define, and how named resources are found (reference, 5). A requirement is written down as
 * {RESOLVING NAME: URI(RESOLVING NAME) and what differs from the default}.
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

static void dump_source(struct buf *b, const struct source *s)
{
	static const char *const types[] = {"", " link", " copy"};

	buf_printf(b, " %s(%s)", s->uri, s->resolving_name);
	for (size_t i = 0; i < s->n_selects; i++)
		buf_printf(b, " sel=%s/%d", s->selects[i].pattern, (int)s->selects[i].reduce);
	for (size_t i = 0; i < s->n_renames; i++)
		buf_printf(b, " ren=%s>%s", s->renames[i].pattern, s->renames[i].repl);
	buf_puts(b, types[s->target_type]);
	if (s->target_path)
		buf_printf(b, " to=%s", s->target_path);
	buf_printf(b, "%s%s%s%s%s%s%s", s->unpack ? "" : " packed", s->optional ? " optional" : "",
		s->warn_if_empty ? "" : " quiet", s->fail_if_empty ? " must" : "",
		s->preserve_path ? " preserve" : "", s->replace_existing == YES ? " replace" : "",
		s->always_resolve == YES ? " always" : "");
	if (s->sha256)
		buf_printf(b, " sha=%s", s->sha256);
}

static int dump(const struct operation *op, struct buf *b, struct err *err)
{
	_cleanup_free_ const struct resource **resources = NULL;
	size_t n = 0;
	int r = operation_resources(op, NULL, &resources, &n, err);

	for (size_t i = 0; r == 0 && i < n; i++) {
		buf_printf(b, "{%s:", resources[i]->resolving_name);
		for (size_t j = 0; j < resources[i]->n_sources; j++)
			dump_source(b, &resources[i]->sources[j]);
		buf_putc(b, '}');
	}
	return r;
}

static void inline_ones(void **state)
{
	static const char *const table[][2] = {
		{"{file: a.txt}", "{file:a.txt: file:a.txt(file:a.txt)}"},
		{"[{file: a.txt}, {file: dir}]",
			"{file:a.txt: file:a.txt(file:a.txt)}{file:dir: file:dir(file:dir)}"},
		{"{url: 'http://h/a.zip'}", "{http://h/a.zip: http://h/a.zip(http://h/a.zip)}"},
		{"{operation: train}", "{operation:train: operation:train(operation:train)}"},
		{"{operation: 'm:train'}",
			"{operation:m:train: operation:m:train(operation:m:train)}"},
		{"{operation: 'a, b'}", "{operation:a, b: operation:a, b(operation:a, b)}"},
		{"{operation: 'a,b'}", "{operation:a,b: operation:a,b(operation:a,b)}"},
		{"{config: c.yml}", "{config:c.yml: config:c.yml(config:c.yml)}"},
		{"{module: os}", "{module:os: module:os(module:os)}"},
		{"{file: a, name: n}", "{n: file:a(n)}"},
		{"{file: a, flag-name: f}", "{f: file:a(f)}"},
		{"{file: a, flag-name: f, name: n}", "{n: file:a(n)}"},
		{"{file: a, flag-name: no}", "{file:a: file:a(file:a)}"},
		{"{operation: train, name: n}", "{n: operation:train(n)}"},
		{"{operation: train, flag-name: f}", "{f: operation:train(f)}"},
		{"{operation: train, flag-name: f, name: n}", "{n: operation:train(n)}"},
		{"{operation: train, flag-name: no}",
			"{operation:train: operation:train(operation:train)}"},
		{"{operation: train, flag-name: no, name: n}", "{n: operation:train(n)}"},
		{"{config: c.yml, flag-name: f}", "{f: config:c.yml(f)}"},
		{"{url: 'http://h/a', flag-name: f}", "{f: http://h/a(f)}"},
		{"{file: a, select: x}", "{file:a: file:a(file:a) sel=x/0}"},
		{"{file: a, select: [x, y]}", "{file:a: file:a(file:a) sel=x/0 sel=y/0}"},
		{"{file: a, select-min: 'm-(.*)'}", "{file:a: file:a(file:a) sel=m-(.*)/1}"},
		{"{file: a, select-max: 'm-(.*)'}", "{file:a: file:a(file:a) sel=m-(.*)/2}"},
		{"{file: a, rename: b}", "{file:a: file:a(file:a) ren=.*>b}"},
		{"{file: a, rename: 'a b'}", "{file:a: file:a(file:a) ren=a>b}"},
		{"{file: a, rename: \"'a b' c\"}", "{file:a: file:a(file:a) ren=a b>c}"},
		{"{file: a, rename: [a b, c d]}", "{file:a: file:a(file:a) ren=a>b ren=c>d}"},
		{"{file: a, rename: {pattern: p, repl: q}}", "{file:a: file:a(file:a) ren=p>q}"},
		{"{file: a, rename: [{pattern: p, repl: q}, x y]}",
			"{file:a: file:a(file:a) ren=p>q ren=x>y}"},
		{"{file: a, target-path: t}", "{file:a: file:a(file:a) to=t}"},
		{"{file: a, path: t}", "{file:a: file:a(file:a) to=t}"},
		{"{file: a, target-type: link}", "{file:a: file:a(file:a) link}"},
		{"{file: a, target-type: copy}", "{file:a: file:a(file:a) copy}"},
		{"{operation: o, target-type: copy}",
			"{operation:o: operation:o(operation:o) copy}"},
		{"{file: a, unpack: no}", "{file:a: file:a(file:a) packed}"},
		{"{file: a, optional: yes}", "{file:a: file:a(file:a) optional}"},
		{"{file: a, warn-if-empty: no}", "{file:a: file:a(file:a) quiet}"},
		{"{file: a, fail-if-empty: yes}", "{file:a: file:a(file:a) must}"},
		{"{file: a, replace-existing: yes}", "{file:a: file:a(file:a) replace}"},
		{"{file: a, always-resolve: yes}", "{file:a: file:a(file:a) always}"},
		{"{file: a, sha256: abc}", "{file:a: file:a(file:a) sha=abc}"},
		{"{sources: [a.txt, {file: b}]}",
			"{file:a.txt,file:b: file:a.txt(file:a.txt) file:b(file:b)}"},
		{"{sources: [a.txt], name: nm}", "{nm: file:a.txt(file:a.txt)}"},
		{"{sources: [a.txt], target-path: t}", "{file:a.txt: file:a.txt(file:a.txt)}"},
		{"{sources: [a.txt], path: t}", "{file:a.txt: file:a.txt(file:a.txt)}"},
		{"{sources: [a.txt], default-unpack: no}",
			"{file:a.txt: file:a.txt(file:a.txt) packed}"},
		{"{sources: [a.txt], target-type: link}", "{file:a.txt: file:a.txt(file:a.txt)}"},
		{"{file: a, unknown: 1}", "{file:a: file:a(file:a)}"},
		{"{file: 'a/${f}'}", "{file:a/${f}: file:a/${f}(file:a/${f})}"},
		{"{operation: '${x}'}", "{operation:${x}: operation:${x}(operation:${x})}"},
		{"[]", ""},
		{"null", ""},
		{"[{operation: t}, {operation: t}]",
			"{operation:t: operation:t(operation:t)}{operation:t: "
			"operation:t(operation:t)}"},
		{"[{operation: t, name: a}, {operation: u, name: a}]",
			"{a: operation:t(a)}{a: operation:u(a)}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_guildfile_ struct guildfile *file = NULL;
		_cleanup_buf_ struct buf text = BUF_INIT, line = BUF_INIT;

		buf_printf(&text, "op: {exec: x, requires: %s}\n", table[i][0]);
		file = parse(buf_str(&text));
		assert_int_equal(dump(&file->models[0].operations[0], &line, NULL), 0);
		if (strcmp(buf_str(&line), table[i][1]) != 0)
			fail_msg("%s: %s", table[i][0], buf_str(&line));
	}
}

static void named_ones(void **state)
{
	static const struct {
		const char *requires, *resource, *line, *reason;
	} table[] = {
		{"r", "[a.txt]", "{r: file:a.txt(file:a.txt)}", NULL},
		{"[r]", "[a.txt]", "{r: file:a.txt(file:a.txt)}", NULL},
		{"{resource: r}", "[a.txt]", "{r: file:a.txt(file:a.txt)}", NULL},
		{"'m:r'", "[a.txt]", "{r: file:a.txt(file:a.txt)}", NULL},
		{"'n:q'", "[a.txt]", "{q: file:q.txt(file:q.txt)}", NULL},
		{"[r, 'n:q', {file: c}]", "[a.txt]",
			"{r: file:a.txt(file:a.txt)}{q: file:q.txt(file:q.txt)}{file:c: "
			"file:c(file:c)}",
			NULL},
		{"r", "{sources: [a.txt], description: d, private: yes, references: [x]}",
			"{r: file:a.txt(file:a.txt)}", NULL},
		{"r", "{name: other, sources: [a.txt]}", "{r: file:a.txt(file:a.txt)}", NULL},
		{"r", "[{file: a, name: s1}, b]", "{r: file:a(s1) file:b(file:b)}", NULL},
		{"r", "{sources: [{file: a, target-path: z}], target-path: t}",
			"{r: file:a(file:a) to=z}", NULL},
		{"r", "[]", "{r:}", NULL},
		{"r", "{}", "{r:}", NULL},
		{"nosuch", "[a.txt]", NULL,
			"resource 'nosuch' required by operation 'm:op' is not defined"},
		{"'x:r'", "[a.txt]", NULL,
			"model 'x' in resource 'x:r' required by operation 'm:op' is not defined"},
		{"'${f}'", "[a.txt]", NULL, "undefined reference 'f'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_guildfile_ struct guildfile *file = NULL;
		_cleanup_buf_ struct buf text = BUF_INIT, line = BUF_INIT;
		struct err err = ERR_INIT;
		int r;

		buf_printf(&text,
			"- model: m\n  operations: {op: {exec: x, requires: %s}}\n"
			"  resources: {r: %s}\n"
			"- model: n\n  resources: {q: [q.txt]}\n",
			table[i].requires, table[i].resource);
		file = parse(buf_str(&text));
		r = dump(&file->models[0].operations[0], &line, &err);
		if (table[i].reason) {
			if (r == 0 || !strstr(err_text(&err), table[i].reason))
				fail_msg("%s: %d %s", table[i].requires, r, err_text(&err));
			continue;
		}
		assert_int_equal(r, 0);
		assert_string_equal(buf_str(&line), table[i].line);
	}
}

/* A name may come from a flag. */
static void names_with_flags(void **state)
{
	_cleanup_guildfile_ struct guildfile *file =
		parse("- model: m\n  operations: {op: {exec: x, flags: {f: r}, requires: '${f}'}}\n"
		      "  resources: {r: [a], s: [b]}\n");
	const struct operation *op = &file->models[0].operations[0];
	_cleanup_free_ const struct resource **resources = NULL;
	_cleanup_value_ struct value *flags = value_map();
	size_t n = 0;

	(void)state;
	assert_int_equal(value_map_set(flags, "f", value_string("s")), 0);
	assert_int_equal(operation_resources(op, flags, &resources, &n, NULL), 0);
	assert_int_equal(n, 1);
	assert_string_equal(resources[0]->name, "s");
}

/* Flags of an operation as NAME/alias=default; all that sources define are strings, not passed on.
 */
static void flags(void **state)
{
	static const char *const table[][2] = {
		{"requires: {operation: train}", "operation:train/train=None"},
		{"requires: {operation: 'm:train'}", "operation:m:train/m:train=None"},
		{"requires: {operation: 'a,b'}", "operation:a,b/a,b=None"},
		{"requires: {operation: train, name: n}", "n=None"},
		{"requires: {operation: train, flag-name: f}", "f=None"},
		{"requires: {operation: train, flag-name: f, name: n}", "f=None"},
		{"requires: {operation: train, flag-name: no}", ""},
		{"requires: {operation: train, flag-name: no, name: n}", ""},
		{"requires: {file: a}", ""},
		{"requires: {file: a, name: n}", ""},
		{"requires: {file: a, flag-name: f}", "f='a'"},
		{"requires: {config: c.yml, flag-name: f}", ""},
		{"requires: {url: 'http://h/a', flag-name: f}", ""},
		{"requires: [{operation: t}, {operation: t}]", "operation:t/t=None"},
		{"requires: [{operation: t, name: a}, {operation: u, name: a}]", "a=None"},
		{"requires: {operation: t}, flags: {b: 1, z: 2}", "b=1 z=2 operation:t/t=None"},
		{"requires: [{operation: t, name: y}, {operation: u, name: d}], flags: {e: 1}",
			"e=1 y=None d=None"},
		{"requires: {file: a, flag-name: f}, flags: {f: b.txt}", "f='b.txt'"},
		{"requires: {file: a, flag-name: f}, flags: {f: {default: b.txt, type: int}}",
			"f='b.txt'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_guildfile_ struct guildfile *file = NULL;
		_cleanup_buf_ struct buf text = BUF_INIT, line = BUF_INIT;
		const struct operation *op;

		buf_printf(&text, "op: {exec: x, %s}\n", table[i][0]);
		file = parse(buf_str(&text));
		op = &file->models[0].operations[0];
		for (size_t j = 0; j < op->n_flags; j++) {
			const struct flag *f = &op->flags[j];

			buf_printf(&line, "%s%s%s%s=", j ? " " : "", f->name, f->alias ? "/" : "",
				f->alias ? f->alias : "");
			value_repr(&line, f->default_value);
			if (strlen(f->name) > 1 && strchr(f->name, ':'))
				assert_true(f->type == FLAG_STRING && value_truthy(f->arg_skip));
		}
		if (strcmp(buf_str(&line), table[i][1]) != 0)
			fail_msg("%s: %s", table[i][0], buf_str(&line));
	}
}

/* What is odd is a warning; what cannot be meant is an error. */
static void warnings(void **state)
{
	static const char *const table[][2] = {
		{"op: {exec: x, requires: {file: a, unknown: 1}}",
			"unexpected source attribute 'unknown'"},
		{"- model: m\n  operations: {op: {exec: x, requires: nosuch}}", "nosuch"},
		{"op: {exec: x, requires: {file: a, target-type: z}}", "target-type"},
	};
	static const char *const errors[][2] = {
		{"{file: a, url: b}", "conflicting attributes (file, url)"},
		{"{sources: a.txt}", "invalid sources value for resource ':<inline>'"},
		{"{file: ~}", "missing required attribute"},
		{"{file: a, rename: a b c}", "invalid rename"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_guildfile_ struct guildfile *file = parse(table[i][0]);

		assert_int_equal(file->warnings.n, 1);
		assert_non_null(strstr(file->warnings.v[0], table[i][1]));
	}
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;
		struct guildfile *file;
		struct err err = ERR_INIT;

		buf_printf(&text, "op: {exec: x, requires: %s}\n", errors[i][0]);
		assert_int_equal(
			guildfile_parse("/p/guild.yml", buf_str(&text), text.len, &file, &err),
			-EINVAL);
		if (!strstr(err_text(&err), errors[i][1]))
			fail_msg("%s: %s", errors[i][0], err_text(&err));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inline_ones),
		cmocka_unit_test(named_ones),
		cmocka_unit_test(names_with_flags),
		cmocka_unit_test(flags),
		cmocka_unit_test(warnings),
	};

	return cmocka_run_group_tests_name("resources", tests, NULL, NULL);
}
