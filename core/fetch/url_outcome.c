/* SPDX-License-Identifier: MIT */
/* What came of one try, as a code and a sentence that says what can be done about it. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/cleanup.h"
#include "fetch/url_internal.h"

int url_fail(const struct download *d, struct err *err, int code, const char *format, ...)
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
		return url_fail(d, err, -EBADMSG,
			"the server sent more than the %" PRIu64 " bytes that it told; the file "
			"cannot be trusted, tell whoever runs the server",
			d->total);
	case TOO_BIG:
		return url_fail(d, err, -EFBIG,
			"the file is larger than the %" PRIu64 " bytes allowed",
			d->events->max_bytes);
	case CANCELLED:
		return url_fail(d, err, -ECANCELED, "it was cancelled");
	case STALLED:
		*ret_may_pass = true;
		return url_fail(d, err, -ETIMEDOUT,
			"the server sent nothing for %ld seconds, after %" PRIu64 " bytes; try "
			"again later",
			url_stall_s(d), d->done);
	case RESTART:
		*ret_may_pass = true;
		return url_fail(d, err, -EBADMSG,
			"the server sent another part than was asked for; try again later");
	default:
		return url_fail(d, err, -d->own_errno, "cannot write %s in the cache: %s",
			buf_str(&d->part), strerror(d->own_errno));
	}
}

static int judge_status(const struct download *d, bool *ret_may_pass, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int code = http_explain(d->answer.status, d->answer.reason, ret_may_pass, &text);

	/* 416: the part is as long as the file, or longer, and so it is of another version. */
	*ret_may_pass |= d->answer.status == 416 && d->offset;
	return url_fail(d, err, code, "%s", buf_str(&text));
}

static int judge_outcome(
	const struct download *d, CURLcode code, bool *ret_may_pass, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = curl_explain(code, d->curl_text, ret_may_pass, &text);

	return url_fail(d, err, r, "%s", buf_str(&text));
}

int url_judge(const struct download *d, CURLcode code, bool *ret_may_pass, struct err *err)
{
	*ret_may_pass = false;
	if (d->trouble)
		return judge_trouble(d, ret_may_pass, err);
	if (d->body_started && d->has_total && d->done == d->total)
		return 0;
	if (d->body_started && d->has_total) {
		*ret_may_pass = true;
		return url_fail(d, err, -EBADMSG,
			"the server sent %" PRIu64 " of %" PRIu64 " bytes; try again later",
			d->done, d->total);
	}
	if (d->is_http && !d->body_started &&
		(code == CURLE_OK || code == CURLE_WRITE_ERROR ||
			code == CURLE_HTTP_RETURNED_ERROR))
		return judge_status(d, ret_may_pass, err);
	return code == CURLE_OK ? 0 : judge_outcome(d, code, ret_may_pass, err);
}
