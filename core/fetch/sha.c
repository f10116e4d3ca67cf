/* SPDX-License-Identifier: MIT */
/* SHA-256 and SHA-224 by libcrypto. */
#include "fetch/sha.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

enum { BLOCK = 64 * 1024 };

static void free_context(EVP_MD_CTX **ctx)
{
	EVP_MD_CTX_free(*ctx);
}

static void to_hex(const unsigned char *bytes, unsigned n, char *ret_hex)
{
	for (unsigned i = 0; i < n; i++)
		snprintf(ret_hex + (size_t)2 * i, 3, "%02x", bytes[i]);
}

int sha256_file(int dirfd, const char *path, char ret_hex[SHA256_HEX_LEN + 1])
{
	_cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int r = fd < 0 ? -errno : 0;
	_cleanup_free_ char *block = malloc(BLOCK);
	_cleanup_(free_context) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned n_bytes = 0;
	ssize_t n;

	if (r < 0)
		return r;
	if (!block || !ctx || !EVP_DigestInit_ex(ctx, EVP_sha256(), NULL))
		return -ENOMEM;
	while ((n = read(fd, block, BLOCK)) != 0) {
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0 && !EVP_DigestUpdate(ctx, block, (size_t)n))
			return -ENOMEM;
	}
	if (!EVP_DigestFinal_ex(ctx, bytes, &n_bytes))
		return -ENOMEM;
	to_hex(bytes, n_bytes, ret_hex);
	return 0;
}

void sha224_text(const char *text, size_t len, char ret_hex[SHA224_HEX_LEN + 1])
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	memset(ret_hex, '0', SHA224_HEX_LEN);
	ret_hex[SHA224_HEX_LEN] = '\0';
	if (EVP_Digest(text, len, bytes, &n, EVP_sha224(), NULL))
		to_hex(bytes, n, ret_hex);
}
