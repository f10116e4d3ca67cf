/* SPDX-License-Identifier: MIT */
/*
 * Time. Stored times are integer microseconds since the Unix epoch (Guild AI's format); shown
 * times are RFC 3339 UTC with microseconds in the mount, local "YYYY-MM-DD HH:MM:SS" on the
 * command line.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#include "base/buf.h"

/* Now, in microseconds; strictly increasing within one process, unless the clock is set back by a
 * second or more. Thread safe. */
int64_t clock_now(void);
/* Microseconds since the machine was started, suspended or not: for spans, since the clock that
 * clock_now() reads can be set. */
int64_t clock_boottime(void);
/* Microseconds of processor time that this thread has taken. */
int64_t clock_thread_time(void);
/* Monotonic milliseconds, for deadlines. */
int64_t clock_monotonic_ms(void);

void clock_format_utc(struct buf *b, int64_t usec);   /* 2026-11-23T21:05:07.000123Z */
void clock_format_local(struct buf *b, int64_t usec); /* 2026-11-23 22:05:07 */
struct timespec clock_timespec(int64_t usec);

#endif
