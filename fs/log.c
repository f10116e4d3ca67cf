/* SPDX-License-Identifier: MIT */
/* Two sinks and a limit. */
#include "log.h"

#include <fuse_log.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"

static struct {
	pthread_mutex_t lock;
	bool syslog;
	struct log_limit limit;
} logger = {.lock = PTHREAD_MUTEX_INITIALIZER};

bool log_limit_pass(struct log_limit *limit, int64_t now_ms, unsigned *ret_left_out)
{
	*ret_left_out = 0;
	if (!limit->began || now_ms - limit->began >= LOG_WINDOW_MS) {
		limit->began = now_ms;
		limit->n = 0;
	}
	if (limit->n >= LOG_BURST) {
		limit->left_out++;
		return false;
	}
	limit->n++;
	*ret_left_out = limit->left_out;
	limit->left_out = 0;
	return true;
}

/* With the lock held. The journal reads a priority at the beginning of a line of stderr. */
static void put(int priority, const char *text)
{
	if (logger.syslog)
		syslog(priority, "%s", text);
	else if (getenv("JOURNAL_STREAM"))
		fprintf(stderr, "<%d>guildfs: %s\n", priority, text);
	else
		fprintf(stderr, "guildfs: %s\n", text);
}

static void tell_left_out(unsigned n)
{
	char text[64];

	if (!n)
		return;
	snprintf(text, sizeof(text), "%u messages were left out: too many at once", n);
	put(LOG_NOTICE, text);
}

static void say(int priority, bool limited, const char *format, va_list ap)
	__attribute__((format(printf, 3, 0)));
static void say(int priority, bool limited, const char *format, va_list ap)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	unsigned left_out = 0;

	buf_vprintf(&text, format, ap);
	/* One message is one line, whoever had a hand in its text. */
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.data[i] < ' ' || text.data[i] == 0x7f)
			text.data[i] = i + 1 == text.len ? '\0' : ' ';

	LOCK_SCOPE(&logger.lock);
	if (limited && !log_limit_pass(&logger.limit, clock_monotonic_ms(), &left_out))
		return;
	tell_left_out(left_out);
	put(priority, buf_str(&text));
}

void log_say(int priority, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(priority, true, format, ap);
	va_end(ap);
}

void log_rare(int priority, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(priority, false, format, ap);
	va_end(ap);
}

int complain(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(LOG_ERR, false, format, ap);
	va_end(ap);
	return 1;
}

/* libfuse's levels are syslog's. */
static void of_libfuse(enum fuse_log_level level, const char *format, va_list ap)
	__attribute__((format(printf, 2, 0)));
static void of_libfuse(enum fuse_log_level level, const char *format, va_list ap)
{
	say((int)level, true, format, ap);
}

void log_to_syslog(void)
{
	LOCK_SCOPE(&logger.lock);

	openlog("guildfs", LOG_PID, LOG_DAEMON);
	fuse_set_log_func(of_libfuse);
	logger.syslog = true;
}

void log_close(void)
{
	LOCK_SCOPE(&logger.lock);

	tell_left_out(logger.limit.left_out);
	logger.limit.left_out = 0;
}
