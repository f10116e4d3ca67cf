/* SPDX-License-Identifier: MIT */
/* Comparisons: which columns there are, what is in them, and in which order (reference, 6.3). */
#include "support.h"

#include <errno.h>
#include <math.h>

#include "catalog/compare.h"
#include "yaml/yaml.h"

/* --- runs ----------------------------------------------------------------- */

static const struct series_summary low = {
	.first = {0, 9}, .last = {4, 2.5}, .min = {3, 1}, .max = {1, 10}, .total = 20, .count = 4};
static const struct series_summary high = {
	.first = {0, 1}, .last = {7, 8}, .min = {0, 1}, .max = {7, 8}, .total = 9, .count = 2};
static const struct series_summary nothing = {.last = {5, NAN}, .count = 1};

static bool attr(void *arg, const char *name, struct buf *b)
{
	if (strcmp(name, "run") == 0)
		buf_puts(b, arg);
	else if (strcmp(name, "status") == 0)
		buf_puts(b, "completed");
	else
		return false;
	return true;
}

struct fixture {
	struct columns core, user, op;
	struct comparison *comparison;
	struct value *values[8];
	size_t n;
};

static void begin(struct fixture *f, const char *user, struct compare_spec spec)
{
	*f = (struct fixture){0};
	assert_int_equal(columns_parse(".run, .status", &f->core, NULL), 0);
	if (user)
		assert_int_equal(columns_parse(user, &f->user, NULL), 0);
	spec.core = &f->core;
	spec.user = &f->user;
	assert_int_equal(comparison_new(&spec, &f->comparison), 0);
}

static void end(struct fixture *f)
{
	comparison_free(f->comparison);
	columns_release(&f->core);
	columns_release(&f->user);
	columns_release(&f->op);
	for (size_t i = 0; i < f->n; i++)
		value_free(f->values[i]);
}

static void add(struct fixture *f, const char *id, const char *flags,
	const struct compare_scalar *scalars, size_t n, const struct columns *op)
{
	struct compare_run run = {.serial = f->n + 1,
		.scalars = scalars,
		.n_scalars = n,
		.op_columns = op,
		.attr = attr,
		.arg = (void *)id};

	assert_int_equal(yaml_parse(flags, strlen(flags), &f->values[f->n], NULL), 0);
	run.flags = f->values[f->n++];
	assert_int_equal(comparison_add(f->comparison, &run), 0);
}

/* --- the whole as text ---------------------------------------------------- */

static void print_cell(struct buf *b, const struct cell *cell)
{
	switch (cell->type) {
	case CELL_NONE:
		buf_putc(b, '-');
		break;
	case CELL_BOOL:
		buf_puts(b, cell->boolean ? "yes" : "no");
		break;
	case CELL_INT:
		buf_printf(b, "%d", (int)cell->integer);
		break;
	case CELL_NUMBER:
		buf_printf(b, "%g", cell->number);
		break;
	case CELL_TEXT:
		buf_puts(b, cell->text);
		break;
	}
}

static void look(struct fixture *f, const char *wanted)
{
	struct grid *g = comparison_grid(f->comparison);
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct cell cells[32];

	assert_true(grid_n_columns(g) <= ARRAY_SIZE(cells));
	for (size_t i = 0; i < grid_n_columns(g); i++)
		buf_printf(&b, "%s%s", i ? "|" : "", grid_heading(g, i));
	for (size_t row = 0; row < grid_n_rows(g); row++) {
		grid_row(g, row, cells);
		for (size_t i = 0; i < grid_n_columns(g); i++) {
			buf_putc(&b, i ? '|' : '\n');
			print_cell(&b, &cells[i]);
		}
	}
	assert_string_equal(buf_str(&b), wanted);
}

static void finish(struct fixture *f, const char *wanted)
{
	assert_int_equal(grid_finish(comparison_grid(f->comparison)), 0);
	look(f, wanted);
}

/* --- tests ---------------------------------------------------------------- */

static const struct compare_scalar usual[] = {{"", "x10", &low}, {"", "x9", &high},
	{".guild", "loss", &low}, {"train", "loss", &high}, {".guild", "sys/cpu", &high},
	{".guild", "bad", &nothing}};

