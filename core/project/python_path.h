/* SPDX-License-Identifier: MIT */
/* Where Python finds packages: sys.path of the Python on this program's PATH. */
#ifndef PROJECT_PYTHON_PATH_H
#define PROJECT_PYTHON_PATH_H

#include "base/strv.h"

/*
 * Appends the directories. They are asked for once for each
 * $PATH, $PYTHONPATH and $GUILD_PYTHON_EXE. Thread safe. -ENOENT without a Python.
 */
int python_path(struct strv *ret);

#endif
