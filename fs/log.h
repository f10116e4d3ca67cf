/* SPDX-License-Identifier: MIT */
/*
 * What the daemon has to say to whoever runs it: on stderr until the mount answers and in the
 * foreground, then to syslog(3). Thread safe.
 */
#ifndef FS_LOG_H
#define FS_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <syslog.h>

/* From now on to syslog, with what libfuse has to say. */
void log_to_syslog(void);

/* A sentence without a newline; `priority` is syslog's. Of a flood only its beginning is kept. */
void log_say(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for what is rare by its nature, and never left out. */
void log_rare(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* An error of the start, rare as well; returns the exit status of a program that it ends. */
int complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* At the end: how many messages were left out since it was last told. */
void log_close(void);

/* --- how many are too many ------------------------------------------------ */

enum { LOG_BURST = 20, LOG_WINDOW_MS = 30 * 1000 };

struct log_limit {
	int64_t began; /* the window, in milliseconds */
	unsigned n;    /* messages in it */
	unsigned left_out;
};

/* Whether a message at this time may pass; *ret_left_out is how many did not since one last did. */
bool log_limit_pass(struct log_limit *limit, int64_t now_ms, unsigned *ret_left_out);

#endif
