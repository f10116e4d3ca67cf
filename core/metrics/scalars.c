/* SPDX-License-Identifier: MIT */
/* A run's directories of event files, kept in step with what is there; and the list of keys. */
#include "metrics/scalars.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/source.h"
#include "run/attr.h"

struct scalars {
	enum scalars_mode mode;
	struct source **sources; /* in the order of event_files.h */
	size_t n_sources;
	struct scalar *list;
	size_t n;
	struct value *attrs;
};

int scalars_new(enum scalars_mode mode, struct scalars **ret)
{
	struct scalars *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->mode = mode;
	s->attrs = value_map();
	if (!s->attrs) {
		free(s);
		return -ENOMEM;
	}
	*ret = s;
	return 0;
}

static void free_list(struct scalars *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->list[i].key);
	free(STEAL(s->list));
	s->n = 0;
}

void scalars_free(struct scalars *s)
{
	if (!s)
		return;
	free_list(s);
	for (size_t i = 0; i < s->n_sources; i++)
		source_free(s->sources[i]);
	free(s->sources);
	value_free(s->attrs);
	free(s);
}

/* --- sources that are there ----------------------------------------------------------------- */

/* Frees the known sources from *at on that come before `path`, or all the rest. Were there any? */
static bool drop_before(struct scalars *s, size_t *at, const char *path)
{
	size_t begin = *at;

	while (*at < s->n_sources && (!path || event_dir_compare(s->sources[*at]->path, path) < 0))
		source_free(s->sources[(*at)++]);
	return *at > begin;
}

/*
 * One source for each directory found, those that are known where they are still good. 1: some
 * of what was read has been dropped; 0; -ENOMEM.
 */
static int match_sources(struct scalars *s, const struct event_files *found)
{
	struct source **now = calloc(found->n + 1, sizeof(*now));
	bool dropped = false;
	size_t known = 0, n = 0;
	int r = 0;

	if (!now)
		return -ENOMEM;
	for (size_t i = 0; i < found->n && r == 0; i++) {
		const struct event_dir *dir = &found->dirs[i];

		dropped = drop_before(s, &known, dir->path) || dropped;
		if (known == s->n_sources || strcmp(s->sources[known]->path, dir->path) != 0) {
			r = source_new(dir->path, s->mode == SCALARS_SAMPLES, &now[n]);
			n += r == 0;
			continue;
		}
		now[n++] = s->sources[known];
		if (!source_is_current(s->sources[known++], dir)) {
			source_clear(now[n - 1]);
			dropped = true;
		}
	}
	dropped = drop_before(s, &known, NULL) || dropped;
	free(s->sources);
	s->sources = now;
	s->n_sources = n;
	return r < 0 ? r : dropped;
}

/* --- keys ----------------------------------------------------------------------------------- */

static char *key_of(const struct source *source, const struct series *series)
{
	struct buf key = BUF_INIT;

	if (*source->path && strcmp(source->path, RUN_GUILD_DIR) != 0)
		buf_printf(&key, "%s#", source->path);
	buf_puts(&key, series->tag);
	return buf_steal(&key, NULL);
}

struct ranked {
	struct scalar scalar;
	size_t rank;
};

