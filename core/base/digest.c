/* SPDX-License-Identifier: MIT */
/* Digests by libcrypto. */
#include "base/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { BLOCK = 64 * 1024 };

struct digest {
	EVP_MD_CTX *ctx;
};

static struct digest *digest_new(const EVP_MD *type)
{
	struct digest *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->ctx = EVP_MD_CTX_new();
	if (!d->ctx || !EVP_DigestInit_ex(d->ctx, type, NULL)) {
		digest_free(d);
		return NULL;
	}
	return d;
}

struct digest *digest_new_md5(void)
{
	return digest_new(EVP_md5());
}

struct digest *digest_new_sha1(void)
{
	return digest_new(EVP_sha1());
}

void digest_add(struct digest *d, const void *data, size_t len)
{
	EVP_DigestUpdate(d->ctx, data, len);
}

void digest_finish(struct digest *d, char *ret_hex)
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	EVP_DigestFinal_ex(d->ctx, bytes, &n);
	for (unsigned i = 0; i < n; i++)
		snprintf(ret_hex + (size_t)2 * i, 3, "%02x", bytes[i]);
	digest_free(d);
}

void digest_free(struct digest *d)
{
	if (d)
		EVP_MD_CTX_free(d->ctx);
	free(d);
}

/* Takes d over. */
static int digest_file(int dirfd, const char *path, struct digest *d, char *ret_hex)
{
	_cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	_cleanup_free_ char *block = malloc(BLOCK);
	ssize_t n = 0;
	int r = !d || !block ? -ENOMEM : fd < 0 ? -errno : 0;

	while (r == 0 && (n = read(fd, block, BLOCK)) != 0) {
		if (n > 0)
			digest_add(d, block, (size_t)n);
		else if (errno != EINTR)
			r = -errno;
	}
	if (r == 0)
		digest_finish(d, ret_hex);
	else
		digest_free(d);
	return r;
}

int digest_file_md5(int dirfd, const char *path, char ret_hex[DIGEST_MD5_LEN + 1])
{
	return digest_file(dirfd, path, digest_new_md5(), ret_hex);
}

int digest_file_sha1(int dirfd, const char *path, char ret_hex[DIGEST_SHA1_LEN + 1])
{
	return digest_file(dirfd, path, digest_new_sha1(), ret_hex);
}
