/* SPDX-License-Identifier: MIT */
/*
 * Digests in the formats that Guild AI stores (MD5 and SHA-1, lower-case hex), by libcrypto.
 * They identify content; nothing here is meant to be secure.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stddef.h>

#define DIGEST_MD5_LEN  32
#define DIGEST_SHA1_LEN 40

struct digest;

/* NULL when out of memory. One of the two, fed in pieces. */
struct digest *digest_new_md5(void);
struct digest *digest_new_sha1(void);
void digest_add(struct digest *d, const void *data, size_t len);
/* Writes the hex digits and a NUL, and frees d. */
void digest_finish(struct digest *d, char *ret_hex);
void digest_free(struct digest *d);

/* Of a whole file. 0 or -errno. */
int digest_file_md5(int dirfd, const char *path, char ret_hex[DIGEST_MD5_LEN + 1]);
int digest_file_sha1(int dirfd, const char *path, char ret_hex[DIGEST_SHA1_LEN + 1]);

#endif
