/* SPDX-License-Identifier: MIT */
/* Help on operations and projects, as Guild AI words it. */
#ifndef OP_HELP_H
#define OP_HELP_H

#include "base/buf.h"
#include "project/guildfile.h"

/* What guild run --help-op shows. Flags must be imported already. */
void help_operation(struct buf *b, const struct operation *op);
/* What guild help shows: all models and operations with their flags; `cwd` is where the user is. */
void help_project(struct buf *b, const struct guildfile *file, const char *cwd);
/* The part of it that is about one model. */
void help_model(struct buf *b, const struct model *model);

#endif
