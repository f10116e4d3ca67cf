/* SPDX-License-Identifier: MIT */
/*
 * Names: run ids, and text that must become one safe path component.
 *
 * A text that cannot be a file name as it is (empty, with '/', NUL or a control character, "." or
 * "..", longer than 255 bytes) is percent-encoded, and so is '%', so that name_decode() gives back
 * the original. The empty text is a single "%". What stays longer than 255 bytes is cut and ends
 * in "%~" and 16 hex digits of its xxhash; that form cannot be decoded and callers compare encoded
 * names instead.
 */
#ifndef BASE_NAME_H
#define BASE_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define RUN_ID_LEN 32

/* A new UUID4 as 32 lowercase hex digits, NUL-terminated. 0 or -errno of getrandom. */
int name_new_run_id(char ret_id[RUN_ID_LEN + 1]);

/* Not empty, no '/', not "." or "..", at most 255 bytes. */
bool name_is_component(const char *name);
/* A relative path of such components: no leading '/', no "..", no empty part. */
bool name_is_safe_path(const char *path);

/* Longer than `end`, with that at its end; the second takes upper case for lower case. */
bool name_ends_with(const char *name, const char *end);
bool name_has_extension(const char *name, const char *end);
/* What is behind the last slash of a path; a path without one is all name. Points into it. */
const char *name_of_path(const char *path);

void name_encode(struct buf *b, const char *text, size_t len);
/* Appends the original. -EINVAL for what name_encode() cannot have written. */
int name_decode(struct buf *b, const char *name);

/* Appends the way from one absolute directory to another absolute path: ../x. */
void name_relative_path(struct buf *b, const char *from_dir, const char *to);

/* Appends an absolute path without empty and "." parts; ".." takes the part before it away. */
void name_normal_path(struct buf *b, const char *path);

/* Appends a path with ~ for the user's home. */
void name_user_path(struct buf *b, const char *path);

/* Appends a path in at most about `max` bytes: both ends of it, and an ellipsis for the middle. */
void name_shorten_path(struct buf *b, const char *path, size_t max);

#endif
