/* SPDX-License-Identifier: MIT */
/* Conditional requests by libcurl. */
#include "fetch/page.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/name.h"
#include "base/partial.h"
#include "fetch/curl_lib.h"
#include "fetch/url.h"

enum { HEAD_MAX = 16384, HEADER_MAX = 2048 };

struct pages {
	int cache_fd;
	bool (*go_on)(void *arg, uint64_t bytes);
	void *arg;
	CURL *curl;
};

int pages_open(int cache_fd, bool (*go_on)(void *arg, uint64_t bytes), void *arg,
	struct pages **ret, struct err *err)
{
	struct pages *p;
	int r = curl_lib_load(err);

	if (r < 0)
		return r;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	*p = (struct pages){cache_fd, go_on, arg, curl_easy_init()};
	if (!p->curl) {
		free(p);
		return -ENOMEM;
	}
	*ret = p;
	return 0;
}

void pages_close(struct pages *p)
{
	curl_easy_cleanup(p->curl);
	free(p);
}

void page_release(struct page *page)
{
	buf_release(&page->text);
	buf_release(&page->type);
	buf_release(&page->url);
}

/* --- the cache ------------------------------------------------------------------ */

/* What the server said of a document. */
struct head {
	char etag[HEADER_MAX], modified[HEADER_MAX], type[HEADER_MAX];
};

static void cache_name(struct buf *b, const struct page_request *q)
{
	_cleanup_buf_ struct buf key = BUF_INIT;

	buf_printf(&key, "%s%s%s", q->url, q->digest ? "#" : "", q->digest ? q->digest : "");
	url_cache_key(buf_str(&key), b);
}

static const char *take_line(const char *at, char *to, size_t size)
{
	size_t len = strcspn(at, "\n");

	snprintf(to, size, "%.*s", (int)(len < size ? len : 0), at);
	return at + len + (at[len] == '\n');
}

/* False: it is not there, or is nothing that store() wrote. */
static bool look_up(const struct pages *p, const char *name, struct head *head, struct page *ret)
{
	_cleanup_buf_ struct buf all = BUF_INIT;
	const char *at;

	if (file_read(p->cache_fd, name, PAGE_MAX + HEAD_MAX, &all) < 0)
		return false;
	at = take_line(buf_str(&all), head->etag, sizeof(head->etag));
	at = take_line(at, head->modified, sizeof(head->modified));
	at = take_line(at, head->type, sizeof(head->type));
	buf_add(&ret->url, at, strcspn(at, "\n"));
	at += strcspn(at, "\n");
	if (strncmp(at, "\n\n", 2) != 0 || !ret->url.len) {
		buf_clear(&ret->url);
		return false;
	}
	at += 2;
	buf_puts(&ret->type, head->type);
	buf_add(&ret->text, at, all.len - (size_t)(at - all.data));
	return !buf_error(&ret->text);
}

/* What cannot be kept is asked for again: no reason to fail. */
static void store(
	const struct pages *p, const char *name, const struct head *head, const struct page *page)
{
	_cleanup_buf_ struct buf all = BUF_INIT;

	buf_printf(&all, "%s\n%s\n%s\n%s\n\n", head->etag, head->modified, head->type,
		buf_str(&page->url));
	buf_add(&all, buf_str(&page->text), page->text.len);
	if (!buf_error(&all))
		file_write(p->cache_fd, name, all.data, all.len, 0644, FILE_NOSYNC);
}

/* --- one request ----------------------------------------------------------------- */

struct answer {
	struct pages *pages;
	struct head head;
	long status;
	char reason[64];
	int fd;
	uint64_t done, max;
	uint64_t told; /* progress */
	bool cancelled, too_big;
	int own_errno; /* positive */
};

static void keep_header(const char *line, const char *name, char *to)
{
	size_t len = strlen(name);

	if (strncasecmp(line, name, len) != 0 || line[len] != ':')
		return;
	line += len + 1 + strspn(line + len + 1, " \t");
	snprintf(to, HEADER_MAX, "%s", strlen(line) < HEADER_MAX ? line : "");
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
	struct answer *a = arg;
	_cleanup_free_ char *line = strndup(data, size * n);
	char *end;

	if (!line)
		return 0;
	line[strcspn(line, "\r\n")] = '\0';
	/* A redirect's answer came before: what it said is of no use. */
	if (strncmp(line, "HTTP/", 5) == 0) {
		a->head = (struct head){0};
		a->status = strtol(line + strcspn(line, " "), &end, 10);
		snprintf(a->reason, sizeof(a->reason), "%s", *end == ' ' ? end + 1 : end);
	}
	keep_header(line, "ETag", a->head.etag);
	keep_header(line, "Last-Modified", a->head.modified);
	keep_header(line, "Content-Type", a->head.type);
	return size * n;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct answer *a = arg;
	size_t len = size * n;
	int r;

	/* Of an error it says nothing that a program could read. */
	if (a->status != 200)
		return len;
	a->done += len;
	a->too_big = a->done > a->max;
	r = a->too_big ? -EFBIG : file_write_all(a->fd, data, len);
	a->own_errno = r < 0 ? -r : 0;
	return r < 0 ? 0 : len;
}

static int on_progress(
	void *arg, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
	struct answer *a = arg;
	uint64_t more = a->done - a->told;

	(void)total, (void)now, (void)up_total, (void)up_now;
	a->told = a->done;
	a->cancelled = a->pages->go_on && !a->pages->go_on(a->pages->arg, more);
	return a->cancelled;
}

static int add_header(struct curl_slist **list, const char *name, const char *value)
{
	_cleanup_buf_ struct buf line = BUF_INIT;

	if (!value || !*value)
		return 0;
	buf_printf(&line, "%s: %s", name, value);
	return buf_error(&line) ? buf_error(&line) : curl_headers_add(list, buf_str(&line));
}

