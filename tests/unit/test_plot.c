/* SPDX-License-Identifier: MIT */
/* Curves: what is drawn of many points, of odd values and of odd titles; ticks and their labels. */
#include "support.h"

#include <float.h>
#include <math.h>

#include "base/utf8.h"
#include "metrics/plot.h"
#include "metrics/ticks.h"

static void add(struct series_set *set, int64_t step, double value)
{
	struct sample sample = {.step = step, .value = value};

	assert_int_equal(series_set_add(set, "t", 1, &sample), 0);
}

static char *svg_of(const struct series_set *set, const char *title)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	char *svg;

	plot_svg(&b, title, set->v[0]);
	svg = buf_steal(&b, NULL);
	assert_non_null(svg);
	assert_memory_equal(svg, "<svg ", 5);
	assert_non_null(strstr(svg, "</svg>\n"));
	return svg;
}

/* The curve's path, cut out of the picture. */
static char *curve_of(const struct series_set *set)
{
	_cleanup_free_ char *svg = svg_of(set, "t");
	char *d = strstr(svg, "stroke-linecap"), *curve;

	assert_non_null(d);
	d = strstr(d, " d=\"") + 4;
	curve = strndup(d, strcspn(d, "\""));
	assert_non_null(curve);
	return curve;
}

static size_t count(const char *text, char c)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == c;
	return n;
}

static void lines_and_gaps(void **state)
{
	_cleanup_free_ char *curve = NULL;
	struct series_set set;

	(void)state;
	series_set_init(&set, true);
	add(&set, 0, 0);
	add(&set, 10, 1);
	curve = curve_of(&set);
	/* 624 x 308 pixels, a margin of a twentieth above and below. */
	assert_string_equal(curve, "M0 2940h0l6240-2800");
	/* A gap; a lone point; a step back begins a new curve. */
	add(&set, 4, NAN);
	add(&set, 5, 1);
	add(&set, 6, INFINITY);
	add(&set, 7, 1);
	add(&set, 3, 0);
	add(&set, 4, 1e305);
	free(curve);
	curve = curve_of(&set);
	assert_string_equal(curve, "M0 2940h0l6240-2800M3120 140h0M4368 140h0M1872 2940h0");
	series_set_release(&set);
}

static void peaks_stay(void **state)
{
	_cleanup_free_ char *svg = NULL, *again = NULL, *curve = NULL;
	struct series_set set;

	(void)state;
	series_set_init(&set, true);
	for (int i = 0; i < 1000000; i++)
		add(&set, i, i == 777777 ? 100 : i == 333333 ? -100 : sin(i * 0.1));
	svg = svg_of(&set, "t");
	again = svg_of(&set, "t");
	curve = curve_of(&set);
	assert_string_equal(svg, again);
	assert_true(strlen(svg) < 40000);
	/* At most four points a column; both peaks, at a twentieth from the edges. */
	assert_true(count(curve, 'l') <= 4 * 625);
	assert_int_equal(count(curve, 'M'), 1);
	{
		int x, y, dx, dy, top = 3080, bottom = 0, n;
		const char *c = curve;

		assert_int_equal(sscanf(c, "M%d %dh0%n", &x, &y, &n), 2);
		for (c += n; sscanf(c, "l%d%d%n", &dx, &dy, &n) == 2; c += n) {
			y += dy;
			top = y < top ? y : top;
			bottom = y > bottom ? y : bottom;
		}
		assert_int_equal(top, 140);
		assert_int_equal(bottom, 2940);
	}
	series_set_release(&set);
}

static void odd_values(void **state)
{
	static const double table[][2] = {{NAN, NAN}, {0, 0}, {5, 5}, {-1e300, 1e300}, {0, 5e-324},
		{1e-310, 2e-310}, {1e16, 1e16 + 2}, {INFINITY, 1}, {DBL_MAX, -DBL_MAX}};
	static const int64_t steps[][2] = {
		{0, 0}, {0, 1}, {INT64_MIN, INT64_MAX}, {INT64_MAX, INT64_MAX}, {-5, 1 << 30}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		for (size_t j = 0; j < ARRAY_SIZE(steps); j++) {
			_cleanup_free_ char *svg = NULL;
			struct series_set set;

			series_set_init(&set, true);
			add(&set, steps[j][0], table[i][0]);
			add(&set, steps[j][1], table[i][1]);
			svg = svg_of(&set, "t");
			assert_null(strstr(svg, "nan"));
			assert_null(strstr(svg, "inf"));
			assert_true(strlen(svg) < 8000);
			series_set_release(&set);
		}
}

static void titles(void **state)
{
	_cleanup_free_ char *svg = NULL;
	struct series_set set;

	(void)state;
	series_set_init(&set, true);
	add(&set, 0, 0);
	svg = svg_of(&set, "<script>&\"'\x01\xff\xe2\x82\xac</script>");
	assert_non_null(strstr(svg, "<title>&lt;script&gt;&amp;&quot;&#39;\ufffd\ufffd\u20ac"
				    "&lt;/script&gt;</title>"));
	assert_null(strstr(svg, "<script>"));
	series_set_release(&set);
}

static void labels(void **state)
{
	static const struct {
		double low, high;
		bool whole;
		const char *labels;
	} table[] = {
		{0, 1, false, "0 0.2 0.4 0.6 0.8 1.0"},
		{-0.05, 0.31, false, "0 0.1 0.2 0.3"},
		{0, 3, true, "0 1 2 3"},
		{0, 900, true, "0 200 400 600 800"},
		{0, 12000, true, "0 2k 4k 6k 8k 10k 12k"},
		{0, 2.5e6, true, "0 500k 1000k 1500k 2000k 2500k"},
		{1000000, 1000005, true, "1000000 1000001 1000002 1000003 1000004 1000005"},
		{0, 1e-5, false, "0 2e-6 4e-6 6e-6 8e-6 1.0e-5"},
		{1e6, 1.2e6, false, "1.00e6 1.05e6 1.10e6 1.15e6 1.20e6"},
		{-3e9, 3e9, false, "-3e9 -2e9 -1e9 0 1e9 2e9 3e9"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		struct ticks ticks;

		ticks_choose(table[i].low, table[i].high, 6, table[i].whole, &ticks);
		for (int j = 0; j < ticks.n; j++) {
			buf_puts(&b, j ? " " : "");
			ticks_label(&b, &ticks, j);
		}
		assert_string_equal(buf_str(&b), table[i].labels);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_and_gaps),
		cmocka_unit_test(peaks_stay),
		cmocka_unit_test(odd_values),
		cmocka_unit_test(titles),
		cmocka_unit_test(labels),
	};

	return cmocka_run_group_tests_name("plot", tests, support_setup, support_teardown);
}
