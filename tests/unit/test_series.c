/* SPDX-License-Identifier: MIT */
/* Scalars by tag, and all scalars of a run directory as it changes. */
#include "support.h"

#include <errno.h>
#include <math.h>

#include "metrics/event_file.h"
#include "metrics/event_files.h"
#include "metrics/event_write.h"
#include "metrics/scalars.h"
#include "metrics/series.h"
#include "metrics/tfrecord.h"

static void add(struct series_set *set, const char *tag, int64_t step, double value)
{
	struct sample sample = {.step = step, .value = value, .time = 1};

	assert_int_equal(series_set_add(set, tag, strlen(tag), &sample), 0);
}

static void point_is(struct series_point p, int64_t step, double value)
{
	assert_int_equal(p.step, step);
	assert_true(isnan(value) ? isnan(p.value) : p.value == value);
}

static void summaries(void **state)
{
	struct series_set set;
	const struct series_summary *s;

	(void)state;
	series_set_init(&set, true);
	/* Ties: the first of the lowest step, the last of the highest, extremes where they were
	 * first. */
	add(&set, "a", 5, 2);
	add(&set, "a", 1, 7);
	add(&set, "a", 1, -3);
	add(&set, "a", 9, 7);
	add(&set, "a", 9, -3);
	add(&set, "a", 3, 1);
	s = &series_set_find(&set, "a")->summary;
	point_is(s->first, 1, 7);
	point_is(s->last, 9, -3);
	point_is(s->min, 1, -3);
	point_is(s->max, 1, 7);
	assert_int_equal(s->count, 6);
	assert_true(s->total == 11);
	assert_true(series_avg(s) == 11.0 / 6);
	/* A NaN stays where it was first, and is passed over where it was not. */
	add(&set, "nan first", 0, NAN);
	add(&set, "nan first", 1, 1);
	s = &series_set_find(&set, "nan first")->summary;
	point_is(s->min, 0, NAN);
	point_is(s->max, 0, NAN);
	point_is(s->last, 1, 1);
	add(&set, "nan later", 0, 1);
	add(&set, "nan later", 1, NAN);
	s = &series_set_find(&set, "nan later")->summary;
	point_is(s->min, 0, 1);
	point_is(s->max, 0, 1);
	point_is(s->last, 1, NAN);
	assert_true(isnan(series_avg(s)));
	assert_int_equal(set.n, 3);
	series_set_release(&set);
}

static void many_tags(void **state)
{
	struct series_set set;
	char tag[32];

	(void)state;
	series_set_init(&set, false);
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 5000; i++) {
			snprintf(tag, sizeof(tag), "layer_%d/norm", i);
			add(&set, tag, round, i);
		}
	assert_int_equal(set.n, 5000);
	for (int i = 0; i < 5000; i++) {
		const struct series *s;

		snprintf(tag, sizeof(tag), "layer_%d/norm", i);
		s = series_set_find(&set, tag);
		assert_non_null(s);
		assert_string_equal(s->tag, tag);
		assert_int_equal(s->summary.count, 3);
		assert_null(s->samples);
	}
	assert_null(series_set_find(&set, "layer_5000/norm"));
	add(&set, "", 1, 1);
	assert_non_null(series_set_find(&set, ""));
	assert_int_equal(series_set_add(&set, "a\0b", 3, &(struct sample){0}), -EILSEQ);
	series_set_release(&set);
	assert_null(series_set_find(&set, ""));
}

/* --- run directories ------------------------------------------------------------------------ */

static char run[300];

static const char *in_run(const char *name)
{
	static char path[600];

	snprintf(path, sizeof(path), "%s/%s", run, name);
	return path;
}

static int new_run(void **state)
{
	static int n;

	snprintf(run, sizeof(run), "%s/run%d", (const char *)*state, n++);
	return file_mkdirs(AT_FDCWD, in_run(".guild"), 0755);
}

static void make_dir(const char *name)
{
	assert_int_equal(file_mkdirs(AT_FDCWD, in_run(name), 0755), 0);
}

static void append(const char *file, const void *data, size_t len)
{
	_cleanup_close_ int fd = open(in_run(file), O_WRONLY | O_CREAT | O_APPEND, 0644);

	assert_int_equal(file_write_all(fd, data, len), 0);
}

static void put_scalar(const char *file, const char *tag, int64_t step, float value)
{
	_cleanup_buf_ struct buf event = BUF_INIT, record = BUF_INIT;

	event_put_scalar(&event, 10, step, tag, value);
	tfrecord_put(&record, event.data, event.len);
	append(file, record.data, record.len);
}

