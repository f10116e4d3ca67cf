/* SPDX-License-Identifier: MIT */
/*
 * YAML text to value tree and back, on libyaml's events.
 *
 * Reading: one document; duplicate keys: the last wins; aliases are expanded within the limits
 * below, so that a bomb is refused; merge keys (<<) work as in PyYAML; unknown tags are errors.
 * Errors: -EINVAL with line, column and a sentence; -EFBIG beyond a limit; -ENOMEM.
 * Writing: PyYAML's safe_dump(default_flow_style=False, indent=2) with sorted keys, ASCII only,
 * 80 columns, so that Guild AI reads back the same values.
 */
#ifndef YAML_YAML_H
#define YAML_YAML_H

#include "base/buf.h"
#include "base/err.h"
#include "yaml/value.h"

#define YAML_MAX_DEPTH 100
#define YAML_MAX_NODES 1000000

/* An empty document gives a null value. The caller frees *ret. */
int yaml_parse(const char *text, size_t len, struct value **ret, struct err *err);

/*
 * For text that is still being written: like yaml_parse(), and says in *ret_incomplete whether
 * the error is only that the text stops too early (an open bracket or quote).
 */
int yaml_parse_prefix(
	const char *text, size_t len, struct value **ret, bool *ret_incomplete, struct err *err);

/* File of at most 8 MiB, relative to dirfd. The error names `name`. */
int yaml_parse_file(int dirfd, const char *name, struct value **ret, struct err *err);

/* Block style, one trailing newline. y, n, Y and N are quoted: for files that others may read. */
void yaml_emit(struct buf *b, const struct value *v);
/* The same with y and n as they are: for people, and for programs that use PyYAML. */
void yaml_emit_plain(struct buf *b, const struct value *v);
/* Block style with the pairs of the outermost map in their own order. */
void yaml_emit_ordered(struct buf *b, const struct value *v);
/* The same, with characters as they are: for people. */
void yaml_emit_utf8(struct buf *b, const struct value *v);
/* One line in flow style, no newline: `[1, a b, true]`, `0.001`, `'1'`. */
void yaml_emit_flow(struct buf *b, const struct value *v);

#endif
