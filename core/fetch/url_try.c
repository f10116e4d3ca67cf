/* SPDX-License-Identifier: MIT */
/*
 * One try by libcurl, from where the part ends. Lengths are checked here and not by libcurl, which
 * takes a body that is longer than told for one that has ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "fetch/url_internal.h"

enum { SETTLE_MS = 500 }; /* for a server that has sent all and does not close */

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

	/* The body of an answer that is no file; url_judge() says which. */
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
	return d->idle_ms >= (int64_t)url_stall_s(d) * 1000;
}

static int on_progress(
	void *arg, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
	struct download *d = arg;

	(void)now, (void)up_total, (void)up_now;
	if (url_is_cancelled(d)) {
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
		file_read(d->cache_fd, buf_str(&d->version_file), URL_MAX_VERSION - 1, &version) ==
			0 &&
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
	int r = curl_headers_add(ret, "Connection: close");

	if (r < 0 || d->offset == 0)
		return r;
	/* Not CURLOPT_RESUME_FROM, which takes a server that sends all of it for an error. */
	buf_printf(&line, "Range: bytes=%" PRIu64 "-", d->offset);
	r = buf_error(&line) ? buf_error(&line) : curl_headers_add(ret, buf_str(&line));
	buf_clear(&line);
	buf_printf(&line, "If-Range: %s", d->version);
	if (r == 0)
		r = buf_error(&line) ? buf_error(&line) : curl_headers_add(ret, buf_str(&line));
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
	const struct curl_watch watch = {on_header, on_body, on_progress, d, d->curl_text};
	CURL *c = d->curl;

	curl_set_up(c, url, "http,https,ftp,file", &watch);
	curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
	if (d->is_http) {
		/* on_body() counts; see make_headers(). HTTP/2 has no such connection. */
		curl_easy_setopt(c, CURLOPT_IGNORE_CONTENT_LENGTH, 1L);
		curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
		curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	}
}

int url_try(struct download *d, bool *ret_may_pass, struct err *err)
{
	_cleanup_curl_headers_ struct curl_slist *headers = NULL;
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
		return url_fail(d, err, r, "cannot write %s in the cache: %s", buf_str(&d->part),
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
	r = url_judge(d, code, ret_may_pass, err);
	curl_easy_cleanup(d->curl);
	d->curl = NULL;
	return r;
}
