/* SPDX-License-Identifier: MIT */
/*
 * A sentence for people beside a negative errno. A function that can fail for a reason that a
 * person must read takes `struct err *err` (which may be NULL) as its last argument:
 *
 *	return err_set(err, -EINVAL, "unknown flag '%s'; the flags are: %s", name, list);
 *
 * err_set returns its second argument, fills in the sentence and keeps the first one: outer
 * layers add context with err_prefix(). No trailing newline, no "error:" in front.
 * line and column count from 1; 0 means: not known.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

struct err {
	int code; /* negative errno, 0 while nothing went wrong */
	int line;
	int column;
	int file; /* which of several texts, as the reader numbers them */
	char text[1024];
};

#define ERR_INIT ((struct err){0})

int err_set(struct err *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same with the place in the text that was read. */
int err_set_at(struct err *err, int code, int line, int column, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* Says which text an error with a place is about. Returns err->code, or `code` when err is NULL. */
int err_in_file(struct err *err, int code, int file);
/* "CONTEXT: what was there before". Returns err->code, or `code` when err is NULL. */
int err_prefix(struct err *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The sentence, or strerror of the code when nobody wrote one. */
const char *err_text(const struct err *err);

#endif
