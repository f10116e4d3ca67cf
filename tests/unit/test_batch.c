/* SPDX-License-Identifier: MIT */
/* Which trials lists, batch files and functions make; seeds give what Python and numpy give. */
#include "support.h"

#include <errno.h>
#include <math.h>

#include "base/random.h"
#include "project/batch.h"
#include "project/search.h"
#include "project/trials.h"
#include "yaml/yaml.h"

static struct value *parse(const char *text)
{
	struct value *v = NULL;

	assert_int_equal(yaml_parse(text, strlen(text), &v, NULL), 0);
	return v;
}

/* As YAML in flow form; "" when there are none, and the sentence when they cannot be made. */
static const char *expanded(const struct batch_spec *spec, struct buf *b)
{
	_cleanup_value_ struct value *list = NULL;
	struct err err = ERR_INIT;

	if (batch_expand(spec, &list, &err) < 0)
		buf_puts(b, err_text(&err));
	for (size_t i = 0; list && i < list->list.n; i++) {
		buf_puts(b, i ? " " : "");
		yaml_emit_flow(b, list->list.items[i]);
	}
	return buf_str(b);
}

static void check(struct batch_spec spec, const char *flags, const char *wanted)
{
	_cleanup_value_ struct value *v = parse(flags);
	_cleanup_buf_ struct buf b = BUF_INIT;

	spec.flags = v;
	if (!spec.kind)
		spec.kind = batch_kind_of(v, spec.trials);
	assert_string_equal(expanded(&spec, &b), wanted);
}

static void numbers_of_seeds(void **state)
{
	/* random.seed(S); random.sample(range(N), K) of Python 3.11 */
	static const struct {
		uint64_t seed;
		size_t n, k, wanted[6];
	} samples[] = {
		{42, 10, 5, {1, 0, 4, 9, 6}},
		{7, 100, 6, {41, 19, 50, 83, 6, 9}},
		{2855886230, 2000, 6, {1535, 815, 680, 1108, 1693, 945}},
		{99999999999, 25, 6, {2, 23, 19, 14, 7, 15}},
	};
	struct random r;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		size_t got[6];

		random_seed_python(&r, samples[i].seed);
		/* The last one draws 22 of 25: how many decides which way is taken. */
		if (samples[i].n == 25) {
			size_t all[22];

			assert_int_equal(random_sample(&r, 25, 22, all), 0);
			memcpy(got, all, sizeof(got));
		} else {
			assert_int_equal(random_sample(&r, samples[i].n, samples[i].k, got), 0);
		}
		assert_memory_equal(got, samples[i].wanted, samples[i].k * sizeof(*got));
	}
	/* numpy.random.RandomState(42): uniform(), randint(100), randint(2**40 + 1) */
	random_seed_numpy(&r, 42);
	assert_true(random_unit(&r) == 0.37454011884736249);
	assert_int_equal(random_up_to(&r, 99), 92);
	assert_int_equal(random_up_to(&r, 1ULL << 40), 307513896636);
	assert_int_equal(random_up_to(&r, 0), 0);
}

static void kinds(void **state)
{
	static const struct {
		const char *flags;
		enum batch_kind kind;
	} table[] = {
		{"{x: 1, y: a}", BATCH_NONE},
		{"{x: 1, y: [1]}", BATCH_GRID},
		{"{x: [], y: {a: [1]}}", BATCH_GRID},
		{"{x: [1, 2], y: 'uniform[0:1]'}", BATCH_RANDOM},
		{"{y: '[1:5]'}", BATCH_RANDOM},
		{"{y: 'img[1].png'}", BATCH_NONE},
	};
	_cleanup_value_ struct value *none = value_list(), *trials = parse("[{x: 1}, {x: 2}]");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_value_ struct value *flags = parse(table[i].flags);

		assert_int_equal(batch_kind_of(flags, NULL), table[i].kind);
		assert_int_equal(batch_kind_of(flags, none), table[i].kind);
		assert_int_equal(
			batch_kind_of(flags, trials), table[i].kind ? table[i].kind : BATCH_GRID);
	}
}

