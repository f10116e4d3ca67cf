/* SPDX-License-Identifier: MIT */
/*
 * libcurl, loaded when it is first needed (base/lazy_lib.h): 30 more libraries come with it.
 * Included instead of <curl/curl.h>; its functions are called by their names as ever, after
 * curl_lib_load() has said 0. A new one needs a line in both lists.
 *
 * Here is also what its errors and HTTP's mean, for all that downloads.
 */
#ifndef FETCH_CURL_LIB_H
#define FETCH_CURL_LIB_H

/* Its checks of types call the functions by name. */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

#undef curl_easy_setopt
#undef curl_easy_getinfo

/* clang-format off */
#define CURL_FUNCTIONS(X)                                                                          \
	X(curl_easy_cleanup) \
	X(curl_easy_getinfo) \
	X(curl_easy_init) \
	X(curl_easy_perform) \
	X(curl_easy_setopt) \
	X(curl_easy_strerror) \
	X(curl_free) \
	X(curl_global_init) \
	X(curl_slist_append) \
	X(curl_slist_free_all) \
	X(curl_url) \
	X(curl_url_cleanup) \
	X(curl_url_get) \
	X(curl_url_set)
/* clang-format on */

#define CURL_POINTER(name) __typeof__(name) *name;
struct curl_functions {
	CURL_FUNCTIONS(CURL_POINTER)
};
extern struct curl_functions curl_functions;

/* 0, or -ELIBACC with a sentence: the library is not there. */
int curl_lib_load(struct err *err);

/* Whom a request tells of what comes; libcurl's own kinds of functions. */
struct curl_watch {
	size_t (*on_header)(char *data, size_t size, size_t n, void *arg);
	size_t (*on_body)(char *data, size_t size, size_t n, void *arg);
	int (*on_progress)(void *arg, curl_off_t total, curl_off_t now, curl_off_t up_total,
		curl_off_t up_now);
	void *arg;
	char *text; /* CURL_ERROR_SIZE bytes, for what libcurl says of an error */
};
enum { CURL_MAX_REDIRECTS = 10, CURL_CONNECT_S = 30, CURL_STALL_S = 60 };

/* What all our requests have in common. Redirects lead to http and https only. */
void curl_set_up(CURL *c, const char *url, const char *protocols, const struct curl_watch *watch);

/* Headers of a request: "NAME: VALUE". -ENOMEM. */
int curl_headers_add(struct curl_slist **headers, const char *line);
void curl_headers_free(struct curl_slist **headers);
#define _cleanup_curl_headers_ _cleanup_(curl_headers_free)

/*
 * What went wrong, appended for people, with what they can do; `text` is libcurl's own, or "".
 * Returns the negative errno that url.h lists; *ret_may_pass says whether another try may help.
 */
int curl_explain(CURLcode code, const char *text, bool *ret_may_pass, struct buf *ret);
/* The same of an HTTP status that is not 2xx; `reason` is the server's word for it. */
int http_explain(long status, const char *reason, bool *ret_may_pass, struct buf *ret);

#ifndef CURL_LIB_PRIVATE
#define curl_easy_cleanup   curl_functions.curl_easy_cleanup
#define curl_easy_getinfo   curl_functions.curl_easy_getinfo
#define curl_easy_init      curl_functions.curl_easy_init
#define curl_easy_perform   curl_functions.curl_easy_perform
#define curl_easy_setopt    curl_functions.curl_easy_setopt
#define curl_easy_strerror  curl_functions.curl_easy_strerror
#define curl_free           curl_functions.curl_free
#define curl_global_init    curl_functions.curl_global_init
#define curl_slist_append   curl_functions.curl_slist_append
#define curl_slist_free_all curl_functions.curl_slist_free_all
#define curl_url            curl_functions.curl_url
#define curl_url_cleanup    curl_functions.curl_url_cleanup
#define curl_url_get        curl_functions.curl_url_get
#define curl_url_set        curl_functions.curl_url_set
#endif

#endif
