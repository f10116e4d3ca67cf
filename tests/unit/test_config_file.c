/* SPDX-License-Identifier: MIT */
/* Configuration files: the flags that they define, values set by dotted names, and the new text. */
#include "support.h"

#include <errno.h>

#include "project/config_file.h"
#include "project/flag_values.h"

static void path_of(struct buf *path, const char *dir, const char *name, const char *text)
{
	buf_printf(path, "%s/%s", dir, name);
	support_write(buf_str(path), text);
}

#define YAML_TEXT                                                                                  \
	"lr: 0.1\nname: x\nflag: yes\nnone: null\nlayers: [1, a b, '2', true]\n"                   \
	"nest:\n  deep: {x: 1}\n  on: s\nday: 2020-01-01\nmap: {}\nempty: []\nq.r: 5\n"
#define INI_TEXT                                                                                   \
	"[one]\nA = 1\nb: 0.5\nc = yes\nd = text here\ne =\nmulti = a\n  b\n\n[Two]\nx = False\n"  \
	"; a comment\n# another\nz = 1e3 ; not one\nq = 'quoted'\nl = [1, 2]\nv = None\nm = a=b\n"

static void flags(void **state)
{
	static const struct {
		const char *name, *text, *flags;
	} table[] = {
		{"a.yml", YAML_TEXT,
			"{'empty': {'default': '', 'arg-split': True}, "
			"'flag': {'default': True, 'type': 'boolean'}, "
			"'layers': {'default': '1 \\'a b\\' \"\\'2\\'\" true', 'arg-split': True}, "
			"'lr': {'default': 0.1, 'type': 'number'}, 'name': {'default': 'x', "
			"'type': 'string'}, 'nest.deep.x': {'default': 1, 'type': 'number'}, "
			"'nest.on': {'default': 's', 'type': 'string'}, 'none': {'default': None}, "
			"'q.r': {'default': 5, 'type': 'number'}}"},
		{"b.json", "{\"b\": 1.5, \"a\": {\"k\": [1, null]}, \"s\": \"t\", \"e\": {}}",
			"{'a.k': {'default': '1 null', 'arg-split': True}, "
			"'b': {'default': 1.5, 'type': 'number'}, "
			"'s': {'default': 't', 'type': 'string'}}"},
		{"c.ini", "[s]\nX = 1\ny = off\nz = text\n",
			"{'s.x': {'default': 1, 'type': 'number'}, "
			"'s.y': {'default': False, 'type': 'boolean'}, "
			"'s.z': {'default': 'text', 'type': 'string'}}"},
		{"d.cfg", "[s]\nx=1\n", "{'s.x': {'default': 1, 'type': 'number'}}"},
		{"e.yaml", "a: 1\n", "{'a': {'default': 1, 'type': 'number'}}"},
		{"f.yml.in", "a: 1\n", "{'a': {'default': 1, 'type': 'number'}}"},
		{"g.json.in", "{\"a\": 1}", "{'a': {'default': 1, 'type': 'number'}}"},
		{"h.ini.in", "[s]\na=1\n", "{'s.a': {'default': 1, 'type': 'number'}}"},
		{"i.YAML", "a: 1\n", "{'a': {'default': 1, 'type': 'number'}}"},
		{"j.yml", "", "{}"},
		{"k.ini", "", "{}"},
		{"l.json", "{\"a\": 100000000000000000000}",
			"{'a': {'default': 100000000000000000000, 'type': 'number'}}"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_value_ struct value *config = NULL, *defs = NULL;
		_cleanup_buf_ struct buf path = BUF_INIT, repr = BUF_INIT;
		struct err err = ERR_INIT;

		path_of(&path, *state, table[i].name, table[i].text);
		if (config_file_read(buf_str(&path), &config, &err) < 0)
			fail_msg("%s: %s", table[i].name, err_text(&err));
		defs = config_file_flags(config);
		value_map_sort(defs);
		value_repr(&repr, defs);
		assert_string_equal(buf_str(&repr), table[i].flags);
	}
}

/* Up to three NAME=TEXT, and the file that comes out; NULL: refused. */
static void changes(void **state)
{
	static const struct {
		const char *name, *text, *set[4], *out;
	} table[] = {
		{"a.yml", "b: 1\na: [1, {x: 2}]\n", {NULL}, "a:\n- 1\n- x: 2\nb: 1"},
		{"a.yml", "a: 1\n", {"a=2.5", "b=text", "c=[1, x]"},
			"a: 2.5\nb: text\nc:\n- 1\n- x"},
		{"a.yml", "a: {b: {c: 1}}\n", {"a.b.c=2", "a.d=3", "e.f.g=4"},
			"a:\n  b:\n    c: 2\n  d: 3\ne:\n  f:\n    g: 4"},
		/* A key that has the dots itself comes before mappings in mappings. */
		{"a.yml", "q.r: 5\n", {"q.r=6"}, "q.r: 6"},
		{"a.yml", "q.r: 5\n", {"q.s=1"}, "q:\n  s: 1\nq.r: 5"},
		{"a.yml", "q.r: {s: 5}\nq: {r: {s: 6}}\n", {"q.r.s=7"},
			"q:\n  r:\n    s: 6\nq.r:\n  s: 7"},
		{"a.yml", "a: {b: 1}\n", {"a=1"}, "a: 1"},
		{"a.yml", "a: {b: {c: 1}, d: 2}\n", {"a.b=3"}, "a:\n  b: 3\n  d: 2"},
		{"a.yml", "a: 1\n", {"a.b=2"}, NULL},
		{"a.yml", "m: {}\n", {"m.k=1"}, "m:\n  k: 1"},
		{"a.yml", "n: {y: 1}\nN: 'y'\n", {"z='n'"}, "N: y\nn:\n  y: 1\nz: n"},
		{"a.yml", "f: yes\n", {"f=no"}, "f: false"},
		{"b.json", "{\"b\": 1, \"a\": {\"z\": [1, null, true]}}", {"a.k=\xc3\xa9", "c=1"},
			"{\"a\": {\"k\": \"\\u00e9\", \"z\": [1, null, true]}, \"b\": 1, \"c\": "
			"1}"},
		{"b.json", "{\"s\": \"t\"}", {"s.t=1"}, NULL},
		{"c.ini", INI_TEXT, {NULL},
			"[Two]\nl = [1, 2]\nm = a=b\nq = 'quoted'\nv = None\nx = False\n"
			"z = 1e3 ; not one\n\n[one]\na = 1\nb = 0.5\nc = True\nd = text here\n"
			"e = \nmulti = a\n\tb\n\n"},
		{"c.ini", "[b]\nx = 1\n", {"b.x=2", "a.y=yes", "b.a=t"},
			"[a]\ny = True\n\n[b]\na = t\nx = 2\n\n"},
		{"f.yml.in", "a: 1\n", {"a=2"}, "a: 2"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_value_ struct value *config = NULL, *again = NULL;
		_cleanup_buf_ struct buf path = BUF_INIT, out = BUF_INIT;
		struct err err = ERR_INIT;
		int r = 0;

		path_of(&path, *state, table[i].name, table[i].text);
		assert_int_equal(config_file_read(buf_str(&path), &config, NULL), 0);
		for (const char *const *set = table[i].set; r == 0 && *set; set++) {
			_cleanup_free_ char *name = strndup(*set, strcspn(*set, "="));
			_cleanup_value_ struct value *v =
				flag_decode(FLAG_AUTO, *set + strcspn(*set, "=") + 1);

			r = config_file_set(config, name, v, &err);
		}
		if (!table[i].out) {
			assert_int_equal(r, -EINVAL);
			assert_non_null(strstr(err_text(&err), "cannot be nested"));
			continue;
		}
		assert_int_equal(r, 0);
		assert_int_equal(config_file_print(buf_str(&path), config, &out), 0);
		assert_string_equal(buf_str(&out), table[i].out);
		/* What was written is what is read. */
		support_write(buf_str(&path), buf_str(&out));
		assert_int_equal(config_file_read(buf_str(&path), &again, NULL), 0);
		assert_true(value_equal(config, again));
	}
}

static void refusals(void **state)
{
	static const struct {
		const char *name, *text;
		int r;
		const char *part;
	} table[] = {
		{"a.txt", "a: 1\n", -ENOTSUP, "not supported"},
		{"yml", "a: 1\n", -ENOTSUP, "not supported"},
		{"a.yml.bak", "a: 1\n", -ENOTSUP, "not supported"},
		{"a.in", "a: 1\n", -ENOTSUP, "not supported"},
		{"b.yml", "a: [\n", -EINVAL, "error loading config from"},
		{"c.yml", "- 1\n", -EINVAL, "a mapping is needed"},
		{"d.json", "{bad", -EINVAL, "error loading config from"},
		{"e.ini", "x = 1\n", -EINVAL, "before the first [section]"},
		{"f.ini", "[a]\nword\n", -EINVAL, "line 2: an option needs"},
	};
	_cleanup_buf_ struct buf absent = BUF_INIT;
	struct value *config;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_buf_ struct buf path = BUF_INIT;
		struct err err = ERR_INIT;

		path_of(&path, *state, table[i].name, table[i].text);
		assert_int_equal(config_file_read(buf_str(&path), &config, &err), table[i].r);
		if (!strstr(err_text(&err), table[i].part))
			fail_msg("%s: %s", table[i].name, err_text(&err));
	}
	buf_printf(&absent, "%s/none.yml", (char *)*state);
	assert_int_equal(config_file_read(buf_str(&absent), &config, NULL), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flags),
		cmocka_unit_test(changes),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests_name("config file", tests, support_setup, support_teardown);
}
