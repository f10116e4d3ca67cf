/* SPDX-License-Identifier: MIT */
/* What the operation prints becomes scalars and attributes of the run (metrics/capture.h). */
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "metrics/capture.h"
#include "run/attr.h"
#include "run/deps.h"

/* The default patterns leave out what is called like a flag. */
static int flag_names(const struct supervisor *s, struct strv *names)
{
	int r = 0;

	for (size_t i = 0; s->flags && s->flags->type == VALUE_MAP && r == 0 && i < s->flags->map.n;
		i++)
		r = strv_add(names, s->flags->map.pairs[i].key);
	return r;
}

void numbers_open(struct supervisor *s)
{
	_cleanup_strv_ struct strv flags = STRV_INIT, warnings = STRV_INIT;
	struct capture_config config = {.scalars = value_get(s->op, "output-scalars"),
		.attrs = value_get(s->op, "output-attrs"),
		.flags = &flags};
	int r = flag_names(s, &flags);

	s->guild_fd =
		openat(s->run_fd, RUN_GUILD_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (r == 0 && s->guild_fd < 0)
		r = -errno;
	config.guild_fd = s->guild_fd;
	if (r == 0)
		r = capture_new(&config, &warnings, &s->capture);
	for (size_t i = 0; i < warnings.n; i++)
		log_line(s, DEPS_WARNING, warnings.v[i]);
	if (r < 0) {
		_cleanup_buf_ struct buf line = BUF_INIT;

		buf_printf(&line, "no scalars are taken from the output: %s", strerror(-r));
		log_line(s, DEPS_WARNING, buf_str(&line));
	}
}

/* Scalars that cannot be kept are no reason to lose output, or a run: it is said once, at the end.
 */
static void keep_error(struct supervisor *s, int r)
{
	if (r < 0 && !s->capture_error)
		s->capture_error = r;
}

void numbers_feed(struct supervisor *s, int stream, const void *data, size_t len)
{
	keep_error(s, s->capture ? capture_feed(s->capture, stream, data, len) : 0);
}

void numbers_add_event(struct supervisor *s, const struct buf *event)
{
	keep_error(s, s->capture ? capture_add_event(s->capture, event) : 0);
}

void numbers_close(struct supervisor *s)
{
	int r = s->capture ? capture_end(s->capture) : 0;

	if (r < 0)
		tee_say(s, "guild: scalars were lost: %s\n", strerror(-r));
	else if (s->capture_error == -ENOMEM)
		tee_say(s, "guild: scalars were lost: out of memory\n");
	capture_free(s->capture);
	s->capture = NULL;
	if (s->guild_fd >= 0)
		close(s->guild_fd);
	s->guild_fd = -1;
}
