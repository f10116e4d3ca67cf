/* SPDX-License-Identifier: MIT */
/* What optimizers are told: operations' own words for them, spaces and their points, objectives. */
#include "support.h"

#include <errno.h>
#include <math.h>

#include "catalog/objective.h"
#include "project/builtin.h"
#include "project/optimizer.h"
#include "project/space.h"
#include "yaml/yaml.h"

static struct value *parse(const char *text)
{
	struct value *v = NULL;

	assert_int_equal(yaml_parse(text, strlen(text), &v, NULL), 0);
	return v;
}

static void check_value(const struct value *v, const char *wanted)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	yaml_emit_flow(&b, v);
	assert_string_equal(buf_str(&b), wanted);
}

/* --- operations ------------------------------------------------------------------ */

/* NULL: the default one. What comes of it, "OPSPEC FLAGS", or the sentence. */
static void check_optimizer(const char *attrs, const char *name, const char *wanted)
{
	_cleanup_buf_ struct buf text = BUF_INIT, got = BUF_INIT;
	_cleanup_guildfile_ struct guildfile *file = NULL;
	_cleanup_optimizer_ struct optimizer o = {0};
	const struct operation *op;
	struct err err = ERR_INIT;
	int r;

	buf_printf(&text, "op: {exec: 'true'%s}", attrs);
	assert_int_equal(
		guildfile_parse("/p/guild.yml", buf_str(&text), text.len, &file, NULL), 0);
	assert_int_equal(guildfile_find_operation(file, "op", &op, NULL), 0);
	r = name ? optimizer_named(op, name, &o, &err) : optimizer_default(op, &o, &err);
	if (r == 0) {
		buf_printf(&got, "%s ", o.opspec);
		yaml_emit_flow(&got, o.flags);
	}
	assert_string_equal(r == 0 ? buf_str(&got) : err_text(&err), wanted);
}

static void of_operations(void **state)
{
	const char two[] = ", optimizers: {a: {algorithm: gp, xi: 1}, b: {algorithm: tpe, "
			   "default: yes, candidates: 9}, c: forest, d: null}";

	(void)state;
	check_optimizer("", NULL, "gp {}");
	check_optimizer("", "tpe", "tpe {}");
	check_optimizer(", optimizer: forest", NULL, "forest {}");
	check_optimizer(", optimizer: {algorithm: gp, noise: 0.1}", NULL, "gp {noise: 0.1}");
	check_optimizer(", optimizer: {algorithm: gp, noise: 0.1}", "gp", "gp {noise: 0.1}");
	check_optimizer(", optimizer: {noise: 0.1}", NULL,
		"the optimizer of operation 'op' has no 'algorithm'");
	check_optimizer(two, NULL, "tpe {candidates: 9}");
	check_optimizer(two, "a", "gp {xi: 1}");
	check_optimizer(two, "c", "forest {}");
	check_optimizer(two, "d", "d {}");
	check_optimizer(two, "m:own", "m:own {}");
	check_optimizer(", optimizers: [x]", NULL, "x {}");
	check_optimizer(", optimizers: [x, y]", NULL,
		"no default optimizer defined for op\nSpecify one of the following with "
		"'--optimizer': x, y");
	check_optimizer(", optimizers: x", NULL,
		"invalid optimizer config of operation 'op': a string, where a list of names or a "
		"mapping is needed");
	check_optimizer(", optimizers: [1]", NULL,
		"invalid optimizer config of operation 'op': an integer, where a list of names or "
		"a mapping is needed");
}

