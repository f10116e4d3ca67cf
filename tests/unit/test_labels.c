/* SPDX-License-Identifier: MIT */
/* Labels: the default one, templates and their functions, tags in front (reference, 1.10). */
#include "store.h"

#include <errno.h>

#include "yaml/yaml.h"

static struct value *parse_map(const char *text)
{
	struct value *v = NULL;

	assert_int_equal(yaml_parse(text, strlen(text), &v, NULL), 0);
	return v;
}

static void default_labels(void **state)
{
	static const char *const table[][2] = {
		{"{}", ""},
		{"{a: null}", ""},
		{"{b: 1, a: 2, C: 3, '10': 4, a-b: 5}", "10=4 C=3 a=2 a-b=5 b=1"},
		{"{a: yes, b: no, c: null}", "a=yes b=no"},
		{"{a: 0.300000001, b: 1.23456789, c: 0.1, d: 3}", "a=0.30000 b=1.23456 c=0.1 d=3"},
		{"{a: 1e-05, b: 1e20, c: -1.9999999}", "a=1.0e-05 b=1.0e+20 c=-1.99999"},
		{"{g: hello world, o: \"1 2 'a b'\"}", "g='hello world' o=\"1 2 'a b'\""},
		{"{a: '1', b: 'yes', c: '', d: 'null'}", "a='1' b='yes' c='' d='null'"},
		{"{a: [1, b c], b: {k: [v]}, c: [], d: {}}", "a=[1, b c] b={k: [v]} c=[] d={}"},
		{"{a: 2020-01-01}", "a=2020-01-01"},
		{"{a: \"it's\", b: \"it's so\"}", "a=it's b=\"it's so\""},
		{"{a: 'x: y', b: '#', c: x#y}", "a='x: y' b='#' c=x#y"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_value_ struct value *flags = parse_map(table[i][0]);
		_cleanup_buf_ struct buf label = BUF_INIT, same = BUF_INIT, around = BUF_INIT,
					 wanted = BUF_INIT;

		flags_label(&label, flags);
		assert_string_equal(buf_str(&label), table[i][1]);
		flags_expand_label(&same, "${default_label}", flags);
		assert_string_equal(buf_str(&same), table[i][1]);
		flags_expand_label(&around, "t ${default_label}!", flags);
		buf_printf(&wanted, "t %s!", table[i][1]);
		assert_string_equal(buf_str(&around), buf_str(&wanted));
	}
}

static void templates(void **state)
{
	static const char *const table[][2] = {
		{"", ""},
		{"x", "x"},
		{"${f}", "0.12345"},
		{"${f|%.2f}", "0.12"},
		{"${f|%.3e}", "1.235e-01"},
		{"${i|%05d}", "00003"},
		{"${i|%x}", "3"},
		{"${i|%s}", "3"},
		{"${i|%.1f}", "3.0"},
		{"${t|%d}", "text"},
		{"${t|%5s}", " text"},
		{"${t|%-8s}!", "text    !"},
		{"${t|%r}", "'text'"},
		{"${s}", "'hello world'"},
		{"${s|unquote}", "hello world"},
		{"${one}", "'1'"},
		{"${one|unquote}", "1"},
		{"${y}", "yes"},
		{"${y|%d}", "1"},
		{"${n}", "no"},
		{"${z}", ""},
		{"${z|default:none}", "none"},
		{"${z|default}", ""},
		{"${nope}", ""},
		{"${nope|default:x}", "x"},
		{"${nope|default}", ""},
		{"${nope|%d}", ""},
		{"${f|default:x}", "0.123456789"},
		{"${l}", "[1, a]"},
		{"${d}", "{k: v}"},
		{"${p}", "dir/file.txt"},
		{"${p|basename}", "file.txt"},
		{"${p|basename|unquote}", "file.txt"},
		{"${nope|basename}", ""},
		{"${q}", "\"1 2 'a b'\""},
		{"${q|unquote}", "1 2 'a b'"},
		{"${e}", "''"},
		{"${e|default:x}", ""},
		{"${neg|%+.1f}", "-2.5"},
		{"${big}", "1.0e+20"},
		{"${a-b}", "1"},
		{"${c.d}", "2"},
		{"${t|nosuch}", "#error#"},
		{"${t|nosuch:1}", "#error#"},
		{"${t|default:a b|%10s}", "      text"},
		{"$t", "$t"},
		{"$$", "$$"},
		{"${", "${"},
		{"${t", "${t"},
		{"${}", "${}"},
		{"${t} ${i}", "text 3"},
		{"${ t }", ""},
		{"\\${t}", "\\text"},
		{"{t}", "{t}"},
		{"${t|}", "#error#"},
		{"${t||}", "#error#"},
		{"%d", "%d"},
		{"${t}|x", "text|x"},
		{"${i|%}", "3"},
		{"${i|%d%d}", "3"},
		{"${i|%d apples}", "3 apples"},
		{"${f|%i}", "0"},
		{"${f|%d}", "0"},
		{"${y|%s}", "True"},
		{"${t|%s:%s}", "text"},
		{"${s|%s}", "hello world"},
		{"${one|%d}", "1"},
		{"${l|%s}", "[1, 'a']"},
		{"${d|%s}", "{'k': 'v'}"},
		{"${z|%d}", ""},
		{"${f|%.2f|%s}", "0.12"},
		{"${t|default:a:b}", "text"},
		{"${t|%q}", "text"},
		{"${i|%5}", "3"},
		{"${i|%%}", "3"},
		{"${t|basename:x}", "text"},
		{"${si}", "' x '"},
		{"${si|unquote}", " x "},
		{"${f|%g}", "0.123457"},
		{"${i|%o}", "3"},
		{"${neg|%d}", "-2"},
		{"${big|%d}", "100000000000000000000"},
		{"${y|%.1f}", "1.0"},
	};
	_cleanup_value_ struct value *flags = parse_map(
		"{f: 0.123456789, i: 3, s: hello world, t: text, one: '1', y: yes, n: no, z: null, "
		"l: [1, a], d: {k: v}, p: dir/file.txt, q: \"1 2 'a b'\", e: '', neg: -2.5, "
		"big: 1e20, a-b: 1, c.d: 2, si: ' x '}");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_buf_ struct buf label = BUF_INIT;

		flags_expand_label(&label, table[i][0], flags);
		if (strcmp(buf_str(&label), table[i][1]) != 0)
			fail_msg("%s: '%s', not '%s'", table[i][0], buf_str(&label), table[i][1]);
	}
}

