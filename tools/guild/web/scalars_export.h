/* SPDX-License-Identifier: MIT */
/* Every scalar of runs as CSV, in the form of Guild AI's `tensorboard --export-scalars`. */
#ifndef SCALARS_EXPORT_H
#define SCALARS_EXPORT_H

#include "runs/select.h"

/*
 * run,path,tag,value,step: one line for each value, in the order in which it stands in the event
 * files of each directory. `path` is the file to write, whose directory is made when needed, or -
 * for standard output. EXIT_OK, or EXIT_ERROR after a message; a damaged file is a warning.
 */
int scalars_export(struct guild *g, const struct selected *runs, const char *path);

#endif
