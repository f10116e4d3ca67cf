/* SPDX-License-Identifier: MIT */
/*
 * Guild files: forms, extends, params, $include and include (reference, 1.1 to 1.4). What a file
 * means is written down in one line: [MODEL] 'description' OP(command) 'description' label=L
 * FLAG=default 'description' <- what it requires; resources with their sources at the end.
 */
#include "support.h"

#include <errno.h>

#include "base/output_of.h"
#include "project/guildfile.h"
#include "yaml/yaml.h"

static void dump_quoted(struct buf *b, const char *text)
{
	if (text && *text)
		buf_printf(b, " '%s'", text);
}

static void dump_operation(struct buf *b, const struct operation *op)
{
	const char *command = op->exec ? op->exec : !op->steps && op->main ? op->main : "";

	buf_printf(b, " %s(%s)", op->name, command);
	dump_quoted(b, op->description);
	if (op->label_template)
		buf_printf(b, " label=%s", op->label_template);
	for (size_t i = 0; i < op->n_flags; i++) {
		buf_printf(b, " %s=", op->flags[i].name);
		value_repr(b, op->flags[i].default_value);
		dump_quoted(b, op->flags[i].description);
	}
	for (size_t i = 0; i < op->n_requires; i++)
		buf_printf(b, " <- %s",
			op->requires[i].spec ? op->requires[i].spec
					     : op->requires[i].resource->resolving_name);
}

static void dump_model(struct buf *b, const struct model *m)
{
	buf_printf(b, "[%s]", m->name);
	dump_quoted(b, m->description);
	if (m->references.n)
		buf_printf(b, " %zu references", m->references.n);
	for (size_t i = 0; i < m->n_operations; i++)
		dump_operation(b, &m->operations[i]);
	for (size_t i = 0; i < m->n_resources; i++) {
		const struct resource *r = &m->resources[i];

		buf_printf(b, " %s:", r->name);
		for (size_t j = 0; j < r->n_sources; j++)
			buf_printf(b, "%s%s", j ? "," : "", r->sources[j].uri);
	}
}

static void check_file(const char *path, const char *text, const char *wanted)
{
	_cleanup_guildfile_ struct guildfile *file = NULL;
	_cleanup_buf_ struct buf line = BUF_INIT;
	struct err err = ERR_INIT;

	if (guildfile_parse(path, text, strlen(text), &file, &err) < 0)
		fail_msg("%s: %s", text, err_text(&err));
	for (size_t i = 0; i < file->n_models; i++) {
		buf_puts(&line, i ? "; " : "");
		dump_model(&line, &file->models[i]);
	}
	if (strcmp(buf_str(&line), wanted) != 0)
		fail_msg("%s\n%s\nnot %s", text, buf_str(&line), wanted);
}

static void check_error(const char *path, const char *text, const char *part)
{
	struct guildfile *file = NULL;
	struct err err = ERR_INIT;
	int r = guildfile_parse(path, text, strlen(text), &file, &err);

	if (r != -EINVAL || !strstr(err_text(&err), part))
		fail_msg("%s: %d %s", text, r, err_text(&err));
}

