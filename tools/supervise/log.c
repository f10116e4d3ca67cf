/* SPDX-License-Identifier: MIT */
/*
 * The log of a start: which dependencies are resolved and how. Not the operation's output; `guild
 * run` shows it to who waits, and it stays in the run for who wonders later.
 */
#include "supervise.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/file.h"
#include "run/deps.h"
#include "run/status.h"

/* Python's levels: $LOG_LEVEL 30 leaves only warnings. */
bool log_is_wanted(const struct supervisor *s, int level)
{
	const char *text = strv_env_get(&s->env, "LOG_LEVEL");

	return level >= (text && *text ? strtol(text, NULL, 10) : DEPS_INFO);
}

void log_line(struct supervisor *s, int level, const char *line)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (!log_is_wanted(s, level))
		return;
	if (s->log_fd < 0)
		s->log_fd = openat(s->run_fd, RUN_LOG_FILE,
			O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
	buf_printf(&text, "%s%s\n",
		level >= DEPS_WARNING ? "WARNING: "
		: level == LOG_DEBUG  ? "DEBUG: [guild] "
				      : "",
		line);
	if (s->log_fd >= 0)
		file_write_all(s->log_fd, text.data, text.len);
}

void log_close(struct supervisor *s)
{
	if (s->log_fd >= 0)
		close(s->log_fd);
	s->log_fd = -1;
}
