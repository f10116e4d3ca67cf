/* SPDX-License-Identifier: MIT */
/* Writing the log. */
#include "op_log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

static bool with_times;

void op_log_times(void)
{
	with_times = true;
}

static void print_time(void)
{
	time_t now = time(NULL);
	struct tm tm;
	char text[32];

	localtime_r(&now, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	fprintf(stderr, "%s ", text);
}

void op_log(int level, const char *format, ...)
{
	const char *wanted = getenv("LOG_LEVEL");
	va_list ap;

	if (level < (wanted && *wanted ? strtol(wanted, NULL, 10) : OP_LOG_WARNING))
		return;
	fflush(stdout);
	fprintf(stderr, "%s: [guild] ",
		level >= OP_LOG_ERROR     ? "ERROR"
		: level >= OP_LOG_WARNING ? "WARNING"
		: level >= OP_LOG_INFO    ? "INFO"
					  : "DEBUG");
	if (with_times)
		print_time();
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
}
