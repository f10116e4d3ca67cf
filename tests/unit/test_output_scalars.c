/* SPDX-License-Identifier: MIT */
/* Scalars and attributes out of what an operation prints. */
#include "support.h"

#include <math.h>

#include "base/regex.h"
#include "base/strv.h"
#include "metrics/capture.h"
#include "metrics/scalars.h"
#include "yaml/yaml.h"

static char run[300];

struct setting {
	struct capture *capture;
	struct strv flags, warnings;
	struct value *scalars, *attrs;
	int guild_fd;
};

static void open_capture(
	struct setting *s, void **state, const char *scalars, const char *attrs, const char *flag)
{
	static int n;
	_cleanup_buf_ struct buf guild = BUF_INIT;
	struct capture_config config = {0};

	*s = (struct setting){0};
	snprintf(run, sizeof(run), "%s/run%d", (const char *)*state, n++);
	buf_printf(&guild, "%s/.guild", run);
	assert_int_equal(file_mkdirs(AT_FDCWD, buf_str(&guild), 0755), 0);
	s->guild_fd = open(buf_str(&guild), O_PATH | O_DIRECTORY);
	if (scalars)
		assert_int_equal(yaml_parse(scalars, strlen(scalars), &s->scalars, NULL), 0);
	if (attrs)
		assert_int_equal(yaml_parse(attrs, strlen(attrs), &s->attrs, NULL), 0);
	if (flag)
		assert_int_equal(strv_add(&s->flags, flag), 0);
	config = (struct capture_config){.scalars = s->scalars,
		.attrs = s->attrs,
		.flags = &s->flags,
		.guild_fd = s->guild_fd};
	assert_int_equal(capture_new(&config, &s->warnings, &s->capture), 0);
}

static void feed(struct setting *s, const char *text)
{
	assert_int_equal(capture_feed(s->capture, 0, text, strlen(text)), 0);
}

/* Everything that was captured, as "key value@step" and "key=text"; closes the capture. */
static void captured(struct setting *s, const char *expected)
{
	_cleanup_close_ int fd = open(run, O_PATH | O_DIRECTORY);
	_cleanup_scalars_ struct scalars *all = NULL;
	_cleanup_buf_ struct buf b = BUF_INIT;
	const struct value *attrs;
	const struct scalar *list;
	size_t n;

	assert_int_equal(capture_end(s->capture), 0);
	assert_int_equal(scalars_new(SCALARS_SAMPLES, &all), 0);
	assert_int_equal(scalars_refresh(all, fd, NULL), 0);
	list = scalars_list(all, &n);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < list[i].series->n; j++)
			buf_printf(&b, "%s%s %g@%d", b.len ? "; " : "", list[i].key,
				list[i].series->samples[j].value,
				(int)list[i].series->samples[j].step);
	attrs = scalars_attrs(all);
	for (size_t i = 0; i < attrs->map.n; i++)
		buf_printf(&b, "%s%s=%s", b.len ? "; " : "", attrs->map.pairs[i].key,
			value_str(attrs->map.pairs[i].value));
	assert_string_equal(buf_str(&b), expected);
	capture_free(s->capture);
	strv_release(&s->flags);
	strv_release(&s->warnings);
	value_free(s->scalars);
	value_free(s->attrs);
	close(s->guild_fd);
}

/* What text gives with these patterns (NULL: the defaults). */
static void gives(void **state, const char *scalars, const char *text, const char *expected)
{
	struct setting s;

	open_capture(&s, state, scalars, "no", NULL);
	assert_int_equal(s.warnings.n, 0);
	feed(&s, text);
	captured(&s, expected);
}

static void defaults(void **state)
{
	gives(state, NULL, "x: 1.5\ny:  -2\n", "x 1.5@0; y -2@0");
	gives(state, NULL, "loss: 1e-3 (whatever)\n", "loss 0.001@0");
	gives(state, NULL, "a: nan\nb: -INF\nc: +.5e1\n", "a nan@0; b -inf@0; c 5@0");
	gives(state, NULL, "no scalar\nx:1\n x: 1\n1x: 1\nx: 1 2\nx: .\nx: \n", "");
	gives(state, NULL, "a:b: 1\n_x: 2\n", "_x 2@0; a:b 1@0");
	gives(state, "no", "x: 1\n", "");
	gives(state, "[]", "x: 1\n", "");
}

