/* SPDX-License-Identifier: MIT */
/* Values as JSON, in Python's json.dumps() form: ASCII, ", " and ": ", keys sorted. */
#ifndef YAML_JSON_H
#define YAML_JSON_H

#include "base/buf.h"
#include "yaml/value.h"

/* One line without a newline. */
void json_emit(struct buf *b, const struct value *v);
/* A JSON string with its quotes. */
void json_emit_string(struct buf *b, const char *text);

#endif
