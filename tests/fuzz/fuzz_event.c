/* SPDX-License-Identifier: MIT */
/* Events: any bytes are read as a message or refused, and nothing is read beyond them. */
#include <errno.h>

#include "fuzz.h"
#include "metrics/event.h"

static void must_be_within(struct wire bytes, const uint8_t *data, size_t size)
{
	MUST(bytes.p <= bytes.end);
	if (wire_len(bytes))
		MUST(bytes.p >= data && bytes.end <= data + size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct event_value value;
	struct event event;
	int r = event_parse(data, size, &event);

	while (r == 0 && (r = event_next_value(&event, &value)) > 0) {
		must_be_within(value.tag, data, size);
		must_be_within(value.tensor, data, size);
		must_be_within(value.plugin_name, data, size);
		must_be_within(value.plugin_content, data, size);
		if (value.kind == EVENT_TEXT)
			event_text(&value, &text);
		r = 0;
	}
	MUST(r == 0 || r == -EBADMSG);
	MUST(buf_error(&text) == 0 && text.len <= size);
	return 0;
}