/* Formats that are for printf() alone, or would take more than a label is worth. */
static void wild_formats(void **state)
{
	static const char *const templates[] = {"${i|%n}", "${i|%*d}", "${i|%1$d}", "${i|%lld}",
		"${i|%999999999d}", "${s|%.999999999s}", "${i|%a}", "${i|%p}", "${i|%hhn}",
		"${i|% 0#+- 0#+- 0#d}"};
	_cleanup_value_ struct value *flags = parse_map("{i: 3, s: t}");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(templates); i++) {
		_cleanup_buf_ struct buf label = BUF_INIT;

		flags_expand_label(&label, templates[i], flags);
		assert_string_equal(buf_str(&label), templates[i][2] == 's' ? "t" : "3");
	}
}

/* What a run gets: its own label, else the tags and the template, else the default one. */
static void labels_of_runs(void **state)
{
	static const struct {
		const char *op, *label, *tag, *wanted;
	} table[] = {
		{"op", NULL, NULL, "name=n x=1"},
		{"op", "L ${name}${nope}", NULL, "L n"},
		{"op", "${default_label} end", NULL, "name=n x=1 end"},
		{"op", NULL, "t1", "t1 name=n x=1"},
		{"op", "own", "t1", "own"},
		{"other", NULL, NULL, "L 2"},
		{"other", NULL, "t1", "t1 x=2"},
	};
	struct store store;

	store_open(&store, *state);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const struct operation *op = model_operation(&store.file->models[0], table[i].op);
		_cleanup_value_ struct value *flags = flags_defaults(op);
		_cleanup_strv_ struct strv tags = STRV_INIT;
		_cleanup_buf_ struct buf label = BUF_INIT;
		_cleanup_close_ int fd = -1;
		char id[RUN_ID_LEN + 1] = "";
		struct birth_spec spec = {
			.op = op,
			.proto_fd = -1,
			.flags = flags,
			.label = table[i].label,
			.tags = &tags,
			.stage = true,
			.uid = getuid(),
			.gid = getgid(),
			.user = "tester",
			.env = &store.env,
		};

		if (table[i].tag)
			assert_int_equal(strv_add(&tags, table[i].tag), 0);
		assert_int_equal(birth_create(store.home, &spec, id, NULL), 0);
		fd = home_open_run(store.home, id);
		assert_int_equal(attr_read_text(fd, "label", &label), 0);
		assert_string_equal(buf_str(&label), table[i].wanted);
	}
	store_close(&store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(default_labels),
		cmocka_unit_test(templates),
		cmocka_unit_test(wild_formats),
		cmocka_unit_test(labels_of_runs),
	};

	return cmocka_run_group_tests_name("labels", tests, support_setup, support_teardown);
}
