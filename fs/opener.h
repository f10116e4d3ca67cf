/* SPDX-License-Identifier: MIT */
/*
 * What follows from who opened a file: whether this daemon may start a run for that user, under
 * which name, and with which environment. The opener decides, not who writes or closes later.
 */
#ifndef FS_OPENER_H
#define FS_OPENER_H

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "node.h"
#include "run/launch.h"

/* Only root starts runs for others. -EACCES with a sentence. */
int opener_may_start(struct guildfs *fs, const struct opener *who, struct err *err);
/* Login name, else the number. */
void opener_name(const struct opener *who, struct buf *b);
/*
 * The daemon's environment for its own user; for another only what a login has, since the
 * daemon's may hold secrets. Appends.
 */
int opener_env(struct guildfs *fs, const struct opener *who, struct strv *env);
/* Starts a run whose ticket is there, as this user. */
int opener_launch(struct guildfs *fs, const struct opener *who, const char *id, struct err *err);

#endif