static void forms(void **state)
{
	static const char *const table[][2] = {
		{"", ""},
		{"- model: m", "[m]"},
		{"- model: ''\n"
		 "  operations: {a: {exec: x}}",
			"[] a(x)"},
		{"- operations: {a: {exec: x}}", "[] a(x)"},
		{"- operations: {a: {exec: x}}\n"
		 "- model: b",
			"[] a(x); [b]"},
		{"- model: m\n"
		 "  description: ' a b '\n"
		 "  references: [r1, r2]",
			"[m] 'a b' 2 references"},
		{"a: {exec: x}\n"
		 "b: {exec: y}",
			"[] a(x) b(y)"},
		{"- model: a\n"
		 "  operations: {o: {exec: x}}\n"
		 "- model: b",
			"[a] o(x); [b]"},
		{"- config: c\n"
		 "- model: a\n"
		 "  operations: {o: {exec: x}}",
			"[a] o(x)"},
		{"- model: m\n"
		 "  flags: {a: 1}\n"
		 "  operations: {o: {exec: x}}",
			"[m] o(x)"},
		{"- model: m\n"
		 "  unknown: 1\n"
		 "  operations: {o: {exec: x, unknown: 2}}",
			"[m] o(x)"},
		{"- package: p\n"
		 "- model: m",
			"[m]"},
		{"- model: m\n"
		 "  operations: {}",
			"[m]"},
		{"- model: m\n"
		 "  operations: {a: 'mod x'}",
			"[m] a(mod x)"},
		{"[]", ""},
		{"- model: m\n"
		 "  references: a",
			"[m] 1 references"},
		{"- config: c\n"
		 "- config: c",
			""},
		{"- config: a\n"
		 "- model: a",
			"[a]"},
		{"a: {exec: x, flags: {f: [1, 2]}}", "[] a(x) f=[1, 2]"},
		{"a: {exec: x, flags: {f: {a: 1}}}", "[] a(x) f=None"},
		{"a: {exec: x, flags: {1: 2}}", "[] a(x) 1=2"},
		{"a: {exec: 3}", "[] a(3)"},
		{"a: {exec: x, description: ' s '}", "[] a(x) 's'"},
		{"a: {exec: x, label: 3}", "[] a(x) label=3"},
		{"a: {exec: x, tags: t}", "[] a(x)"},
		{"a: {exec: x, requires: null}", "[] a(x)"},
		{"a: {exec: x, requires: []}", "[] a(x)"},
		/* The form of 2018. */
		{"model: x\noperations: {a: {exec: x}}", "[x] a(x)"},
		{"train: {exec: x}\nmodel: {exec: z}", "[] model(z) train(x)"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		check_file("/p/guild.yml", table[i][0], table[i][1]);
}

static void extends(void **state)
{
	static const char *const table[][2] = {
		{"- config: c\n"
		 "  operations: {o: {exec: x, flags: {a: 1, b: 2}}}\n"
		 "- model: m\n"
		 "  extends: c\n"
		 "  operations: {o: {flags: {b: 3, d: 4}}, p: {exec: q}}",
			"[m] o(x) a=1 b=3 d=4 p(q)"},
		{"- config: c\n"
		 "  description: D\n"
		 "  references: [1]\n"
		 "  operation-defaults: {label: L}\n"
		 "  operations: {o: {exec: x}}\n"
		 "- model: m\n"
		 "  extends: c",
			"[m] 'D' 1 references o(x) label=L"},
		{"- config: c\n"
		 "  operations: {o: {exec: x, label: A, flags: {a: {default: 1, description: "
		 "da}}}}\n"
		 "- model: m\n"
		 "  extends: c\n"
		 "  operations: {o: {label: B, flags: {a: {default: 2}}}}",
			"[m] o(x) label=B a=2 'da'"},
		{"- config: c\n"
		 "  operations: {o: {exec: x, flags: {a: {default: 1, description: da}}}}\n"
		 "- model: m\n"
		 "  extends: c\n"
		 "  operations: {o: {flags: {a: 2}}}",
			"[m] o(x) a=2 'da'"},
		{"- config: a\n"
		 "  operations: {o: {exec: fromA, label: LA}}\n"
		 "- config: b\n"
		 "  operations: {o: {exec: fromB, description: DB}}\n"
		 "- model: m\n"
		 "  extends: [a, b]",
			"[m] o(fromA) 'DB' label=LA"},
		{"- config: a\n"
		 "  operations: {o: {exec: fromA}}\n"
		 "- config: b\n"
		 "  operations: {o: {exec: fromB}}\n"
		 "- model: m\n"
		 "  extends: '[b, a]'",
			"[m] o(fromB)"},
		{"- config: a\n"
		 "  operations: {o: {exec: fromA}}\n"
		 "- config: b\n"
		 "  extends: a\n"
		 "  operations: {o: {label: l}}\n"
		 "- model: m\n"
		 "  extends: b",
			"[m] o(fromA) label=l"},
		{"- config: a\n"
		 "  default: yes\n"
		 "  plugins: no\n"
		 "  operations: {o: {exec: x}}\n"
		 "- model: m\n"
		 "  extends: a",
			"[m] o(x)"},
		{"- model: a\n"
		 "  operations: {o: {exec: x}}\n"
		 "- model: b\n"
		 "  extends: a",
			"[a] o(x); [b] o(x)"},
		{"- config: c\n"
		 "  operations: {o: {exec: 'e {{ p }} {{q}}', flags: {f: '{{p}}', g: 'x{{p}}y'}}}\n"
		 "  params: {p: 1, q: a b}\n"
		 "- model: m\n"
		 "  extends: c\n"
		 "  params: {p: yes}",
			"[m] o(e True a b) f=True g='xTruey'"},
		{"- model: m\n"
		 "  description: 'D {{p}}'\n"
		 "  params: {p: X}\n"
		 "  operations: {'{{p}}': {exec: x}}",
			"[m] 'D X' {{p}}(x)"},
		{"- model: '{{p}}'\n"
		 "  params: {p: X}",
			"[{{p}}]"},
		{"- config: c\n"
		 "  flags: {a: 1}\n"
		 "- model: m\n"
		 "  extends: c\n"
		 "  operations: {o: {exec: x}}",
			"[m] o(x)"},
		{"- model: m\n"
		 "  operation-defaults: {label: L, flags: {a: 1}, exec: e}\n"
		 "  operations: {o: {}, p: {exec: x}, q: {flags: {b: 2}}}",
			"[m] o(e) label=L a=1 p(x) label=L a=1 q(e) label=L b=2"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		check_file("/p/guild.yml", table[i][0], table[i][1]);
}

static void params(void **state)
{
	static const char *const table[][2] = {
		{"p: 1", "a=1 b='x1' c='{{nope}}'"},
		{"p: yes", "a=True b='xTrue' c='{{nope}}'"},
		{"p: null", "a=None b='xNone' c='{{nope}}'"},
		{"p: 1.5", "a=1.5 b='x1.5' c='{{nope}}'"},
		{"p: '1'", "a='1' b='x1' c='{{nope}}'"},
		{"p: [1, a]", "a=[1, 'a'] b=\"x[1, 'a']\" c='{{nope}}'"},
		{"{p: '{{q}}', q: 2}", "a=2 b='x2' c='{{nope}}'"},
		{"{p: '{{q}}3', q: '{{r}}', r: 2}", "a='23' b='x23' c='{{nope}}'"},
		{"{p: '{{ q}}{{q }}', q: 2}", "a='22' b='x22' c='{{nope}}'"},
		{"{p: '{{other}}'}", "a='{{other}}' b='x{{other}}' c='{{nope}}'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_buf_ struct buf text = BUF_INIT, wanted = BUF_INIT;

		buf_printf(&text,
			"- model: m\n  params: %s%s%s\n  operations: {o: {exec: e, flags: "
			"{a: '{{p}}', b: 'x{{p}}', c: '{{nope}}'}}}",
			*table[i][0] == '{' ? "" : "{", table[i][0],
			*table[i][0] == '{' ? "" : "}");
		buf_printf(&wanted, "[m] o(e) %s", table[i][1]);
		check_file("/p/guild.yml", buf_str(&text), buf_str(&wanted));
	}
}

/* Params that lead to each other come to an end, whatever is left of them. */
static void params_in_circles(void **state)
{
	static const char text[] =
		"- model: m\n  params: {a: '{{b}}', b: '{{a}}', c: '{{c}}{{c}}', d: 'x{{d}}'}\n"
		"  operations: {o: {exec: 'e {{a}} {{c}} {{d}}'}}";
	_cleanup_guildfile_ struct guildfile *file = NULL;
	struct err err = ERR_INIT;
	int r = guildfile_parse("/p/guild.yml", text, strlen(text), &file, &err);

	(void)state;
	assert_true(r == 0 || strlen(err_text(&err)) > 10);
}

/* `#a-1,b` takes a, too: the names are looked for in the text. */
static void include_sections(void **state)
{
	static const char *const table[][2] = {
		{"- config: f\n"
		 "  flags: {a: 1, b: 2, a-1: 3}\n"
		 "- model: m\n"
		 "  operations: {o: {exec: x, flags: {$include: f}}}",
			"[m] o(x) a=1 a-1=3 b=2"},
		{"- config: f\n"
		 "  flags: {a: 1, b: 2, a-1: 3}\n"
		 "- model: m\n"
		 "  operations: {o: {exec: x, flags: {$include: f, b: 5, z: 6}}}",
			"[m] o(x) a=1 a-1=3 b=5 z=6"},
		{"- config: f\n"
		 "  flags: {a: 1, b: 2, a-1: 3}\n"
		 "- model: m\n"
		 "  operations: {o: {exec: x, flags: {$include: 'f#a-1,b'}}}",
			"[m] o(x) a=1 a-1=3 b=2"},
		{"- config: f\n"
		 "  flags: {a: 1, b: 2, a-1: 3}\n"
		 "- model: m\n"
		 "  operations: {o: {exec: x, flags: {$include: 'f#b'}}}",
			"[m] o(x) b=2"},
		{"- config: f\n"
		 "  flags: {a: 1, ab: 2, abc: 3}\n"
		 "- model: m\n"
		 "  operations: {o: {exec: x, flags: {$include: 'f#abc'}}}",
			"[m] o(x) a=1 ab=2 abc=3"},
		{"- config: f\n"
		 "  flags: {a: {default: 1, description: d, type: int}}\n"
		 "- model: m\n"
		 "  operations: {o: {exec: x, flags: {$include: f, a: {default: 2}}}}",
			"[m] o(x) a=2 'd'"},
		{"- config: f\n"
		 "  flags: {a: {default: 1, description: d}}\n"
		 "- model: m\n"
		 "  operations: {o: {exec: x, flags: {$include: f, a: 2}}}",
			"[m] o(x) a=2 'd'"},
		{"- config: f\n"
		 "  flags: {a: 1}\n"
		 "- config: g\n"
		 "  flags: {a: 2, b: 3}\n"
		 "- model: m\n"
		 "  operations: {o: {exec: x, flags: {$include: [f, g]}}}",
			"[m] o(x) a=2 b=3"},
		{"- config: f\n"
		 "  flags: {a: 1}\n"
		 "- config: g\n"
		 "  flags: {$include: f, b: 3}\n"
		 "- model: m\n"
		 "  operations: {o: {exec: x, flags: {$include: g}}}",
			"[m] o(x) a=1 b=3"},
		{"- config: f\n"
		 "  flags: {a: 1}\n"
		 "- config: g\n"
		 "  flags: {b: 3}\n"
		 "- model: m\n"
		 "  operations: {o: {exec: x, flags: {$include: [f, f, g]}}}",
			"[m] o(x) a=1"},
		{"- model: n\n"
		 "  operations: {src: {exec: s, flags: {a: 1, b: 2}}}\n"
		 "- model: m\n"
		 "  operations: {o: {exec: x, flags: {$include: 'n:src'}}}",
			"[n] src(s) a=1 b=2; [m] o(x) a=1 b=2"},
		{"- model: n\n"
		 "  operations: {src: {exec: s, flags: {a: 1, b: 2}}}\n"
		 "- model: m\n"
		 "  operations: {o: {exec: x, flags: {$include: 'n:src#a'}}}",
			"[n] src(s) a=1 b=2; [m] o(x) a=1"},
		{"- model: m\n"
		 "  operations: {o: {exec: x, flags: {$include: 'm:p'}}, p: {exec: y, flags: {a: "
		 "1}}}",
			"[m] o(x) a=1 p(y) a=1"},
		{"- config: c\n"
		 "  operations: {a: {exec: x}, b: {exec: y}}\n"
		 "- model: m\n"
		 "  operations: {$include: c, b: {label: L}}",
			"[m] a(x) b(y) label=L"},
		{"- config: c\n"
		 "  operations: {a: {exec: x}, b: {exec: y}}\n"
		 "- model: m\n"
		 "  operations: {$include: 'c#a'}",
			"[m] a(x)"},
		{"- config: c\n"
		 "  resources: {r: [a.txt], s: [b.txt]}\n"
		 "- model: m\n"
		 "  resources: {$include: c, s: [c.txt]}\n"
		 "  operations: {o: {exec: x, requires: [r, s]}}",
			"[m] o(x) <- r <- s r:file:a.txt s:file:c.txt"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		check_file("/p/guild.yml", table[i][0], table[i][1]);
}

static void put(const char *dir, const char *name, const char *text)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	char *slash;

	buf_printf(&path, "%s/%s", dir, name);
	slash = strrchr(path.data, '/');
	*slash = '\0';
	assert_int_equal(file_mkdirs(AT_FDCWD, path.data, 0755), 0);
	*slash = '/';
	support_write(buf_str(&path), text);
}

/* Files beside the Guild file, and packages on Python's path. */
static void include_files(void **state)
{
	static const char *const table[][2] = {
		{"- model: m\n"
		 "  extends: pkg_a/base\n"
		 "  operations: {mine: {exec: x}}",
			"[m] 'PB' mine(x) pop(pm) pf=1 pr:file:a.txt"},
		{"- model: m\n"
		 "  extends: pkg-a/base",
			"[m] 'PB' pop(pm) pf=1 pr:file:a.txt"},
		{"- model: m\n"
		 "  extends: pkg_a.sub/subc\n"
		 "  operations: {o: {exec: x, flags: {$include: subc}}}",
			"[m] o(x) sf=1"},
		{"- model: m\n"
		 "  extends: pkg_a/pc\n"
		 "  operations: {o: {exec: 'e {{pp}}', flags: {$include: pc}}}",
			"[m] o(e 7) cf=5 cg=6"},
		{"- include: inc.yml\n"
		 "- model: m",
			"[i1] io(im); [m]"},
		{"- include: [inc.yml]\n"
		 "- model: m\n"
		 "  extends: ic\n"
		 "  operations: {o: {exec: x, flags: {$include: ic}}}",
			"[i1] io(im); [m] o(x) x=1"},
		{"- include: incc.yml", "[i1] io(im); [i2] io2(im)"},
		{"- include: map.yml", "[] op(m)"},
		{"- include: sub/guild.yml", "[ss] sso(m); [sm] so(m)"},
		{"- include: pkg_a", "[base] 'PB' pop(pm) pf=1 pr:file:a.txt"},
		{"- include: pkg_a.sub", ""},
		{"- include: inc", "[gm] gop(gmain)"},
		{"- include: gpkg.inc", "[gm] gop(gmain)"},
		{"- include: ../p/inc.yml", "[i1] io(im)"},
	};
	static const char *const errors[][2] = {
		{"- model: m\n  extends: pkg_a/nope",
			"undefined model or config 'nope' in package 'pkg_a'"},
		{"- model: m\n  extends: nopkg/base", "cannot find Guild file for package 'nopkg'"},
		{"- include: cyc.yml", "cycle in 'includes'"},
		{"- include: nofile.yml",
			"cannot find include 'nofile.yml' (includes must be local to including "
			"Guild file or a Guild package on the system path)"},
		{"- include: bad.yml",
			"bad.yml:1:3: missing required type (one of: config, include, model, "
			"package) in {'foo': 1}"},
		{"- include: sub", "not a regular file"},
		{"- include: 3", "include"},
	};
	static const char *const python[] = {"python3", "-c", "", NULL};
	_cleanup_buf_ struct buf dir = BUF_INIT, packages = BUF_INIT, path = BUF_INIT,
				 none = BUF_INIT;

	if (output_of(python, NULL, &none) < 0)
		skip();
	buf_printf(&dir, "%s/p", (char *)*state);
	buf_printf(&packages, "%s/packages", (char *)*state);
	buf_printf(&path, "%s/guild.yml", buf_str(&dir));
	put(buf_str(&dir), "inc.yml",
		"- model: i1\n  operations: {io: im}\n- config: ic\n  flags: {x: 1}\n");
	put(buf_str(&dir), "incc.yml",
		"- include: inc.yml\n- model: i2\n  operations: {io2: im}\n");
	put(buf_str(&dir), "cyc.yml", "- include: guild.yml\n");
	put(buf_str(&dir), "guild.yml", "- include: cyc.yml\n");
	put(buf_str(&dir), "bad.yml", "- foo: 1\n");
	put(buf_str(&dir), "map.yml", "op: m\n");
	put(buf_str(&dir), "sub/guild.yml",
		"- include: s.yml\n- model: sm\n  operations: {so: m}\n");
	put(buf_str(&dir), "sub/s.yml", "- model: ss\n  operations: {sso: m}\n");
	put(buf_str(&packages), "pkg_a/guild.yml",
		"- model: base\n  description: PB\n  operations: {pop: {main: pm, flags: {pf: "
		"1}}}\n"
		"  resources: {pr: [a.txt]}\n"
		"- config: pc\n  flags: {cf: 5, cg: 6}\n  params: {pp: 7}\n");
	put(buf_str(&packages), "pkg_a/sub/guild.yml", "- config: subc\n  flags: {sf: 1}\n");
	put(buf_str(&packages), "gpkg/inc/guild.yml", "- model: gm\n  operations: {gop: gmain}\n");
	setenv("PYTHONPATH", buf_str(&packages), 1);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		check_file(buf_str(&path), table[i][0], table[i][1]);
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		check_error(buf_str(&path), errors[i][0], errors[i][1]);
	unsetenv("PYTHONPATH");
}

static void put_python(const char *python, const char *path)
{
	_cleanup_buf_ struct buf text = BUF_INIT, file = BUF_INIT;

	buf_printf(&text, "#!/bin/sh\necho %s\n", path);
	put(python, "bin/python", buf_str(&text));
	buf_printf(&file, "%s/bin/python", python);
	assert_int_equal(chmod(buf_str(&file), 0755), 0);
}

/* Packages are those of the Python that runs have: .venv beside the Guild file. */
static void packages_of_the_project(void **state)
{
	static const char text[] = "- include: pkg\n- model: m\n  extends: pkg/base\n";
	const char *const names[] = {"one", "two"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_buf_ struct buf dir = BUF_INIT, env = BUF_INIT, site = BUF_INIT,
					 path = BUF_INIT, model = BUF_INIT, shown = BUF_INIT;

		buf_printf(&dir, "%s/%s", (char *)*state, names[i]);
		buf_printf(&env, "%s/.venv", buf_str(&dir));
		buf_printf(&site, "%s/lib/python3/site-packages", buf_str(&env));
		buf_printf(&path, "%s/guild.yml", buf_str(&dir));
		buf_printf(&model, "- model: %s\n- config: base\n  description: of %s\n",
			names[i], names[i]);
		buf_printf(&shown, "[%s]; [m] 'of %s'", names[i], names[i]);
		put_python(buf_str(&env), buf_str(&site));
		put(buf_str(&env), "pyvenv.cfg", "");
		put(buf_str(&site), "pkg/guild.yml", buf_str(&model));
		check_file(buf_str(&path), text, buf_str(&shown));
		/* A package's own are those that are installed beside it. */
		buf_clear(&path);
		buf_printf(&path, "%s/other/guild.yml", buf_str(&site));
		check_file(buf_str(&path), text, buf_str(&shown));
	}
}

/* Messages that test_project.c's table has not, with their places. */
static void messages(void **state)
{
	static const char *const table[][2] = {
		{"- model: m\n  extends: 3",
			"2:12: invalid extends value 3: expected a string or list"},
		{"- model: a\n  extends: a", "2:12: cycle in 'extends' (a -> a)"},
		{"- model: m\n  operations: {o: {exec: x, flags: {$include: ':p'}}, p: {exec: y}}",
			"2:47: invalid include reference ':p': cannot find target"},
		{"- model: n\n  operations: {s: {exec: s}}\n"
		 "- model: m\n  operations: {o: {exec: x, flags: {$include: 'n:nope'}}}",
			"4:47: invalid include reference 'n:nope': cannot find target"},
		{"- model: m\n  operations: null",
			"2:15: invalid operations value None: expected a mapping"},
		{"a: null", "1:4: invalid value for operation 'None' 'a': expected a string or a "
			    "mapping"},
		{"a: 3",
			"1:4: invalid value for operation '3' 'a': expected a string or a mapping"},
		{"1: {exec: x}", "1:1: invalid operation name 1: expected a string"},
		{"yes: {exec: x}", "1:1: invalid operation name True: expected a string"},
		{"- model: m\n  operations: {1.5: {exec: x}}",
			"2:16: invalid operation name 1.5: expected a string"},
		{"- model: null", "1:10: invalid model name $None: expected a string"},
		{"- {}", "1:3: missing required type (one of: config, include, model, package) in "
			 "{}"},
		{"- model: m\n  resources: 3", "2:14: invalid resources value"},
		{"a: {exec: x, requires: 3}", "1:24: invalid dependency value"},
		{"a: {exec: x, plugins: {cpu: yes}}",
			"1:23: 'plugins' is a mapping; a string or a list of strings is needed"},
		{"- model: m\n  plugins: [[cpu]]",
			"2:13: an item of 'plugins' is a list; a string is needed"},
		{"a: {exec: x}\n\tb: 1", "2:1: "},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		check_error("/p/guild.yml", table[i][0], table[i][1]);
}

static void defaults(void **state)
{
	/* The operation that no opspec means; NULL: none. */
	static const char *const table[][2] = {
		{"a: {exec: x}", "a"},
		{"a: {exec: x}\n_b: {exec: y}", "a"},
		{"_b: {exec: y}", NULL},
		{"a: {exec: x}\nb: {exec: y}", NULL},
		{"a: {exec: x}\nb: {exec: y, default: yes}", "b"},
		{"b: {exec: y, default: yes}\na: {exec: x, default: yes}", "a"},
		{"a: {exec: x, default: no}", "a"},
		{"a: {exec: x}\n_b: {exec: y, default: yes}", "_b"},
		{"- model: a\n- model: b\n  default: yes\n  operations: {o: {exec: x}}\n"
		 "- model: c\n  default: yes",
			"b:o"},
		{"- model: a\n  operations: {o: {exec: x}}\n- model: b", NULL},
		{"- config: c\n- model: a\n  operations: {o: {exec: x}}", "a:o"},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_guildfile_ struct guildfile *file = NULL;
		_cleanup_buf_ struct buf spec = BUF_INIT;
		const struct operation *op = NULL;
		int r;

		assert_int_equal(guildfile_parse("/p/guild.yml", table[i][0], strlen(table[i][0]),
					 &file, NULL),
			0);
		r = guildfile_find_operation(file, "", &op, NULL);
		if (!table[i][1]) {
			assert_int_equal(r, -ENOENT);
			continue;
		}
		assert_int_equal(r, 0);
		operation_spec(&spec, op);
		assert_string_equal(buf_str(&spec), table[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms),
		cmocka_unit_test(extends),
		cmocka_unit_test(params),
		cmocka_unit_test(params_in_circles),
		cmocka_unit_test(include_sections),
		cmocka_unit_test(include_files),
		cmocka_unit_test(packages_of_the_project),
		cmocka_unit_test(messages),
		cmocka_unit_test(defaults),
	};

	return cmocka_run_group_tests_name("guild file", tests, support_setup, support_teardown);
}
