/* SPDX-License-Identifier: MIT */
/*
 * What packages there are in an index, without installing any: a directory of wheels, or a simple
 * index (PEP 503, 691). Of each package only the newest version is looked at, by what it says of
 * itself: METADATA where the index has it apart (PEP 658), else out of the wheel. Pages and
 * METADATA are kept in a cache (fetch/page.h).
 *
 * Errors have a sentence. What is wrong with one package is told to warn(), and the others are read
 * all the same.
 */
#ifndef PACKAGE_INDEX_H
#define PACKAGE_INDEX_H

#include <stdbool.h>

#include "base/err.h"
#include "fetch/page.h"

struct index_reader {
	int cache_fd;                             /* borrowed */
	bool (*go_on)(void *arg, uint64_t bytes); /* false: the user wants it to end */
	void (*warn)(void *arg, const char *sentence);
	/* A package; a negative result ends it and is returned. */
	int (*visit)(void *arg, const char *name, const char *version, const char *metadata);
	void *arg;
	struct pages *pages; /* private; NULL at first */
};

void index_reader_release(struct index_reader *reader);

bool index_is_url(const char *where);
/* All packages of a directory, or of the index with that URL. */
int index_read(struct index_reader *reader, const char *where, struct err *err);
/* One alone, by its name; that the index has none is no error. */
int index_look_up(struct index_reader *reader, const char *url, const char *name, struct err *err);

#endif
