/* SPDX-License-Identifier: MIT */
/*
 * Downloads by libcurl. Lengths are checked here and not by libcurl, which takes a body that is
 * longer than told for one that has ended.
 */
#include "fetch/url.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/name.h"
#include "fetch/sha.h"

#define OWN_PREFIX ".guild-cache-"
#define OWN_FORMAT OWN_PREFIX "%.200s%s" /* cut: with what is added it must be a file name */

enum {
	TRIES = 3,
	MAX_REDIRECTS = 10,
	CONNECT_S = 30,
	STALL_S = 60,
	PAUSE_MS = 1000,
	POLL_MS = 50,    /* between two looks at a lock or at cancelled() */
	SETTLE_MS = 500, /* for a server that has sent all and does not close */
	MAX_VERSION = 1024,
	SHOWN_URL = 300,
};

/* --- URLs ------------------------------------------------------------------ */

struct slice {
	const char *s;
	size_t len;
};

/* The six fields of Python's urlparse(), whose idea of a URL Guild AI's cache is built on. */
struct url_parts {
	struct buf text; /* owns what the slices point to */
	struct slice scheme, netloc, path, params, query, fragment;
};

static void url_parts_release(struct url_parts *u)
{
	buf_release(&u->text);
}
#define _cleanup_url_ _cleanup_(url_parts_release)

static bool slice_is(struct slice slice, const char *s)
{
	return slice.len == strlen(s) && memcmp(slice.s, s, slice.len) == 0;
}

static bool is_alpha(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Cuts a scheme off and makes it lower-case; returns what follows. */
static char *cut_scheme(char *s, struct slice *ret_scheme)
{
	size_t len = 0;

	while (is_alpha(s[len]) || (s[len] >= '0' && s[len] <= '9') ||
		(s[len] && strchr("+-.", s[len])))
		len++;
	*ret_scheme = (struct slice){s, 0};
	if (s[len] != ':' || !is_alpha(s[0]))
		return s;
	for (size_t i = 0; i < len; i++)
		if (s[i] >= 'A' && s[i] <= 'Z')
			s[i] = (char)(s[i] - 'A' + 'a');
	ret_scheme->len = len;
	return s + len + 1;
}

/* Cuts *rest at the first c; what follows c is returned, nothing when there is none. */
static struct slice cut_tail(struct slice *rest, char c)
{
	const char *at = rest->len ? memchr(rest->s, c, rest->len) : NULL;
	struct slice tail = {rest->s + rest->len, 0};

	if (at) {
		tail = (struct slice){at + 1, (size_t)(rest->s + rest->len - at) - 1};
		rest->len = (size_t)(at - rest->s);
	}
	return tail;
}

/* Where the last part of a path starts. */
static struct slice last_part(struct slice path)
{
	const char *slash = path.len ? memrchr(path.s, '/', path.len) : NULL;

	return slash ? (struct slice){slash + 1, (size_t)(path.s + path.len - slash) - 1} : path;
}

/* Python's table of schemes whose last part may have parameters. */
static bool has_params(struct slice scheme)
{
	static const char *const schemes[] = {"", "ftp", "hdl", "prospero", "http", "imap", "https",
		"shttp", "rtsp", "rtsps", "rtspu", "sip", "sips", "mms", "sftp", "tel"};

	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (slice_is(scheme, schemes[i]))
			return true;
	return false;
}

static int url_split(const char *url, struct url_parts *ret)
{
	struct slice rest, last;
	char *s;

	*ret = (struct url_parts){.text = BUF_INIT};
	while (*url && (unsigned char)*url <= ' ')
		url++;
	for (; *url; url++)
		if (!strchr("\t\r\n", *url))
			buf_putc(&ret->text, *url);
	buf_puts(&ret->text, "");
	if (buf_error(&ret->text))
		return buf_error(&ret->text);
	s = cut_scheme(ret->text.data, &ret->scheme);
	ret->netloc = (struct slice){s, 0};
	if (strncmp(s, "//", 2) == 0) {
		ret->netloc = (struct slice){s + 2, strcspn(s + 2, "/?#")};
		s += 2 + ret->netloc.len;
	}
	rest = (struct slice){s, strlen(s)};
	ret->fragment = cut_tail(&rest, '#');
	ret->query = cut_tail(&rest, '?');
	last = last_part(rest);
	ret->params = (struct slice){rest.s + rest.len, 0};
	if (has_params(ret->scheme))
		ret->params = cut_tail(&last, ';');
	ret->path = (struct slice){rest.s, (size_t)(last.s + last.len - rest.s)};
	return 0;
}

void url_cache_key(const char *url, struct buf *ret_hex)
{
	_cleanup_url_ struct url_parts u;
	_cleanup_buf_ struct buf text = BUF_INIT;
	char hex[SHA224_HEX_LEN + 1];
	int r = url_split(url, &u);

	if (r == 0) {
		const struct slice fields[] = {
			u.scheme, u.netloc, u.path, u.params, u.query, u.fragment};

		for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
			if (i)
				buf_putc(&text, '\n');
			buf_add(&text, fields[i].s, fields[i].len);
		}
		r = buf_error(&text);
	}
	if (r < 0) {
		buf_fail(ret_hex, r);
		return;
	}
	sha224_text(buf_str(&text), text.len, hex);
	buf_puts(ret_hex, hex);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void percent_decode(struct buf *b, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		bool escape = text.s[i] == '%' && i + 2 < text.len;
		int high = escape ? hex_digit(text.s[i + 1]) : -1;
		int low = escape ? hex_digit(text.s[i + 2]) : -1;

		if (high < 0 || low < 0) {
			buf_putc(b, text.s[i]);
		} else {
			buf_putc(b, (char)(high << 4 | low));
			i += 2;
		}
	}
}

