/* SPDX-License-Identifier: MIT */
/* Event files: checksums, records, messages; whole, torn, damaged and hostile. */
#include "support.h"

#include <errno.h>
#include <math.h>

#include "metrics/crc32c.h"
#include "metrics/event.h"
#include "metrics/event_write.h"
#include "metrics/tensor.h"
#include "metrics/tfrecord.h"
#include "yaml/yaml.h"

#define BYTES(s) (s), sizeof(s) - 1

/* Messages as protoc's code serialises them. */
#define AT_1_5    "\x09\0\0\0\0\0\0\xf8\x3f" /* wall_time 1.5 */
#define STEP_300  "\x10\xac\x02"
#define LOSS_HALF "\x2a\x0d\x0a\x0b\x0a\x04loss\x15\0\0\0\x3f"

static const char scalar_event[] = AT_1_5 STEP_300 LOSS_HALF;
static const char scalars_event[] = AT_1_5 STEP_300 "\x2a\x17\x0a\x0b\x0a\x04loss\x15\0\0\0\x3f"
						    "\x0a\x08\x0a\x01"
						    "b\x15\0\0\x80\x3f";
static const char version_event[] = "\x1a\x0d"
				    "brain.Event:2";
static const char text_event[] = AT_1_5 "\x2a\x1c\x0a\x1a\x0a\x01"
					"b\x42\x0b\x08\x07\x12\0\x42\x05hello"
					"\x4a\x08\x0a\x06\x0a\x04text";
static const char tf2_event[] = AT_1_5 "\x10\x02\x2a\x20\x0a\x1e\x0a\x03tf2"
				       "\x42\x0a\x08\x01\x12\0\x2a\x04\0\0\x80\x3e"
				       "\x4a\x0b\x0a\x09\x0a\x07scalars";
static const char start_event[] =
	AT_1_5 "\x2a\x6c\x0a\x6a\x0a\x1c_hparams_/session_start_info"
	       "\x42\x06\x08\x01\x12\x02\x12\0\x4a\x42\x0a\x40\x0a\x07hparams\x12\x35\x1a\x33"
	       "\x0a\x07\x0a\x01"
	       "b\x12\x02\x20\x01"
	       "\x0a\x0f\x0a\x02lr\x12\x09\x11\0\0\0\0\0\0\xe0\x3f"
	       "\x0a\x0b\x0a\x04name\x12\x03\x1a\x01"
	       "a\x22\x01g\x29\0\0\0\0\0\0\x08\x40";
static const char end_event[] = AT_1_5 "\x2a\x42\x0a\x40\x0a\x1a_hparams_/session_end_info"
				       "\x42\x06\x08\x01\x12\x02\x12\0\x4a\x1a\x0a\x18\x0a\x07"
				       "hparams\x12\x0d\x22\x0b\x08\x01\x11\0\0\0\0\0\0\x10\x40";

static void checksums(void **state)
{
	static const char zeros[8], text[] = "\x1a\x11"
					     "CRC test, one two";
	unsigned char bytes[300];

	(void)state;
	assert_int_equal(crc32c("123456789", 9), 0xe3069283);
	assert_int_equal(crc32c_mask(crc32c(BYTES(text))), 0x5794d08a);
	assert_int_equal(crc32c_mask(crc32c(zeros, sizeof(zeros))), 0x07980329);
	/* The processor's instruction and the tables, at every length and alignment. */
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 167 + 13);
	for (size_t at = 0; at < 9; at++)
		for (size_t len = 0; len < sizeof(bytes) - at; len++)
			assert_int_equal(crc32c(bytes + at, len), crc32c_portable(bytes + at, len));
}

static void one_record(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	(void)state;
	tfrecord_put(&b, "abc", 3);
	assert_int_equal(b.len, 19);
	assert_memory_equal(b.data,
		"\x03\0\0\0\0\0\0\0\xb0\x99\x49\x0e"
		"abc\x6e\x57\xf1\x21",
		19);
}

/* --- reading a file ------------------------------------------------------------------------- */

