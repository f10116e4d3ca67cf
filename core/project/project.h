/* SPDX-License-Identifier: MIT */
/*
 * A project: a directory and the current content of its Guild file. That is loaded again when it
 * changes, or what it includes, or what flags were imported from; one that no longer parses keeps
 * its last good content and has an error.
 *
 * Thread safe. project_guildfile() gives a reference of its own to each caller.
 */
#ifndef PROJECT_PROJECT_H
#define PROJECT_PROJECT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "project/guildfile.h"

struct project;

/* `dir` need not hold a Guild file (yet), but must exist: -ENOENT, -ENOTDIR. */
int project_new(const char *dir, struct project **ret, struct err *err);
void project_free(struct project *project);

const char *project_dir(const struct project *project);  /* absolute */
const char *project_name(const struct project *project); /* last component of dir */

/* A stat of each file, and a reload if one has changed: true, there is new content or an error. */
bool project_refresh(struct project *project);
/* It has no Guild file, good or bad, as far as the last look went. */
bool project_is_empty(struct project *project);
/* The last good content; NULL when there never was one. The caller unrefs it. */
struct guildfile *project_guildfile(struct project *project);
/* The error of the last load, appended; nothing when it was good. */
void project_error(struct project *project, struct buf *b);

#endif
