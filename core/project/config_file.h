/* SPDX-License-Identifier: MIT */
/*
 * Configuration files that flags come from and go to (reference, 1.9): YAML, JSON and INI, each
 * also with `.in` behind its name. In memory all are a mapping; a section of an INI file is a
 * mapping in it.
 *
 * Errors: -EINVAL with a sentence, -ENOENT and others of the file system, -ENOTSUP for a file whose
 * name says nothing that is known.
 */
#ifndef PROJECT_CONFIG_FILE_H
#define PROJECT_CONFIG_FILE_H

#include <stdbool.h>

#include "base/err.h"
#include "yaml/value.h"

bool config_file_is_supported(const char *path);
int config_file_read(const char *path, struct value **ret, struct err *err);
/* The text of a file of that name. */
int config_file_print(const char *path, const struct value *config, struct buf *b);

/* Sets a value by its name, in which dots lead into mappings unless a key has them itself. */
int config_file_set(struct value *config, const char *name, const struct value *v, struct err *err);
/*
 * What flags a configuration defines, as a mapping of flag definitions: dotted names with default,
 * type and, for lists, arg-split.
 */
struct value *config_file_flags(const struct value *config);

#endif
