/* SPDX-License-Identifier: MIT */
/* YAML: what is read and written again reads as the same values. */
#include "fuzz.h"
#include "yaml/json.h"
#include "yaml/yaml.h"

static void check_round(const struct value *v, void (*emit)(struct buf *b, const struct value *v))
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_value_ struct value *again = NULL;

	emit(&text, v);
	MUST(buf_error(&text) == 0);
	MUST(yaml_parse(buf_str(&text), text.len, &again, NULL) == 0);
	MUST(value_equal(v, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_value_ struct value *v = NULL, *copy = NULL, *prefix = NULL;
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	bool incomplete;

	/* Half of a text may be incomplete, but never wrong in memory. */
	yaml_parse_prefix((const char *)data, size / 2, &prefix, &incomplete, &err);
	if (yaml_parse((const char *)data, size, &v, &err) < 0) {
		MUST(*err_text(&err));
		return 0;
	}
	check_round(v, yaml_emit);
	check_round(v, yaml_emit_ordered);
	check_round(v, yaml_emit_flow);
	copy = value_copy(v);
	MUST(value_equal(v, copy));
	json_emit(&text, v);
	value_repr(&text, v);
	MUST(buf_error(&text) == 0);
	return 0;
}
