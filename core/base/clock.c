/* SPDX-License-Identifier: MIT */
/* Clocks and their text. */
#include "base/clock.h"

#include <stdatomic.h>

enum { USEC = 1000000 };

int64_t clock_now(void)
{
	static _Atomic int64_t last;
	struct timespec ts;
	int64_t now, before = atomic_load(&last);

	clock_gettime(CLOCK_REALTIME, &ts);
	now = (int64_t)ts.tv_sec * USEC + ts.tv_nsec / 1000;
	do {
		if (now <= before && before - now < USEC)
			now = before + 1;
	} while (!atomic_compare_exchange_weak(&last, &before, now));
	return now;
}

static int64_t usec_of(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * USEC + ts.tv_nsec / 1000;
}

int64_t clock_boottime(void)
{
	return usec_of(CLOCK_BOOTTIME);
}

int64_t clock_thread_time(void)
{
	return usec_of(CLOCK_THREAD_CPUTIME_ID);
}

int64_t clock_monotonic_ms(void)
{
	return usec_of(CLOCK_MONOTONIC) / 1000;
}

/* Whole seconds, rounded down also before 1970. */
static time_t seconds(int64_t usec)
{
	return (time_t)(usec / USEC - (usec % USEC < 0));
}

void clock_format_utc(struct buf *b, int64_t usec)
{
	time_t t = seconds(usec);
	char text[64];
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm))
		return;
	buf_printf(b, "%s.%06dZ", text, (int)(usec - (int64_t)t * USEC));
}

void clock_format_local(struct buf *b, int64_t usec)
{
	time_t t = seconds(usec);
	char text[64];
	struct tm tm;

	if (localtime_r(&t, &tm) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm))
		buf_puts(b, text);
}

struct timespec clock_timespec(int64_t usec)
{
	time_t t = seconds(usec);

	return (struct timespec){.tv_sec = t, .tv_nsec = (long)(usec - (int64_t)t * USEC) * 1000};
}
