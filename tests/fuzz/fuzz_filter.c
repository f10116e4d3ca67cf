/* SPDX-License-Identifier: MIT */
/* Filter expressions: refused with a sentence, or true or false of a run. */
#include "fuzz.h"
#include "catalog/filter.h"

static struct value *attr(void *arg, const char *name)
{
	(void)arg;
	return *name == 'a' ? value_int(1) : *name == 'b' ? value_string("red") : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct series_summary summary = {.last = {1, 0.5}, .count = 1};
	static const struct compare_scalar scalars[] = {{"", "c", &summary}, {"d", "e", &summary}};
	const struct filter_run run = {.attr = attr, .scalars = scalars, .n_scalars = 2};
	_cleanup_filter_ struct filter *f = NULL;
	_cleanup_free_ char *text = strndup((const char *)data, size);
	struct err err = ERR_INIT;

	if (filter_parse(text, &f, &err) < 0) {
		MUST(*err_text(&err));
		return 0;
	}
	MUST(filter_matches(f, &run) == filter_matches(f, &run));
	filter_has_test(f);
	return 0;
}