static void put_text(const char *file, const char *tag, const char *text)
{
	_cleanup_buf_ struct buf event = BUF_INIT, record = BUF_INIT;

	event_put_text(&event, 10, tag, text);
	tfrecord_put(&record, event.data, event.len);
	append(file, record.data, record.len);
}

static bool refresh(struct scalars *s)
{
	_cleanup_close_ int fd = open(run, O_PATH | O_DIRECTORY);
	bool changed;

	assert_int_equal(scalars_refresh(s, fd, &changed), 0);
	return changed;
}

static void keys_are(const struct scalars *s, const char *expected)
{
	_cleanup_buf_ struct buf keys = BUF_INIT;
	size_t n;
	const struct scalar *list = scalars_list(s, &n);

	for (size_t i = 0; i < n; i++)
		buf_printf(&keys, "%s%s=%g", i ? " " : "", list[i].key,
			list[i].series->summary.last.value);
	assert_string_equal(buf_str(&keys), expected);
}

static void last_is(const struct scalars *s, const char *key, double value, uint64_t count)
{
	const struct scalar *scalar = scalars_find(s, key);

	assert_non_null(scalar);
	assert_false(scalar->shadowed);
	assert_true(scalar->series->summary.last.value == value);
	assert_int_equal(scalar->series->summary.count, count);
	assert_int_equal(scalar->series->n, count);
}

static void problems_are(const struct scalars *s, const char *expected)
{
	_cleanup_strv_ struct strv problems = STRV_INIT;
	_cleanup_buf_ struct buf b = BUF_INIT;

	assert_int_equal(scalars_problems(s, &problems), 0);
	for (size_t i = 0; i < problems.n; i++)
		buf_printf(&b, "%s\n", problems.v[i]);
	assert_string_equal(buf_str(&b), expected);
}

static void places_and_keys(void **state)
{
	_cleanup_scalars_ struct scalars *s = NULL;

	assert_int_equal(new_run(state), 0);
	assert_int_equal(scalars_new(SCALARS_SAMPLES, &s), 0);
	assert_false(refresh(s));
	keys_are(s, "");
	make_dir("logs/train");
	make_dir("logs-b");
	put_scalar(".guild/events.out.tfevents.1", "loss", 1, 1);
	put_scalar("logs/train/events.out.tfevents.1", "loss", 1, 2);
	put_scalar("logs-b/events.out.tfevents.1", "loss", 1, 3);
	put_scalar(".guild/events.out.tfevents.1", "acc", 1, 4);
	put_scalar("not-events", "other", 1, 1);
	assert_true(refresh(s));
	keys_are(s, "acc=4 logs-b#loss=3 logs/train#loss=2 loss=1");
	assert_string_equal(scalars_find(s, "logs/train#loss")->prefix, "logs/train");
	assert_string_equal(scalars_find(s, "loss")->prefix, ".guild");
	/* The run itself is before .guild, and both before what only looks like their keys. */
	put_scalar("x.tfevents.y", "loss", 1, 5);
	put_scalar("x.tfevents.y", "logs-b#loss", 1, 6);
	assert_true(refresh(s));
	keys_are(s, "acc=4 logs-b#loss=6 logs-b#loss=3 logs/train#loss=2 loss=5 loss=1");
	last_is(s, "loss", 5, 1);
	last_is(s, "logs-b#loss", 6, 1);
	assert_string_equal(scalars_find(s, "loss")->prefix, "");
	assert_null(scalars_find(s, "logs#loss"));
	assert_false(refresh(s));
}

static void growing(void **state)
{
	_cleanup_buf_ struct buf event = BUF_INIT, record = BUF_INIT;
	_cleanup_scalars_ struct scalars *s = NULL;
	const struct scalar *loss;

	assert_int_equal(new_run(state), 0);
	assert_int_equal(scalars_new(SCALARS_SAMPLES, &s), 0);
	put_scalar("a.tfevents.2", "loss", 2, 2);
	put_scalar("a.tfevents.1", "loss", 1, 1);
	assert_true(refresh(s));
	/* Files in the order of their names. */
	loss = scalars_find(s, "loss");
	assert_int_equal(loss->series->samples[0].step, 1);
	assert_int_equal(loss->series->samples[1].step, 2);
	assert_true(loss->series->samples[1].time == 10);
	/* A record in two pieces. */
	event_put_scalar(&event, 10, 3, "loss", 3);
	tfrecord_put(&record, event.data, event.len);
	append("a.tfevents.2", record.data, 20);
	assert_false(refresh(s));
	last_is(s, "loss", 2, 2);
	append("a.tfevents.2", record.data + 20, record.len - 20);
	assert_true(refresh(s));
	last_is(s, "loss", 3, 3);
	/* A new file before and one behind those that are known, and a new tag. */
	put_scalar("a.tfevents.0", "loss", 0, 9);
	put_scalar("a.tfevents.3", "loss", 4, 4);
	put_scalar("a.tfevents.3", "acc", 4, 0.5F);
	assert_true(refresh(s));
	last_is(s, "loss", 4, 5);
	last_is(s, "acc", 0.5, 1);
	problems_are(s, "");
}

