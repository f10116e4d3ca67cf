/* SPDX-License-Identifier: MIT */
/*
 * What the files of a download share: url.c has the cache, its lock and the tries, url_try.c one
 * try, url_outcome.c what came of it and whether another try may help.
 */
#ifndef FETCH_URL_INTERNAL_H
#define FETCH_URL_INTERNAL_H

#include "fetch/curl_lib.h"
#include "fetch/url.h"
#include "fetch/url_parts.h"

enum { URL_MAX_VERSION = 1024 };

/* The header of the answer that is being read; a redirect's is forgotten with the next. */
struct answer {
	long status; /* 0 for ftp and file */
	char reason[64];
	bool has_length, chunked;
	uint64_t length;
	uint64_t range_start;
	bool has_range;
	char version[URL_MAX_VERSION]; /* for If-Range; "" */
	bool version_is_etag;
};

/* Why our side ended a try. */
enum trouble {
	NONE,
	OWN_ERRNO, /* in own_errno: of the file system */
	TOO_LONG,  /* more bytes than told */
	TOO_BIG,   /* more bytes than allowed */
	CANCELLED,
	STALLED,
	RESTART, /* the part is of no use */
};

struct download {
	int cache_fd;
	const struct url_events *events;
	struct url_parts url;
	struct buf name, lock, part, version_file, shown;
	bool is_http;

	/* Of one try: */
	CURL *curl;
	int part_fd;
	uint64_t offset; /* where the try resumes */
	uint64_t done;   /* bytes of the file that are there */
	bool has_total, body_started;
	uint64_t total;
	int64_t complete_since; /* monotonic ms, 0 */
	int64_t looked_at;      /* monotonic ms, 0: not connected yet */
	uint64_t looked_done;
	int64_t idle_ms;
	char version[URL_MAX_VERSION];
	struct answer answer;
	enum trouble trouble;
	int own_errno; /* positive */
	char curl_text[CURL_ERROR_SIZE];
};

static inline bool url_is_cancelled(const struct download *d)
{
	return d->events->cancelled && d->events->cancelled(d->events->arg);
}

static inline long url_stall_s(const struct download *d)
{
	return d->events->stall_s ? d->events->stall_s : CURL_STALL_S;
}

/* 0: the part is the file. Else a negative errno, as in url_fetch(), and whether it may pass. */
int url_try(struct download *d, bool *ret_may_pass, struct err *err);
int url_judge(const struct download *d, CURLcode code, bool *ret_may_pass, struct err *err);

/* Sets the sentence "cannot download URL: ..."; returns the code. */
int __attribute__((format(printf, 4, 5)))
url_fail(const struct download *d, struct err *err, int code, const char *format, ...);

#endif
