/* SPDX-License-Identifier: MIT */
/*
 * What our own processes of runs (steps-main, batch-main, queue-main) say of what they do, as Guild
 * AI's do.
 */
#ifndef OP_LOG_H
#define OP_LOG_H

enum { OP_LOG_DEBUG = 10, OP_LOG_INFO = 20, OP_LOG_WARNING = 30, OP_LOG_ERROR = 40 };

/* "INFO: [guild] ..." on stderr, from $LOG_LEVEL on. */
void op_log(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* From here on with the time, "INFO: [guild] YYYY-MM-DD HH:MM:SS ...". */
void op_log_times(void);

#endif
