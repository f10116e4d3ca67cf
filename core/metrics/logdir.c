/* SPDX-License-Identifier: MIT */
/* Names and session files of TensorBoard's directories. */
#include "metrics/logdir.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/name.h"
#include "metrics/event_files.h"
#include "metrics/event_write.h"
#include "metrics/tfrecord.h"
#include "run/attr.h"

#define ATTRS_SUFFIX ".attrs"
#define USEC         1e6

bool logdir_has(const struct run_summary *s)
{
	return s->started && s->status != RUN_STAGED && s->status != RUN_PENDING;
}

static void print_operation(struct buf *b, const struct opref *ref)
{
	if (*ref->model)
		buf_printf(b, "%s:", ref->model);
	buf_puts(b, ref->op);
}

void logdir_name(struct buf *b, const char *id, const struct run_summary *s, const char *label)
{
	_cleanup_buf_ struct buf text = BUF_INIT, shown = BUF_INIT;

	buf_printf(&text, "%.*s ", LOGDIR_ID_LEN, id);
	print_operation(&text, &s->opref);
	buf_putc(&text, ' ');
	clock_format_local(&text, s->started);
	if (!label)
		label = s->label;
	if (*label)
		buf_printf(&text, " %s", label);
	buf_replace(&shown, buf_str(&text), "\u2026", "?");
	if (buf_error(&text) || buf_error(&shown))
		buf_fail(b, -ENOMEM);
	else
		name_encode(b, buf_str(&shown), shown.len);
}

bool logdir_id_of_name(const char *name, char ret_id[LOGDIR_ID_LEN + 1])
{
	if (strspn(name, "0123456789abcdef") != LOGDIR_ID_LEN || name[LOGDIR_ID_LEN] != ' ')
		return false;
	memcpy(ret_id, name, LOGDIR_ID_LEN);
	ret_id[LOGDIR_ID_LEN] = '\0';
	return true;
}

bool logdir_shows(const char *name, bool live)
{
	return event_file_name(name) && !(live && name_ends_with(name, ATTRS_SUFFIX));
}

void logdir_put_file(struct buf *b, const struct buf *event)
{
	_cleanup_buf_ struct buf version = BUF_INIT;

	event_put_version(&version);
	tfrecord_put(b, buf_str(&version), version.len);
	tfrecord_put(b, buf_str(event), event->len);
	if (buf_error(event) || buf_error(&version))
		buf_fail(b, -ENOMEM);
}

void logdir_session_start(struct buf *b, int run_fd, const char *id, const struct run_summary *s)
{
	_cleanup_value_ struct value *flags = NULL;
	_cleanup_buf_ struct buf event = BUF_INIT, group = BUF_INIT;
	double started = (double)s->started / USEC;
	int r = attr_read(run_fd, "flags", &flags, NULL);

	/* Without flags, or with some that cannot be read, it is a session all the same. */
	if (r == -ENOENT || r == -EINVAL || r == -EFBIG || (r == 0 && flags->type != VALUE_MAP)) {
		value_free(flags);
		flags = value_map();
		r = flags ? 0 : -ENOMEM;
	}
	if (r < 0) {
		buf_fail(b, r);
		return;
	}
	buf_printf(&group, "%.*s ", LOGDIR_ID_LEN, id);
	print_operation(&group, &s->opref);
	event_put_session_start(&event, started, flags, buf_str(&group), started);
	logdir_put_file(b, &event);
}

/* As Guild AI has it: what somebody stopped did not fail. */
static enum event_session_status session_status(enum run_status status)
{
	switch (status) {
	case RUN_COMPLETED:
	case RUN_TERMINATED:
		return SESSION_SUCCESS;
	case RUN_ERROR:
		return SESSION_FAILURE;
	default:
		return SESSION_RUNNING;
	}
}

void logdir_session_end(struct buf *b, const struct run_summary *s)
{
	_cleanup_buf_ struct buf event = BUF_INIT;
	/* Of a run that nobody saw end no time is known. */
	double stopped = (double)(s->stopped ? s->stopped : s->started) / USEC;

	event_put_session_end(&event, stopped, session_status(s->status), stopped);
	logdir_put_file(b, &event);
}
