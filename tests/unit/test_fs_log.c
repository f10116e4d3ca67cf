/* SPDX-License-Identifier: MIT */
/* How many messages are too many. */
#include "support.h"

#include "../../fs/log.h"

static void a_burst_passes(void **state)
{
	struct log_limit limit = {0};
	unsigned left_out;

	(void)state;
	for (int i = 0; i < LOG_BURST; i++) {
		assert_true(log_limit_pass(&limit, 1000 + i, &left_out));
		assert_int_equal(left_out, 0);
	}
	for (int i = 0; i < 1000; i++)
		assert_false(log_limit_pass(&limit, 2000 + i, &left_out));
}

static void what_was_left_out_is_told_once(void **state)
{
	struct log_limit limit = {0};
	unsigned left_out;

	(void)state;
	for (int i = 0; i < LOG_BURST + 7; i++)
		log_limit_pass(&limit, 1, &left_out);
	assert_false(log_limit_pass(&limit, LOG_WINDOW_MS, &left_out));
	assert_true(log_limit_pass(&limit, 1 + LOG_WINDOW_MS, &left_out));
	assert_int_equal(left_out, 8);
	assert_true(log_limit_pass(&limit, 2 + LOG_WINDOW_MS, &left_out));
	assert_int_equal(left_out, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_passes),
		cmocka_unit_test(what_was_left_out_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