static int compare_ranked(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	int difference = strcmp(x->scalar.key, y->scalar.key);

	if (difference)
		return difference;
	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

/* Into `all`, how many there are. -ENOMEM: all[0] to all[*ret_n - 1] have keys. */
static int gather(const struct scalars *s, struct ranked *all, size_t *ret_n)
{
	*ret_n = 0;
	for (size_t i = 0; i < s->n_sources; i++) {
		const struct source *source = s->sources[i];

		for (size_t j = 0; j < source->set.n; j++) {
			struct ranked *r = &all[*ret_n];

			r->rank = i;
			r->scalar = (struct scalar){.key = key_of(source, source->set.v[j]),
				.prefix = source->path,
				.series = source->set.v[j]};
			if (!r->scalar.key)
				return -ENOMEM;
			++*ret_n;
		}
	}
	return 0;
}

static int make_list(struct scalars *s, size_t total)
{
	_cleanup_free_ struct ranked *all = calloc(total + 1, sizeof(*all));
	int r;

	free_list(s);
	s->list = calloc(total + 1, sizeof(*s->list));
	if (!all || !s->list)
		return -ENOMEM;
	r = gather(s, all, &total);
	qsort(all, total, sizeof(*all), compare_ranked);
	for (size_t i = 0; i < total; i++) {
		all[i].scalar.shadowed =
			i > 0 && strcmp(all[i].scalar.key, all[i - 1].scalar.key) == 0;
		s->list[i] = all[i].scalar;
	}
	s->n = total;
	return r;
}

static int make_attrs(struct scalars *s)
{
	value_free(s->attrs);
	s->attrs = value_map();
	for (size_t i = 0; s->attrs && i < s->n_sources; i++)
		if (value_map_merge(s->attrs, s->sources[i]->attrs) < 0)
			return -ENOMEM;
	if (!s->attrs)
		return -ENOMEM;
	value_map_sort(s->attrs);
	return 0;
}

static size_t count_series(const struct scalars *s)
{
	size_t total = 0;

	for (size_t i = 0; i < s->n_sources; i++)
		total += s->sources[i]->set.n;
	return total;
}

/* --- what others call ----------------------------------------------------------------------- */

static int read_sources(
	struct scalars *s, int run_fd, const struct event_files *found, bool *changed)
{
	_cleanup_tfrecord_ struct tfrecord_reader reader = TFRECORD_READER_INIT;

	for (size_t i = 0; i < s->n_sources; i++) {
		int r = source_read(s->sources[i], run_fd, &found->dirs[i], &reader);

		if (r < 0)
			return r;
		*changed = *changed || r > 0;
	}
	return 0;
}

int scalars_refresh(struct scalars *s, int run_fd, bool *ret_changed)
{
	_cleanup_event_files_ struct event_files found = {0};
	bool changed = false;
	size_t total;
	int r = event_files_find(run_fd, EVENT_LINKS_RUNS, &found);

	if (r < 0)
		return r;
	r = match_sources(s, &found);
	/* The list points into what may be no more. */
	if (r != 0)
		free_list(s);
	changed = r > 0;
	if (r >= 0)
		r = read_sources(s, run_fd, &found, &changed);
	total = count_series(s);
	if (total != s->n && make_list(s, total) < 0)
		r = -ENOMEM;
	if (changed && make_attrs(s) < 0)
		r = -ENOMEM;
	if (ret_changed)
		*ret_changed = changed;
	return r;
}

const struct scalar *scalars_list(const struct scalars *s, size_t *ret_n)
{
	*ret_n = s->n;
	return s->list;
}

const struct scalar *scalars_find(const struct scalars *s, const char *key)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(s->list[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < s->n && strcmp(s->list[low].key, key) == 0 ? &s->list[low] : NULL;
}

const struct value *scalars_attrs(const struct scalars *s)
{
	return s->attrs;
}

int scalars_problems(const struct scalars *s, struct strv *ret)
{
	for (size_t i = 0; i < s->n_sources; i++) {
		const struct source *source = s->sources[i];

		for (size_t j = 0; j < source->n; j++)
			if (source->files[j].problem && strv_add(ret, source->files[j].problem) < 0)
				return -ENOMEM;
	}
	return 0;
}

int scalars_read(enum scalars_mode mode, int run_fd, struct scalars **ret, struct strv *problems)
{
	_cleanup_scalars_ struct scalars *s = NULL;
	int r = scalars_new(mode, &s);

	if (r == 0)
		r = scalars_refresh(s, run_fd, NULL);
	if (r == 0)
		r = scalars_problems(s, problems);
	if (r == 0)
		*ret = STEAL(s);
	return r;
}
