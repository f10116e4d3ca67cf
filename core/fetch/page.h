/* SPDX-License-Identifier: MIT */
/*
 * Documents of http and https URLs that change now and then: kept in a cache, and the server is
 * asked each time whether what is there is still current (ETag, Last-Modified). What is kept of a
 * document may be less than it is: the description in a package, say.
 *
 * Each document is one file of the cache, named by url_cache_key(), with a head of four lines
 *	etag, last-modified, content-type, URL after redirects
 * and an empty one before its text; it is replaced whole, so that several processes may share it.
 *
 * One at a time in each struct pages; it keeps the connection.
 */
#ifndef FETCH_PAGE_H
#define FETCH_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"

#define PAGE_MAX ((uint64_t)64 << 20) /* bytes of a document that is kept */

struct pages;

/* cache_fd stays the caller's. go_on is told of bytes as they come, and ends it by false; NULL. */
int pages_open(int cache_fd, bool (*go_on)(void *arg, uint64_t bytes), void *arg,
	struct pages **ret, struct err *err);
void pages_close(struct pages *pages);

static inline void pages_closep(struct pages **pages)
{
	if (*pages)
		pages_close(*pages);
}
#define _cleanup_pages_ _cleanup_(pages_closep)

struct page_request {
	const char *url;
	const char *accept; /* types of documents, as in HTTP; NULL: any */
	const char *digest; /* what is under that URL never changes: no need to ask; NULL */
	uint64_t max_bytes; /* of what the server sends; 0: PAGE_MAX */
	/* What to keep of the file `name` in the directory; NULL: all of it. */
	int (*distill)(void *arg, int dirfd, const char *name, struct buf *ret, struct err *err);
	void *arg;
};

struct page {
	struct buf text;
	struct buf type; /* as the server says; "" */
	struct buf url;  /* where it came from in the end */
};

void page_release(struct page *page);
#define _cleanup_page_ _cleanup_(page_release)

/* Errors are url_fetch()'s, with such sentences, and those of distill. */
int page_get(
	struct pages *pages, const struct page_request *request, struct page *ret, struct err *err);

/* What a reference in a document means: an absolute URL. -EINVAL for what cannot be one. */
int page_url(const char *base, const char *reference, struct buf *ret);

#endif
