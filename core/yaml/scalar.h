/* SPDX-License-Identifier: MIT */
/*
 * What a scalar's text means.
 *
 * scalar_resolve() is YAML: PyYAML's implicit resolvers (1.1: octal 010, sexagesimal 1:30, yes/no,
 * 0x, 0b, underscores, dates) with Guild AI's patch, which accepts 1e5, 1. and .5 as floats.
 *
 * scalar_decode() is the command line: NAME=TEXT. int, float, then YAML; a number read from text
 * with '_' or ':' stays that text; '' is an empty string. Plain scalars of a flags file are
 * decoded the same way, so that a flag means the same wherever it is typed.
 *
 * Both return a new value (NULL: out of memory); text that is nothing else is a string.
 */
#ifndef YAML_SCALAR_H
#define YAML_SCALAR_H

#include "yaml/value.h"

struct value *scalar_resolve(const char *text, size_t len);
struct value *scalar_decode(const char *text);

/*
 * No resolver claims this text, so that it can stand without quotes. One that a resolver claims
 * but cannot read (0x_, ._) is a string to scalar_resolve() and an error to PyYAML.
 */
bool scalar_is_string(const char *text);

/* Shortest text that reads back as the same double, in Python's repr() form: 0.1, 1e-05, nan. */
void scalar_format_float(struct buf *b, double d);
/* The same in YAML's form: 0.1, 1.0e-05, .nan, .inf. */
void scalar_format_float_yaml(struct buf *b, double d);

#endif
