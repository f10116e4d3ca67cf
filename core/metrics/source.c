/* SPDX-License-Identifier: MIT */
/* Event files of one directory, each from where it was left. */
#include "metrics/source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/name.h"
#include "metrics/event.h"

/* Files of this kind hold texts, all others numbers: so Guild AI reads them. */
#define ATTRS_SUFFIX ".attrs"
/* What TensorFlow's and tensorboardX's add_text() append to a tag. */
#define TEXT_SUFFIX "/text_summary"

int source_new(const char *path, bool keep_samples, struct source **ret)
{
	struct source *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	series_set_init(&s->set, keep_samples);
	s->path = strdup(path);
	s->attrs = value_map();
	if (!s->path || !s->attrs) {
		source_free(s);
		return -ENOMEM;
	}
	*ret = s;
	return 0;
}

void source_clear(struct source *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->files[i].name);
		free(s->files[i].problem);
	}
	free(s->files);
	s->files = NULL;
	s->n = 0;
	series_set_release(&s->set);
	while (s->attrs && s->attrs->map.n)
		value_map_remove(s->attrs, s->attrs->map.pairs[s->attrs->map.n - 1].key);
}

void source_free(struct source *s)
{
	if (!s)
		return;
	source_clear(s);
	value_free(s->attrs);
	free(s->path);
	free(s);
}

static const struct event_file *file_in(const struct event_dir *dir, const char *name)
{
	size_t low = 0, high = dir->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int difference = strcmp(name, dir->files[middle].name);

		if (difference == 0)
			return &dir->files[middle];
		if (difference < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

bool source_is_current(const struct source *s, const struct event_dir *dir)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct source_file *known = &s->files[i];
		const struct event_file *file = file_in(dir, known->name);

		if (!file || file->size < known->size)
			return false;
		if (known->place.ino &&
			(file->ino != known->place.ino || file->dev != known->place.dev))
			return false;
	}
	return true;
}

/* Both are in the order of names, and what is known is still there. */
static int know_files(struct source *s, const struct event_dir *dir)
{
	struct source_file *files;
	size_t known = 0;

	if (s->n == dir->n)
		return 0;
	files = calloc(dir->n, sizeof(*files));
	if (!files)
		return -ENOMEM;
	for (size_t i = 0; i < dir->n; i++) {
		if (known < s->n && strcmp(s->files[known].name, dir->files[i].name) == 0)
			files[i] = s->files[known++];
		else
			files[i].name = strdup(dir->files[i].name);
	}
	free(s->files);
	s->files = files;
	s->n = dir->n;
	for (size_t i = 0; i < s->n; i++)
		if (!files[i].name) {
			source_clear(s);
			return -ENOMEM;
		}
	return 0;
}

static int take_text(struct source *s, const struct event_value *value)
{
	_cleanup_buf_ struct buf tag = BUF_INIT, text = BUF_INIT;

	buf_add(&tag, value->tag.p, wire_len(value->tag));
	if (name_ends_with(buf_str(&tag), TEXT_SUFFIX))
		buf_resize(&tag, tag.len - strlen(TEXT_SUFFIX));
	event_text(value, &text);
	if (buf_error(&tag) || buf_error(&text))
		return -ENOMEM;
	return value_map_add(s->attrs, buf_str(&tag), value_string(buf_str(&text)));
}

static int take_event(struct source *s, bool texts, const struct tfrecord *record)
{
	struct event_value value;
	struct event event;
	int r = event_parse(record->data, record->len, &event);

	while (r == 0 && (r = event_next_value(&event, &value)) > 0) {
		struct sample sample = {
			.step = event.step, .value = value.scalar, .time = event.wall_time};

		r = 0;
		if (texts && value.kind == EVENT_TEXT)
			r = take_text(s, &value);
		else if (!texts && value.kind == EVENT_SCALAR)
			r = series_set_add(&s->set, value.tag.p, wire_len(value.tag), &sample);
		if (r == -EILSEQ)
			r = 0;
	}
	return r;
}

static int set_problem(struct source *s, struct source_file *file, const char *what, int64_t at)
{
	struct buf b = BUF_INIT;

	buf_printf(&b, "%s%s%s: %s", s->path, *s->path ? "/" : "", file->name, what);
	if (at >= 0)
		buf_printf(&b, " at byte %" PRId64 "; what is behind it is not read", at);
	free(file->problem);
	file->problem = buf_steal(&b, NULL);
	return file->problem ? 0 : -ENOMEM;
}

/* 1: there was something to read; 0: nothing, or a problem that is noted; -ENOMEM. */
static int read_file(
	struct source *s, int dir_fd, struct source_file *file, struct tfrecord_reader *reader)
{
	bool texts = name_ends_with(file->name, ATTRS_SUFFIX);
	int r = tfrecord_open(reader, dir_fd, file->name, &file->place);
	struct tfrecord record;
	off_t begin, at = 0;

	/* Gone or replaced since it was listed: the next refresh will find it so. */
	if (r == -ESTALE || r == -ENOENT)
		return 0;
	if (r < 0)
		return r == -ENOMEM ? r : set_problem(s, file, strerror(-r), -1);
	free(STEAL(file->problem));
	begin = file->place.offset;
	do {
		at = reader->offset;
		r = tfrecord_next(reader, &record);
		if (r > 0) {
			r = take_event(s, texts, &record);
			r = r < 0 ? r : 1;
		}
	} while (r > 0);
	tfrecord_close(reader, &file->place);
	/* What could not be read, or kept, is read again at the next refresh. */
	if (r < 0 && r != -EBADMSG)
		file->place.offset = at;
	file->size = r < 0 ? -1 : reader->size;
	if (r == -EBADMSG) {
		file->dead = true;
		r = set_problem(s, file, "damaged record", at);
	} else if (r < 0 && r != -ENOMEM) {
		r = set_problem(s, file, strerror(-r), -1);
	}
	return r < 0 ? r : file->place.offset > begin;
}

/* The directory that was found, and not what a link has been put in its place to lead to. */
static int open_dir(int run_fd, const struct event_dir *dir)
{
	_cleanup_close_ int fd =
		openat(run_fd, *dir->path ? dir->path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_dev != dir->dev || st.st_ino != dir->ino)
		return -ENOENT;
	return STEAL_FD(fd);
}

int source_read(
	struct source *s, int run_fd, const struct event_dir *dir, struct tfrecord_reader *reader)
{
	_cleanup_close_ int dir_fd = -1;
	bool changed = false;
	int r = know_files(s, dir);

	for (size_t i = 0; r >= 0 && i < s->n; i++) {
		struct source_file *file = &s->files[i];

		if (file->dead || (file->place.ino && file->size == dir->files[i].size))
			continue;
		if (dir_fd < 0)
			dir_fd = open_dir(run_fd, dir);
		if (dir_fd < 0)
			return changed;
		r = read_file(s, dir_fd, file, reader);
		changed = changed || r > 0 || file->dead;
	}
	if (r >= 0 && changed)
		r = value_map_unique(s->attrs, false);
	return r < 0 ? r : changed;
}
