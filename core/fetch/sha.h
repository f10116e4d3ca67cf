/* SPDX-License-Identifier: MIT */
/*
 * SHA-2 by libcrypto, lower-case hex: what Guild files give to check a download by (SHA-256), and
 * what Guild AI names its cache directories by (SHA-224).
 *
 * The results are NUL-terminated and belong to the caller. Errors: the negative errno of opening
 * or reading; -ENOMEM. Thread safe.
 */
#ifndef FETCH_SHA_H
#define FETCH_SHA_H

#include <stddef.h>

#define SHA256_HEX_LEN 64
#define SHA224_HEX_LEN 56

/* Of a whole file, which is followed when it is a link. */
int sha256_file(int dirfd, const char *path, char ret_hex[SHA256_HEX_LEN + 1]);
/* Never fails: 56 zeros stand for a libcrypto that cannot do it. */
void sha224_text(const char *text, size_t len, char ret_hex[SHA224_HEX_LEN + 1]);

#endif
