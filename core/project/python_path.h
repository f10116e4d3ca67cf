/* SPDX-License-Identifier: MIT */
/* Where a Python finds packages: its sys.path. */
#ifndef PROJECT_PYTHON_PATH_H
#define PROJECT_PYTHON_PATH_H

#include "base/strv.h"

/*
 * Appends the directories that `python`, which was found before (python_find() in
 * project/command.h), looks into. Each is asked once for each $PYTHONPATH. Thread safe. -ENOENT
 * when it does not answer.
 */
int python_path_of(const char *python, struct strv *ret);

#endif