/* The file's name: the last part of the path, as it is where that is safe. */
static int name_of(const struct url_parts *u, struct buf *b)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	bool plain;

	percent_decode(&text, last_part(u->path));
	if (buf_error(&text))
		return buf_error(&text);
	plain = text.len == 0 || (name_is_component(buf_str(&text)) && !strchr(text.data, 0x7f) &&
					 strlen(text.data) == text.len);
	for (size_t i = 0; plain && i < text.len; i++)
		plain = (unsigned char)text.data[i] >= 0x20;
	if (text.len == 0)
		buf_puts(b, "index");
	else if (!plain)
		name_encode(b, text.data, text.len);
	else if (strncmp(text.data, OWN_PREFIX, strlen(OWN_PREFIX)) == 0)
		buf_puts(b, text.data + 1); /* never one of the files beside it */
	else
		buf_puts(b, text.data);
	return buf_error(b);
}

/* For sentences: without user and password, and not so long that nothing else can be read. */
static void show_url(struct buf *b, const struct url_parts *u)
{
	const char *at = u->netloc.len ? memrchr(u->netloc.s, '@', u->netloc.len) : NULL;
	const char *rest = at ? at + 1 : u->netloc.s;

	buf_add(b, u->text.data, (size_t)(u->netloc.s - u->text.data));
	buf_printf(b, "%.*s", SHOWN_URL, rest);
	if (strlen(rest) > SHOWN_URL)
		buf_puts(b, "...");
}

/* --- one download ---------------------------------------------------------- */

/* The header of the answer that is being read; a redirect's is forgotten with the next. */
struct answer {
	long status; /* 0 for ftp and file */
	char reason[64];
	bool has_length, chunked;
	uint64_t length;
	uint64_t range_start;
	bool has_range;
	char version[MAX_VERSION]; /* for If-Range; "" */
	bool version_is_etag;
};

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
	char version[MAX_VERSION];
	struct answer answer;
	enum trouble trouble;
	int own_errno; /* positive */
	char curl_text[CURL_ERROR_SIZE];
};

static void download_release(struct download *d)
{
	url_parts_release(&d->url);
	buf_release(&d->name);
	buf_release(&d->lock);
	buf_release(&d->part);
	buf_release(&d->version_file);
	buf_release(&d->shown);
	if (d->part_fd >= 0)
		close(d->part_fd);
}

static bool is_cancelled(const struct download *d)
{
	return d->events->cancelled && d->events->cancelled(d->events->arg);
}

static bool trouble(struct download *d, enum trouble what, int own_errno)
{
	d->trouble = what;
	d->own_errno = own_errno;
	return false;
}