static void move(const char *from, const char *to)
{
	_cleanup_close_ int fd = open(run, O_PATH | O_DIRECTORY);

	assert_int_equal(renameat(fd, from, fd, to), 0);
}

static void replaced(void **state)
{
	_cleanup_scalars_ struct scalars *s = NULL;

	assert_int_equal(new_run(state), 0);
	assert_int_equal(scalars_new(SCALARS_SAMPLES, &s), 0);
	make_dir("sub");
	put_scalar("a.tfevents.1", "loss", 1, 1);
	put_scalar("a.tfevents.2", "loss", 2, 2);
	put_scalar("sub/a.tfevents.1", "loss", 3, 3);
	assert_true(refresh(s));
	last_is(s, "loss", 2, 2);
	/* Another file of the same name. */
	put_scalar("new", "other", 5, 5);
	put_scalar("new", "other", 6, 6);
	move("new", "a.tfevents.2");
	assert_true(refresh(s));
	keys_are(s, "loss=1 other=6 sub#loss=3");
	/* Shorter than it was. */
	assert_int_equal(truncate(in_run("a.tfevents.2"), 0), 0);
	assert_true(refresh(s));
	keys_are(s, "loss=1 sub#loss=3");
	/* Gone, with its directory. */
	assert_int_equal(file_remove_tree(AT_FDCWD, in_run("sub")), 0);
	assert_true(refresh(s));
	keys_are(s, "loss=1");
	assert_int_equal(unlink(in_run("a.tfevents.1")), 0);
	assert_true(refresh(s));
	keys_are(s, "");
	assert_false(refresh(s));
}

static void damaged(void **state)
{
	_cleanup_scalars_ struct scalars *s = NULL;

	assert_int_equal(new_run(state), 0);
	assert_int_equal(scalars_new(SCALARS_SAMPLES, &s), 0);
	make_dir("sub");
	put_scalar("sub/a.tfevents.1", "loss", 1, 1);
	append("sub/a.tfevents.1", "this is no record at all", 24);
	put_scalar("sub/a.tfevents.1", "loss", 2, 2);
	put_scalar("sub/a.tfevents.2", "loss", 3, 3);
	assert_true(refresh(s));
	last_is(s, "sub#loss", 3, 2);
	problems_are(
		s, "sub/a.tfevents.1: damaged record at byte 42; what is behind it is not read\n");
	put_scalar("sub/a.tfevents.1", "loss", 9, 9);
	assert_false(refresh(s));
	last_is(s, "sub#loss", 3, 2);
	/* A good record of what is not an event. */
	{
		_cleanup_buf_ struct buf record = BUF_INIT;

		tfrecord_put(&record, "\x0b", 1);
		append("sub/a.tfevents.2", record.data, record.len);
	}
	assert_true(refresh(s));
	problems_are(s,
		"sub/a.tfevents.1: damaged record at byte 42; what is behind it is not read\n"
		"sub/a.tfevents.2: damaged record at byte 42; what is behind it is not read\n");
	assert_int_equal(unlink(in_run("sub/a.tfevents.1")), 0);
	assert_int_equal(truncate(in_run("sub/a.tfevents.2"), 0), 0);
	assert_true(refresh(s));
	problems_are(s, "");
}

static void make_link(const char *to, const char *name)
{
	assert_int_equal(symlink(to, in_run(name)), 0);
}

