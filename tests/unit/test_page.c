/* SPDX-License-Identifier: MIT */
/* The page: what comes from runs stays text in it; curves as JSON; parts of files; exact JSON. */
#include "support.h"

#include <errno.h>
#include <math.h>

#include "base/http_range.h"
#include "metrics/scalars.h"
#include "metrics/thin.h"
#include "page/page.h"
#include "page/table.h"
#include "yaml/json.h"
#include "yaml/value.h"

/* --- the document ---------------------------------------------------------- */

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

#define HARM "</script><!--<script>alert(1)</script>&\"'\xe2\x80\xa8\xff"

static void print_harm(void *arg, struct buf *json)
{
	buf_puts(json, "{\"title\": ");
	json_emit_string(json, arg);
	buf_putc(json, '}');
}

static void texts_stay_texts(void **state)
{
	_cleanup_buf_ struct buf harmless = BUF_INIT, harmful = BUF_INIT;
	static char none[] = "t", harm[] = HARM;

	(void)state;
	page_print(&harmless, print_harm, none);
	page_print(&harmful, print_harm, harm);
	assert_int_equal(buf_error(&harmful), 0);
	assert_memory_equal(buf_str(&harmful), "<!DOCTYPE html>", 15);
	assert_int_equal(count(buf_str(&harmful), "<script"), count(buf_str(&harmless), "<script"));
	assert_int_equal(
		count(buf_str(&harmful), "</script"), count(buf_str(&harmless), "</script"));
	assert_int_equal(count(buf_str(&harmful), "<!--"), 0);
	assert_non_null(strstr(buf_str(&harmful),
		"\\u003c/script>\\u003c!--\\u003cscript>alert(1)\\u003c/script>&\\\"'\\u2028"
		"\\u00ff\"}"));
}

/* A browser runs what has these digests, and nothing else. */
static void policy_names_our_scripts(void **state)
{
	_cleanup_buf_ struct buf policy = BUF_INIT, page = BUF_INIT;
	static char none[] = "t";

	(void)state;
	page_policy(&policy);
	page_print(&page, print_harm, none);
	assert_non_null(strstr(buf_str(&page), buf_str(&policy)));
	assert_non_null(strstr(buf_str(&policy), "default-src 'none'; script-src 'sha256-"));
	assert_null(strstr(buf_str(&policy), "unsafe"));
	assert_null(strstr(buf_str(&page), "@SCRIPT@"));
}

/* Memory that ran out while the data were printed is told. */
static void fail_it(void *arg, struct buf *json)
{
	(void)arg;
	buf_fail(json, -ENOMEM);
}

static void failure_is_told(void **state)
{
	_cleanup_buf_ struct buf page = BUF_INIT;

	(void)state;
	page_print(&page, fail_it, NULL);
	assert_int_equal(buf_error(&page), -ENOMEM);
}

/* --- thinned curves ---------------------------------------------------------- */

struct drawn {
	int64_t steps[64];
	bool begins[64];
	size_t n;
};

static void note(void *arg, const struct sample *s, bool begins)
{
	struct drawn *d = arg;

	assert_true(d->n < 64);
	d->steps[d->n] = s->step;
	d->begins[d->n++] = begins;
}

static void thin(const struct sample *samples, size_t n, unsigned columns, struct drawn *ret)
{
	struct series_set set;

	series_set_init(&set, true);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(series_set_add(&set, "t", 1, &samples[i]), 0);
	*ret = (struct drawn){.n = 0};
	thin_series(set.v[0], 0, 999, columns, note, ret);
	series_set_release(&set);
}

static void peaks_stay(void **state)
{
	static struct sample samples[1000];
	struct drawn d;

	(void)state;
	for (int i = 0; i < 1000; i++)
		samples[i] = (struct sample){.step = i,
			.value = i == 317   ? 1e6
				 : i == 318 ? -1e6
					    : i % 7};
	thin(samples, 1000, 4, &d);
	assert_int_equal(d.steps[0], 0);
	assert_int_equal(d.steps[d.n - 1], 999);
	assert_true(d.n <= 4 * 4);
	for (size_t i = 1; i < d.n; i++)
		assert_true(d.steps[i] > d.steps[i - 1] && !d.begins[i]);
	for (int64_t peak = 317; peak <= 318; peak++) {
		size_t i = 0;

		while (i < d.n && d.steps[i] != peak)
			i++;
		assert_true(i < d.n);
	}
}

