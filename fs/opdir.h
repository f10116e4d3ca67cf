/* SPDX-License-Identifier: MIT */
/*
 * An operation's directory as a place where files come and go: dropped flags files, links to
 * their runs, editors' scratch files, and `flags` or `stage` being unlinked and made anew.
 *
 * Which runs are an operation's is found by one look at each new run, and kept. A dropped name
 * belongs to the run (RUN_DROP_FILE in the store), so that the links are there
 * after a remount too. Thread safe.
 *
 * Errors: -EEXIST, -EXDEV (another directory), -EPERM (a name that has its own meaning here),
 * -EACCES (somebody else's file), those of fs/flags_file.h and fs/scratch.h.
 */
#ifndef FS_OPDIR_H
#define FS_OPDIR_H

#include <stdbool.h>
#include <sys/stat.h>

#include "node.h"

struct opdirs;

struct opdirs *opdirs_new(void); /* NULL: out of memory */
void opdirs_free(struct opdirs *opdirs);

extern const struct dynamic opdir_children;

/* name.yml, name.yaml or name.json: a new file of this name is a flags file. */
bool opdir_is_flags_name(const char *name);
/* `flags` or `stage` was unlinked less than a second ago and not made anew. */
bool opdir_hidden(const struct place *p);
int opdir_scratch_attr(const struct place *p, struct stat *ret);

/* A new file: a scratch place with one reference, or the `flags` or `stage` row again. */
int opdir_create(
	const struct place *dir, const char *name, const struct opener *who, struct place *ret);
int opdir_unlink(const struct place *dir, const char *name, const struct opener *who);
/* Onto flags, stage or a flags name: what `from` holds is written there, and from is gone. */
int opdir_rename(const struct place *dir, const char *from, const char *to, bool replace,
	const struct opener *who);

/* This run came from the file `name` of this operation: the name is a link to it from now on. */
void opdir_dropped(const struct place *op, const char *name, const char *id);
/* Serial of the run that a dropped name leads to; 0: none. */
uint32_t opdir_drop_run(const struct place *op, const char *name);

/* The run of this operation that was born last of those that the viewer may see; 0: none. */
uint32_t opdir_newest_run(const struct place *op);

/* Once a second: scratch files that are over. */
void opdir_tick(struct guildfs *fs);
/* Places of class PLACE_SCRATCH: the table they are in. */
struct scratches *opdir_scratches(struct guildfs *fs);

#endif
