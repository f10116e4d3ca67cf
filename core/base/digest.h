/* SPDX-License-Identifier: MIT */
/*
 * Digests by libcrypto, in lower-case hex: MD5 and SHA-1 as Guild AI stores them, SHA-224 as it
 * names directories of its cache, SHA-256 by which downloads and members of wheels are checked.
 * libcrypto is loaded when the first digest is made (base/lazy_lib.h), since most commands make
 * none and it takes longer than they do.
 *
 * Errors: -ENOMEM, -ELIBACC (no libcrypto), -ENOTSUP (one that does not know this digest), and of
 * files the negative errno of opening or reading. Thread safe; a digest is one thread's.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/file.h"

enum digest_type { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA224, DIGEST_SHA256 };

/* Hex digits, without the NUL behind them. */
#define DIGEST_MD5_LEN    32
#define DIGEST_SHA1_LEN   40
#define DIGEST_SHA224_LEN 56
#define DIGEST_SHA256_LEN 64

struct digest;

int digest_new(enum digest_type type, struct digest **ret);
void digest_add(struct digest *d, const void *data, size_t len);
/* Writes the hex digits and a NUL, and frees d. */
void digest_finish(struct digest *d, char *ret_hex);
void digest_free(struct digest *d);

static inline void digest_freep(struct digest **d)
{
	digest_free(*d);
}
#define _cleanup_digest_ _cleanup_(digest_freep)

/* Of a whole text. */
int digest_text(enum digest_type type, const void *text, size_t len, char *ret_hex);
/*
 * Of a whole file; a link is followed. The watcher (NULL: nobody) is told how many bytes were read
 * since, and ends it by a negative result, which is returned.
 */
int digest_file(enum digest_type type, int dirfd, const char *path,
	const struct file_watcher *watcher, char *ret_hex);

/* Hex digits in base64, as browsers know a text by; for URLs: with - and _, without padding. */
void digest_base64(struct buf *b, const char *hex, bool for_url);

#endif