static void set_options(
	CURL *c, const char *url, struct curl_slist *headers, struct answer *a, char *text)
{
	const struct curl_watch watch = {on_header, on_body, on_progress, a, text};

	curl_set_up(c, url, "http,https", &watch);
	curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)CURL_STALL_S);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
}

static int judge(const struct answer *a, CURLcode code, const char *curl_text, const char *url,
	struct err *err)
{
	_cleanup_buf_ struct buf shown = BUF_INIT, text = BUF_INIT;
	bool may_pass;
	int r;

	if (code == CURLE_OK && (a->status == 200 || a->status == 304))
		return 0;
	if (a->cancelled) {
		r = -ECANCELED;
		buf_puts(&text, "it was cancelled");
	} else if (a->too_big) {
		r = -EFBIG;
		buf_printf(&text, "it is larger than the %ju bytes allowed", (uintmax_t)a->max);
	} else if (a->own_errno) {
		r = -a->own_errno;
		buf_printf(&text, "cannot write in the cache: %s", strerror(a->own_errno));
	} else if (code == CURLE_OK) {
		r = http_explain(a->status, a->reason, &may_pass, &text);
	} else {
		r = curl_explain(code, curl_text, &may_pass, &text);
	}
	url_show(&shown, url);
	return err_set(err, r, "cannot read %s: %s", buf_str(&shown), buf_str(&text));
}

/* `known` is what the cache has; its version is asked about. */
static int request(struct pages *p, const struct page_request *q, const struct head *known, int fd,
	struct answer *ret, struct err *err)
{
	_cleanup_curl_headers_ struct curl_slist *headers = NULL;
	char text[CURL_ERROR_SIZE] = "";
	CURLcode code;
	int r = add_header(&headers, "Accept", q->accept);

	if (r == 0)
		r = add_header(&headers, "If-None-Match", known->etag);
	/* An ETag knows better than a clock. */
	if (r == 0 && !*known->etag)
		r = add_header(&headers, "If-Modified-Since", known->modified);
	if (r < 0)
		return r;
	*ret = (struct answer){.pages = p, .fd = fd, .max = q->max_bytes ? q->max_bytes : PAGE_MAX};
	set_options(p->curl, q->url, headers, ret, text);
	code = curl_easy_perform(p->curl);
	curl_easy_setopt(p->curl, CURLOPT_HTTPHEADER, NULL);
	return judge(ret, code, text, q->url, err);
}

/* --- documents ------------------------------------------------------------------- */

static int take(struct pages *p, const struct page_request *q, int dirfd, const char *name,
	struct page *ret, struct err *err)
{
	char *url = NULL;

	curl_easy_getinfo(p->curl, CURLINFO_EFFECTIVE_URL, &url);
	buf_puts(&ret->url, url ? url : q->url);
	return q->distill ? q->distill(q->arg, dirfd, name, &ret->text, err)
			  : file_read(dirfd, name, PAGE_MAX, &ret->text);
}

/* What distill says of it names it. */
static void file_name(struct buf *b, const char *url)
{
	const char *slash;
	size_t len = strcspn(url, "?#");

	slash = memrchr(url, '/', len);
	name_encode(b, slash + 1, (size_t)(url + len - slash - 1));
}

static int ask(struct pages *p, const struct page_request *q, const char *cached,
	const struct head *known, struct page *ret, struct err *err)
{
	_cleanup_partial_ struct partial aside = PARTIAL_INIT;
	_cleanup_buf_ struct buf name = BUF_INIT;
	_cleanup_close_ int fd = -1;
	struct answer answer;
	int r = partial_begin(p->cache_fd, &aside);

	file_name(&name, q->url);
	if (r == 0) {
		fd = openat(
			aside.fd, buf_str(&name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		r = fd < 0 ? -errno : 0;
	}
	if (r == 0)
		r = request(p, q, known, fd, &answer, err);
	if (r < 0 || answer.status == 304)
		return r;
	page_release(ret);
	*ret = (struct page){0};
	r = take(p, q, aside.fd, buf_str(&name), ret, err);
	if (r < 0)
		return r;
	buf_puts(&ret->type, answer.head.type);
	store(p, cached, &answer.head, ret);
	return buf_error(&ret->text);
}

int page_get(struct pages *p, const struct page_request *q, struct page *ret, struct err *err)
{
	_cleanup_buf_ struct buf cached = BUF_INIT;
	struct head known = {0};
	struct err inner = ERR_INIT;
	int r;

	*ret = (struct page){0};
	cache_name(&cached, q);
	if (!look_up(p, buf_str(&cached), &known, ret))
		known = (struct head){0};
	else if (q->digest)
		return 0;
	r = ask(p, q, buf_str(&cached), &known, ret, &inner);
	if (r == 0)
		return 0;
	page_release(ret);
	*ret = (struct page){0};
	return err_set(err, r, "%s", inner.code ? err_text(&inner) : strerror(-r));
}

int page_url(const char *base, const char *reference, struct buf *ret)
{
	CURLU *u;
	char *text = NULL;
	int r = curl_lib_load(NULL);

	if (r < 0)
		return r;
	u = curl_url();
	if (!u)
		return -ENOMEM;
	if (curl_url_set(u, CURLUPART_URL, base, 0) != CURLUE_OK ||
		curl_url_set(u, CURLUPART_URL, reference, CURLU_URLENCODE) != CURLUE_OK ||
		curl_url_get(u, CURLUPART_URL, &text, 0) != CURLUE_OK)
		r = -EINVAL;
	if (r == 0)
		buf_puts(ret, text);
	curl_free(text);
	curl_url_cleanup(u);
	return r;
}
