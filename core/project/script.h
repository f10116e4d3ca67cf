/* SPDX-License-Identifier: MIT */
/* Files that are operations by themselves: guild run train.py, guild run ./prepare.sh. */
#ifndef PROJECT_SCRIPT_H
#define PROJECT_SCRIPT_H

#include "base/err.h"
#include "project/guildfile.h"

/*
 * A Guild file with one operation, made for a Python script or an executable file at `path`, as
 * seen from the directory cwd. -ENOENT when there is no such file; -EACCES, with a sentence, when
 * it can be nothing that runs.
 */
int script_guildfile(const char *cwd, const char *path, struct guildfile **ret, struct err *err);

#endif
