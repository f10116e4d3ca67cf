/* SPDX-License-Identifier: MIT */
/*
 * The packages that are installed for the Python of the mount: that of its first project, or of
 * PATH where `guild mount` was started. They are read when somebody first asks, and again when a
 * directory on Python's path has changed, whoever changed it.
 *
 * A package is one for Guild: it has models, or says by its keywords that it is one. It keeps its
 * scope (fs/scope.h) while it is gone, and when another version comes. Thread safe.
 * Errors: -ENOENT, -ENOMEM.
 */
#ifndef FS_PACKAGES_H
#define FS_PACKAGES_H

#include "node.h"
#include "scope.h"

struct packages;

struct packages *packages_new(void); /* NULL: out of memory */
void packages_free(struct packages *packages);

/* Calls visit for each by name; a nonzero result stops and is returned. */
int packages_each(
	struct guildfs *fs, int (*visit)(void *arg, unsigned scope, const char *name), void *arg);
/* The scope of a package of that name, which need not be installed (any more). */
int packages_scope(struct guildfs *fs, const char *name, unsigned *ret);

/* What one is called; NULL: it is not installed. Valid as long as the mount. */
const char *packages_name(struct guildfs *fs, unsigned scope);
/* Every line of a header of its METADATA. -ENOENT: it has none. */
int packages_header(struct guildfs *fs, unsigned scope, const char *header, struct buf *b);
/* Paths of its files, sorted, and the directory that they are below. */
int packages_files(struct guildfs *fs, unsigned scope, struct strv *ret, struct buf *ret_dir);
int packages_guildfiles(struct guildfs *fs, unsigned scope, struct scope_files *ret);
void packages_error(struct guildfs *fs, unsigned scope, struct buf *b);

/* Only who runs the mount, and root: else -EACCES. */
int packages_may_change(struct guildfs *fs, const char *name, const struct opener *who);
/* Keeps the sentence among the mount's errors, and returns the error. */
int packages_refuse(struct guildfs *fs, const char *name, int error, const char *sentence);

/*
 * By pip. -EIO when it refuses, -EINVAL for a wheel that is not what it says; why is among the
 * mount's errors. `aside`: a directory in which a temporary one can be made.
 */
int packages_install(struct guildfs *fs, const char *wheel, const char *aside);
int packages_uninstall(struct guildfs *fs, const char *name, const struct opener *who);

#endif