/* False for a header that cannot be a length. */
static bool parse_number(const char *s, uint64_t *ret)
{
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	*ret = strtoull(s, &end, 10);
	return errno == 0 && *ret <= INT64_MAX && (*end == '\0' || strchr(" \t-/,", *end));
}

static void read_status(struct answer *a, const char *line)
{
	const char *s = line + strcspn(line, " ");
	char *end;

	*a = (struct answer){.status = strtol(s, &end, 10)};
	snprintf(a->reason, sizeof(a->reason), "%s", *end == ' ' ? end + 1 : end);
}

/* The value of a header with this name, or NULL. */
static const char *header_value(const char *line, const char *name)
{
	size_t len = strlen(name);

	if (strncasecmp(line, name, len) != 0 || line[len] != ':')
		return NULL;
	return line + len + 1 + strspn(line + len + 1, " \t");
}

static void keep_version(struct answer *a, const char *value, bool is_etag)
{
	/* A weak ETag says "much the same", which is not enough to put two halves together. */
	if (strncmp(value, "W/", 2) == 0 || strlen(value) >= sizeof(a->version) ||
		(a->version_is_etag && !is_etag))
		return;
	snprintf(a->version, sizeof(a->version), "%s", value);
	a->version_is_etag = is_etag;
}

static void read_header(struct answer *a, const char *line)
{
	const char *value;

	if ((value = header_value(line, "Content-Length")))
		a->has_length = parse_number(value, &a->length);
	else if (header_value(line, "Transfer-Encoding"))
		a->chunked = true;
	else if ((value = header_value(line, "Content-Range")))
		a->has_range = strncasecmp(value, "bytes ", 6) == 0 &&
			       parse_number(value + 6, &a->range_start);
	else if ((value = header_value(line, "ETag")))
		keep_version(a, value, true);
	else if ((value = header_value(line, "Last-Modified")))
		keep_version(a, value, false);
}

/* A new version: what is there of another one goes first. */
static bool start_anew(struct download *d)
{
	const char *version = d->answer.version;
	int r = 0;

	d->offset = d->done = 0;
	if (ftruncate(d->part_fd, 0) < 0 || lseek(d->part_fd, 0, SEEK_SET) < 0)
		return trouble(d, OWN_ERRNO, errno);
	if (*version)
		r = file_write(d->cache_fd, buf_str(&d->version_file), version, strlen(version),
			0644, FILE_NOSYNC);
	else if (unlinkat(d->cache_fd, buf_str(&d->version_file), 0) < 0 && errno != ENOENT)
		r = -errno;
	return r == 0 || trouble(d, OWN_ERRNO, -r);
}

/* The header has ended: what will the body be? */
static bool start_body(struct download *d)
{
	const struct answer *a = &d->answer;

	if (d->is_http && a->status != 200 && a->status != 206)
		return true;
	if (a->status != 206) {
		if (!start_anew(d))
			return false;
	} else if (!a->has_range || a->range_start != d->offset || d->offset == 0 ||
		   (a->version_is_etag && d->version[0] == '"' &&
			   strcmp(a->version, d->version) != 0)) {
		return trouble(d, RESTART, 0);
	}
	d->body_started = true;
	d->has_total = a->has_length && !a->chunked;
	d->total = d->has_total ? d->offset + a->length : 0;
	if (d->events->max_bytes && d->has_total && d->total > d->events->max_bytes)
		return trouble(d, TOO_BIG, 0);
	return true;
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
	struct download *d = arg;
	_cleanup_free_ char *line = strndup(data, size * n);

	if (!line) {
		trouble(d, OWN_ERRNO, ENOMEM);
		return 0;
	}
	/* ftp has no such header, and a chunked body may have another behind it. */
	if (!d->is_http || d->body_started)
		return size * n;
	line[strcspn(line, "\r\n")] = '\0';
	if (strncmp(line, "HTTP/", 5) == 0)
		read_status(&d->answer, line);
	else if (*line)
		read_header(&d->answer, line);
	else if (!start_body(d))
		return 0;
	return size * n;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct download *d = arg;
	size_t len = size * n;
	int r;

	/* The body of an answer that is no file; judge() says which. */
	if (!d->body_started && (d->is_http || !start_body(d)))
		return 0;
	if (d->has_total && len > d->total - d->done) {
		trouble(d, TOO_LONG, 0);
		return 0;
	}
	if (d->events->max_bytes && d->done + len > d->events->max_bytes) {
		trouble(d, TOO_BIG, 0);
		return 0;
	}
	r = file_write_all(d->part_fd, data, len);
	if (r < 0) {
		trouble(d, OWN_ERRNO, -r);
		return 0;
	}
	d->done += len;
	return len;
}