static char path[512];

static void put_file(const char *dir, const struct buf *content)
{
	snprintf(path, sizeof(path), "%s/records", dir);
	assert_int_equal(
		file_write(AT_FDCWD, path, buf_str(content), content->len, 0644, FILE_NOSYNC), 0);
}

static void append(const void *data, size_t len)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_APPEND);

	assert_int_equal(file_write_all(fd, data, len), 0);
}

/* How many records there are from `place` on, and what stopped it. */
static int count(struct tfrecord_place *place, size_t *ret_n)
{
	_cleanup_tfrecord_ struct tfrecord_reader reader = TFRECORD_READER_INIT;
	struct tfrecord record;
	int r = tfrecord_open(&reader, AT_FDCWD, path, place);

	*ret_n = 0;
	if (r < 0)
		return r;
	while ((r = tfrecord_next(&reader, &record)) > 0)
		++*ret_n;
	tfrecord_close(&reader, place);
	return r;
}

static void torn_and_grown(void **state)
{
	_cleanup_buf_ struct buf whole = BUF_INIT, nothing = BUF_INIT;
	size_t n;

	tfrecord_put(&whole, "first", 5);
	tfrecord_put(&whole, "", 0);
	/* Cut anywhere, it is never an error, and what is missing is read when it comes. */
	for (size_t cut = 0; cut <= whole.len; cut++) {
		struct tfrecord_place place = {0};
		size_t expected = (cut >= 21) + (cut >= 37);

		put_file(*state, &nothing);
		append(whole.data, cut);
		assert_int_equal(count(&place, &n), 0);
		assert_int_equal(n, expected);
		append(whole.data + cut, whole.len - cut);
		assert_int_equal(count(&place, &n), 0);
		assert_int_equal(n, 2 - expected);
		assert_int_equal(place.offset, whole.len);
	}
}

static void damaged(void **state)
{
	_cleanup_buf_ struct buf good = BUF_INIT;
	size_t n;

	tfrecord_put(&good, "first", 5);
	tfrecord_put(&good, "second", 6);
	/* Any byte of the second record. */
	for (size_t i = 21; i < good.len; i++) {
		struct tfrecord_place place = {0};

		good.data[i] ^= 0x10;
		put_file(*state, &good);
		assert_int_equal(count(&place, &n), -EBADMSG);
		assert_int_equal(n, 1);
		assert_int_equal(place.offset, 21);
		good.data[i] ^= 0x10;
	}
}

/* A head with a good checksum for any length. */
static void put_head(struct buf *b, uint64_t len)
{
	uint32_t crc = crc32c_mask(crc32c(&len, sizeof(len)));

	buf_add(b, &len, sizeof(len));
	buf_add(b, &crc, sizeof(crc));
}

static void absurd_lengths(void **state)
{
	static const struct {
		uint64_t len;
		int result;
	} table[] = {{UINT64_MAX, -EBADMSG}, {INT64_MAX, -EBADMSG}, {1ULL << 31, -EBADMSG},
		{INT32_MAX, 0}, {TFRECORD_READ_MAX + 1, 0}, {100, 0}};
	size_t n;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		struct tfrecord_place place = {0};

		put_head(&b, table[i].len);
		buf_puts(&b, "some data");
		put_file(*state, &b);
		assert_int_equal(count(&place, &n), table[i].result);
		assert_int_equal(place.offset, 0);
	}
}

