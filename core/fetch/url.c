/* SPDX-License-Identifier: MIT */
#include "fetch/url.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "fetch/url_internal.h"

#define OWN_FORMAT URL_OWN_PREFIX "%.200s%s" /* cut: with what is added it must be a file name */

enum {
	TRIES = 3,
	PAUSE_MS = 1000,
	POLL_MS = 50, /* between two looks at a lock or at cancelled() */
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

/* --- all tries ---------------------------------------------------------------- */

/* False: cancelled meanwhile. */
static bool pause_for(const struct download *d, int64_t ms)
{
	int64_t until = clock_monotonic_ms() + ms;

	while (clock_monotonic_ms() < until) {
		if (url_is_cancelled(d))
			return false;
		poll(NULL, 0, ms < POLL_MS ? (int)ms : POLL_MS);
	}
	return !url_is_cancelled(d);
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
			return url_fail(d, err, -ECANCELED, "it was cancelled");
		last = ERR_INIT;
		r = url_try(d, &may_pass, &last);
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
		return url_fail(d, err, r, "cannot write %s in the cache: %s", buf_str(&d->name),
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

	return url_split(url, &u) == 0 && url_file_name(&u, &name) == 0 &&
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
		return url_fail(d, err, -errno, "cannot open %s in the cache: %s",
			buf_str(&d->lock), strerror(errno));
	while (fcntl(fd, how, &lock) < 0) {
		if (errno == EINTR)
			continue;
		if (how == F_OFD_SETLKW || (errno != EAGAIN && errno != EACCES))
			return url_fail(d, err, -errno, "cannot lock %s in the cache: %s",
				buf_str(&d->lock), strerror(errno));
		if (!pause_for(d, POLL_MS))
			return url_fail(d, err, -ECANCELED, "it was cancelled");
	}
	return STEAL_FD(fd);
}

/* libcurl takes a directory for an empty file, and would wait for a fifo. */
static int check_local_file(const struct download *d, struct err *err)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	struct stat st;
	int r = 0;

	url_percent_decode(&path, d->url.path);
	if (buf_error(&path))
		return buf_error(&path);
	if (stat(buf_str(&path), &st) < 0)
		r = -errno;
	if (r < 0)
		return url_fail(d, err, r, "%s", strerror(-r));
	return S_ISREG(st.st_mode) ? 0 : url_fail(d, err, -EINVAL, "this is not a regular file");
}

static int check_scheme(struct download *d, struct err *err)
{
	struct slice s = d->url.scheme;

	d->is_http = url_slice_is(s, "http") || url_slice_is(s, "https");
	if (url_slice_is(s, "file"))
		return check_local_file(d, err);
	if (!d->is_http && !url_slice_is(s, "ftp"))
		return url_fail(d, err, -EPROTONOSUPPORT,
			"this kind of URL is not supported; http, https, ftp and file are");
	if (d->url.netloc.len == 0)
		return url_fail(d, err, -EINVAL, "the URL has no host");
	return 0;
}

static int name_files(struct download *d)
{
	const char *name;
	int r = url_file_name(&d->url, &d->name);

	if (r < 0)
		return r;
	name = buf_str(&d->name);
	buf_printf(&d->lock, OWN_FORMAT, name, ".lock");
	buf_printf(&d->part, OWN_FORMAT, name, ".part");
	buf_printf(&d->version_file, OWN_FORMAT, name, ".etag");
	url_parts_show(&d->shown, &d->url);
	r = buf_error(&d->lock) ? buf_error(&d->lock) : buf_error(&d->part);
	return r ? r : buf_error(&d->version_file);
}

static int download(struct download *d, struct err *err)
{
	int r = curl_lib_load(err);

	if (r == 0)
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