static void grid(void **state)
{
	(void)state;
	check((struct batch_spec){0}, "{y: [b, a], x: [1, 2], c: k}",
		"{c: k, x: 1, y: b} {c: k, x: 1, y: a} {c: k, x: 2, y: b} {c: k, x: 2, y: a}");
	check((struct batch_spec){0}, "{x: [], y: [1, 2]}", "");
	check((struct batch_spec){.kind = BATCH_GRID}, "{x: 1}", "{x: 1}");
	/* The same three that Guild AI takes, in their order. */
	check((struct batch_spec){.max_trials = 3, .seed = 7}, "{x: [0, 1, 2, 3, 4, 5, 6, 7]}",
		"{x: 1} {x: 3} {x: 5}");
	check((struct batch_spec){.max_trials = 9, .seed = 7}, "{x: [1, 2]}", "{x: 1} {x: 2}");
}

static void batch_files(void **state)
{
	_cleanup_value_ struct value *trials = parse("[{x: 1, y: 5}, {x: [2, 3]}]");
	_cleanup_value_ struct value *user = parse("{z: [7, 8]}");

	(void)state;
	check((struct batch_spec){.trials = trials, .user_flags = user}, "{x: 0, y: 0, z: [7, 8]}",
		"{x: 1, y: 5, z: 7} {x: 1, y: 5, z: 8} {x: 2, y: 0, z: 7} {x: 2, y: 0, z: 8} "
		"{x: 3, y: 0, z: 7} {x: 3, y: 0, z: 8}");
}