static void gaps_and_restarts(void **state)
{
	static const struct sample samples[] = {{0, 1, 0}, {1, NAN, 0}, {2, 3, 0}, {3, 4, 0},
		{1, 5, 0}, {2, INFINITY, 0}, {4, 6, 0}};
	static const int64_t steps[] = {0, 2, 3, 1, 4};
	static const bool begins[] = {true, true, false, true, true};
	struct drawn d;

	(void)state;
	thin(samples, ARRAY_SIZE(samples), 1000, &d);
	assert_int_equal(d.n, ARRAY_SIZE(steps));
	assert_memory_equal(d.steps, steps, sizeof(steps));
	assert_memory_equal(d.begins, begins, sizeof(begins));
}

/* --- a part of a file --------------------------------------------------------- */

static void ranges(void **state)
{
	static const struct {
		const char *header;
		uint64_t size;
		const char *answer;
		uint64_t from, len;
	} cases[] = {
		{NULL, 10, "", 0, 10},
		{"bytes=0-", 10, "bytes 0-9/10", 0, 10},
		{"bytes=4-", 10, "bytes 4-9/10", 4, 6},
		{"bytes=4-6", 10, "bytes 4-6/10", 4, 3},
		{"bytes=4-99", 10, "bytes 4-9/10", 4, 6},
		{"bytes=9-9", 10, "bytes 9-9/10", 9, 1},
		{"bytes=-3", 10, "bytes 7-9/10", 7, 3},
		{"bytes=-30", 10, "bytes 0-9/10", 0, 10},
		{"bytes=0-18446744073709551615", 10, "bytes 0-9/10", 0, 10},
		{"bytes=10-", 10, "bytes */10", 0, 0},
		{"bytes=0-", 0, "bytes */0", 0, 0},
		{"bytes=-5", 0, "bytes */0", 0, 0},
		{"bytes=-0", 10, "bytes */10", 0, 0},
		/* What is not understood is as if it were not there. */
		{"bytes=1-2,4-5", 10, "", 0, 10},
		{"bytes=6-4", 10, "", 0, 10},
		{"bytes=+1-", 10, "", 0, 10},
		{"bytes= 1-", 10, "", 0, 10},
		{"bytes=", 10, "", 0, 10},
		{"bytes=-", 10, "", 0, 10},
		{"bytes=1", 10, "", 0, 10},
		{"lines=1-2", 10, "", 0, 10},
		{"b", 10, "", 0, 10},
		{"bytes=99999999999999999999-", 10, "", 0, 10},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct http_range range;
		char text[HTTP_RANGE_MAX];

		http_range_parse(cases[i].header, cases[i].size, &range);
		http_range_format(&range, cases[i].size, text, sizeof(text));
		assert_string_equal(text, cases[i].answer);
		assert_int_equal(range.from, cases[i].from);
		assert_int_equal(range.len, cases[i].len);
	}
}

/* --- JSON ------------------------------------------------------------------------ */

static void exact_json(void **state)
{
	_cleanup_value_ struct value *map = value_map();
	_cleanup_buf_ struct buf b = BUF_INIT;

	(void)state;
	value_map_set(map, "z", value_float(NAN));
	value_map_set(map, "inf", value_float(-INFINITY));
	value_map_set(map, "big", value_int(9007199254740993));
	value_map_set(map, "exact", value_int(-9007199254740992));
	value_map_set(map, "a", value_float(0.5));
	json_emit_exact(&b, map);
	assert_string_equal(buf_str(&b),
		"{\"z\": \"NaN\", \"inf\": \"-Infinity\", \"big\": \"9007199254740993\", "
		"\"exact\": -9007199254740992, \"a\": 0.5}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_stay_texts),
		cmocka_unit_test(policy_names_our_scripts),
		cmocka_unit_test(failure_is_told),
		cmocka_unit_test(peaks_stay),
		cmocka_unit_test(gaps_and_restarts),
		cmocka_unit_test(ranges),
		cmocka_unit_test(exact_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