/* Flags and scalars in their natural order, the step of the loss before them, no system scalars. */
static void defaults(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, NULL, (struct compare_spec){0});
	add(&f, "a", "{b10: 1, b9: true, n: null}", usual, ARRAY_SIZE(usual), NULL);
	add(&f, "b", "{b9: text}", NULL, 0, NULL);
	add(&f, "c", "{z: 1.5}", usual, ARRAY_SIZE(usual), NULL);
	finish(&f, "run|status|b9|b10|n|step|bad|loss|x9|x10|z\n"
		   "a|completed|yes|1|-|4|-|2.5|8|2.5|-\n"
		   "b|completed|text|-|-|-|-|-|-|-|-\n"
		   "c|completed|-|-|-|4|-|2.5|8|2.5|1.5");
	end(&f);
}

static void system_scalars(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, NULL, (struct compare_spec){.system_scalars = true});
	add(&f, "a", "{}", usual + 4, 1, NULL);
	finish(&f, "run|status|step|sys/cpu\na|completed|7|8");
	end(&f);
	/* Only system scalars, and nobody wants them: no step either. */
	begin(&f, NULL, (struct compare_spec){0});
	add(&f, "a", "{}", usual + 4, 1, NULL);
	finish(&f, "run|status\na|completed");
	end(&f);
}

static void qualifiers(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f,
		"first loss as f, last loss as l, min loss as m, max loss as M, avg loss as a, "
		"total loss as t, count loss as c, min loss step, max loss step as s, "
		"avg loss step as none, train#loss, nothing#loss as no",
		(struct compare_spec){.skip_op = true});
	add(&f, "a", "{b: 1}", usual, ARRAY_SIZE(usual), NULL);
	finish(&f, "run|status|f|l|m|M|a|t|c|loss step|s|none|train loss|no\n"
		   "a|completed|9|2.5|1|10|5|20|4|3|1|-|8|-");
	end(&f);
}

/* The user's columns are one with those of the same heading, and win. */
static void merging(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, "=b as A, =nothing as x, =c", (struct compare_spec){0});
	assert_int_equal(columns_parse("=a as A, =a as x, =b as x", &f.op, NULL), 0);
	add(&f, "a", "{a: 1, b: 2, c: 3}", NULL, 0, &f.op);
	add(&f, "b", "{c: 4}", NULL, 0, &f.op);
	finish(&f, "run|status|A|x|c\na|completed|2|1|3\nb|completed|-|-|4");
	end(&f);
}

static void order(void **state)
{
	struct fixture f;
	struct grid *g;

	(void)state;
	begin(&f, "=x", (struct compare_spec){.skip_op = true});
	add(&f, "1", "{x: null}", NULL, 0, NULL);
	add(&f, "2", "{x: 1}", NULL, 0, NULL);
	add(&f, "3", "{x: 1.123}", NULL, 0, NULL);
	add(&f, "4", "{x: hello}", NULL, 0, NULL);
	add(&f, "5", "{x: ''}", NULL, 0, NULL);
	add(&f, "6", "{x: null}", NULL, 0, NULL);
	g = comparison_grid(f.comparison);
	assert_int_equal(grid_finish(g), 0);
	assert_int_equal(grid_drop_unchanged(g), 0);
	assert_int_equal(grid_sort(g, "x", false), 0);
	look(&f, "run|x\n5|\n2|1\n3|1.123\n4|hello\n1|-\n6|-");
	assert_int_equal(grid_serial(g, 0), 5);
	assert_int_equal(grid_sort(g, "x", true), 0);
	look(&f, "run|x\n4|hello\n3|1.123\n2|1\n5|\n1|-\n6|-");
	/* A heading that is not there changes nothing. */
	assert_int_equal(grid_sort(g, "y", false), -ENOENT);
	look(&f, "run|x\n4|hello\n3|1.123\n2|1\n5|\n1|-\n6|-");
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(system_scalars),
		cmocka_unit_test(qualifiers),
		cmocka_unit_test(merging),
		cmocka_unit_test(order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
