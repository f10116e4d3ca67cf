/* SPDX-License-Identifier: MIT */
/*
 * Guild files as data, before models are made of them (reference, 1.1 to 1.4): the text is parsed,
 * its items are listed and brought into one form, `include` is spliced in, and on demand an item is
 * completed by what it extends, its params and its `$include` keys.
 *
 * All files that loading one Guild file reads (included ones and those of packages) belong to one
 * raw_set; values in it carry the number of their file, for messages. Nothing here is thread safe:
 * a set lives for one load. Errors: -EINVAL with a sentence and its place; err->file is an index of
 * set->paths. -ENOENT, -ENOMEM.
 */
#ifndef PROJECT_RAW_H
#define PROJECT_RAW_H

#include <stdbool.h>

#include "base/err.h"
#include "base/file_stamps.h"
#include "base/strv.h"
#include "yaml/value.h"

struct raw_item {
	const char *type;    /* "model", "config" or "package"; NULL: raw_check() says why */
	const char *name;    /* borrowed from data; NULL: raw_check() says why */
	struct value *data;  /* a mapping; what it inherits is not in it */
	bool has_flags_2018; /* written in the form of 2018, where its flags are its operations' */
};

struct raw_file {
	char *path, *dir;
	struct raw_item *items; /* with those of included files at their place */
	size_t n;
};

struct raw_set {
	struct strv paths;       /* of all files read, in that order */
	struct raw_file **files; /* the first is the Guild file itself; the others are packages' */
	size_t n;
	int extended; /* how often an item was taken for a parent */
	/* Where files were read, and where some that are not there were looked for. NULL: nobody
	 * asks. Not the set's own. */
	struct file_stamps *seen;
};

void raw_release(struct raw_set *set);
#define _cleanup_raw_ _cleanup_(raw_release)

/* Adds a Guild file that is in memory, or that lies at `path`, with what it includes. */
int raw_parse(struct raw_set *set, const char *path, const char *text, size_t len,
	struct raw_file **ret, struct err *err);
int raw_read(struct raw_set *set, const char *path, struct raw_file **ret, struct err *err);

/*
 * That an item is of one type and has a name. Items of files that are included or extended are
 * checked when those are read; for the Guild file's own the caller does it, in their order, so that
 * of several faults the first is named.
 */
int raw_check(const struct raw_item *item, struct err *err);

/* NULL when there is no model or config of that name. */
const struct raw_item *raw_find(const struct raw_file *file, const char *name);

/*
 * The whole of an item: with what it extends, params replaced, and with the `$include` keys of its
 * operations, their flags, steps' flags and resources resolved. *ret_parents are the directories of
 * packages that it extends. The caller frees both.
 */
int raw_complete(struct raw_set *set, struct raw_file *file, const struct raw_item *item,
	struct value **ret, struct strv *ret_parents, struct err *err);

/* A string, a list of strings, or a string that holds a list "[a, b]". */
int raw_strings(const struct value *v, const char *name, struct strv *ret, struct err *err);

/* --- inside core/project/raw*.c --- */

/* The files in which names are looked up: an item's own, then those of its package parents. */
struct raw_path {
	struct raw_file *files[32];
	size_t n;
};

int raw_extend(struct raw_set *set, struct raw_file *file, const struct raw_item *item,
	struct raw_path *path, struct value **ret, struct err *err);
int raw_resolve_params(struct value *data, struct err *err);
/* Replaces the section `name` of a mapping by one without `$include`. */
int raw_include_section(
	struct value *map, const char *name, const struct raw_path *path, struct err *err);
/*
 * The Guild file of a package, or NULL: PKG with - as _ and . as /, on the path of the Python that
 * runs of the set's first file have (python_find() in project/command.h).
 */
char *raw_package_path(const struct raw_set *set, const char *name);
/* The same for an include: also below gpkg. */
char *raw_include_path(const struct raw_set *set, const char *name);

#endif
