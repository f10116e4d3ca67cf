/* SPDX-License-Identifier: MIT */
/* The server on libmicrohttpd: who may ask, and what goes out with an answer. */
#include "web/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "web/mhd_lib.h"
#include "web/web.h"
#include "base/http_range.h"

#define LOCALHOST "127.0.0.1"

enum { MAX_CONNECTIONS = 64, IDLE_SECONDS = 60, BACKLOG = 64 };

struct http {
	struct http_options options;
	const char *host;
	unsigned port;
	char machine[HOST_NAME_MAX + 1];
	struct MHD_Daemon *daemon;
};

/* --- who may ask -------------------------------------------------------------- */

/* Without the port, and an IPv6 address without its brackets. */
static void copy_host(const char *header, char *ret, size_t size)
{
	const char *start = *header == '[' ? header + 1 : header;

	snprintf(ret, size, "%.*s", (int)strcspn(start, *header == '[' ? "]" : ":"), start);
}

/* A name can be made to mean this machine by whoever owns it; an address means what it says. */
static bool is_host_ours(const struct http *http, const char *header)
{
	char host[HOST_NAME_MAX + 1], address[sizeof(struct in6_addr)];

	if (!header)
		return false;
	copy_host(header, host, sizeof(host));
	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1 ||
	       strcasecmp(host, "localhost") == 0 || strcasecmp(host, http->host) == 0 ||
	       (*http->machine && strcasecmp(host, http->machine) == 0);
}

/* As long for a guess that begins right as for any other. */
static bool is_secret(const char *guess, const char *secret, size_t len)
{
	volatile unsigned char differs = 0;

	for (size_t i = 0; i < len; i++)
		differs |= (unsigned char)(guess[i] ^ secret[i]);
	return differs == 0;
}

/* What follows /TOKEN/; NULL: that is not there. */
static const char *path_behind_token(const struct http *http, const char *url)
{
	size_t len = strlen(http->options.token);

	if (strlen(url) < len + 2 || url[0] != '/' || url[len + 1] != '/' ||
		!is_secret(url + 1, http->options.token, len))
		return NULL;
	return url + len + 2;
}

/* All of the address but the slash at its end, which people leave out. */
static bool is_token_alone(const struct http *http, const char *url)
{
	size_t len = strlen(http->options.token);

	return strlen(url) == len + 1 && url[0] == '/' &&
	       is_secret(url + 1, http->options.token, len);
}

static void redirect(const struct http *http, struct http_answer *answer)
{
	answer->status = MHD_HTTP_MOVED_PERMANENTLY;
	snprintf(answer->location, sizeof(answer->location), "/%s/", http->options.token);
}

static void refuse(struct http_answer *answer, unsigned status, const char *sentence)
{
	buf_clear(&answer->body);
	buf_printf(&answer->body, "%s\n", sentence);
	answer->status = status;
	answer->type = "text/plain; charset=utf-8";
}

static const char *header_of(struct MHD_Connection *connection, const char *name)
{
	return mhd.MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

const char *http_query(const struct http_request *request, const char *name)
{
	return mhd.MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

static void ask(const struct http *http, struct MHD_Connection *connection, const char *url,
	const char *method, struct http_answer *answer)
{
	struct http_request request = {.path = path_behind_token(http, url),
		.known = header_of(connection, MHD_HTTP_HEADER_IF_NONE_MATCH),
		.connection = connection};

	if (!is_host_ours(http, header_of(connection, MHD_HTTP_HEADER_HOST)))
		refuse(answer, MHD_HTTP_FORBIDDEN,
			"This server does not go by that name: use the address that guild view "
			"has printed.");
	else if (is_token_alone(http, url))
		redirect(http, answer);
	else if (!request.path)
		refuse(answer, MHD_HTTP_FORBIDDEN,
			"The address has to be the one that guild view has printed, all of it.");
	else if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
		 strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		refuse(answer, MHD_HTTP_METHOD_NOT_ALLOWED, "Runs can only be looked at here.");
	else
		http->options.answer(http->options.arg, &request, answer);
}

/* --- what goes out -------------------------------------------------------------- */

/* The part of the file that is asked for; it goes with the response. */
static struct MHD_Response *file_response(
	struct MHD_Connection *connection, struct http_answer *answer, char *range, size_t size)
{
	struct MHD_Response *response;
	struct http_range part;
	struct stat st;

	if (fstat(answer->fd, &st) < 0)
		return NULL;
	http_range_parse(header_of(connection, MHD_HTTP_HEADER_RANGE), (uint64_t)st.st_size, &part);
	if (part.kind == HTTP_RANGE_NONE)
		answer->status = MHD_HTTP_RANGE_NOT_SATISFIABLE;
	else if (part.kind == HTTP_RANGE_PART)
		answer->status = MHD_HTTP_PARTIAL_CONTENT;
	http_range_format(&part, (uint64_t)st.st_size, range, size);
	response = mhd.MHD_create_response_from_fd_at_offset64(part.len, answer->fd, part.from);
	if (response)
		answer->fd = -1;
	return response;
}

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
	mhd.MHD_add_response_header(response, name, value);
}

static void add_headers(struct MHD_Response *response, const struct http_answer *answer)
{
	add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type);
	add_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	add_header(response, "X-Content-Type-Options", "nosniff");
	add_header(response, "Referrer-Policy", "no-referrer");
	add_header(response, "Cross-Origin-Resource-Policy", "same-origin");
	add_header(response, "Content-Security-Policy",
		answer->policy ? answer->policy : "default-src 'none'; frame-ancestors 'none'");
	if (*answer->location)
		add_header(response, MHD_HTTP_HEADER_LOCATION, answer->location);
	if (*answer->tag)
		add_header(response, MHD_HTTP_HEADER_ETAG, answer->tag);
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, struct http_answer *answer)
{
	struct MHD_Response *response;
	char range[HTTP_RANGE_MAX] = "";
	enum MHD_Result result;

	if (answer->fd >= 0)
		response = file_response(connection, answer, range, sizeof(range));
	else
		response = mhd.MHD_create_response_from_buffer(answer->body.len,
			(void *)(uintptr_t)buf_str(&answer->body), MHD_RESPMEM_MUST_COPY);
	if (!response)
		return MHD_NO;
	add_headers(response, answer);
	if (*range)
		add_header(response, MHD_HTTP_HEADER_CONTENT_RANGE, range);
	result = mhd.MHD_queue_response(connection, answer->status, response);
	mhd.MHD_destroy_response(response);
	return result;
}