static void of_our_own(void **state)
{
	static const struct {
		const char *opspec, *wanted;
		enum batch_kind kind;
	} table[] = {
		{"gp", "skopt:gp", BATCH_SEQUENTIAL},
		{"skopt:gp", "skopt:gp", BATCH_SEQUENTIAL},
		{"bayesian", "skopt:gp", BATCH_SEQUENTIAL},
		{"gaussian", "skopt:gp", BATCH_SEQUENTIAL},
		{"forest", "skopt:forest", BATCH_SEQUENTIAL},
		{"skopt:gbrt", "skopt:gbrt", BATCH_SEQUENTIAL},
		{"tpe", "optuna:tpe", BATCH_SEQUENTIAL},
		{"optuna:cmaes", "optuna:cmaes", BATCH_SEQUENTIAL},
		{"random", "skopt:random", BATCH_RANDOM},
		{"+", "+", BATCH_GRID},
		{"optuna:gp", NULL, 0},
		{"skopt:", NULL, 0},
		{"", NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_guildfile_ struct guildfile *file = NULL;
		_cleanup_buf_ struct buf name = BUF_INIT;
		const struct operation *op;
		int r = builtin_find(table[i].opspec, &file, &op, NULL);

		assert_int_equal(r, table[i].wanted ? 0 : -ENOENT);
		if (r < 0)
			continue;
		assert_int_equal(file->warnings.n, 0);
		operation_spec(&name, op);
		assert_string_equal(buf_str(&name), table[i].wanted);
		assert_int_equal(builtin_kind(op->name), table[i].kind);
	}
	assert_int_equal(builtin_kind("nope"), BATCH_NONE);
}

/* --- spaces ------------------------------------------------------------------------ */

#define SPACE                                                                                      \
	"{i: '[1:5:2]', l: 'loguniform[0.001:1]', c: [a, 1, 1.5, yes], r: 'uniform[0.5:2:0.75]', " \
	"f: 7}"

static void describes(void **state)
{
	_cleanup_value_ struct value *flags = parse(SPACE), *v = NULL;
	_cleanup_space_ struct space s = {0};

	(void)state;
	assert_int_equal(space_open(flags, &s, NULL), 0);
	v = space_describe(&s);
	check_value(v,
		"[{choices: [a, 1, 1.5, true], kind: choice, name: c}, {high: 5, kind: integer, "
		"low: 1, name: i}, {high: 1.0, kind: log, low: 0.001, name: l}, {high: 2.0, kind: "
		"real, low: 0.5, name: r}]");
}

static void points_of_flags(void **state)
{
	static const char *const table[][2] = {
		{"{c: a, i: 1, l: 0.5, r: 1, f: 7}", "[0, 1, 0.5, 1]"},
		{"{c: yes, i: 5, l: 1, r: 2.0, f: 7}", "[3, 5, 1, 2.0]"},
		{"{c: 1, i: 5, l: 1, r: 2.0}", "[1, 5, 1, 2.0]"},
		{"{c: b, i: 1, l: 0.5, r: 1}", NULL},
		{"{c: a, i: 0, l: 0.5, r: 1}", NULL},
		{"{c: a, i: 1.5, l: 0.5, r: 1}", NULL},
		{"{c: a, i: 1, l: 0.0001, r: 1}", NULL},
		{"{c: a, i: 1, l: 0.5, r: x}", NULL},
		{"{c: a, i: 1, l: 0.5, r: .nan}", NULL},
		{"{c: a, i: 1, l: 0.5}", NULL},
		{"{}", NULL},
	};
	_cleanup_value_ struct value *flags = parse(SPACE);
	_cleanup_space_ struct space s = {0};

	(void)state;
	assert_int_equal(space_open(flags, &s, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_value_ struct value *v = parse(table[i][0]), *point = NULL;

		assert_int_equal(space_point_of(&s, v, &point), table[i][1] ? 0 : -EDOM);
		if (table[i][1])
			check_value(point, table[i][1]);
	}
}

static void flags_of_points(void **state)
{
	static const struct {
		const char *point;
		bool first;
		const char *wanted;
	} table[] = {
		{"[0, 3, 0.5, 1]", false, "{c: a, f: 7, i: 3, l: 0.5, r: 1.0}"},
		{"[3, 3, 0.5, 1]", true, "{c: true, f: 7, i: 2, l: 0.5, r: 0.75}"},
		{"[2, 5, 1.0000000001, 0.4999]", false, "{c: 1.5, f: 7, i: 5, l: 1.0, r: 0.5}"},
		{"[4, 3, 0.5, 1]", false, NULL},
		{"[-1, 3, 0.5, 1]", false, NULL},
		{"[0, 3.5, 0.5, 1]", false, NULL},
		{"[0, 6, 0.5, 1]", false, NULL},
		{"[0, 3, a, 1]", false, NULL},
		{"[0, 3, 0.5]", false, NULL},
		{"{a: 1}", false, NULL},
	};
	_cleanup_value_ struct value *flags = parse(SPACE);
	_cleanup_space_ struct space s = {0};

	(void)state;
	assert_int_equal(space_open(flags, &s, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_value_ struct value *point = parse(table[i].point), *got = NULL;
		struct err err = ERR_INIT;
		int r = space_flags_at(&s, point, table[i].first, &got, &err);

		assert_int_equal(r, table[i].wanted ? 0 : -EINVAL);
		if (r == 0)
			check_value(got, table[i].wanted);
		else
			assert_non_null(strstr(err_text(&err), "no point of the space"));
	}
}

static void no_space(void **state)
{
	_cleanup_value_ struct value *flags = parse("{a: 1, b: 'x y'}"),
				     *bad = parse("{a: 'loguniform[0:1]'}");
	struct err err = ERR_INIT;
	struct space s;

	(void)state;
	assert_int_equal(space_open(flags, &s, &err), -EINVAL);
	assert_string_equal(err_text(&err),
		"flags for batch (a=1, b='x y') do not contain any search dimensions\nTry "
		"specifying a range for one or more flags as NAME=[MIN:MAX].");
	assert_int_equal(space_open(bad, &s, NULL), -EDOM);
}

/* --- objectives ---------------------------------------------------------------------- */

static void check_objective(const char *text, const struct run_facts *facts, double wanted)
{
	_cleanup_objective_ struct objective o = {0};
	double got = NAN;

	assert_int_equal(objective_parse(text, &o, NULL), 0);
	assert_int_equal(objective_of(&o, facts, &got), !isnan(wanted));
	if (!isnan(wanted))
		assert_true(fabs(got - wanted) < 1e-12);
}

static void objectives(void **state)
{
	const struct series_summary loss = {.count = 2,
		.total = 3.5,
		.first = {.step = 1, .value = 2.5},
		.last = {.step = 9, .value = 1},
		.min = {.step = 9, .value = 1},
		.max = {.step = 1, .value = 2.5}},
				    none = {.count = 1, .last = {.value = NAN}};
	struct compare_scalar scalars[] = {
		{"", "loss", &loss}, {"val", "loss", &none}, {"val", "acc", &none}};
	_cleanup_value_ struct value *flags = parse("{x: 3, name: a}"),
				     *attrs = parse("{size: 1.5}");
	const struct run_facts facts = {
		.flags = flags, .attrs = attrs, .scalars = scalars, .n_scalars = 3};
	struct objective o;
	struct err err = ERR_INIT;

	(void)state;
	check_objective("", &facts, 1);
	check_objective("loss", &facts, 1);
	check_objective("-loss", &facts, -1);
	check_objective("max loss", &facts, 2.5);
	check_objective("-max loss", &facts, -2.5);
	check_objective("first loss step", &facts, 1);
	check_objective("avg loss", &facts, 1.75);
	check_objective("count loss", &facts, 2);
	check_objective("=x", &facts, 3);
	check_objective("=name", &facts, NAN);
	check_objective("-.size", &facts, -1.5);
	check_objective("val#acc", &facts, NAN);
	check_objective("nothing", &facts, NAN);
	assert_int_equal(objective_parse("-a, b", &o, &err), -EINVAL);
	assert_string_equal(err_text(&err), "invalid objective 'a, b': too many columns");
	assert_int_equal(objective_parse("max", &o, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_operations),
		cmocka_unit_test(of_our_own),
		cmocka_unit_test(describes),
		cmocka_unit_test(points_of_flags),
		cmocka_unit_test(flags_of_points),
		cmocka_unit_test(no_space),
		cmocka_unit_test(objectives),
	};

	return cmocka_run_group_tests_name("optimizer", tests, NULL, NULL);
}
