/* SPDX-License-Identifier: MIT */
/* Facts of runs: packed and unpacked, kept in the index, and read anew when they have changed. */
#include "store.h"

#include <errno.h>
#include <math.h>

#include "catalog/check.h"
#include "catalog/facts_reader.h"
#include "catalog/index.h"
#include "metrics/event_file.h"
#include "metrics/event_write.h"
#include "yaml/yaml.h"

/* More than a tick of the file system's clock. */
#define OLD_US 60000

static struct store store;
static char id[RUN_ID_LEN + 1];

static int open_run(void)
{
	int fd = home_open_run(store.home, id);

	assert_true(fd >= 0);
	return fd;
}

/* An event file of its own in a directory of the run. */
static void log_scalars(const char *dir, size_t n, const struct sample *samples, const char *tag)
{
	_cleanup_close_ int run = open_run();
	_cleanup_close_ int fd = -1;
	struct event_file_writer w;

	assert_int_equal(file_mkdirs(run, dir, 0755), 0);
	fd = openat(run, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	w = EVENT_FILE_WRITER(fd, "");
	for (size_t i = 0; i < n; i++) {
		_cleanup_buf_ struct buf event = BUF_INIT;

		event_put_scalar(
			&event, samples[i].time, samples[i].step, tag, (float)samples[i].value);
		event_file_add(&w, &event);
	}
	assert_int_equal(event_file_flush(&w), 0);
	event_file_release(&w);
}

static int setup(void **state)
{
	_cleanup_close_ int fd = -1;

	if (support_setup(state))
		return -1;
	store_open(&store, *state);
	store_birth(&store, "op", false, id);
	fd = open_run();
	unlinkat(fd, RUN_TICKET_FILE, 0);
	unlinkat(fd, ".guild/PENDING", 0);
	assert_int_equal(attr_write_int(fd, "exit_status", 0, FILE_NOSYNC), 0);
	return 0;
}

static int teardown(void **state)
{
	store_close(&store);
	return support_teardown(state);
}

/* --- values ---------------------------------------------------------------- */

static void pack(struct buf *b, const char *yaml)
{
	_cleanup_value_ struct value *v = NULL;

	assert_int_equal(yaml_parse(yaml, strlen(yaml), &v, NULL), 0);
	facts_pack_value(b, v);
	assert_int_equal(buf_error(b), 0);
}

static void values(void **state)
{
	static const char *const texts[] = {"~", "true", "false", "0", "-7", "9223372036854775807",
		"123456789012345678901234567890", "1.5", "-0.0", ".nan", "-.inf", "''", "text",
		"\"a\\nb\"", "2020-01-02", "[]", "{}", "[1, [a, {b: ~}], 2.5]",
		"{a: 1, b: [x], c: {d: {e: f}}}", "{'': 1, '1': 2}", "{1: 2, yes: 3}",
		"!!set {1, b, '2'}", "{a: !!set {}}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_buf_ struct buf b = BUF_INIT, before = BUF_INIT, after = BUF_INIT;
		_cleanup_value_ struct value *v = NULL, *parsed = NULL;

		pack(&b, texts[i]);
		assert_int_equal(facts_unpack_value(buf_str(&b), b.len, &v), 0);
		assert_int_equal(yaml_parse(texts[i], strlen(texts[i]), &parsed, NULL), 0);
		assert_int_equal(v->type, parsed->type);
		value_repr(&before, parsed);
		value_repr(&after, v);
		assert_string_equal(buf_str(&before), buf_str(&after));
	}
}

/* Whatever somebody wrote there, it is refused or read, and nothing else happens. */
static void broken_values(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	(void)state;
	pack(&b, "{a: 1, b: [x, 2.5, true, ~], c: {d: {e: f}}}");
	for (size_t at = 0; at < b.len; at++) {
		_cleanup_value_ struct value *v = NULL, *changed = NULL;
		char was = b.data[at];

		/* Cut off, but where a map may end. */
		if (facts_unpack_value(b.data, at, &v) == 0)
			assert_int_equal(v->type, VALUE_MAP);
		for (int bit = 0; bit < 8; bit++) {
			b.data[at] = (char)(was ^ 1 << bit);
			value_free(STEAL(changed));
			facts_unpack_value(b.data, b.len, &changed);
		}
		b.data[at] = was;
	}
}

/* A value inside a value inside ...: deeper than any that was packed. */
static void too_deep(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct value *v = NULL;

	(void)state;
	buf_puts(&b, "\b\a");
	for (int i = 0; i < 2000; i++) {
		_cleanup_buf_ struct buf outer = BUF_INIT;

		buf_puts(&outer, "\b\a\x32"); /* a list, of an item */
		for (size_t len = b.len; len; len >>= 7)
			buf_putc(&outer, (char)(len > 0x7f ? len | 0x80 : len));
		buf_add(&outer, b.data, b.len);
		buf_clear(&b);
		buf_add(&b, outer.data, outer.len);
	}
	assert_int_equal(facts_unpack_value(b.data, b.len, &v), -EUCLEAN);
}

/* --- facts ----------------------------------------------------------------- */

static const struct sample three[] = {{0, 4, 1}, {1, 0.5, 2}, {2, 2, 3}};
static const struct sample one[] = {{7, NAN, 1}};

static void of_a_run(void **state)
{
	_cleanup_close_ int fd = open_run();
	_cleanup_buf_ struct buf b = BUF_INIT;
	_cleanup_facts_ struct run_facts f = {0};
	const struct series_summary *s;

	(void)state;
	log_scalars("logs", 3, three, "loss");
	log_scalars(".guild", 1, one, "acc");
	log_scalars(".", 3, three, "loss");
	store_touch(fd, RUN_ATTRS_DIR "/opdef_attrs", "{note: hello}\n");
	store_touch(fd, "events.out.tfevents.2.damaged", "this is no event file at all");
	assert_int_equal(facts_read(fd, NULL, &b), 0);
	assert_int_equal(facts_unpack(buf_str(&b), b.len, &f), 0);

	assert_string_equal(value_str(value_get(f.flags, "name")), "n");
	assert_string_equal(value_str(value_get(f.attrs, "note")), "hello");
	assert_int_equal(f.problems.n, 1);
	assert_non_null(strstr(f.problems.v[0], "events.out.tfevents.2.damaged"));
	assert_int_equal(f.n_scalars, 3);
	assert_string_equal(f.scalars[0].prefix, "");
	assert_string_equal(f.scalars[1].prefix, ".guild");
	assert_string_equal(f.scalars[2].prefix, "logs");
	assert_string_equal(f.scalars[1].tag, "acc");
	s = f.scalars[1].summary;
	assert_true(s->count == 1 && s->last.step == 7 && isnan(s->last.value));
	assert_true(isnan(s->min.value) && isnan(s->total));
	s = f.scalars[0].summary;
	assert_true(s->count == 3 && s->total == 6.5 && s->first.value == 4);
	assert_true(s->last.step == 2 && s->last.value == 2);
	assert_true(s->min.step == 1 && s->min.value == 0.5 && s->max.value == 4);
}

static void broken(void **state)
{
	_cleanup_close_ int fd = open_run();
	_cleanup_buf_ struct buf b = BUF_INIT;

	(void)state;
	log_scalars("logs", 3, three, "loss");
	log_scalars(".", 1, one, "acc");
	assert_int_equal(facts_read(fd, NULL, &b), 0);
	for (size_t at = 0; at < b.len; at++) {
		struct run_facts f = {0};
		char was = b.data[at];

		assert_int_equal(facts_unpack(b.data, at, &f), -EUCLEAN);
		for (int bit = 0; bit < 8; bit++) {
			b.data[at] = (char)(was ^ 1 << bit);
			if (facts_unpack(b.data, b.len, &f) == 0)
				facts_release(&f);
		}
		b.data[at] = was;
	}
}

/* --- with the index -------------------------------------------------------- */

static double last_of(const char *tag)
{
	_cleanup_facts_ struct run_facts f = {0};
	struct facts_reader *reader;
	struct catalog *c;
	double value = -1;

	assert_int_equal(catalog_new(store.home, &c, NULL), 0);
	reader = facts_reader_new(c);
	assert_int_equal(facts_reader_get(reader, catalog_find(c, id), &f), 0);
	for (size_t i = 0; i < f.n_scalars && value < 0; i++)
		if (strcmp(f.scalars[i].tag, tag) == 0)
			value = f.scalars[i].summary->last.value;
	facts_reader_free(reader);
	catalog_free(c);
	return value;
}

static bool is_indexed(void)
{
	struct index_facts facts;
	struct index *ix;
	int r = index_open_as_is(store.home, &ix);

	if (r < 0)
		return false;
	r = index_get_facts(ix, id, &facts);
	index_close(ix);
	return r == 0;
}

/* What the index has, changed behind everybody's back: then it shows that it is used. */
static void plant(double value)
{
	_cleanup_buf_ struct buf watch = BUF_INIT, bytes = BUF_INIT;
	struct index_facts facts;
	struct index_state is;
	struct index *ix;
	float was = 2, now = (float)value;
	char *at;

	assert_int_equal(index_open(store.home, &ix), 0);
	assert_int_equal(index_begin(ix, &is), 0);
	assert_int_equal(index_get_facts(ix, id, &facts), 0);
	buf_add(&watch, facts.watch, facts.watch_len);
	buf_add(&bytes, facts.bytes, facts.len);
	at = memmem(bytes.data, bytes.len, &was, sizeof(was));
	assert_non_null(at);
	memcpy(at, &now, sizeof(now));
	facts.watch = watch.data;
	facts.bytes = bytes.data;
	assert_int_equal(index_put_facts(ix, id, &facts), 0);
	assert_int_equal(index_commit_facts(ix), 0);
	index_close(ix);
}

static void kept(void **state)
{
	(void)state;
	log_scalars("logs", 3, three, "loss");
	usleep(OLD_US);
	assert_false(is_indexed());
	assert_true(last_of("loss") == 2);
	assert_true(is_indexed());
	plant(3);
	assert_true(last_of("loss") == 3);
}

/* Somebody writes into a run that is over: a file that grows, a new one, a new directory. */
static void event_files_change(void **state)
{
	static const struct sample later[] = {{9, 11, 1}};
	_cleanup_close_ int fd = open_run();

	(void)state;
	log_scalars("logs", 3, three, "loss");
	assert_int_equal(file_mkdirs(fd, "empty", 0755), 0);
	usleep(OLD_US);
	assert_true(last_of("loss") == 2);
	plant(3);
	log_scalars("logs", 1, later, "loss");
	assert_true(last_of("loss") == 11);
	usleep(OLD_US);
	assert_true(last_of("loss") == 11);
	log_scalars("empty", 1, later, "eval");
	assert_true(last_of("eval") == 11);
	usleep(OLD_US);
	assert_true(last_of("eval") == 11);
	log_scalars("a/new/one", 1, later, "more");
	assert_true(last_of("more") == 11);
}

/* A run's facts are in the index, and out of date since. The caller frees the catalogue. */
static struct catalog *log_behind_index(void)
{
	static const struct sample later[] = {{9, 11, 1}};
	struct catalog *c;

	log_scalars("logs", 3, three, "loss");
	usleep(OLD_US);
	assert_true(last_of("loss") == 2);
	assert_int_equal(catalog_new(store.home, &c, NULL), 0);
	assert_int_equal(catalog_sweep(c, &(struct catalog_sweep){0}), 0);
	assert_true(is_indexed());
	log_scalars("logs", 1, later, "loss");
	return c;
}

/* A sweep finds it, too, for homes that are too large to look at each run. */
static void swept(void **state)
{
	struct catalog *c = log_behind_index();

	(void)state;
	assert_int_equal(catalog_sweep(c, &(struct catalog_sweep){0}), 0);
	assert_false(is_indexed());
	catalog_free(c);
}

static int n_told;

static void told_of_change(void *arg, const char *changed)
{
	(void)arg;
	n_told++;
	assert_string_equal(changed, id);
	assert_false(is_indexed());
}

/* Who is told of it, and looks at once, finds nothing in the index that is wrong. */
static void swept_before_told(void **state)
{
	struct catalog *c = log_behind_index();

	(void)state;
	n_told = 0;
	assert_int_equal(catalog_sweep(c, &(struct catalog_sweep){.changed = told_of_change}), 0);
	assert_int_equal(n_told, 1);
	catalog_free(c);
}

/* The run changes, or is gone: what was kept of it is not used. */
static void run_changes(void **state)
{
	_cleanup_close_ int fd = open_run();

	(void)state;
	log_scalars("logs", 3, three, "loss");
	usleep(OLD_US);
	assert_true(last_of("loss") == 2);
	plant(3);
	store_touch(fd, RUN_ATTRS_DIR "/other", "1\n");
	home_poke(store.home, id);
	assert_true(last_of("loss") == 2);
}

static void live(void **state)
{
	_cleanup_close_ int fd = open_run();

	(void)state;
	store_touch(fd, ".guild/PENDING", "");
	log_scalars("logs", 3, three, "loss");
	usleep(OLD_US);
	assert_true(last_of("loss") == 2);
	assert_false(is_indexed());
}

static void damaged_bytes(void **state)
{
	struct index_facts facts;
	struct index_state is;
	struct index *ix;

	(void)state;
	log_scalars("logs", 3, three, "loss");
	usleep(OLD_US);
	assert_true(last_of("loss") == 2);
	assert_int_equal(index_open(store.home, &ix), 0);
	assert_int_equal(index_begin(ix, &is), 0);
	assert_int_equal(index_get_facts(ix, id, &facts), 0);
	facts.bytes = "nonsense";
	facts.len = 8;
	assert_int_equal(index_put_facts(ix, id, &facts), 0);
	assert_int_equal(index_commit_facts(ix), 0);
	index_close(ix);
	assert_true(last_of("loss") == 2);
}

static void add_sentence(void *arg, const char *sentence)
{
	buf_puts(arg, sentence);
}

static void checked(void **state)
{
	_cleanup_buf_ struct buf said = BUF_INIT;
	struct index_check check = {.arg = &said, .say = add_sentence};

	(void)state;
	log_scalars("logs", 3, three, "loss");
	usleep(OLD_US);
	assert_true(last_of("loss") == 2);
	plant(3);
	assert_int_equal(index_check(store.home, &check, NULL), 0);
	assert_int_equal(check.wrong, 1);
	assert_non_null(strstr(buf_str(&said), "the flags, attributes or scalars in the index"));
	/* Made anew. */
	assert_true(last_of("loss") == 2);
	assert_int_equal(index_check(store.home, &check, NULL), 0);
	assert_int_equal(check.wrong, 1);
}

/* --- curves ----------------------------------------------------------------- */

/* What is kept of them, "" for nothing; then `make`, if anything, is, under the stamps of before.
 */
static void curves_are(const char *wanted, const char *make)
{
	_cleanup_buf_ struct buf found = BUF_INIT, made = BUF_INIT;
	struct facts_reader *reader;
	struct facts_stamps stamps;
	struct catalog *c;
	uint64_t serial;
	int r;

	assert_int_equal(catalog_new(store.home, &c, NULL), 0);
	serial = catalog_find(c, id);
	reader = facts_reader_new(c);
	r = facts_reader_curves(reader, serial, &stamps, &found);
	assert_int_equal(r, *wanted != '\0');
	assert_string_equal(buf_str(&found), wanted);
	if (make) {
		buf_puts(&made, make);
		assert_int_equal(facts_reader_keep_curves(reader, serial, &stamps, &made), 0);
	}
	facts_reader_free(reader);
	catalog_free(c);
}

static void curves(void **state)
{
	static const struct sample later[] = {{9, 11, 1}};

	(void)state;
	log_scalars("logs", 3, three, "loss");
	usleep(OLD_US);
	/* There is nothing to keep them beside. */
	curves_are("", "too early");
	assert_true(last_of("loss") == 2);
	curves_are("", "first");
	curves_are("first", NULL);
	plant(3);
	assert_true(last_of("loss") == 3);
	/* Other facts, other curves. */
	curves_are("", "second");
	curves_are("second", NULL);
	log_scalars("logs", 1, later, "loss");
	curves_are("", "of event files that have changed since");
	usleep(OLD_US);
	assert_true(last_of("loss") == 11);
	curves_are("", "third");
	curves_are("third", NULL);
}

/* What was made from event files that changed while it was made. */
static void curves_change_meanwhile(void **state)
{
	static const struct sample later[] = {{9, 11, 1}};
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct facts_reader *reader;
	struct facts_stamps stamps;
	struct catalog *c;

	(void)state;
	log_scalars("logs", 3, three, "loss");
	usleep(OLD_US);
	assert_true(last_of("loss") == 2);
	assert_int_equal(catalog_new(store.home, &c, NULL), 0);
	reader = facts_reader_new(c);
	assert_int_equal(facts_reader_curves(reader, catalog_find(c, id), &stamps, &text), 0);
	log_scalars("logs", 1, later, "loss");
	usleep(OLD_US);
	assert_true(last_of("loss") == 11);
	buf_puts(&text, "old");
	assert_int_equal(facts_reader_keep_curves(reader, catalog_find(c, id), &stamps, &text), 0);
	facts_reader_free(reader);
	catalog_free(c);
	curves_are("", NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(values),
		TEST(broken_values),
		TEST(too_deep),
		TEST(of_a_run),
		TEST(broken),
		TEST(kept),
		TEST(event_files_change),
		TEST(swept),
		TEST(swept_before_told),
		TEST(run_changes),
		TEST(live),
		TEST(damaged_bytes),
		TEST(checked),
		TEST(curves),
		TEST(curves_change_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
