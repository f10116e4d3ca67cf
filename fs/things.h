/* SPDX-License-Identifier: MIT */
/*
 * Models and operations as the mount knows them: interned once by scope and name, so that their
 * inode numbers last as long as the mount, while what they mean is looked up in the current Guild
 * file of that project or package at each use. Also interned names, for places that need a name in
 * 16 bits.
 *
 * Things are never freed before the mount ends. Thread safe; `error` and `hidden_until_ms` are
 * guarded by the thing's own lock.
 */
#ifndef FS_THINGS_H
#define FS_THINGS_H

#include <pthread.h>
#include <stdint.h>

#include "node.h"
#include "scope.h"
#include "project/guildfile.h"
#include "run/opref.h"

struct thing {
	uint32_t serial;
	unsigned scope;  /* project or package, fs/scope.h */
	char *model;     /* name in the Guild file, "" for the anonymous model */
	char *operation; /* NULL: this is a model */

	pthread_mutex_t lock;
	char *error;                /* why the last write was refused; NULL: it was accepted */
	int64_t hidden_until_ms[2]; /* `flags` and `stage` were unlinked (clock_monotonic_ms) */
};

struct things;

struct things *things_new(void); /* NULL: out of memory */
void things_free(struct things *things);

/* The thing of these names, made when needed. NULL: out of memory. */
struct thing *things_get(
	struct things *things, unsigned scope, const char *model, const char *operation);
struct thing *things_by_serial(struct things *things, uint32_t serial); /* NULL: none */

/* A number from 1 for a name; 0: 65,535 names are taken, or out of memory. */
uint16_t things_intern(struct things *things, const char *name);
/* The number that the name has; 0: it has none. For names that anybody may ask for. */
uint16_t things_find_interned(struct things *things, const char *name);
const char *things_interned(struct things *things, uint16_t slot); /* NULL: none */

void thing_set_error(struct thing *thing, const char *sentence); /* NULL: accepted */

/* The operation that a run is of, when a mounted project or a package has it; NULL: none has. */
struct thing *things_of_opref(struct guildfs *fs, const struct opref *ref);

/* How the model is called under models/: encoded, and @PROJECT when an earlier project has it. */
void thing_model_name(struct guildfs *fs, const struct thing *thing, struct buf *b);
/* An operation's name under operations/, of the mount or of its package: MODEL:OP, OP for the
 * anonymous model, encoded. */
void thing_opspec(struct guildfs *fs, const struct thing *op, struct buf *b);
/* Path of the thing's directory below the mount; and below the directory of its package. */
void thing_path(struct guildfs *fs, const struct thing *thing, struct buf *b);
void thing_path_in_scope(struct guildfs *fs, const struct thing *thing, struct buf *b);

/* The thing's current content. The caller unrefs *ret_file. -ENOENT when it is gone. */
int thing_model(struct guildfs *fs, const struct thing *thing, struct guildfile **ret_file,
	const struct model **ret);
int thing_operation(struct guildfs *fs, const struct thing *thing, struct guildfile **ret_file,
	const struct operation **ret);

#endif