static void answer_release(struct http_answer *answer)
{
	buf_release(&answer->body);
	if (answer->fd >= 0)
		close(answer->fd);
}

/* Called first when the headers are there, and again when there is nothing more to come. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *data, size_t *data_len, void **seen)
{
	const struct http *http = arg;
	_cleanup_(answer_release) struct http_answer answer = {
		.status = MHD_HTTP_OK, .type = "text/plain; charset=utf-8", .fd = -1};
	const char *path = path_behind_token(http, url);
	enum MHD_Result result;

	(void)version;
	(void)data;
	if (!*seen || *data_len) {
		/* A body is of no use to anybody here. */
		*seen = arg;
		*data_len = 0;
		return MHD_YES;
	}
	ask(http, connection, url, method, &answer);
	if (buf_error(&answer.body)) {
		buf_release(&answer.body);
		refuse(&answer, MHD_HTTP_INTERNAL_SERVER_ERROR, "guild view is out of memory.");
	}
	result = send_answer(connection, &answer);
	if (http->options.log)
		fprintf(stderr, "%s /%s %u\n", method, path ? path : "", answer.status);
	return result;
}

/* --- where it listens ------------------------------------------------------------- */

static int listen_at(const struct addrinfo *at, unsigned *ret_port)
{
	int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;
	struct sockaddr_storage bound;
	socklen_t len = sizeof(bound);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, at->ai_addr, at->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0 ||
		getsockname(fd, (struct sockaddr *)&bound, &len) < 0) {
		int error = -errno;

		close(fd);
		return error;
	}
	*ret_port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
						      : ((struct sockaddr_in *)&bound)->sin_port);
	return fd;
}

/* A socket that is ready, or negative errno with a sentence. */
static int open_socket(struct http *http, struct err *err)
{
	const struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	char port[16];
	int fd, r;

	snprintf(port, sizeof(port), "%u", http->options.port);
	r = getaddrinfo(http->host, port, &hints, &found);
	if (r != 0)
		return err_set(err, -EADDRNOTAVAIL, "cannot listen on '%s': %s", http->host,
			gai_strerror(r));
	fd = listen_at(found, &http->port);
	freeaddrinfo(found);
	if (fd < 0)
		return err_set(err, fd, "cannot listen on %s, port %u: %s", http->host,
			http->options.port, strerror(-fd));
	return fd;
}

int http_start(const struct http_options *options, struct http **ret, struct err *err)
{
	struct http *http = calloc(1, sizeof(*http));
	int fd, r = http ? mhd_lib_load(err) : err_set(err, -ENOMEM, "out of memory");

	if (r < 0) {
		free(http);
		return r;
	}
	http->options = *options;
	http->host = options->host && *options->host ? options->host : LOCALHOST;
	if (gethostname(http->machine, sizeof(http->machine) - 1) < 0)
		*http->machine = '\0';
	fd = open_socket(http, err);
	if (fd < 0) {
		free(http);
		return fd;
	}
	http->daemon = mhd.MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD, 0, NULL, NULL, on_request,
		http, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)MAX_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
		MHD_OPTION_END);
	if (!http->daemon) {
		close(fd);
		free(http);
		return err_set(err, -EIO, "the web server does not start");
	}
	*ret = http;
	return 0;
}

void http_url(const struct http *http, struct buf *b)
{
	web_url(b, http->host, http->port);
	buf_printf(b, "/%s/", http->options.token);
}

void http_stop(struct http *http)
{
	if (!http)
		return;
	mhd.MHD_stop_daemon(http->daemon);
	free(http);
}
