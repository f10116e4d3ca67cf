/* SPDX-License-Identifier: MIT */
/* A ring of formatted lines. */
#include "errors.h"

#include <pthread.h>
#include <stdlib.h>

#include "log.h"
#include "base/clock.h"

struct errors {
	pthread_mutex_t lock;
	char *lines[ERRORS_KEPT];
	size_t next; /* total ever added; the ring index is next % ERRORS_KEPT */
};

struct errors *errors_new(void)
{
	struct errors *errors = calloc(1, sizeof(*errors));

	if (errors)
		pthread_mutex_init(&errors->lock, NULL);
	return errors;
}

void errors_free(struct errors *errors)
{
	if (!errors)
		return;
	for (size_t i = 0; i < ERRORS_KEPT; i++)
		free(errors->lines[i]);
	pthread_mutex_destroy(&errors->lock);
	free(errors);
}

void errors_add(struct errors *errors, const char *path, const char *sentence)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	char **slot;

	log_say(LOG_NOTICE, "%s: %s", path, sentence);

	clock_format_utc(&line, clock_now());
	buf_putc(&line, '\t');
	buf_add_tsv(&line, path);
	buf_putc(&line, '\t');
	buf_add_tsv(&line, sentence);
	buf_putc(&line, '\n');

	LOCK_SCOPE(&errors->lock);
	slot = &errors->lines[errors->next++ % ERRORS_KEPT];
	free(*slot);
	*slot = buf_steal(&line, NULL);
}

void errors_print(struct errors *errors, struct buf *b)
{
	LOCK_SCOPE(&errors->lock);

	for (size_t i = 0; i < ERRORS_KEPT; i++) {
		const char *line = errors->lines[(errors->next + i) % ERRORS_KEPT];

		if (line)
			buf_puts(b, line);
	}
}
