/* SPDX-License-Identifier: MIT */
/*
 * Batch files (@FILE): lists of flag values, one mapping for each trial. CSV with a header row of
 * flag names (.csv, or no extension), JSON, YAML; a single mapping is one trial.
 *
 * Errors: -ENOENT and others of the file system; -EINVAL with a sentence.
 */
#ifndef PROJECT_TRIALS_H
#define PROJECT_TRIALS_H

#include "base/err.h"
#include "yaml/value.h"

/* A list of mappings; the caller frees it. */
int trials_read(const char *path, struct value **ret, struct err *err);

#endif
