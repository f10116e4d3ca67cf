/* SPDX-License-Identifier: MIT */
/* What TensorBoard sees of a run: names, which files, and the bytes of the session. */
#include "support.h"

#include "base/clock.h"
#include "base/name.h"
#include "metrics/event.h"
#include "metrics/logdir.h"
#include "metrics/tfrecord.h"
#include "run/attr.h"

#define ID "0123456789abcdef0123456789abcdef"

static struct run_summary summary_of(enum run_status status, int64_t started, char *label)
{
	static char op[] = "train", model[] = "cnn", none[] = "";

	return (struct run_summary){
		.opref = {.pkg_type = none,
			.pkg_name = none,
			.pkg_version = none,
			.model = model,
			.op = op},
		.status = status,
		.started = started,
		.label = label,
	};
}

static void assert_name(const char *wanted, struct run_summary s, const char *label)
{
	_cleanup_buf_ struct buf name = BUF_INIT, full = BUF_INIT;

	buf_puts(&full, "01234567 cnn:train ");
	clock_format_local(&full, s.started);
	buf_puts(&full, wanted);
	logdir_name(&name, ID, &s, label);
	assert_int_equal(buf_error(&name), 0);
	assert_string_equal(buf_str(&name), buf_str(&full));
}

static void names(void **state)
{
	char plain[] = "lr=0.1 x", none[] = "", odd[] = "a/b 50%\n", cut[] = "p=/a/\u2026/b";
	char id[LOGDIR_ID_LEN + 1];

	(void)state;
	assert_name("", summary_of(RUN_RUNNING, 1, none), NULL);
	assert_name(" lr=0.1 x", summary_of(RUN_RUNNING, 1700000000000000, plain), NULL);
	assert_name(" y=2", summary_of(RUN_RUNNING, 1700000000000000, plain), "y=2");
	assert_name("", summary_of(RUN_RUNNING, 1700000000000000, plain), "");
	assert_name(" a%2Fb 50%25%0A", summary_of(RUN_RUNNING, 1, odd), NULL);
	assert_name(" p=%2Fa%2F?%2Fb", summary_of(RUN_RUNNING, 1, cut), NULL);
	assert_true(logdir_id_of_name("01234567 cnn", id));
	assert_string_equal(id, "01234567");
	assert_false(logdir_id_of_name("01234567", id));
	assert_false(logdir_id_of_name("0123456 7", id));
	assert_false(logdir_id_of_name("012345678 cnn", id));
	assert_false(logdir_id_of_name("", id));
}

static void long_label(void **state)
{
	char label[400];
	struct run_summary s = summary_of(RUN_RUNNING, 1, label);
	_cleanup_buf_ struct buf name = BUF_INIT;

	(void)state;
	memset(label, 'x', sizeof(label));
	label[sizeof(label) - 1] = '\0';
	logdir_name(&name, ID, &s, NULL);
	assert_true(name_is_component(buf_str(&name)));
}

static void which_runs(void **state)
{
	char none[] = "";
	struct run_summary s = summary_of(RUN_RUNNING, 1, none);

	(void)state;
	assert_true(logdir_has(&s));
	s.status = RUN_ERROR;
	assert_true(logdir_has(&s));
	/* Guild AI gives a staged run a time of start, to sort it by. */
	s.status = RUN_STAGED;
	assert_false(logdir_has(&s));
	s.status = RUN_PENDING;
	assert_false(logdir_has(&s));
	s = summary_of(RUN_ERROR, 0, none);
	assert_false(logdir_has(&s));
}

static void which_files(void **state)
{
	(void)state;
	assert_true(logdir_shows("events.out.tfevents.1.host", true));
	assert_true(logdir_shows("events.out.tfevents.1.host.attrs", false));
	assert_false(logdir_shows("events.out.tfevents.1.host.attrs", true));
	assert_false(logdir_shows("model.json", false));
	assert_true(strcmp(LOGDIR_SESSION_START, "events.out.tfevents.1700000000.host.1.0") < 0);
	assert_true(strcmp(LOGDIR_SESSION_END, "events.out.tfevents.1700000000.host.1.0") > 0);
}

/* The value of the second record of a file. */
static struct event_value value_of(const char *dir, const struct buf *bytes, struct event *event)
{
	static struct tfrecord_reader reader;
	struct tfrecord_place place = {0};
	struct event_value value;
	struct tfrecord record;
	char path[300];

	snprintf(path, sizeof(path), "%s/file", dir);
	assert_int_equal(file_write(AT_FDCWD, path, bytes->data, bytes->len, 0644, FILE_NOSYNC), 0);
	tfrecord_release(&reader);
	reader = TFRECORD_READER_INIT;
	assert_int_equal(tfrecord_open(&reader, AT_FDCWD, path, &place), 0);
	assert_int_equal(tfrecord_next(&reader, &record), 1);
	assert_int_equal(event_parse(record.data, record.len, event), 0);
	assert_int_equal(wire_len(event->file_version), strlen("brain.Event:2"));
	assert_int_equal(tfrecord_next(&reader, &record), 1);
	assert_int_equal(event_parse(record.data, record.len, event), 0);
	assert_int_equal(event_next_value(event, &value), 1);
	assert_memory_equal(value.plugin_name.p, "hparams", wire_len(value.plugin_name));
	return value;
}

static void session(void **state)
{
	char none[] = "";
	struct run_summary s = summary_of(RUN_RUNNING, 1700000000500000, none);
	_cleanup_close_ int fd = open(*state, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_buf_ struct buf first = BUF_INIT, second = BUF_INIT, end = BUF_INIT;
	struct event_value value;
	struct event event;

	assert_int_equal(file_mkdirs(fd, RUN_ATTRS_DIR, 0755), 0);
	/* Without flags it is a session too. */
	logdir_session_start(&first, fd, ID, &s);
	assert_int_equal(buf_error(&first), 0);
	value_of(*state, &first, &event);
	buf_clear(&first);
	assert_int_equal(file_write(fd, RUN_ATTRS_DIR "/flags", "lr: 0.5\nname: xyz\n", 18, 0644,
				 FILE_NOSYNC),
		0);
	logdir_session_start(&first, fd, ID, &s);
	s.status = RUN_COMPLETED;
	s.stopped = 1700000009000000;
	logdir_session_start(&second, fd, ID, &s);
	/* It does not change when the run ends. */
	assert_int_equal(first.len, second.len);
	assert_memory_equal(first.data, second.data, first.len);
	value = value_of(*state, &first, &event);
	assert_true(event.wall_time == 1700000000.5);
	assert_memory_equal(value.tag.p, "_hparams_/session_start_info", wire_len(value.tag));
	assert_non_null(memmem(value.plugin_content.p, wire_len(value.plugin_content), "xyz", 3));
	assert_non_null(memmem(
		value.plugin_content.p, wire_len(value.plugin_content), "01234567 cnn:train", 18));
	logdir_session_end(&end, &s);
	value = value_of(*state, &end, &event);
	assert_true(event.wall_time == 1700000009.0);
	assert_memory_equal(value.tag.p, "_hparams_/session_end_info", wire_len(value.tag));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(long_label),
		cmocka_unit_test(which_runs),
		cmocka_unit_test(which_files),
		cmocka_unit_test(session),
	};

	return cmocka_run_group_tests(tests, support_setup, support_teardown);
}
