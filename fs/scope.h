/* SPDX-License-Identifier: MIT */
/*
 * Where models come from: a mounted project, or an installed package. Both have a number for as
 * long as the mount lasts, projects the first ones (their index in fs->projects), packages the next
 * ones, as they are first seen (fs/packages.h).
 *
 * A project has at most one Guild file; a package may have several, or none. Whoever asks for them
 * gets what is on disk at that moment: a run that starts must be the one that its source code,
 * which is copied then, describes. Thread safe; no lock of another part may be held.
 */
#ifndef FS_SCOPE_H
#define FS_SCOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/strv.h"
#include "project/guildfile.h"
#include "run/opref.h"

struct guildfs;

/* Those that are on disk, or the last good ones, a reference each. */
struct scope_files {
	struct guildfile **v;
	size_t n;
};

int scope_files(struct guildfs *fs, unsigned scope, struct scope_files *ret);
void scope_files_release(struct scope_files *files);
#define _cleanup_scope_files_ _cleanup_(scope_files_release)

bool scope_is_package(const struct guildfs *fs, unsigned scope);
/*
 * Reads a project's Guild file again when it has changed, and tells who goes by it. A look at a few
 * files when it has not.
 */
void scope_refresh(struct guildfs *fs, unsigned scope);
/* Says what is wrong or odd in a project's Guild file, in the log and in `errors`. */
void scope_report(struct guildfs *fs, unsigned scope);
/* What is wrong with its Guild files, appended; nothing when they are good. */
void scope_error(struct guildfs *fs, unsigned scope, struct buf *b);
/* The one that a run is of; -ENOENT: none that is mounted. */
int scope_of_opref(struct guildfs *fs, const struct opref *ref, unsigned *ret);

#endif