static void steps(void **state)
{
	/* Implied: a key that repeats begins the next step. */
	gives(state, NULL, "x: 1\nx: 2\nx: 3\n", "x 1@0; x 2@1; x 3@2");
	gives(state, NULL, "x: 1\ny: 2\ny: 3\ny: 4\nx: 5\ny: 6\n",
		"x 1@0; x 5@2; y 2@0; y 3@1; y 4@2; y 6@3");
	/* Captured: holds from its line on. */
	gives(state, NULL, "x: 1\nx: 3\ny: 4 (10)\nx: 5\ny: 6\n",
		"x 1@0; x 3@1; x 5@10; y 4@10; y 6@10");
	gives(state, NULL, "x: 1 (step 7)\ny: 2\n", "x 1@7; y 2@7");
	gives(state, NULL, "step: 12\nx: 1\nstep: nan\nx: 2\nstep: 1e30\nx: 3\n",
		"x 1@12; x 2@12; x 3@12");
}

/* Keys that never repeat, as of numbered lines: a step ends all the same. */
static void steps_without_end(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_scalars_ struct scalars *all = NULL;
	_cleanup_close_ int fd = -1;
	struct setting s;

	for (int i = 0; i < 3000; i++)
		buf_printf(&text, "key%d: 1\n", i);
	open_capture(&s, state, NULL, "no", NULL);
	feed(&s, buf_str(&text));
	assert_int_equal(capture_end(s.capture), 0);
	fd = open(run, O_PATH | O_DIRECTORY);
	assert_int_equal(scalars_new(SCALARS_SUMMARIES, &all), 0);
	assert_int_equal(scalars_refresh(all, fd, NULL), 0);
	assert_int_equal(scalars_find(all, "key0")->series->summary.last.step, 0);
	assert_true(scalars_find(all, "key2999")->series->summary.last.step > 0);
	capture_free(s.capture);
	strv_release(&s.flags);
	strv_release(&s.warnings);
	value_free(s.attrs);
	close(s.guild_fd);
}

static void both_streams(void **state)
{
	struct setting s;

	open_capture(&s, state, NULL, "no", NULL);
	assert_int_equal(capture_feed(s.capture, 0, "los", 3), 0);
	assert_int_equal(capture_feed(s.capture, 1, "step: 4\nerr: 1", 14), 0);
	assert_int_equal(capture_feed(s.capture, 0, "s: 0.5", 6), 0);
	assert_int_equal(capture_feed(s.capture, 0, "\nlast: 2", 8), 0);
	captured(&s, "err 1@4; last 2@4; loss 0.5@4");
}

static void user_patterns(void **state)
{
	gives(state, "{loss: 'loss=(\\value)'}", "epoch 3 loss=1.5 loss=2.5\n", "loss 2.5@0");
	gives(state, "'(\\key)=(\\value)'", "a=1 b=2\n", "a 1@0; b 2@0");
	gives(state, "'Epoch (?P<step>\\step): (?P<loss>\\S+) (?P<acc>\\S+)?'", "Epoch 3: 0.5 x\n",
		"loss 0.5@3");
	gives(state, "'(?P<_val>\\value) is (?P<_key>\\key)'", "0.5 is loss\n", "loss 0.5@0");
	gives(state, "[{b: 'B(\\d+)', a: 'A(\\d+)'}, 'C(?P<c>\\d+)']", "A1B2C3\n",
		"a 1@0; b 2@0; c 3@0");
	/* As float() has it, not as strtod() does. */
	gives(state, "{x: 'x=(\\S+)'}", "x=0x10\nx=1_0\nx=nan(3)\nx=Infinity\nx=1e\n", "x inf@0");
	/* Keras' bars. */
	gives(state, "['Epoch (?P<step>[0-9]+)', ' - ([a-z_]+): (\\value)']",
		"Epoch 1/2\n1/9 - loss: 0.9 - acc: 0.1\b\b\b\b\r9/9 - loss: 0.5 - acc: 0.2\n"
		"Epoch 2/2\n9/9 - loss: 0.4 - acc: 0.3\n",
		"acc 0.2@1; acc 0.3@2; loss 0.5@1; loss 0.4@2");
}

