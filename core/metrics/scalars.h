/* SPDX-License-Identifier: MIT */
/*
 * All scalars of one run, and the attributes that it logged: what event_files.h finds, read as it
 * grows. A refresh reads only what is new; a directory in which a known file has been replaced,
 * cut off or removed is read anew. A damaged file gives its scalars up to the damage.
 *
 * A scalar is known by its key: the tag, with "PREFIX#" before it when it comes from a directory
 * that is neither the run itself nor .guild (reference, 6.2). Where several directories have the
 * same key, the first one in the order of event_files.h counts and the others are shadowed.
 *
 * A struct scalars owns everything that it gives; it is good until the next refresh. One thread at
 * a time may refresh, and nobody may look meanwhile. Errors: -ENOMEM, or that the run's directory
 * cannot be opened; after an error some of it may be missing until a refresh succeeds.
 */
#ifndef METRICS_SCALARS_H
#define METRICS_SCALARS_H

#include <stdbool.h>

#include "base/strv.h"
#include "metrics/series.h"
#include "yaml/value.h"

enum scalars_mode {
	SCALARS_SAMPLES,   /* every sample */
	SCALARS_SUMMARIES, /* summaries only, for lists and indexes */
};

struct scalars;

struct scalar {
	char *key;
	const char *prefix; /* the directory: "", ".guild" or a path */
	bool shadowed;
	const struct series *series;
};

int scalars_new(enum scalars_mode mode, struct scalars **ret);
void scalars_free(struct scalars *s);

static inline void scalars_freep(struct scalars **s)
{
	scalars_free(*s);
}
#define _cleanup_scalars_ _cleanup_(scalars_freep)

/* run_fd: the run's directory (O_PATH is enough). *ret_changed (may be NULL): anything is new. */
int scalars_refresh(struct scalars *s, int run_fd, bool *ret_changed);

/* A run's scalars for once: made, read, and sentences about what is damaged added to `problems`. */
int scalars_read(enum scalars_mode mode, int run_fd, struct scalars **ret, struct strv *problems);

/* All of them by key, bytewise; of equal keys the one that counts comes first. */
const struct scalar *scalars_list(const struct scalars *s, size_t *ret_n);
/* The one that counts; NULL: none. */
const struct scalar *scalars_find(const struct scalars *s, const char *key);

/* Texts of `.attrs` event files: a map of strings, sorted; of equal names as with scalars. */
const struct value *scalars_attrs(const struct scalars *s);

/* A sentence for each file that is damaged or cannot be read, as long as that is so. Appended. */
int scalars_problems(const struct scalars *s, struct strv *ret);

#endif
