/* SPDX-License-Identifier: MIT */
/* Versions of Python packages (PEP 440), and requirements on them: ">=0.7.0,<1". */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#include <stdbool.h>

#include "base/err.h"

/* Numbers with dots between; 1 is 1.0. -EINVAL with a sentence for what is no requirement. */
int version_matches(const char *version, const char *requirement, bool *ret, struct err *err);

/* Below, at or above 0; what is no version is below all that are. */
int version_compare(const char *a, const char *b);
/* It is meant to be used: no alpha, beta, candidate or development version. */
bool version_is_final(const char *version);

#endif
