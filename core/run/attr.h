/* SPDX-License-Identifier: MIT */
/*
 * Attributes of a run: YAML values in .guild/attrs/NAME. run_fd is a descriptor of the run's
 * directory (O_PATH is enough). Errors: -ENOENT (not set), -EINVAL (damaged, with a sentence),
 * -EFBIG (over 16 MiB), I/O errors.
 */
#ifndef RUN_ATTR_H
#define RUN_ATTR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/file.h"
#include "yaml/value.h"

#define RUN_GUILD_DIR ".guild"
#define RUN_ATTRS_DIR ".guild/attrs"
#define RUN_PROTO_DIR ".guild/proto"   /* of a batch: a run that its trials are copies of */
#define RUN_OWN_DIR   ".guild/guildfs" /* what Guild AI does not know */

int attr_read(int run_fd, const char *name, struct value **ret, struct err *err);
/* The text of the file without the trailing newline; a string value is unquoted. */
int attr_read_text(int run_fd, const char *name, struct buf *b);
/* False, and *ret NULL, when it is of another type or cannot be read. */
bool attr_read_as(int run_fd, const char *name, enum value_type type, struct value **ret);
/* A list or a map; an empty one when it is none or cannot be read. NULL: out of memory. */
struct value *attr_read_or_empty(int run_fd, const char *name, enum value_type type);
int attr_read_int(int run_fd, const char *name, int64_t *ret);
bool attr_exists(int run_fd, const char *name);

/* Atomic. `env` is written with mode 0600, all else with 0644. A NULL value removes it. */
int attr_write(int run_fd, const char *name, const struct value *v, enum file_sync sync);
int attr_write_int(int run_fd, const char *name, int64_t v, enum file_sync sync);
int attr_remove(int run_fd, const char *name);

#endif