static long stall_s(const struct download *d)
{
	return d->events->stall_s ? d->events->stall_s : STALL_S;
}

/*
 * Time without data, where each byte makes up for a second. libcurl's own watch takes the mean of
 * several seconds and so sees late that nothing comes any more.
 */
static bool is_stalled(struct download *d)
{
	int64_t now = clock_monotonic_ms();
	curl_off_t connected = 0;

	curl_easy_getinfo(d->curl, CURLINFO_PRETRANSFER_TIME_T, &connected);
	if (connected <= 0)
		return false;
	if (d->done > d->looked_done)
		d->idle_ms -= (int64_t)(d->done - d->looked_done) * 1000;
	else if (d->looked_at)
		d->idle_ms += now - d->looked_at;
	if (d->idle_ms < 0)
		d->idle_ms = 0;
	d->looked_at = now;
	d->looked_done = d->done;
	return d->idle_ms >= (int64_t)stall_s(d) * 1000;
}

static int on_progress(
	void *arg, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
	struct download *d = arg;

	(void)now, (void)up_total, (void)up_now;
	if (is_cancelled(d)) {
		trouble(d, CANCELLED, 0);
		return 1;
	}
	if (!d->is_http && !d->has_total && total > 0)
		d->total = (uint64_t)total; /* shown; libcurl compares it itself */
	if (d->body_started && d->events->progress)
		d->events->progress(d->events->arg, d->done, d->total);
	if (!d->body_started || !d->has_total || d->done != d->total) {
		if (!is_stalled(d))
			return 0;
		trouble(d, STALLED, 0);
		return 1;
	}
	/* All is there; is there more? The end of the connection says so, mostly soon. */
	if (!d->complete_since)
		d->complete_since = clock_monotonic_ms();
	return clock_monotonic_ms() - d->complete_since > SETTLE_MS;
}

/* --- what came of it -------------------------------------------------------- */

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

static int __attribute__((format(printf, 4, 5)))
fail(const struct download *d, struct err *err, int code, const char *format, ...)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	return err_set(err, code, "cannot download %s: %s", buf_str(&d->shown), buf_str(&text));
}

static int judge_trouble(const struct download *d, bool *ret_may_pass, struct err *err)
{
	switch (d->trouble) {
	case TOO_LONG:
		return fail(d, err, -EBADMSG,
			"the server sent more than the %" PRIu64 " bytes that it told; the file "
			"cannot be trusted, tell whoever runs the server",
			d->total);
	case TOO_BIG:
		return fail(d, err, -EFBIG, "the file is larger than the %" PRIu64 " bytes allowed",
			d->events->max_bytes);
	case CANCELLED:
		return fail(d, err, -ECANCELED, "it was cancelled");
	case STALLED:
		*ret_may_pass = true;
		return fail(d, err, -ETIMEDOUT,
			"the server sent nothing for %ld seconds, after %" PRIu64 " bytes; try "
			"again later",
			stall_s(d), d->done);
	case RESTART:
		*ret_may_pass = true;
		return fail(d, err, -EBADMSG,
			"the server sent another part than was asked for; try again later");
	default:
		return fail(d, err, -d->own_errno, "cannot write %s in the cache: %s",
			buf_str(&d->part), strerror(d->own_errno));
	}
}

static int judge_status(const struct download *d, bool *ret_may_pass, struct err *err)
{
	long status = d->answer.status;
	int code = -EIO;
	const char *advice = "check the URL";

	/* 416: the part is as long as the file, or longer, and so it is of another version. */
	*ret_may_pass = status >= 500 || status == 429 || (status == 416 && d->offset);
	if (*ret_may_pass)
		advice = "try again later";
	if (status == 404 || status == 410)
		code = -ENOENT;
	if (status == 401 || status == 403 || status == 407) {
		code = -EACCES;
		advice = "the server wants a user and a password, or does not allow it";
	}
	return fail(d, err, code, "HTTP %ld%s%s; %s", status, *d->answer.reason ? " " : "",
		d->answer.reason, advice);
}

