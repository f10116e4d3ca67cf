/* SPDX-License-Identifier: MIT */
/*
 * What finding the files of a source is made of: deps_find.c has the places where files are looked
 * for, deps_unpack.c what is done with a file that is there, deps_operation.c and deps_config.c a
 * type of source each.
 *
 * Functions return 0 or a negative errno, with a sentence.
 */
#ifndef RUN_DEPS_SOURCES_H
#define RUN_DEPS_SOURCES_H

#include "run/deps_find.h"

/* --- deps_find.c --- */

/* The directory that a source's paths count from. */
const char *deps_location(const struct deps_source *src);
/* A source's text with its ${flag} references replaced. */
int deps_resolve_text(
	const struct deps_source *src, const char *text, struct buf *b, struct err *err);
/* The whole path as its directory and its name. */
int deps_found_one(struct deps_found *ret, const char *path);
/* The first of the places that has such a file; -ENOENT without a sentence. */
int deps_find_local(
	const struct deps_source *src, const char *path, struct buf *ret, const char **ret_origin);
/* What a flag has in a file's place: a path that counts from where the user is. */
int deps_find_given(const struct deps_source *src, struct deps_found *ret, struct err *err);

/* --- deps_unpack.c --- */

/* -EBADMSG: it is another file. */
int deps_check_sha256(const struct source *s, const char *path, struct err *err);
/* A file, or what is in it; `cache` is where it is unpacked. */
int deps_find_in_file(const struct deps_source *src, const char *path, int cache_fd,
	const char *cache, struct deps_found *ret, struct err *err);
/* The command of the source, once for each directory: a marker there says that it was done. */
int deps_post_process(const struct deps_source *src, const char *dir, struct err *err);

/* --- deps_operation.c, deps_config.c --- */

int deps_find_operation(const struct deps_source *src, struct deps_found *ret, struct err *err);
int deps_find_config(const struct deps_source *src, struct deps_found *ret, struct err *err);

#endif
