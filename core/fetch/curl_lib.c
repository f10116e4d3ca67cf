/* SPDX-License-Identifier: MIT */
/* The names in libcurl.so, and what errors mean. */
#define CURL_LIB_PRIVATE
#include "fetch/curl_lib.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/lazy_lib.h"

struct curl_functions curl_functions;

#define NAME(name) #name,
static const char *const names[] = {CURL_FUNCTIONS(NAME)};

static struct lazy_lib library = {
	.file = "libcurl.so.4",
	.names = names,
	.n = ARRAY_SIZE(names),
	.functions = &curl_functions,
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void init(void)
{
	curl_functions.curl_global_init(CURL_GLOBAL_DEFAULT);
}

int curl_lib_load(struct err *err)
{
	int r = lazy_lib_load(&library, err);

	if (r == 0)
		pthread_once(&once, init);
	return r;
}

int curl_headers_add(struct curl_slist **headers, const char *line)
{
	struct curl_slist *longer = curl_functions.curl_slist_append(*headers, line);

	if (!longer)
		return -ENOMEM;
	*headers = longer;
	return 0;
}

void curl_headers_free(struct curl_slist **headers)
{
	if (*headers)
		curl_functions.curl_slist_free_all(*headers);
}

void curl_set_up(CURL *c, const char *url, const char *protocols, const struct curl_watch *watch)
{
	__typeof__(curl_functions.curl_easy_setopt) set = curl_functions.curl_easy_setopt;

	set(c, CURLOPT_URL, url);
	set(c, CURLOPT_PROTOCOLS_STR, protocols);
	set(c, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	set(c, CURLOPT_FOLLOWLOCATION, 1L);
	set(c, CURLOPT_MAXREDIRS, (long)CURL_MAX_REDIRECTS);
	set(c, CURLOPT_USERAGENT, "guildfs");
	set(c, CURLOPT_NOSIGNAL, 1L);
	set(c, CURLOPT_CONNECTTIMEOUT, (long)CURL_CONNECT_S);
	set(c, CURLOPT_ERRORBUFFER, watch->text);
	set(c, CURLOPT_HEADERFUNCTION, watch->on_header);
	set(c, CURLOPT_HEADERDATA, watch->arg);
	set(c, CURLOPT_WRITEFUNCTION, watch->on_body);
	set(c, CURLOPT_WRITEDATA, watch->arg);
	set(c, CURLOPT_XFERINFOFUNCTION, watch->on_progress);
	set(c, CURLOPT_XFERINFODATA, watch->arg);
	set(c, CURLOPT_NOPROGRESS, 0L);
}

/* --- errors ------------------------------------------------------------------- */

struct outcome {
	CURLcode code;
	int error;
	bool may_pass;
	const char *text; /* NULL: libcurl's */
};

static const struct outcome outcomes[] = {
	{CURLE_COULDNT_RESOLVE_HOST, -EHOSTUNREACH, false,
		"could not resolve host; check the host's name in the URL, and the network"},
	{CURLE_COULDNT_RESOLVE_PROXY, -EHOSTUNREACH, false,
		"could not resolve the proxy; check http_proxy and https_proxy in the environment"},
	{CURLE_COULDNT_CONNECT, -ECONNREFUSED, true,
		"could not connect; check the host and the port, and that the server runs"},
	{CURLE_OPERATION_TIMEDOUT, -ETIMEDOUT, true, NULL},
	{CURLE_GOT_NOTHING, -ECONNRESET, true,
		"the server closed the connection without an answer; try again later"},
	{CURLE_RECV_ERROR, -ECONNRESET, true, "the connection broke; try again later"},
	{CURLE_SEND_ERROR, -ECONNRESET, true, "the connection broke; try again later"},
	{CURLE_PARTIAL_FILE, -EBADMSG, true, "the server sent less than it told; try again later"},
	{CURLE_SSL_CONNECT_ERROR, -ECONNRESET, true, NULL},
	{CURLE_PEER_FAILED_VERIFICATION, -EACCES, false, NULL},
	{CURLE_TOO_MANY_REDIRECTS, -ELOOP, false,
		"more than 10 redirects; check the URL, the server sends it in circles"},
	{CURLE_UNSUPPORTED_PROTOCOL, -EPROTONOSUPPORT, false,
		"the server redirects to something that is neither http nor https"},
	{CURLE_LOGIN_DENIED, -EACCES, false,
		"the server refused the log-in; check user and "
		"password in the URL"},
	{CURLE_REMOTE_ACCESS_DENIED, -EACCES, false, "the server refused access"},
	{CURLE_REMOTE_FILE_NOT_FOUND, -ENOENT, false, "no such file on the server; check the URL"},
	{CURLE_FTP_COULDNT_RETR_FILE, -ENOENT, false, "no such file on the server; check the URL"},
	{CURLE_FILE_COULDNT_READ_FILE, -ENOENT, false, "no such file, or it cannot be read"},
	{CURLE_URL_MALFORMAT, -EINVAL, false, "this is not a URL; check how it is written"},
	{CURLE_OUT_OF_MEMORY, -ENOMEM, false, NULL},
};

int curl_explain(CURLcode code, const char *text, bool *ret_may_pass, struct buf *ret)
{
	*ret_may_pass = false;
	for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++) {
		if (outcomes[i].code != code)
			continue;
		*ret_may_pass = outcomes[i].may_pass;
		if (outcomes[i].text)
			text = outcomes[i].text;
		buf_puts(ret, *text ? text : curl_functions.curl_easy_strerror(code));
		return outcomes[i].error;
	}
	buf_puts(ret, *text ? text : curl_functions.curl_easy_strerror(code));
	return -EIO;
}

int http_explain(long status, const char *reason, bool *ret_may_pass, struct buf *ret)
{
	int code = -EIO;
	const char *advice = "check the URL";

	*ret_may_pass = status >= 500 || status == 429;
	if (*ret_may_pass || status == 416)
		advice = "try again later";
	if (status == 404 || status == 410)
		code = -ENOENT;
	if (status == 401 || status == 403 || status == 407) {
		code = -EACCES;
		advice = "the server wants a user and a password, or does not allow it";
	}
	buf_printf(ret, "HTTP %ld%s%s; %s", status, *reason ? " " : "", reason, advice);
	return code;
}