static int judge_outcome(
	const struct download *d, CURLcode code, bool *ret_may_pass, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++) {
		const struct outcome *o = &outcomes[i];

		if (o->code != code)
			continue;
		*ret_may_pass = o->may_pass;
		return fail(d, err, o->error, "%s", o->text ? o->text : d->curl_text);
	}
	return fail(d, err, -EIO, "%s", d->curl_text[0] ? d->curl_text : curl_easy_strerror(code));
}

/* 0: the part is the file. */
static int judge(const struct download *d, CURLcode code, bool *ret_may_pass, struct err *err)
{
	*ret_may_pass = false;
	if (d->trouble)
		return judge_trouble(d, ret_may_pass, err);
	if (d->body_started && d->has_total && d->done == d->total)
		return 0;
	if (d->body_started && d->has_total) {
		*ret_may_pass = true;
		return fail(d, err, -EBADMSG,
			"the server sent %" PRIu64 " of %" PRIu64 " bytes; try again later",
			d->done, d->total);
	}
	if (d->is_http && !d->body_started &&
		(code == CURLE_OK || code == CURLE_WRITE_ERROR ||
			code == CURLE_HTTP_RETURNED_ERROR))
		return judge_status(d, ret_may_pass, err);
	return code == CURLE_OK ? 0 : judge_outcome(d, code, ret_may_pass, err);
}

/* --- one try ---------------------------------------------------------------- */

static void free_list(struct curl_slist **list)
{
	curl_slist_free_all(*list);
}

static int add_header(struct curl_slist **list, const char *header)
{
	struct curl_slist *longer = curl_slist_append(*list, header);

	if (!longer)
		return -ENOMEM;
	*list = longer;
	return 0;
}

/* Where to go on: at the end of a part whose version is known. */
static int prepare_part(struct download *d)
{
	_cleanup_buf_ struct buf version = BUF_INIT;
	struct stat st;

	if (d->part_fd < 0)
		d->part_fd = openat(d->cache_fd, buf_str(&d->part),
			O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (d->part_fd < 0 || fstat(d->part_fd, &st) < 0)
		return -errno;
	d->offset = d->done = d->total = 0;
	d->version[0] = '\0';
	if (d->is_http && st.st_size > 0 &&
		file_read(d->cache_fd, buf_str(&d->version_file), MAX_VERSION - 1, &version) == 0 &&
		version.len && strlen(version.data) == version.len &&
		!strpbrk(version.data, "\r\n")) {
		snprintf(d->version, sizeof(d->version), "%s", version.data);
		d->offset = d->done = (uint64_t)st.st_size;
	}
	return lseek(d->part_fd, (off_t)d->offset, SEEK_SET) < 0 ? -errno : 0;
}

static int make_headers(const struct download *d, struct curl_slist **ret)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	/* The end of the body is where the connection ends: only so can it be too long. */
	int r = add_header(ret, "Connection: close");

	if (r < 0 || d->offset == 0)
		return r;
	/* Not CURLOPT_RESUME_FROM, which takes a server that sends all of it for an error. */
	buf_printf(&line, "Range: bytes=%" PRIu64 "-", d->offset);
	r = buf_error(&line) ? buf_error(&line) : add_header(ret, buf_str(&line));
	buf_clear(&line);
	buf_printf(&line, "If-Range: %s", d->version);
	if (r == 0)
		r = buf_error(&line) ? buf_error(&line) : add_header(ret, buf_str(&line));
	return r;
}

/* libcurl refuses a space; people write it. */
static int wire_url(const struct download *d, struct buf *b)
{
	for (const char *s = d->url.text.data; *s; s++) {
		if ((unsigned char)*s <= ' ' || *s == 0x7f)
			buf_printf(b, "%%%02X", (unsigned char)*s);
		else
			buf_putc(b, *s);
	}
	return buf_error(b);
}

