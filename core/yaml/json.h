/* SPDX-License-Identifier: MIT */
/* Values as JSON, in Python's json.dumps() form: ASCII, ", " and ": ", keys sorted. */
#ifndef YAML_JSON_H
#define YAML_JSON_H

#include "base/buf.h"
#include "yaml/value.h"

/* One line without a newline. */
void json_emit(struct buf *b, const struct value *v);
/* The same with indent=2: a line each item. */
void json_emit_indented(struct buf *b, const struct value *v);
/* One line that every reader of JSON takes: maps in their own order; numbers that it could not
 * read, or not exactly (NaN, infinities, integers beyond 2^53), as strings. */
void json_emit_exact(struct buf *b, const struct value *v);
/* A JSON string with its quotes. */
void json_emit_string(struct buf *b, const char *text);

#endif