static void long_records(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT, data = BUF_INIT;
	struct tfrecord_place place = {0};
	off_t end = 12 + (off_t)TFRECORD_READ_MAX + 1 + 4;
	size_t n;

	/* Too long to be read, with a hole for its data: what is behind it is read. */
	put_head(&b, TFRECORD_READ_MAX + 1);
	put_file(*state, &b);
	assert_int_equal(truncate(path, end), 0);
	buf_clear(&b);
	tfrecord_put(&b, "behind", 6);
	append(b.data, b.len);
	assert_int_equal(count(&place, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(place.offset, end + (off_t)b.len);
	/* Longer than the reader's block, between short ones. */
	buf_clear(&b);
	buf_resize(&data, 1000003);
	tfrecord_put(&b, "short", 5);
	tfrecord_put(&b, data.data, data.len);
	tfrecord_put(&b, "short", 5);
	put_file(*state, &b);
	place = (struct tfrecord_place){0};
	assert_int_equal(count(&place, &n), 0);
	assert_int_equal(n, 3);
}

static void other_files(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT, zeros = BUF_INIT;
	struct tfrecord_place place = {0}, before;
	size_t n;

	tfrecord_put(&b, "one", 3);
	tfrecord_put(&b, "two", 3);
	put_file(*state, &b);
	assert_int_equal(count(&place, &n), 0);
	before = place;
	/* A tail of zeros is a tail that has not come yet. */
	buf_resize(&zeros, 4096);
	append(zeros.data, zeros.len);
	assert_int_equal(count(&place, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(truncate(path, 5), 0);
	assert_int_equal(count(&place, &n), -ESTALE);
	put_file(*state, &b);
	place = before;
	assert_int_equal(count(&place, &n), -ESTALE);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0644), 0);
	place = (struct tfrecord_place){0};
	assert_int_equal(count(&place, &n), -EINVAL);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/dev/zero", path), 0);
	assert_int_equal(count(&place, &n), -ELOOP);
	assert_int_equal(unlink(path), 0);
}

/* --- messages ------------------------------------------------------------------------------- */

static void same(struct wire bytes, const char *text)
{
	assert_int_equal(wire_len(bytes), strlen(text));
	assert_memory_equal(bytes.p, text, strlen(text));
}

static void reading(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct event_value v;
	struct event e;

	(void)state;
	assert_int_equal(event_parse(BYTES(scalar_event), &e), 0);
	assert_true(e.wall_time == 1.5);
	assert_int_equal(e.step, 300);
	assert_int_equal(event_next_value(&e, &v), 1);
	assert_int_equal(v.kind, EVENT_SCALAR);
	assert_true(v.scalar == 0.5);
	same(v.tag, "loss");
	assert_int_equal(event_next_value(&e, &v), 0);

	assert_int_equal(event_parse(BYTES(version_event), &e), 0);
	same(e.file_version, "brain.Event:2");
	assert_int_equal(event_next_value(&e, &v), 0);

	assert_int_equal(event_parse(BYTES(tf2_event), &e), 0);
	assert_int_equal(event_next_value(&e, &v), 1);
	assert_int_equal(v.kind, EVENT_SCALAR);
	assert_true(v.scalar == 0.25);
	same(v.plugin_name, "scalars");

	assert_int_equal(event_parse(BYTES(text_event), &e), 0);
	assert_int_equal(event_next_value(&e, &v), 1);
	assert_int_equal(v.kind, EVENT_TEXT);
	same(v.plugin_name, "text");
	event_text(&v, &text);
	assert_string_equal(buf_str(&text), "hello");

	assert_int_equal(event_parse(BYTES(start_event), &e), 0);
	assert_int_equal(event_next_value(&e, &v), 1);
	assert_int_equal(v.kind, EVENT_OTHER);
	same(v.plugin_name, "hparams");
	assert_int_equal(wire_len(v.plugin_content), 0x35);
}

/* Fields in any order, unknown ones, ones of a wrong form, a summary in two halves. */
static void odd_orders(void **state)
{
	static const char odd[] = LOSS_HALF "\x12\x01x" /* step as text */
					    "\xfa\x3f\x03new" LOSS_HALF STEP_300 AT_1_5;
	struct event_value v;
	struct event e;

	(void)state;
	assert_int_equal(event_parse(BYTES(odd), &e), 0);
	assert_int_equal(e.step, 300);
	assert_true(e.wall_time == 1.5);
	assert_int_equal(event_next_value(&e, &v), 1);
	assert_int_equal(event_next_value(&e, &v), 1);
	same(v.tag, "loss");
	assert_int_equal(event_next_value(&e, &v), 0);
}

static void tensors(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum event_kind kind;
		double number;
	} table[] = {
		{BYTES("\x08\x02\x12\0\x32\x08\x9c\x75\0\x88\x3c\xe4\x37\x7e"), EVENT_SCALAR,
			1e300},
		{BYTES("\x08\x13\x12\0\x6a\x03\x80\xfc\x02"), EVENT_SCALAR, -1.5}, /* half */
		{BYTES("\x08\x13\x12\0\x6a\x01\x01"), EVENT_SCALAR, 5.9604644775390625e-8},
		{BYTES("\x08\x0e\x12\0\x6a\x03\x80\x7f"), EVENT_OTHER, 0},         /* cut */
		{BYTES("\x08\x0e\x12\0\x6a\x03\xc0\xff\x02"), EVENT_SCALAR, -1.5}, /* bfloat16 */
		{BYTES("\x08\x03\x12\0\x3a\x0a\xf9\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
			EVENT_SCALAR, -7},
		{BYTES("\x08\x09\x12\0\x52\x06\x80\x80\x80\x80\x80\x20"), EVENT_SCALAR, 0x1p40},
		{BYTES("\x08\x04\x12\0\x3a\x02\xc8\x01"), EVENT_SCALAR, 200},
		{BYTES("\x08\x0a\x12\0\x5a\x01\x01"), EVENT_SCALAR, 1},
		{BYTES("\x08\x17\x12\0\x8a\x01\x0a\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"),
			EVENT_SCALAR, 0x1p63},
		/* [1, 1]; unpacked; the type behind the number */
		{BYTES("\x08\x01\x12\x08\x12\x02\x08\x01\x12\x02\x08\x01\x2a\x04\0\0\x40\x40"),
			EVENT_SCALAR, 3},
		{BYTES("\x2d\0\0\x40\x40\x08\x01"), EVENT_SCALAR, 3},
		/* raw: a float, int16 -2, uint16 65534, int8 -1 */
		{BYTES("\x08\x01\x22\x04\0\0\x40\x40"), EVENT_SCALAR, 3},
		{BYTES("\x08\x05\x22\x02\xfe\xff"), EVENT_SCALAR, -2},
		{BYTES("\x08\x11\x22\x02\xfe\xff"), EVENT_SCALAR, 65534},
		{BYTES("\x08\x06\x22\x01\xff"), EVENT_SCALAR, -1},
		/* two elements, none, one that is of another type, a shape that says two */
		{BYTES("\x08\x01\x12\x04\x12\x02\x08\x02\x22\x08\0\0\x80\x3f\0\0\0\x40"),
			EVENT_OTHER, 0},
		{BYTES("\x08\x01\x12\x02\x12\0"), EVENT_OTHER, 0},
		{BYTES("\x08\x01\x12\0\x3a\x01\x05"), EVENT_OTHER, 0},
		{BYTES("\x08\x01\x2a\x08\0\0\x40\x40\0\0\x40\x40"), EVENT_OTHER, 0},
		{BYTES("\x08\x01\x12\x04\x12\x02\x08\x02\x2a\x04\0\0\x40\x40"), EVENT_OTHER, 0},
		{BYTES("\x08\x01\x12\x02\x18\x01\x2a\x04\0\0\x40\x40"), EVENT_OTHER, 0},
		{BYTES("\x08\xff\xff\xff\xff\x0f\x2a\x04\0\0\x40\x40"), EVENT_OTHER, 0},
		{BYTES(""), EVENT_OTHER, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		enum event_kind kind;
		double number = 0;
		int r = tensor_classify(wire_of(table[i].bytes, table[i].len), &kind, &number);

		if (kind != table[i].kind || number != table[i].number)
			fail_msg("case %zu: %d, kind %d, number %.17g", i, r, kind, number);
	}
}

static int visit(const char *data, size_t len)
{
	struct event_value v;
	struct event e;
	int r = event_parse(data, len, &e);

	while (r == 0 && (r = event_next_value(&e, &v)) > 0) {
		_cleanup_buf_ struct buf text = BUF_INIT;

		r = 0;
		if (v.kind == EVENT_TEXT)
			event_text(&v, &text);
	}
	return r;
}

/* From memory of the exact size, so that a sanitizer sees what reads beyond. */
static int visit_exactly(const char *data, size_t len)
{
	_cleanup_free_ char *exact = malloc(len ? len : 1);

	assert_non_null(exact);
	memcpy(exact, data, len);
	return visit(exact, len);
}

static void hostile(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} good[] = {{BYTES(scalar_event)}, {BYTES(text_event)}, {BYTES(tf2_event)},
		{BYTES(start_event)}},
	  bad[] = {
		  {BYTES("\x03")},                                             /* field 0 */
		  {BYTES("\x0b\x0c")},                                         /* a group */
		  {BYTES("\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")}, /* 11 bytes */
		  {BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")},
		  {BYTES("\x2a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")}, /* a length of 2^64 - 1
									    */
		  {BYTES("\x2a\x05\x0a")},
		  {BYTES("\x09\0\0")},
		  {BYTES("\x2a\x02\x0a\x7f")},
		  {BYTES("\x2a\x04\x0a\x02\x42\x7f")},
	  };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		char copy[200];

		assert_int_equal(visit_exactly(good[i].bytes, good[i].len), 0);
		for (size_t cut = 0; cut < good[i].len; cut++)
			visit_exactly(good[i].bytes, cut);
		for (size_t at = 0; at < good[i].len; at++)
			for (int byte = 0; byte < 256; byte++) {
				memcpy(copy, good[i].bytes, good[i].len);
				copy[at] = (char)byte;
				visit_exactly(copy, good[i].len);
			}
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (visit_exactly(bad[i].bytes, bad[i].len) != -EBADMSG)
			fail_msg("case %zu was taken", i);
}

static void wrote(struct buf *b, const char *bytes, size_t len)
{
	assert_int_equal(buf_error(b), 0);
	assert_int_equal(b->len, len);
	assert_memory_equal(b->data, bytes, len);
	buf_clear(b);
}

static void writing(void **state)
{
	_cleanup_value_ struct value *flags = NULL, *scalars = NULL;
	_cleanup_buf_ struct buf b = BUF_INIT;
	static const char yaml[] = "{b: yes, lr: 0.5, name: a, nothing: null}";

	(void)state;
	event_put_version(&b);
	wrote(&b, BYTES(version_event));
	event_put_scalar(&b, 1.5, 300, "loss", 0.5F);
	wrote(&b, BYTES(scalar_event));
	event_put_scalar(&b, 1.5, 0, "loss", 0.5F);
	wrote(&b, BYTES(AT_1_5 LOSS_HALF));
	assert_int_equal(yaml_parse(BYTES("{loss: 0.5, b: 1.0}"), &scalars, NULL), 0);
	event_put_scalars(&b, 1.5, 300, scalars);
	wrote(&b, BYTES(scalars_event));
	event_put_text(&b, 1.5, "b", "hello");
	wrote(&b, BYTES(text_event));
	assert_int_equal(yaml_parse(BYTES(yaml), &flags, NULL), 0);
	event_put_session_start(&b, 1.5, flags, "g", 3);
	wrote(&b, BYTES(start_event));
	event_put_session_end(&b, 1.5, SESSION_SUCCESS, 4);
	wrote(&b, BYTES(end_event));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksums),
		cmocka_unit_test(one_record),
		cmocka_unit_test(torn_and_grown),
		cmocka_unit_test(damaged),
		cmocka_unit_test(absurd_lengths),
		cmocka_unit_test(long_records),
		cmocka_unit_test(other_files),
		cmocka_unit_test(reading),
		cmocka_unit_test(odd_orders),
		cmocka_unit_test(tensors),
		cmocka_unit_test(hostile),
		cmocka_unit_test(writing),
	};

	return cmocka_run_group_tests_name("events", tests, support_setup, support_teardown);
}