static void set_options(struct download *d, const char *url, struct curl_slist *headers)
{
	CURL *c = d->curl;

	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https,ftp,file");
	curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)MAX_REDIRECTS);
	curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "guildfs");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, d->curl_text);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, d);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, d);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, d);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	if (d->is_http) {
		/* on_body() counts; see make_headers(). HTTP/2 has no such connection. */
		curl_easy_setopt(c, CURLOPT_IGNORE_CONTENT_LENGTH, 1L);
		curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
		curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	}
}

static int try_once(struct download *d, bool *ret_may_pass, struct err *err)
{
	_cleanup_(free_list) struct curl_slist *headers = NULL;
	_cleanup_buf_ struct buf url = BUF_INIT;
	CURLcode code;
	int r = prepare_part(d);

	*ret_may_pass = false;
	d->answer = (struct answer){0};
	d->has_total = d->body_started = false;
	d->looked_done = d->done;
	d->complete_since = d->looked_at = d->idle_ms = 0;
	d->trouble = NONE;
	d->curl_text[0] = '\0';
	if (r < 0)
		return fail(d, err, r, "cannot write %s in the cache: %s", buf_str(&d->part),
			strerror(-r));
	r = make_headers(d, &headers);
	if (r == 0)
		r = wire_url(d, &url);
	d->curl = r == 0 ? curl_easy_init() : NULL;
	if (!d->curl)
		return -ENOMEM;
	set_options(d, buf_str(&url), headers);
	code = curl_easy_perform(d->curl);
	/* An empty file of ftp or file has no body that would have started it. */
	if (code == CURLE_OK && !d->is_http && !d->body_started)
		start_body(d);
	r = judge(d, code, ret_may_pass, err);
	curl_easy_cleanup(d->curl);
	d->curl = NULL;
	return r;
}

/* --- all tries ---------------------------------------------------------------- */

/* False: cancelled meanwhile. */
static bool pause_for(const struct download *d, int64_t ms)
{
	int64_t until = clock_monotonic_ms() + ms;

	while (clock_monotonic_ms() < until) {
		if (is_cancelled(d))
			return false;
		poll(NULL, 0, ms < POLL_MS ? (int)ms : POLL_MS);
	}
	return !is_cancelled(d);
}

static void drop_part(const struct download *d)
{
	unlinkat(d->cache_fd, buf_str(&d->version_file), 0);
	unlinkat(d->cache_fd, buf_str(&d->part), 0);
}

/* What cannot be resumed, or must not be, is not left in the cache. */
static void tidy_part(struct download *d)
{
	bool useless = d->trouble == TOO_LONG || d->trouble == TOO_BIG || d->trouble == RESTART ||
		       d->answer.status == 416;

	if (!useless && file_exists(d->cache_fd, buf_str(&d->version_file)))
		return;
	drop_part(d);
	if (d->part_fd >= 0)
		close(STEAL_FD(d->part_fd));
}

static int try_all(struct download *d, struct err *err)
{
	long pause = d->events->retry_pause_ms ? d->events->retry_pause_ms : PAUSE_MS;
	struct err last = ERR_INIT;
	bool may_pass = true;
	int r = -EIO;

	for (int i = 0; i < TRIES && may_pass; i++) {
		if (i && !pause_for(d, (int64_t)pause << (i - 1)))
			return fail(d, err, -ECANCELED, "it was cancelled");
		last = ERR_INIT;
		r = try_once(d, &may_pass, &last);
		if (r == 0)
			return 0;
		tidy_part(d);
	}
	if (may_pass)
		return err_set(err, r, "%s (%d tries)", err_text(&last), TRIES);
	return err_set(err, r, "%s", last.code ? err_text(&last) : strerror(-r));
}

/* To disk first: a name that outlives a crash must not belong to half a file. */
static int publish(struct download *d, struct err *err)
{
	int r = 0;

	if (fdatasync(d->part_fd) < 0 ||
		renameat(d->cache_fd, buf_str(&d->part), d->cache_fd, buf_str(&d->name)) < 0)
		r = -errno;
	if (r < 0)
		return fail(d, err, r, "cannot write %s in the cache: %s", buf_str(&d->name),
			strerror(-r));
	unlinkat(d->cache_fd, buf_str(&d->version_file), 0);
	return 0;
}

/* --- the cache ---------------------------------------------------------------- */

