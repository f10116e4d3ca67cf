/* SPDX-License-Identifier: MIT */
/*
 * A tree of values: what a YAML document, an attribute file or a flag holds. Types and scalar
 * rules are PyYAML's safe loader's (YAML 1.1) with Guild AI's float patch, see yaml/scalar.h.
 *
 * Values are reference-free trees: a list or map owns its items, value_free() frees the whole.
 * Functions that take a `struct value *` item take it over, also when they fail. Constructors
 * return NULL only when out of memory. A tree that is only read may be shared between threads.
 */
#ifndef YAML_VALUE_H
#define YAML_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/strv.h"

enum value_type {
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_INT,    /* 64 bits; a longer integer is kept as VALUE_BIGINT */
	VALUE_BIGINT, /* decimal digits in `string` */
	VALUE_FLOAT,
	VALUE_STRING,
	VALUE_DATE, /* YAML timestamp or date: its text in `string` */
	VALUE_LIST,
	VALUE_MAP,
};

struct value_pair;

struct value {
	enum value_type type;
	/*
	 * Where it came from, for messages and for flags files: line and column count from 1 (0:
	 * made by us); source is the text of a scalar as written, plain says that it stood there
	 * without quotes.
	 */
	int line, column;
	bool plain;
	unsigned short file; /* which one, as the reader numbers its files */
	char *source;        /* NULL unless a parsed scalar */
	union {
		bool boolean;
		int64_t integer;
		double number;
		char *string;
		struct {
			struct value **items;
			size_t n;
		} list;
		struct {
			struct value_pair *pairs; /* in the order written */
			size_t n;
			bool is_set; /* !!set: what it has are the keys, each with null */
		} map;
	};
};

/*
 * Keys are kept as text, the way Guild AI uses them; key_line/key_column are where it stands. One
 * that stood there without quotes and reads as a number or as yes is written as that again.
 */
struct value_pair {
	char *key;
	bool key_plain;
	int key_line, key_column;
	int first_line; /* of an equal key before it, whose value does not count; 0: none */
	struct value *value;
};

struct value *value_null(void);
struct value *value_bool(bool b);
struct value *value_int(int64_t i);
struct value *value_float(double d);
struct value *value_string(const char *s);
struct value *value_string_len(const char *s, size_t len);
struct value *value_list(void);
struct value *value_map(void);
struct value *value_from_strv(const struct strv *s); /* list of strings */
struct value *value_copy(const struct value *v);
void value_free(struct value *v);

static inline void value_freep(struct value **v)
{
	value_free(*v);
}
#define _cleanup_value_ _cleanup_(value_freep)

/* 0 or -ENOMEM; value_map_set replaces an equal key in its place. A NULL item is -ENOMEM. */
int value_list_add(struct value *list, struct value *item);
int value_map_set(struct value *map, const char *key, struct value *item);
void value_map_sort(struct value *map); /* by key, bytewise */
/* A key as the value that it is to Guild AI: a string, or what a plain one reads as. */
struct value *value_of_key(const struct value_pair *pair);
/*
 * For large mappings, where looking for each key as it comes would take the square of their
 * number: value_map_add() does not look, value_map_unique() then leaves one pair of each key, in
 * the first one's place with the last one's value, or with the first one's (`keep_first`).
 */
int value_map_add(struct value *map, const char *key, struct value *item);
int value_map_unique(struct value *map, bool keep_first);

void value_map_remove(struct value *map, const char *key);
/*
 * What `map` lacks, from `other`, copied; mappings in both are merged in the same way. Anything
 * but two mappings stays as it is.
 */
int value_map_merge(struct value *map, const struct value *other);
/* Numbers the whole tree as coming from `file`. */
void value_set_file(struct value *v, unsigned short file);

/* NULL when `map` is NULL, not a map, or lacks the key. */
struct value *value_get(const struct value *map, const char *key);
/* The string, or NULL when v is NULL or not a string. */
const char *value_str(const struct value *v);
bool value_is_null(const struct value *v); /* NULL counts as null */
bool value_truthy(const struct value *v);  /* Python's truth */
/* The integer, when v is one. */
bool value_as_int(const struct value *v, int64_t *ret);
/* Equal type and content; an int and a float that are equal numbers are equal, as in Python. */
bool value_equal(const struct value *a, const struct value *b);

/* Names for messages: "a mapping", "a list", "a string", "an integer", ... */
const char *value_type_name(const struct value *v);
/* Python's repr(), as Guild AI's messages and argument vectors need it. */
void value_repr(struct buf *b, const struct value *v);

#endif
