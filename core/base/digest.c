/* SPDX-License-Identifier: MIT */
/* libcrypto's functions, and hex digits. */
#include "base/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/lazy_lib.h"

enum { BLOCK = 64 * 1024 };

/* --- libcrypto --------------------------------------------------------------- */

/* clang-format off */
#define CRYPTO_FUNCTIONS(X) \
	X(EVP_DigestFinal_ex) \
	X(EVP_DigestInit_ex) \
	X(EVP_DigestUpdate) \
	X(EVP_MD_CTX_free) \
	X(EVP_MD_CTX_new) \
	X(EVP_md5) \
	X(EVP_sha1) \
	X(EVP_sha224) \
	X(EVP_sha256)
/* clang-format on */

#define POINTER(name) __typeof__(name) *name;
static struct {
	CRYPTO_FUNCTIONS(POINTER)
} crypto;

#define NAME(name) #name,
static const char *const names[] = {CRYPTO_FUNCTIONS(NAME)};

static struct lazy_lib library = {
	.file = "libcrypto.so.3",
	.names = names,
	.n = ARRAY_SIZE(names),
	.functions = &crypto,
};

static const EVP_MD *algorithm(enum digest_type type)
{
	switch (type) {
	case DIGEST_MD5:
		return crypto.EVP_md5();
	case DIGEST_SHA1:
		return crypto.EVP_sha1();
	case DIGEST_SHA224:
		return crypto.EVP_sha224();
	case DIGEST_SHA256:
		return crypto.EVP_sha256();
	}
	return NULL;
}

/* --- digests ----------------------------------------------------------------- */

struct digest {
	EVP_MD_CTX *ctx;
};

int digest_new(enum digest_type type, struct digest **ret)
{
	_cleanup_digest_ struct digest *d = calloc(1, sizeof(*d));
	int r = d ? lazy_lib_load(&library, NULL) : -ENOMEM;

	if (r < 0)
		return r;
	d->ctx = crypto.EVP_MD_CTX_new();
	if (!d->ctx)
		return -ENOMEM;
	if (!crypto.EVP_DigestInit_ex(d->ctx, algorithm(type), NULL))
		return -ENOTSUP;
	*ret = STEAL(d);
	return 0;
}

void digest_add(struct digest *d, const void *data, size_t len)
{
	crypto.EVP_DigestUpdate(d->ctx, data, len);
}

void digest_finish(struct digest *d, char *ret_hex)
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	crypto.EVP_DigestFinal_ex(d->ctx, bytes, &n);
	for (unsigned i = 0; i < n; i++)
		snprintf(ret_hex + (size_t)2 * i, 3, "%02x", bytes[i]);
	digest_free(d);
}

void digest_free(struct digest *d)
{
	if (d && d->ctx)
		crypto.EVP_MD_CTX_free(d->ctx);
	free(d);
}

int digest_text(enum digest_type type, const void *text, size_t len, char *ret_hex)
{
	struct digest *d;
	int r = digest_new(type, &d);

	if (r < 0)
		return r;
	digest_add(d, text, len);
	digest_finish(d, ret_hex);
	return 0;
}

int digest_file(enum digest_type type, int dirfd, const char *path,
	const struct file_watcher *watcher, char *ret_hex)
{
	_cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	_cleanup_free_ char *block = malloc(BLOCK);
	_cleanup_digest_ struct digest *d = NULL;
	ssize_t n = 0;
	int r = fd < 0 ? -errno : block ? digest_new(type, &d) : -ENOMEM;

	while (r == 0 && (n = read(fd, block, BLOCK)) != 0) {
		if (n > 0)
			digest_add(d, block, (size_t)n);
		else if (errno != EINTR)
			r = -errno;
		if (n > 0 && watcher)
			r = watcher->copied(watcher->arg, (uint64_t)n);
	}
	if (r == 0)
		digest_finish(STEAL(d), ret_hex);
	return r;
}

/* --- base64 -------------------------------------------------------------------- */

static unsigned nibble(char hex)
{
	return (unsigned)(hex <= '9' ? hex - '0' : hex - 'a' + 10);
}

void digest_base64(struct buf *b, const char *hex, bool for_url)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	const char *last = for_url ? "-_" : "+/";
	unsigned bits = 0, n = 0, printed = 0;

	for (; *hex || n; printed++) {
		for (; n < 6 && *hex; n += 4)
			bits = bits << 4 | nibble(*hex++);
		unsigned digit = n < 6 ? bits << (6 - n) & 63 : bits >> (n - 6) & 63;

		n = n < 6 ? 0 : n - 6;
		buf_putc(b, digit < 62 ? letters[digit] : last[digit - 62]);
	}
	for (; !for_url && printed % 4; printed++)
		buf_putc(b, '=');
}