static bool is_there(int cache_fd, const char *name)
{
	struct stat st;

	return fstatat(cache_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

bool url_is_cached(int cache_fd, const char *url)
{
	_cleanup_url_ struct url_parts u;
	_cleanup_buf_ struct buf name = BUF_INIT;

	return url_split(url, &u) == 0 && name_of(&u, &name) == 0 &&
	       is_there(cache_fd, buf_str(&name));
}

/* Waits in the kernel unless somebody may want it to end. Returns the lock's descriptor. */
static int take_lock(const struct download *d, struct err *err)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int how = d->events->cancelled ? F_OFD_SETLK : F_OFD_SETLKW;
	_cleanup_close_ int fd = openat(
		d->cache_fd, buf_str(&d->lock), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);

	if (fd < 0)
		return fail(d, err, -errno, "cannot open %s in the cache: %s", buf_str(&d->lock),
			strerror(errno));
	while (fcntl(fd, how, &lock) < 0) {
		if (errno == EINTR)
			continue;
		if (how == F_OFD_SETLKW || (errno != EAGAIN && errno != EACCES))
			return fail(d, err, -errno, "cannot lock %s in the cache: %s",
				buf_str(&d->lock), strerror(errno));
		if (!pause_for(d, POLL_MS))
			return fail(d, err, -ECANCELED, "it was cancelled");
	}
	return STEAL_FD(fd);
}

/* libcurl takes a directory for an empty file, and would wait for a fifo. */
static int check_local_file(const struct download *d, struct err *err)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	struct stat st;
	int r = 0;

	percent_decode(&path, d->url.path);
	if (buf_error(&path))
		return buf_error(&path);
	if (stat(buf_str(&path), &st) < 0)
		r = -errno;
	if (r < 0)
		return fail(d, err, r, "%s", strerror(-r));
	return S_ISREG(st.st_mode) ? 0 : fail(d, err, -EINVAL, "this is not a regular file");
}

static int check_scheme(struct download *d, struct err *err)
{
	struct slice s = d->url.scheme;

	d->is_http = slice_is(s, "http") || slice_is(s, "https");
	if (slice_is(s, "file"))
		return check_local_file(d, err);
	if (!d->is_http && !slice_is(s, "ftp"))
		return fail(d, err, -EPROTONOSUPPORT,
			"this kind of URL is not supported; http, https, ftp and file are");
	if (d->url.netloc.len == 0)
		return fail(d, err, -EINVAL, "the URL has no host");
	return 0;
}

static int name_files(struct download *d)
{
	const char *name;
	int r = name_of(&d->url, &d->name);

	if (r < 0)
		return r;
	name = buf_str(&d->name);
	buf_printf(&d->lock, OWN_FORMAT, name, ".lock");
	buf_printf(&d->part, OWN_FORMAT, name, ".part");
	buf_printf(&d->version_file, OWN_FORMAT, name, ".etag");
	show_url(&d->shown, &d->url);
	r = buf_error(&d->lock) ? buf_error(&d->lock) : buf_error(&d->part);
	return r ? r : buf_error(&d->version_file);
}

static void init_curl(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static int download(struct download *d, struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int r;

	pthread_once(&once, init_curl);
	r = check_scheme(d, err);
	if (r == 0)
		r = try_all(d, err);
	return r < 0 ? r : publish(d, err);
}

int url_fetch(int cache_fd, const char *url, const struct url_events *events, struct buf *ret_name,
	struct err *err)
{
	static const struct url_events no_events;
	_cleanup_(download_release) struct download d = {
		.cache_fd = cache_fd, .events = events ? events : &no_events, .part_fd = -1};
	_cleanup_close_ int lock_fd = -1;
	int r = url_split(url, &d.url);

	if (r == 0)
		r = name_files(&d);
	if (r < 0)
		return r;
	if (!is_there(cache_fd, buf_str(&d.name))) {
		lock_fd = take_lock(&d, err);
		if (lock_fd < 0)
			return lock_fd;
		/* Whoever had the lock may have been at the same. */
		if (!is_there(cache_fd, buf_str(&d.name)))
			r = download(&d, err);
	}
	if (r == 0)
		buf_puts(ret_name, buf_str(&d.name));
	return r < 0 ? r : buf_error(ret_name);
}
