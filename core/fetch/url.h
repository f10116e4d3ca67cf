/* SPDX-License-Identifier: MIT */
/*
 * Downloads of http, https, ftp and file URLs into a cache that many processes share.
 *
 * Each URL has a directory of its own in the cache, named by url_cache_key() as Guild AI names it;
 * the caller makes it. In it are the downloaded file, and beside it
 *	.guild-cache-NAME.lock	an OFD lock: one process downloads, the others wait and use its file
 *	.guild-cache-NAME.part	what has come so far
 *	.guild-cache-NAME.etag	the server's name for that version (ETag or Last-Modified)
 * The lock file stays, since taking it away would let two processes lock two different files.
 * A part with a version is resumed; a part without one starts again. The file gets its name when
 * all of it has come and is on disk: where it exists, it is whole.
 *
 * The caller owns all that is passed. The functions are thread safe; url_fetch() blocks.
 */
#ifndef FETCH_URL_H
#define FETCH_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* All of it may be left out: NULL and 0 stand for the default. */
struct url_events {
	void (*progress)(void *arg, uint64_t done, uint64_t total); /* bytes; total 0: unknown */
	bool (*cancelled)(void *arg); /* asked at least once a second, also in pauses */
	void *arg;
	long stall_s;        /* give up after so long without data; 60 */
	long retry_pause_ms; /* before the second try; it doubles for each later one; 1000 */
	uint64_t max_bytes;  /* a longer file is refused; 0: no limit */
};

/*
 * Makes the URL's complete file be in the directory cache_fd and appends its name to ret_name. A
 * file that is there already is used without any network. Three tries are made where the reason
 * may pass (connection refused or reset, time-outs, HTTP 5xx and 429, a body that ends early).
 *
 * Errors: -ENOENT (HTTP 404, 410, no such file), -EACCES (401, 403, log-in refused), -EIO (other
 * HTTP answers), -EHOSTUNREACH (the host cannot be resolved), -ECONNREFUSED, -ECONNRESET,
 * -ETIMEDOUT, -ELOOP (redirects), -EPROTONOSUPPORT, -EBADMSG (more or fewer bytes than told),
 * -EFBIG, -ECANCELED, and those of the file system. The sentence has the URL without its password.
 */
int url_fetch(int cache_fd, const char *url, const struct url_events *events, struct buf *ret_name,
	struct err *err);

/* The complete file is there. */
bool url_is_cached(int cache_fd, const char *url);

/* The name of the URL's directory in the cache, 56 hex digits: what Guild AI computes. */
void url_cache_key(const char *url, struct buf *ret_hex);

/* For sentences: without user and password, and not so long that nothing else can be read. */
void url_show(struct buf *b, const char *url);

#endif