static void odd_bytes(void **state)
{
	static const char nul[] = "x\0: 1\n\x01y: 2\x08\n";
	struct setting s;

	gives(state, NULL, "\rloss: 0.5\rloss: 0.4\rloss: 0.3   \rdone\n", "loss 0.3@0");
	gives(state, NULL, "\rloss: 0.5", "loss 0.5@0");
	gives(state, NULL, "loss: 0.5\r\nloss: 0.4\r\n", "loss 0.5@0; loss 0.4@1");
	gives(state, NULL, "a: 1\rb: 2\ra: 3\n", "a 3@0; b 2@0");
	gives(state, NULL, "lo\xff\xc3ss: 1\xe2\x82\nx\xc3\xa9: 2\n", "loss 1@0; x\xc3\xa9 2@0");
	open_capture(&s, state, NULL, "no", NULL);
	assert_int_equal(capture_feed(s.capture, 0, nul, sizeof(nul) - 1), 0);
	captured(&s, "x 1@0; y 2@0");
}

static void byte_by_byte(void **state)
{
	static const char text[] = "\rx: 1\rx: 2\n\nstep: 5\nx: 3\r\ny: \xc3\xa9\n";
	struct setting s;

	open_capture(&s, state, NULL, NULL, NULL);
	for (const char *c = text; *c; c++)
		assert_int_equal(capture_feed(s.capture, 0, c, 1), 0);
	captured(&s, "x 2@0; x 3@5; y=\xc3\xa9");
}

static void endless_line(void **state)
{
	_cleanup_buf_ struct buf block = BUF_INIT;
	struct setting s;

	buf_resize(&block, 100000);
	memset(block.data, 'x', block.len);
	open_capture(&s, state, "{x: '(1)'}", "no", NULL);
	for (int i = 0; i < 30; i++)
		assert_int_equal(capture_feed(s.capture, 0, block.data, block.len), 0);
	feed(&s, "1\rand 1\n");
	captured(&s, "x 1@0");
}

static void attributes(void **state)
{
	struct setting s;

	/* What is a scalar is none; neither are flags, but for patterns of the user's own. */
	open_capture(&s, state, NULL, NULL, "lr");
	feed(&s, "b: hello\nx: 1\nlr: 0.1\nlr: fast\nstep: 3\ntwo: words here\nc: 1.2.3\n");
	captured(&s, "x 1@0; b=hello; c=1.2.3");
	open_capture(&s, state, "'(\\key): (\\value)$'", "'(\\key): (\\value)$'", "lr");
	feed(&s, "lr: 0.1\nlr: fast\n");
	captured(&s, "lr 0.1@0; lr=fast");
	open_capture(&s, state, "no", NULL, NULL);
	feed(&s, "x: 1\n");
	captured(&s, "x=1");
	open_capture(&s, state, NULL, "{name: 'model is (\\value)'}", NULL);
	feed(&s, "the model is big\nb: hello\n");
	captured(&s, "name=big");
}

static void bad_patterns(void **state)
{
	struct setting s;

	open_capture(&s, state, "['(', '(a)', 'a', '(a)(b)(c)', 3, {k: [x]}, '(\\key)=(\\value)']",
		"no", NULL);
	assert_int_equal(s.warnings.n, 6);
	assert_non_null(strstr(s.warnings.v[0], "'(' is not a regular expression"));
	assert_string_equal(s.warnings.v[1], "pattern '(a)' captures a value for no key");
	assert_string_equal(s.warnings.v[2], "pattern 'a' has 0 groups; one or two are needed");
	assert_string_equal(
		s.warnings.v[3], "pattern '(a)(b)(c)' has 3 groups; one or two are needed");
	assert_string_equal(
		s.warnings.v[4], "an item of output-scalars is an integer, not a pattern");
	assert_string_equal(s.warnings.v[5], "k of output-scalars is a list, not a pattern");
	feed(&s, "abc=1\n");
	captured(&s, "abc 1@0");
}

