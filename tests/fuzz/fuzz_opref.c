/* SPDX-License-Identifier: MIT */
/* Operation references: what is read and written again is the same. */
#include <string.h>

#include "fuzz.h"
#include "run/opref.h"

static bool equal(const struct opref *a, const struct opref *b)
{
	return strcmp(a->pkg_type, b->pkg_type) == 0 && strcmp(a->pkg_name, b->pkg_name) == 0 &&
	       strcmp(a->pkg_version, b->pkg_version) == 0 && strcmp(a->model, b->model) == 0 &&
	       strcmp(a->op, b->op) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = strndup((const char *)data, size);
	_cleanup_buf_ struct buf written = BUF_INIT, shown = BUF_INIT;
	struct opref ref = {0}, again = {0};
	struct err err = ERR_INIT;

	if (!text || opref_parse(text, &ref, &err) < 0)
		return 0;
	opref_format(&written, &ref);
	MUST(opref_parse(buf_str(&written), &again, &err) == 0);
	MUST(equal(&ref, &again));
	opref_display(&shown, &ref);
	opref_project_dir(&shown, &ref);
	opref_release(&again);
	opref_release(&ref);
	return 0;
}