static void what_batch_files_say(void **state)
{
	static const struct {
		const char *name, *text, *wanted;
	} table[] = {
		{"a.csv", "x,y\n1,a b\n2\n", "[{x: 1, y: a b}, {x: 2}]"},
		{"b.json", "{\"x\": 1}", "[{x: 1}]"},
		{"c.yaml", "5", "invalid data type for trials: expected list or dict, got int"},
		{"d.json", "[1]", "invalid data type for trial 1: expected dict"},
		{"e.txt", "x\n1\n", "unsupported extension"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_value_ struct value *trials = NULL;
		_cleanup_buf_ struct buf path = BUF_INIT, text = BUF_INIT;
		struct err err = ERR_INIT;

		buf_printf(&path, "%s/%s", (const char *)*state, table[i].name);
		support_write(buf_str(&path), table[i].text);
		if (trials_read(buf_str(&path), &trials, &err) < 0)
			buf_puts(&text, err_text(&err));
		else
			yaml_emit_flow(&text, trials);
		assert_string_equal(buf_str(&text), table[i].wanted);
	}
}

static void too_many_trials(void **state)
{
	_cleanup_value_ struct value *flags = value_map(), *list = value_list(), *trials = NULL;
	struct batch_spec spec = {.kind = BATCH_GRID, .flags = flags};

	(void)state;
	for (int i = 0; i < 101; i++)
		value_list_add(list, value_int(i));
	value_map_set(flags, "a", value_copy(list));
	value_map_set(flags, "b", value_copy(list));
	value_map_set(flags, "c", value_copy(list));
	assert_int_equal(batch_expand(&spec, &trials, NULL), -E2BIG);
	spec = (struct batch_spec){
		.kind = BATCH_RANDOM, .flags = flags, .max_trials = BATCH_TRIALS_MAX + 1};
	assert_int_equal(batch_expand(&spec, &trials, NULL), -E2BIG);
}

/* What dummy_minimize() of scikit-optimize gives for these dimensions and seeds. */
static void search_is_that_of_skopt(void **state)
{
	const char flags[] = "{a: 'uniform[0.1:0.9]', b: '[1:100]', c: 'loguniform[1e-4:1.0]', "
			     "d: [a, b, c], e: 'uniform[1.0:3]', f: 5}";
	struct batch_spec spec = {.max_trials = 3, .seed = 7};

	(void)state;
	check(spec, flags,
		"{a: 0.28187126386117217, b: 68, c: 0.8182605026162991, d: b, "
		"e: 1.6160255303754787, f: 5} "
		"{a: 0.311096671230319, b: 90, c: 0.00019418001640357838, d: a, "
		"e: 1.9997650016511201, f: 5} "
		"{a: 0.6433839968967525, b: 8, c: 0.003340138940215422, d: a, "
		"e: 1.576291198615987, f: 5}");
	spec.max_trials = 1;
	spec.seed = 2855886230;
	check(spec, flags,
		"{a: 0.8003395488873019, b: 25, c: 0.0022019472718283126, d: b, "
		"e: 1.454725423282484, f: 5}");
}

static void first_values_and_faults(void **state)
{
	const struct batch_spec two = {.kind = BATCH_RANDOM, .max_trials = 2, .seed = 7};

	(void)state;
	check(two, "{a: 'uniform[0.1:0.9:0.5]', b: '[1:100]'}",
		"{a: 0.5, b: 68} {a: 0.8825783176628661, b: 93}");
	check(two, "{a: 1}",
		"flags for batch (a=1) do not contain any search dimensions\nTry specifying a "
		"range "
		"for one or more flags as NAME=[MIN:MAX].");
	check(two, "{a: '[1:2:3:4]'}", "uniform requires 2 or 3 args, got (1, 2, 3, 4) for flag a");
	check(two, "{a: 'geomspace[1:2]'}", "unknown function 'geomspace' used for flag a");
	check(two, "{a: 'range[1:5:0]'}",
		"invalid function args in 'a=range[1:5:0]': the step must not be 0");
	check(two, "{a: 'range[1:b]'}",
		"invalid function args in 'a=range[1:b]': range has one to three arguments, which "
		"are numbers");
	check(two, "{a: 'logspace[0:1:1e9]'}",
		"invalid function args in 'a=logspace[0:1:1e9]': two numbers are needed, and "
		"behind them how many there are to be (5)");
	check(two, "{a: 'loguniform[1.2:1.1]'}",
		"invalid function args in 'a=loguniform[1.2:1.1]': the lower bound 1.2 has to be "
		"less "
		"than the upper bound 1.1");
	check(two, "{a: 'loguniform[0:1]'}",
		"invalid function args in 'a=loguniform[0:1]': the lower bound has to be greater "
		"than "
		"0");
}

/* Shares of tenths of the range, by the chi-squared test with 9 degrees of freedom (p = 0.001). */
static void distributions(void **state)
{
	static const char *const functions[] = {
		"uniform[-2.0:3.0]", "loguniform[0.001:10]", "[1:10]"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
		_cleanup_value_ struct value *v = value_string(functions[i]);
		struct dimension d;
		struct random r;
		double counts[10] = {0}, chi = 0;
		enum { DRAWS = 10000 };

		assert_int_equal(dimension_parse("x", v, &d, NULL), 0);
		random_seed_numpy(&r, 1);
		for (int n = 0; n < DRAWS; n++) {
			_cleanup_value_ struct value *x = dimension_draw(&d, &r);
			double at = i == 0   ? (x->number + 2) / 5
				    : i == 1 ? (log10(x->number) + 3) / 4
					     : (double)(x->integer - 1) / 10;

			assert_true(at >= 0 && at <= 1);
			counts[at >= 1 ? 9 : (int)(at * 10)]++;
		}
		for (int n = 0; n < 10; n++)
			chi += (counts[n] - DRAWS / 10.0) * (counts[n] - DRAWS / 10.0) /
			       (DRAWS / 10.0);
		assert_true(chi < 27.9);
		dimension_release(&d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_seeds),
		cmocka_unit_test(kinds),
		cmocka_unit_test(grid),
		cmocka_unit_test(batch_files),
		cmocka_unit_test(what_batch_files_say),
		cmocka_unit_test(too_many_trials),
		cmocka_unit_test(search_is_that_of_skopt),
		cmocka_unit_test(first_values_and_faults),
		cmocka_unit_test(distributions),
	};

	return cmocka_run_group_tests_name("batch", tests, support_setup, support_teardown);
}
