/* SPDX-License-Identifier: MIT */
/* What somebody may have meant: the name in a list that is nearest to a misspelt one. */
#ifndef PROJECT_NEAREST_H
#define PROJECT_NEAREST_H

#include <stddef.h>

/* NULL when none is near: one letter may differ, and one more for every four. */
const char *nearest_name(const char *name, const char *const *names, size_t n);

#endif
