/* SPDX-License-Identifier: MIT */
/* One directory of event files: what was read of each, and what came out. Part of scalars.h. */
#ifndef METRICS_SOURCE_H
#define METRICS_SOURCE_H

#include "metrics/event_files.h"
#include "metrics/series.h"
#include "metrics/tfrecord.h"
#include "yaml/value.h"

struct source_file {
	char *name;
	struct tfrecord_place place;
	off_t size;    /* when it was last read */
	bool dead;     /* damaged: it is read no further */
	char *problem; /* NULL: none */
};

struct source {
	char *path;
	struct series_set set;
	struct value *attrs; /* a map of strings */
	struct source_file *files;
	size_t n;
};

int source_new(const char *path, bool keep_samples, struct source **ret);
void source_free(struct source *s);

/* Whether what was read is still what is there, or its beginning. */
bool source_is_current(const struct source *s, const struct event_dir *dir);
/* Forgets what was read. */
void source_clear(struct source *s);
/* Reads what is new. 1: there was something; 0; -ENOMEM. */
int source_read(
	struct source *s, int run_fd, const struct event_dir *dir, struct tfrecord_reader *reader);

#endif