static void no_file_without_need(void **state)
{
	_cleanup_buf_ struct buf names = BUF_INIT;
	struct setting s;

	open_capture(&s, state, NULL, NULL, "lr");
	feed(&s, "lr: 0.1\nhello\nstep: 4\n");
	assert_int_equal(capture_end(s.capture), 0);
	/* An empty directory can be removed. */
	assert_int_equal(unlinkat(s.guild_fd, "../.guild", AT_REMOVEDIR), 0);
	captured(&s, "");
}

/* --- traces --------------------------------------------------------------------------------- */

static void trace_line(void *arg, const char *line)
{
	buf_printf(arg, "%s\n", line);
}

static void trace_pattern(void *arg, const char *pattern, const char *groups, const char *assigned)
{
	if (groups)
		buf_printf(arg, "  %s: %s (%s)\n", pattern, groups, assigned);
	else
		buf_printf(arg, "  %s: -\n", pattern);
}

static void traces(void **state)
{
	static const char text[] = "a=1 b=x\r\n\nepoch 3";
	static const char yaml[] = "['(\\S+)=(\\S+)', {n: 'epoch (\\d+)( x)?'}, {n: '(\\d)'}]";
	_cleanup_(capture_patterns_release) struct capture_patterns p;
	_cleanup_value_ struct value *config = NULL;
	_cleanup_strv_ struct strv warnings = STRV_INIT;
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct capture_trace trace = {.line = trace_line, .pattern = trace_pattern, .arg = &b};

	(void)state;
	assert_int_equal(yaml_parse(yaml, strlen(yaml), &config, NULL), 0);
	assert_int_equal(capture_patterns_init(&p, CAPTURE_SCALARS, config, &warnings), 0);
	assert_int_equal(capture_test(&p, text, strlen(text), &trace), 0);
	assert_string_equal(buf_str(&b), "a=1 b=x\n"
					 "  (\\S+)=(\\S+): [('a', '1'), ('b', 'x')] (a=1.0)\n"
					 "  epoch (\\d+)( x)?: -\n"
					 "  (\\d): [('1',)] (n=1.0)\n"
					 "\n"
					 "  (\\S+)=(\\S+): -\n"
					 "  epoch (\\d+)( x)?: -\n"
					 "  (\\d): -\n"
					 "epoch 3\n"
					 "  (\\S+)=(\\S+): -\n"
					 "  epoch (\\d+)( x)?: [('3', None)] ()\n"
					 "  (\\d): [('3',)] (n=3.0)\n");
}

/* As re.finditer goes on behind matches of nothing. */
static void all_matches(void **state)
{
	static const struct {
		const char *pattern, *text, *found;
	} table[] = {
		{"a*", "baac", "<><aa><><>"},
		{"\\b|a", "a a", "<><a><><><a><>"},
		{"^", "ab", "<>"},
		{"x", "ab", ""},
		{"\u00e9*", "a\u00e9", "<><\u00e9><>"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_regex_ struct regex *regex = NULL;
		_cleanup_buf_ struct buf b = BUF_INIT;
		struct regex_match m = {0};

		assert_int_equal(regex_compile(table[i].pattern, &regex, NULL), 0);
		while (regex_next(regex, table[i].text, &m))
			buf_printf(&b, "<%.*s>", (int)m.group[0].len, m.group[0].start);
		assert_string_equal(buf_str(&b), table[i].found);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_matches),
		cmocka_unit_test(defaults),
		cmocka_unit_test(steps),
		cmocka_unit_test(steps_without_end),
		cmocka_unit_test(both_streams),
		cmocka_unit_test(user_patterns),
		cmocka_unit_test(odd_bytes),
		cmocka_unit_test(byte_by_byte),
		cmocka_unit_test(endless_line),
		cmocka_unit_test(attributes),
		cmocka_unit_test(bad_patterns),
		cmocka_unit_test(no_file_without_need),
		cmocka_unit_test(traces),
	};

	return cmocka_run_group_tests_name(
		"output scalars", tests, support_setup, support_teardown);
}
