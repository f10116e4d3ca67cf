/* SPDX-License-Identifier: MIT */
/*
 * What must happen when something shown has changed: catalogue, kernel caches and readers that
 * wait are brought up to date. Everybody who changes a run or finds it changed calls one of
 * these. Thread safe; no lock may be held.
 */
#ifndef FS_CHANGES_H
#define FS_CHANGES_H

#include <stdint.h>

#include "node.h"

/* A run was born, changed, deleted, restored, or may have ended. */
void changes_run(struct guildfs *fs, const char *id);
/* A run was taken away; serial is what the catalogue called it, 0 when it still does. */
void changes_run_gone(struct guildfs *fs, const char *id, uint64_t serial);
/* Names or texts of an operation's directory. */
void changes_operation(const struct place *op);
/* What one name in an operation's directory means. */
void changes_name(const struct place *op, const char *name);
/* A Guild file has new content or a new error. */
void changes_projects(struct guildfs *fs);

#endif
