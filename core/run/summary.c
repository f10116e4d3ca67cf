/* SPDX-License-Identifier: MIT */
/* A run in one go. */
#include "run/summary.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/beneath.h"
#include "base/clock.h"
#include "run/attr.h"

enum { DROP_NAME_MAX = 4096 };

void run_summary_release(struct run_summary *s)
{
	opref_release(&s->opref);
	free(s->label);
	free(s->dropped);
	free(s->proto);
	free(s->damage);
	*s = (struct run_summary){0};
}

static int empty_opref(struct opref *ref)
{
	*ref = (struct opref){
		.pkg_type = strdup(""),
		.pkg_name = strdup(""),
		.pkg_version = strdup(""),
		.model = strdup(""),
		.op = strdup("?"),
	};
	if (ref->pkg_type && ref->pkg_name && ref->pkg_version && ref->model && ref->op)
		return 0;
	opref_release(ref);
	return -ENOMEM;
}

static int load_opref(int run_fd, struct run_summary *s)
{
	struct err err = ERR_INIT;
	int r = opref_read(run_fd, &s->opref, &err);

	if (r == 0 || r == -ENOMEM)
		return r;
	s->damage = strdup(err_text(&err));
	return s->damage ? empty_opref(&s->opref) : -ENOMEM;
}

static int load_label(int run_fd, struct run_summary *s)
{
	_cleanup_buf_ struct buf label = BUF_INIT;

	/* A label that cannot be read is no label; the attribute file still shows what is there. */
	if (attr_read_text(run_fd, "label", &label) < 0)
		buf_clear(&label);
	s->label = buf_steal(&label, NULL);
	return s->label ? 0 : -ENOMEM;
}

static int load_dropped(int run_fd, struct run_summary *s)
{
	_cleanup_buf_ struct buf name = BUF_INIT;

	if (beneath_read(run_fd, RUN_DROP_FILE, DROP_NAME_MAX, &name) < 0 || !name.len)
		return 0;
	s->dropped = buf_steal(&name, NULL);
	return s->dropped ? 0 : -ENOMEM;
}

static int load_proto(int run_fd, struct run_summary *s)
{
	_cleanup_close_ int fd = beneath_open(run_fd, RUN_PROTO_DIR, O_PATH | O_DIRECTORY, 0);
	_cleanup_buf_ struct buf shown = BUF_INIT;
	struct opref proto;

	if (fd < 0 || opref_read(fd, &proto, NULL) < 0)
		return 0;
	opref_display(&shown, &proto);
	opref_release(&proto);
	s->proto = buf_steal(&shown, NULL);
	return s->proto ? 0 : -ENOMEM;
}

static void load_numbers(int run_fd, struct run_summary *s)
{
	int64_t exit_status;

	attr_read_int(run_fd, "initialized", &s->initialized);
	attr_read_int(run_fd, "started", &s->started);
	attr_read_int(run_fd, "stopped", &s->stopped);
	s->has_exit_status = attr_read_int(run_fd, "exit_status", &exit_status) == 0;
	s->exit_status = s->has_exit_status ? (int)exit_status : 0;
	s->marked = attr_exists(run_fd, "marked");
}

int run_summary_load(int run_fd, struct run_summary *ret)
{
	struct run_summary s = {0};
	int r = load_opref(run_fd, &s);

	if (r == 0)
		r = load_label(run_fd, &s);
	if (r == 0)
		r = load_dropped(run_fd, &s);
	if (r == 0)
		r = load_proto(run_fd, &s);
	if (r < 0) {
		run_summary_release(&s);
		return r;
	}
	/* Status first: what is read behind it can only be newer, never older, than it says. */
	s.status = s.damage ? RUN_ERROR : run_status_get(run_fd);
	load_numbers(run_fd, &s);
	*ret = s;
	return 0;
}

int run_summary_copy(struct run_summary *to, const struct run_summary *from)
{
	struct run_summary s = *from;
	bool ok;

	if (opref_copy(&s.opref, &from->opref) < 0)
		return -ENOMEM;
	s.label = strdup(from->label);
	s.dropped = from->dropped ? strdup(from->dropped) : NULL;
	s.proto = from->proto ? strdup(from->proto) : NULL;
	s.damage = from->damage ? strdup(from->damage) : NULL;
	ok = s.label && (s.dropped || !from->dropped) && (s.proto || !from->proto) &&
	     (s.damage || !from->damage);
	if (!ok) {
		run_summary_release(&s);
		return -ENOMEM;
	}
	*to = s;
	return 0;
}

int64_t run_summary_time(const struct run_summary *s)
{
	return s->started ? s->started : s->initialized;
}

int64_t run_summary_span(const struct run_summary *s)
{
	int64_t end = s->status == RUN_RUNNING ? clock_now() : s->stopped;

	return s->started && end >= s->started ? end - s->started : -1;
}

int64_t run_summary_changed(const struct run_summary *s)
{
	return s->stopped ? s->stopped : run_summary_time(s);
}

void run_summary_operation(const struct run_summary *s, struct buf *b)
{
	_cleanup_buf_ struct buf base = BUF_INIT;

	opref_display(&base, &s->opref);
	if (s->proto)
		buf_printf(b, "%s%s", s->proto, *buf_str(&base) == '+' ? "" : "+");
	buf_puts(b, buf_str(&base));
}