static void links(void **state)
{
	_cleanup_event_files_ struct event_files found = {0};
	_cleanup_scalars_ struct scalars *s = NULL;
	_cleanup_close_ int fd = -1;

	assert_int_equal(new_run(state), 0);
	make_dir("real/deep");
	make_dir("../elsewhere");
	make_dir("../child/.guild");
	put_scalar("real/deep/a.tfevents.1", "t", 1, 1);
	put_scalar("../elsewhere/a.tfevents.1", "t", 1, 2);
	put_scalar("../child/a.tfevents.1", "t", 1, 3);
	put_scalar("../child/.guild/a.tfevents.1", "t", 1, 4);
	append(".guild/opref", "x", 1);
	append("../child/.guild/opref", "x", 1);
	make_link("../elsewhere", "not-a-run");
	make_link("../child", "step");
	make_link("../child", "step-again");
	make_link(".", "self");
	make_link("..", "parent");
	make_link("nowhere", "broken");
	make_link("../elsewhere/a.tfevents.1", "linked.tfevents.1");
	assert_int_equal(mkfifo(in_run("fifo.tfevents.1"), 0644), 0);
	make_dir("dir.tfevents.1");
	/* Each of two runs has a link to the other. */
	assert_int_equal(symlink(strrchr(run, '/') + 1, in_run("../child/back")), 0);
	assert_int_equal(scalars_new(SCALARS_SUMMARIES, &s), 0);
	assert_true(refresh(s));
	keys_are(s, "real/deep#t=1 step#t=3 step/.guild#t=4");
	assert_null(scalars_find(s, "step#t")->series->samples);
	fd = open(run, O_PATH | O_DIRECTORY);
	assert_int_equal(event_files_find(fd, EVENT_LINKS_RUNS, &found), 0);
	assert_int_equal(found.n, 3);
	assert_string_equal(found.dirs[0].path, "real/deep");
	assert_int_equal(found.dirs[0].files[0].size, 39);
}

static void logged_attrs(void **state)
{
	_cleanup_scalars_ struct scalars *s = NULL;
	const struct value *attrs;

	assert_int_equal(new_run(state), 0);
	make_dir("sub");
	assert_int_equal(scalars_new(SCALARS_SUMMARIES, &s), 0);
	put_text(".guild/a.tfevents.1.attrs", "b/text_summary", "old");
	put_text(".guild/a.tfevents.1.attrs", "b", "hello");
	put_text("sub/a.tfevents.1.attrs", "b", "shadowed");
	put_text("sub/a.tfevents.1.attrs", "a", "two\nlines");
	/* Each kind in its own files. */
	put_scalar(".guild/a.tfevents.1.attrs", "number", 1, 1);
	put_text(".guild/a.tfevents.1", "text", "elsewhere");
	assert_true(refresh(s));
	keys_are(s, "");
	attrs = scalars_attrs(s);
	assert_int_equal(attrs->map.n, 2);
	assert_string_equal(attrs->map.pairs[0].key, "a");
	assert_string_equal(value_str(value_get(attrs, "a")), "two\nlines");
	assert_string_equal(value_str(value_get(attrs, "b")), "hello");
	put_text(".guild/a.tfevents.1.attrs", "b", "again");
	assert_true(refresh(s));
	assert_string_equal(value_str(value_get(scalars_attrs(s), "b")), "again");
	assert_int_equal(unlink(in_run(".guild/a.tfevents.1.attrs")), 0);
	assert_true(refresh(s));
	assert_string_equal(value_str(value_get(scalars_attrs(s), "b")), "shadowed");
}

static void written_files(void **state)
{
	_cleanup_buf_ struct buf event = BUF_INIT;
	_cleanup_(event_file_release) struct event_file_writer w = EVENT_FILE_WRITER(-1, "");
	_cleanup_scalars_ struct scalars *s = NULL;
	_cleanup_close_ int fd = -1;

	assert_int_equal(new_run(state), 0);
	fd = open(run, O_PATH | O_DIRECTORY);
	w = EVENT_FILE_WRITER(fd, "");
	assert_int_equal(scalars_new(SCALARS_SAMPLES, &s), 0);
	assert_int_equal(event_file_flush(&w), 0);
	assert_false(refresh(s));
	for (int i = 0; i < 3; i++) {
		buf_clear(&event);
		event_put_scalar(&event, 1, i, "loss", (float)i);
		event_file_add(&w, &event);
		assert_int_equal(event_file_flush(&w), 0);
		assert_true(refresh(s));
		last_is(s, "loss", i, (uint64_t)i + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(summaries),
		cmocka_unit_test(many_tags),
		cmocka_unit_test(places_and_keys),
		cmocka_unit_test(growing),
		cmocka_unit_test(replaced),
		cmocka_unit_test(damaged),
		cmocka_unit_test(links),
		cmocka_unit_test(logged_attrs),
		cmocka_unit_test(written_files),
	};

	return cmocka_run_group_tests_name("series", tests, support_setup, support_teardown);
}
