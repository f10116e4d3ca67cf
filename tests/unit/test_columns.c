/* SPDX-License-Identifier: MIT */
/* Column specs, by table (reference, 6.3). */
#include "support.h"

#include <errno.h>

#include "catalog/columns.h"

static const struct {
	const char *spec;
	enum column_kind kind;
	enum column_qualifier qualifier;
	bool step;
	const char *key; /* NULL: an error, whose sentence has `heading` in it */
	const char *heading;
} cases[] = {
	{"loss", COLUMN_SCALAR, QUALIFIER_LAST, false, "loss", "loss"},
	{"scalar:loss", COLUMN_SCALAR, QUALIFIER_LAST, false, "loss", "loss"},
	{"min loss", COLUMN_SCALAR, QUALIFIER_MIN, false, "loss", "loss"},
	{"max loss step", COLUMN_SCALAR, QUALIFIER_MAX, true, "loss", "loss step"},
	{"first loss", COLUMN_SCALAR, QUALIFIER_FIRST, false, "loss", "loss"},
	{"last loss", COLUMN_SCALAR, QUALIFIER_LAST, false, "loss", "loss"},
	{"avg gpu", COLUMN_SCALAR, QUALIFIER_AVG, false, "gpu", "gpu"},
	{"total hits", COLUMN_SCALAR, QUALIFIER_TOTAL, false, "hits", "hits"},
	{"count loss", COLUMN_SCALAR, QUALIFIER_COUNT, false, "loss", "loss"},
	{"a#b/c", COLUMN_SCALAR, QUALIFIER_LAST, false, "a#b/c", "a b/c"},
	{"#b step", COLUMN_SCALAR, QUALIFIER_LAST, true, "#b", "b step"},
	{"losses/.+", COLUMN_SCALAR, QUALIFIER_LAST, false, "losses/.+", "losses/.+"},
	{"'foo bar'", COLUMN_SCALAR, QUALIFIER_LAST, false, "foo bar", "foo bar"},
	{"\"a'b\"", COLUMN_SCALAR, QUALIFIER_LAST, false, "a'b", "a'b"},
	{"'flag:x'", COLUMN_SCALAR, QUALIFIER_LAST, false, "flag:x", "flag:x"},
	{"'max'", COLUMN_SCALAR, QUALIFIER_LAST, false, "max", "max"},
	{"flags:foo", COLUMN_SCALAR, QUALIFIER_LAST, false, "flags:foo", "flags:foo"},
	{"=learning-rate", COLUMN_FLAG, QUALIFIER_LAST, false, "learning-rate", "learning-rate"},
	{"flag:x", COLUMN_FLAG, QUALIFIER_LAST, false, "x", "x"},
	{".id", COLUMN_ATTR, QUALIFIER_LAST, false, "id", "id"},
	{"attr:id", COLUMN_ATTR, QUALIFIER_LAST, false, "id", "id"},
	{"=x as 'Learning Rate'", COLUMN_FLAG, QUALIFIER_LAST, false, "x", "Learning Rate"},
	{"min loss as min", COLUMN_SCALAR, QUALIFIER_MIN, false, "loss", "min"},
	{"min loss step as step", COLUMN_SCALAR, QUALIFIER_MIN, true, "loss", "step"},
	{"  loss\t", COLUMN_SCALAR, QUALIFIER_LAST, false, "loss", "loss"},
	{.spec = "", .heading = "the name of a scalar is missing"},
	{.spec = "minn loss", .heading = "unexpected 'loss' at position 6"},
	{.spec = "scalar:max loss", .heading = "unexpected 'max' at position 8"},
	{.spec = "max", .heading = "stops too early"},
	{.spec = "step", .heading = "unexpected 'step' at position 1"},
	{.spec = "loss as", .heading = "a name is missing"},
	{.spec = "loss as a b", .heading = "unexpected 'b'"},
	{.spec = "loss,", .heading = "stops too early"},
	{.spec = ",loss", .heading = "unexpected ',' at position 1"},
	{.spec = "'loss", .heading = "the quote at position 1 is not closed"},
	{.spec = "=", .heading = "the name of a flag is missing"},
	{.spec = ".", .heading = "the name of an attribute is missing"},
};

static void one(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_columns_ struct columns got = {0};
		struct err err = ERR_INIT;
		int r = columns_parse(cases[i].spec, &got, &err);

		if (!cases[i].key) {
			int wanted = *cases[i].spec == '\'' ? -EILSEQ : -EINVAL;

			if (r != wanted || !strstr(err_text(&err), cases[i].heading) || got.n)
				fail_msg("'%s': %d %s", cases[i].spec, r, r ? err_text(&err) : "");
			continue;
		}
		if (r < 0 || got.n != 1 || got.v[0].kind != cases[i].kind ||
			got.v[0].qualifier != cases[i].qualifier ||
			got.v[0].step != cases[i].step || strcmp(got.v[0].key, cases[i].key) != 0 ||
			strcmp(got.v[0].heading, cases[i].heading) != 0)
			fail_msg("'%s': %s", cases[i].spec, r ? err_text(&err) : "another column");
	}
}

static void many(void **state)
{
	_cleanup_columns_ struct columns c = {0};

	(void)state;
	assert_int_equal(columns_parse(".id, =batch-size, train/loss as loss", &c, NULL), 0);
	assert_int_equal(c.n, 3);
	assert_string_equal(c.v[2].heading, "loss");
	/* A list with one that is wrong adds nothing. */
	assert_int_equal(columns_parse("a, b, max", &c, NULL), -EINVAL);
	assert_int_equal(c.n, 3);
	assert_int_equal(columns_add(&c, COLUMN_SCALAR, "loss", true, "step"), 0);
	assert_string_equal(c.v[3].heading, "step");
}

/* What would be headed the same is headed by all of what was written. */
static void told_apart(void **state)
{
	static const struct {
		const char *spec, *headings[4];
	} lists[] = {
		{"loss, avg loss", {"loss", "avg loss"}},
		{"avg loss, loss, min loss step, loss step",
			{"avg loss", "loss", "min loss step", "loss step"}},
		{"avg loss, min loss as loss", {"loss", "loss"}},
		{"loss, loss, last loss", {"loss", "loss", "loss"}},
		{"=lr, lr, .lr", {"=lr", "lr", ".lr"}},
		{"a#b, 'a b'", {"a#b", "a b"}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		_cleanup_columns_ struct columns c = {0};

		assert_int_equal(columns_parse(lists[i].spec, &c, NULL), 0);
		for (size_t j = 0; j < c.n; j++)
			assert_string_equal(c.v[j].heading, lists[i].headings[j]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one), cmocka_unit_test(many), cmocka_unit_test(told_apart)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
