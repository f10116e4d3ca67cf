/* SPDX-License-Identifier: MIT */
/*
 * A web server for one user: it answers GET and HEAD in a thread of its own, one request after the
 * other, and only to who has the token that is in its URL, compared in constant time. The Host
 * that a request names has to be an address, or a name that this server was given: a web page of
 * somebody else, whose name has come to mean 127.0.0.1, gets nothing.
 *
 * Whoever answers says what; this module knows no runs. A file is answered with what a Range asks
 * for, as it is at that moment, so that one that grows can be followed.
 */
#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

struct http_request {
	const char *path;  /* decoded, without a slash at its beginning */
	const char *known; /* the ETag of what is there already; NULL: nothing */
	void *connection;
};

/* The parameter of that name; NULL: none. */
const char *http_query(const struct http_request *request, const char *name);

struct http_answer {
	unsigned status;    /* 200 unless it was set */
	const char *type;   /* static */
	const char *policy; /* Content-Security-Policy, static; NULL: nothing at all is allowed */
	char tag[24];       /* ETag; "": none */
	char location[64];  /* of a redirection; "": none */
	struct buf body;
	int fd; /* a regular file in place of the body; -1: none. The server closes it. */
};

struct http_options {
	const char *host; /* NULL or "": 127.0.0.1 */
	unsigned port;    /* 0: a free one */
	const char *token;
	bool log; /* a line for each request on stderr */
	/* In the server's thread. */
	void (*answer)(void *arg, const struct http_request *request, struct http_answer *ret);
	void *arg;
};

struct http;

/* The options' texts must outlive it. Negative errno with a sentence. */
int http_start(const struct http_options *options, struct http **ret, struct err *err);
/* Where it listens: http://HOST:PORT/TOKEN/, appended. */
void http_url(const struct http *http, struct buf *b);
/* Ends what it is answering. */
void http_stop(struct http *http);

static inline void http_stopp(struct http **http)
{
	http_stop(*http);
}
#define _cleanup_http_ _cleanup_(http_stopp)

#endif
